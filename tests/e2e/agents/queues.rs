//! How a session finds its agent.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use tandem_protocol::{
    ErrorCode, EventBody, ParticipantKind, QueueCause,
    desk::{Action, ChosenState},
};
use tandem_tests::{Account, Agent, Customer, check};

use super::{comes_for, ends, queue, queues, sees, system};

#[tokio::test]
async fn a_customer_is_answered_by_the_agent_who_is_ready() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    customer.says("hi").await;
    let page = ben.takes().await;
    page.reads("hi").await;
    page.says("hello Ann").await;
    customer.reads("hello Ann").await;
    sees(&customer, "the agent joined", |body| {
        matches!(body, EventBody::Joined { kind: ParticipantKind::Agent, name, took: Some(_), .. } if name == "ben")
    })
    .await;
    customer.types(true);
    page.waits_for("the customer is seen to type", |view| {
        view.typing.contains(&(customer.ticket().participant, true)).then_some(())
    })
    .await;
    ends(&ben, &page).await;
    sees(&customer, "the chat ends", |body| matches!(body, EventBody::Closed { .. })).await;
    ben.sees("the chat is filed away", |view| view.chats.is_empty().then_some(())).await;
    assert_eq!(check(&tandem_tests::History::of([customer.history(), page.history()])), []);
    system.finish().await;
}

#[tokio::test]
async fn a_session_goes_to_whom_its_queue_and_its_skills_ask_for() {
    let mut sales = queue("sales");
    sales.insert("skills".into(), toml::Value::Array(vec!["sales".into()]));
    let system = system().setting("interaction.queues", queues([queue("support"), sales])).start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let eva = system.staff(&Account::agent("eva").skills(&["sales", "french"])).await;
    let buyer = comes_for(&rest, "Ann", "sales").await;
    let french = rest.open_with("Zoë", json!({ "skills": "french" })).await;
    eva.is_offered_session(buyer.ticket().session).await;
    eva.is_offered_session(french.session).await;
    let other = comes_for(&rest, "Bob", "no such queue").await;
    let offer = ben.is_offered().await;
    assert_eq!((offer.session, offer.queue.expect("it waits in one").as_str()), (other.ticket().session, "support"));
    assert_eq!(ben.view(|view| view.offers.len()), 1, "nothing that he cannot");
    system.finish().await;
}

#[tokio::test]
async fn a_greater_priority_is_taken_first_and_then_the_older_customer() {
    let mut gold = queue("gold");
    gold.insert("priority".into(), 10.into());
    let system = system().setting("interaction.queues", queues([queue("default"), gold])).start().await;
    let rest = system.rest();
    let ben = Agent::logs_in(&rest, &{
        let account = Account::agent("ben").capacity(1);
        system.add(&account);
        account
    })
    .await;
    let first = comes_for(&rest, "Ann", "default").await;
    ben.sees("Ann waits", |view| (view.waiting.len() == 1).then_some(())).await;
    let second = comes_for(&rest, "Bob", "default").await;
    ben.sees("Bob waits", |view| (view.waiting.len() == 2).then_some(())).await;
    let golden = comes_for(&rest, "Cid", "gold").await;
    let order = [&golden, &first, &second].map(|customer| customer.ticket().session);
    ben.sees("the waiting list is in order", |view| {
        let waiting: Vec<_> = view.waiting.iter().map(|waiting| waiting.session).collect();
        (waiting == order).then_some(())
    })
    .await;
    ben.is_ready().await;
    for expected in order {
        let offer = ben.is_offered().await;
        assert_eq!(offer.session, expected);
        let page = ben.accepts(&offer).await;
        ends(&ben, &page).await;
    }
    system.finish().await;
}

#[tokio::test]
async fn who_has_been_idle_longest_is_asked_first() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let eva = system.agent("eva").await;
    let one = Customer::start(&rest, "Ann").await;
    let page = ben.takes().await;
    assert_eq!(page.ticket().session, one.ticket().session, "he came first");
    ends(&ben, &page).await;
    ben.sees("it is filed away", |view| view.chats.is_empty().then_some(())).await;
    let two = Customer::start(&rest, "Bob").await;
    eva.is_offered_session(two.ticket().session).await;
    system.finish().await;
}

#[tokio::test]
async fn an_agent_is_given_no_more_chats_than_he_can_take() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.staff(&Account::agent("ben").capacity(2)).await;
    let mut customers = Vec::new();
    for name in ["Ann", "Bob", "Cid"] {
        customers.push(Customer::start(&rest, name).await);
    }
    let pages = [ben.takes().await, ben.takes().await];
    let waiting = ben.sees("one waits", |view| (view.waiting.len() == 1).then(|| view.waiting[0].clone())).await;
    assert!(ben.view(|view| view.offers.is_empty() && view.me.room == 0), "he is full");
    let refused =
        ben.tries(Action::Accept { session: waiting.session, seq: waiting.seq }).await.expect_err("he is full");
    assert_eq!(refused.code, ErrorCode::NoRoom);
    customers[0].leaves();
    ben.sees("an ended chat keeps its place until it is filed away", |view| {
        view.chats.iter().any(|chat| chat.ended.is_some()).then_some(())
    })
    .await;
    assert_eq!(ben.view(|view| view.me.room), 0);
    ends(&ben, &pages[0]).await;
    ben.is_offered_session(waiting.session).await;
    system.finish().await;
}

#[tokio::test]
async fn an_offer_that_is_not_answered_goes_on_and_its_agent_is_no_longer_ready() {
    let system = system().setting("interaction.offer-timeout", "1 s").start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    let session = customer.ticket().session;
    ben.is_offered_session(session).await;
    let eva = system.agent("eva").await;
    let offer = eva.is_offered_session(session).await;
    ben.sees("he is not ready", |view| {
        let is_set = view.me.chosen == ChosenState::NotReady { reason: Some("no_answer".into()) };
        (is_set && view.offers.is_empty()).then_some(())
    })
    .await;
    // Also where it has lapsed meanwhile: nobody else has the session.
    eva.accepts(&offer).await;
    system.finish().await;
}

#[tokio::test]
async fn a_declined_offer_goes_to_another() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let eva = system.agent("eva").await;
    let customer = Customer::start(&rest, "Ann").await;
    let offer = ben.is_offered().await;
    ben.does(Action::Decline { session: offer.session, seq: offer.seq }).await;
    eva.is_offered_session(customer.ticket().session).await;
    ben.sees("he has no offer", |view| view.offers.is_empty().then_some(())).await;
    assert_eq!(ben.view(|view| view.me.chosen.clone()), ChosenState::Ready, "he may say no");
    system.finish().await;
}

#[tokio::test]
async fn a_waiting_customer_is_told_his_place_and_told_again_when_it_changes() {
    let system = system().start().await;
    let rest = system.rest();
    let mut customers = Vec::new();
    for (name, place) in [("Ann", 1), ("Bob", 2), ("Cid", 3)] {
        let customer = Customer::start(&rest, name).await;
        customer.waits_for("the place", |view| (view.places.last()?.place == place).then_some(())).await;
        customers.push(customer);
    }
    let ben = system.staff(&Account::agent("ben").capacity(1)).await;
    let page = ben.takes().await;
    assert_eq!(page.ticket().session, customers[0].ticket().session);
    for (customer, place) in customers[1..].iter().zip([1, 2]) {
        customer.waits_for("the new place", |view| (view.places.last()?.place == place).then_some(())).await;
    }
    let reloaded = customers.remove(2).reloads().await;
    let state = reloaded.waits_for("the state", |view| view.state.clone()).await;
    let place = state.queue.and_then(|queue| queue.place).expect("a page that comes back knows its place (R-2)");
    assert_eq!(place.place, 2);
    system.finish().await;
}

/// A day on which nobody works: neither today nor tomorrow, whatever the hour.
fn another_day() -> &'static str {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() / 86_400;
    // 1970-01-01 was a Thursday.
    ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][((days + 3) % 7) as usize]
}

#[tokio::test]
async fn outside_the_hours_the_customer_is_told_so_and_nobody_is_rung() {
    let mut office = queue("office");
    office.insert("hours".into(), format!("{} 09:00-17:00", another_day()).into());
    office.insert("text-outside".into(), "We are back soon.".into());
    let system = system().setting("interaction.queues", queues([queue("default"), office])).start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = comes_for(&rest, "Ann", "office").await;
    sees(&customer, "the text", |body| {
        let text = Some("We are back soon.");
        matches!(body, EventBody::Queued { text: told, cause: QueueCause::Opened, .. } if told.as_deref() == text)
    })
    .await;
    let other = comes_for(&rest, "Bob", "default").await;
    let offer = ben.is_offered().await;
    assert_eq!(offer.session, other.ticket().session, "who came later but within hours");
    assert_eq!(ben.view(|view| view.offers.len()), 1);
    let is_open =
        ben.view(|view| view.queues.iter().find(|queue| queue.queue.as_str() == "office").map(|queue| queue.open));
    assert_eq!(is_open, Some(false));
    system.finish().await;
}

#[tokio::test]
async fn of_two_agents_who_take_the_same_session_one_gets_it_and_the_other_is_told() {
    let system = system().start().await;
    let rest = system.rest();
    let accounts = ["ben", "eva"].map(Account::agent);
    let mut agents = Vec::new();
    for account in &accounts {
        system.add(account);
        agents.push(Agent::logs_in(&rest, account).await);
    }
    let customer = Customer::start(&rest, "Ann").await;
    let session = customer.ticket().session;
    let waiting =
        |view: &tandem_protocol::desk::View| view.waiting.iter().find(|w| w.session == session).map(|w| w.seq);
    let seq = agents[0].sees("she waits", waiting).await;
    agents[1].sees("she waits", waiting).await;
    let begun = [0, 1].map(|at: usize| agents[at].begins(Action::Accept { session, seq }));
    let outcomes = [agents[0].outcome(&begun[0]).await, agents[1].outcome(&begun[1]).await];
    let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(refused.iter().map(|refused| refused.code).collect::<Vec<_>>(), [ErrorCode::Taken]);
    let winner = usize::from(outcomes[0].is_err());
    assert!(refused[0].message.contains(&accounts[winner].name), "he is told who: {}", refused[0].message);
    agents[winner].opens(session).await.says("hello").await;
    customer.reads("hello").await;
    system.finish().await;
}

#[tokio::test]
async fn a_session_that_nobody_has_and_nobody_sees_is_found_and_mended() {
    let mut system = system().start().await;
    system.expect_log("nobody was in it");
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    let page = ben.takes().await;
    // Past the desk, straight from the session, as no workspace does it.
    page.leaves();
    sees(&customer, "it is queued again", |body| {
        matches!(body, EventBody::Queued { cause: QueueCause::Unattended, .. })
    })
    .await;
    let offer = ben.is_offered_session(customer.ticket().session).await;
    ben.accepts(&offer).await.says("here again").await;
    customer.reads("here again").await;
    assert!(!system.interaction_log("nobody was in it").is_empty(), "somebody may want to know");
    system.finish().await;
}
