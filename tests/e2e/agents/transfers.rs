//! Passing a chat on, and bringing somebody in.

use tandem_protocol::{ErrorCode, EventBody, QueueCause, QueueName, Visibility, desk::Action};
use tandem_tests::{Account, Customer};

use super::{queue, queues, sees, system};

const NOTE: &str = "wants a refund, is in a hurry";

#[tokio::test]
async fn a_chat_is_passed_on_to_a_queue_with_a_note_that_the_customer_never_gets() {
    let mut refunds = queue("refunds");
    refunds.insert("skills".into(), toml::Value::Array(vec!["refunds".into()]));
    let system = system().setting("interaction.queues", queues([queue("default"), refunds])).start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    customer.keeps_frames();
    let session = customer.ticket().session;
    ben.takes().await.says("one moment").await;
    let eva = system.staff(&Account::agent("eva").skills(&["refunds"])).await;
    let queue = Some(QueueName::new("refunds").expect("valid"));
    ben.does(Action::Transfer { session, queue, agent: None, note: Some(NOTE.into()) }).await;
    ben.sees("it is no longer his", |view| view.chats.is_empty().then_some(())).await;
    let offer = eva.is_offered_session(session).await;
    assert_eq!((offer.cause, offer.from.as_deref()), (Some(QueueCause::Transferred), Some("ben")));
    let page = eva.accepts(&offer).await;
    page.reads("one moment").await;
    page.reads(NOTE).await;
    page.says("I can help").await;
    customer.reads("I can help").await;
    sees(&customer, "it was passed on", |body| {
        matches!(body, EventBody::Queued { cause: QueueCause::Transferred, .. })
    })
    .await;
    let frames = customer.view(|view| view.frames.clone()).expect("they are kept");
    assert!(frames.iter().all(|frame| !frame.contains(NOTE)), "the customer got the note");
    system.finish().await;
}

#[tokio::test]
async fn a_chat_is_passed_on_to_one_agent_and_comes_back_to_the_queue_if_he_does_not_take_it() {
    let system = system().setting("interaction.offer-timeout", "1 s").start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    let session = customer.ticket().session;
    ben.takes().await;
    let eva = system.agent("eva").await;
    ben.is_not_ready("break").await;
    ben.does(Action::Transfer { session, queue: None, agent: Some(eva.id()), note: None }).await;
    eva.is_offered_session(session).await;
    // She does not answer.
    let cid = system.agent("cid").await;
    let offer = cid.is_offered_session(session).await;
    cid.accepts(&offer).await.says("me instead").await;
    customer.reads("me instead").await;
    system.finish().await;
}

#[tokio::test]
async fn a_chat_is_passed_on_to_nobody_who_is_not() {
    let system = system().start().await;
    let ben = system.agent("ben").await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    let session = customer.ticket().session;
    ben.takes().await;
    let queue = Some(QueueName::new("nowhere").expect("valid"));
    let wrong = [
        Action::Transfer { session, queue, agent: None, note: None },
        Action::Transfer { session, queue: None, agent: Some(tandem_protocol::AgentId(99)), note: None },
        Action::Transfer { session, queue: None, agent: None, note: None },
    ];
    for action in wrong {
        let refused = ben.tries(action.clone()).await.expect_err("there is no such target");
        assert_eq!(refused.code, ErrorCode::BadRequest, "{action:?}");
    }
    let refused = ben.tries(Action::Leave { session }).await.expect_err("the customer would be alone");
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert_eq!(ben.view(|view| view.chats.len()), 1, "it is still his");
    system.finish().await;
}

#[tokio::test]
async fn a_second_agent_is_brought_in_and_the_first_may_leave() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    let session = customer.ticket().session;
    let first = ben.takes().await;
    let eva = system.agent("eva").await;
    ben.does(Action::Invite { session, agent: eva.id() }).await;
    let offer = eva.is_offered_session(session).await;
    assert_eq!((offer.queue.is_none(), offer.from.as_deref()), (true, Some("ben")));
    eva.does(Action::Decline { session, seq: offer.seq }).await;
    ben.sees("she does not come", |view| view.chats[0].others.is_empty().then_some(())).await;
    ben.does(Action::Invite { session, agent: eva.id() }).await;
    let offer = eva.is_offered_session(session).await;
    let second = eva.accepts(&offer).await;
    first.notes(Visibility::Int, "between us").await;
    second.reads("between us").await;
    second.says("I join you").await;
    customer.reads("I join you").await;
    ben.does(Action::Leave { session }).await;
    ben.sees("he has left", |view| view.chats.is_empty().then_some(())).await;
    second.says("still here").await;
    customer.reads("still here").await;
    system.finish().await;
}
