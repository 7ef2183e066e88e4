//! Those who watch, whisper and take over.

use tandem_protocol::{
    ErrorCode, EventBody, SessionStatus, Visibility,
    desk::{Action, AgentRole},
};
use tandem_tests::{Account, Customer};

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
    let read = Action::Transcript { session, after: tandem_protocol::Seq::ZERO };
    assert_eq!(eva.tries(read).await.expect_err("is not hers").code, ErrorCode::Forbidden);
    assert!(eva.view(|view| view.live.is_empty()));
    system.finish().await;
}
