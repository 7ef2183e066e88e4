//! Those who watch, whisper and take over.

use tandem_protocol::{
    ErrorCode, EventBody, Seq, SessionStatus, Visibility,
    desk::{Action, AgentRole},
};
use tandem_tests::{Account, Customer, Primary};

use super::{sees, system};

#[tokio::test]
async fn a_supervisor_watches_unseen_whispers_to_the_agent_and_takes_over() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    customer.keeps_frames();
    let session = customer.ticket().session;
    let agent_page = ben.takes().await;
    let account = Account::agent("sue").role(AgentRole::Supervisor);
    system.add(&account);
    let sue = tandem_tests::Agent::logs_in(&rest, &account).await;
    sue.sees("the live chat", |view| view.live.iter().any(|live| live.session == session).then_some(())).await;
    sue.does(Action::Watch { session }).await;
    let watching = sue.opens(session).await;
    customer.says("is anybody else here?").await;
    watching.reads("is anybody else here?").await;
    let is_sue = |body: &EventBody| matches!(body, EventBody::Joined { name, .. } if name == "sue");
    assert_eq!(agent_page.view(|view| view.find(is_sue)), None, "not even the agent sees her");
    watching.notes(Visibility::Int, "offer him a discount").await;
    agent_page.reads("offer him a discount").await;
    let frames = customer.view(|view| view.frames.clone()).expect("they are kept");
    assert!(
        frames.iter().all(|frame| !frame.contains("discount") && !frame.contains("sue")),
        "the customer learnt of it"
    );

    sue.does(Action::TakeOver { session }).await;
    sees(&customer, "she has joined", is_sue).await;
    ben.sees("it is no longer his", |view| view.chats.is_empty().then_some(())).await;
    let page = sue.opens(session).await;
    page.says("I take this over").await;
    customer.reads("I take this over").await;
    let state = rest.state(customer.ticket()).await.body;
    let here =
        state["state"]["participants"].as_array().expect("a list").iter().filter(|p| p["joined"] == true).count();
    assert_eq!(here, 2, "the customer and she: {state}");
    assert_eq!(state["state"]["status"], serde_json::to_value(SessionStatus::Open).expect("serialises"));
    system.finish().await;
}

/// Every frame and every answer of a session full of notes, whispers, invitations and an unseen watcher, before and
/// after a kill: nothing in any of them tells the customer.
#[tokio::test]
async fn nothing_that_a_customer_gets_tells_of_what_the_staff_says_to_each_other() {
    let mut system = system().setting("interaction.presence-timeout", "20 s").start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    customer.keeps_frames();
    let session = customer.ticket().session;
    let agent_page = ben.takes().await;
    let account = Account::agent("sue").role(AgentRole::Supervisor);
    system.add(&account);
    let sue = tandem_tests::Agent::logs_in(&rest, &account).await;
    sue.does(Action::Watch { session }).await;
    let watching = sue.opens(session).await;
    let eva = system.agent("eva").await;
    for round in 1..=3 {
        agent_page.notes(Visibility::Int, &format!("secret note {round}")).await;
        watching.notes(Visibility::Vip, &format!("secret word {round}")).await;
        watching.types(true);
        ben.does(Action::Invite { session, agent: eva.id() }).await;
        let offer = eva.is_offered_session(session).await;
        eva.does(Action::Decline { session, seq: offer.seq }).await;
        let dead = system.kill(Primary).await;
        watching.notes(Visibility::Vip, &format!("secret word after the kill {round}")).await;
        let last = agent_page.says(&format!("for you {round}")).await;
        customer.reads_up_to(last).await;
        system.restart(dead).await;
        system.is_complete().await;
    }
    let ticket = customer.ticket();
    let read = rest.events(ticket, Seq::ZERO, 200, None).await.body;
    let mut told = customer.view(|view| view.frames.clone()).expect("they are kept");
    told.extend([read.to_string(), rest.state(ticket).await.body.to_string()]);
    for hidden in ["secret", "sue", "invit", "VIP", "INT"] {
        let found: Vec<_> = told.iter().filter(|told| told.contains(hidden)).collect();
        assert!(found.is_empty(), "{hidden} reached the customer: {found:?}");
    }
    let unseen = watching.view(|view| view.participant).expect("she is in it");
    assert!(customer.view(|view| view.typing.iter().all(|(who, _)| *who != unseen)), "an unseen one was seen to type");
    assert!(told.iter().any(|told| told.contains("for you 3")), "what is for the customer is there");
    system.finish().await;
}

#[tokio::test]
async fn an_agent_may_not_do_what_supervisors_do() {
    let system = system().start().await;
    let ben = system.agent("ben").await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    let session = customer.ticket().session;
    ben.takes().await;
    let eva = system.agent("eva").await;
    for action in [Action::Watch { session }, Action::TakeOver { session }] {
        assert_eq!(eva.tries(action).await.expect_err("is no supervisor").code, ErrorCode::Forbidden);
    }
    let read = Action::Transcript { session, after: Seq::ZERO };
    assert_eq!(eva.tries(read).await.expect_err("is not hers").code, ErrorCode::Forbidden);
    assert!(eva.view(|view| view.live.is_empty()));
    system.finish().await;
}
