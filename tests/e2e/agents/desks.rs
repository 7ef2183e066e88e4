//! What stands beside the conversations: earlier chats, canned replies, and a view that is never stale.

use serde_json::json;
use tandem_protocol::{
    ClientId, ErrorCode, Seq,
    desk::{Action, Canned, EarlierChat, Transcript},
};
use tandem_tests::Customer;

use super::{ends, system};

#[tokio::test]
async fn an_agent_sees_what_the_customer_wrote_in_earlier_chats() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let mut earlier = None;
    for (name, email) in [("Ann", "ann@example.org"), ("Bob", "bob@example.org")] {
        let ticket = rest.open_with(name, json!({ "email": email })).await;
        let customer = Customer::with_ticket(&rest, ticket.clone(), name);
        customer.says(&format!("first question of {name}")).await;
        let page = ben.takes().await;
        ends(&ben, &page).await;
        earlier.get_or_insert(ticket.session);
    }
    let again = rest.open_with("Ann", json!({ "email": "Ann@Example.org" })).await;
    let page = ben.takes().await;
    assert_eq!(page.ticket().session, again.session);
    let found = ben.does(Action::Earlier { session: again.session }).await;
    let found: Vec<EarlierChat> = serde_json::from_value(found).expect("is a list");
    let summary: Vec<_> = found.iter().map(|chat| (chat.session, chat.disposition.as_deref())).collect();
    assert_eq!(summary, [(earlier.expect("there was one"), Some("solved"))]);
    let read = ben.does(Action::Transcript { session: found[0].session, after: Seq::ZERO }).await.to_string();
    let read: Transcript = serde_json::from_str(&read).expect("is a transcript");
    assert!(read.events.iter().any(|event| event.get().contains("first question of Ann")));
    system.finish().await;
}

#[tokio::test]
async fn canned_replies_are_kept_and_shared_ones_are_the_supervisors() {
    let system = system().start().await;
    let ben = system.agent("ben").await;
    let canned = |id: &str, shortcut: &str, shared| Canned {
        id: ClientId::new(id).expect("valid"),
        shortcut: shortcut.into(),
        text: "Hello, how can I help?".into(),
        shared,
    };
    ben.does(Action::SaveCanned { canned: canned("c-1", "hello", false) }).await;
    ben.does(Action::SaveCanned { canned: canned("c-1", "hi", false) }).await;
    let refused =
        ben.tries(Action::SaveCanned { canned: canned("c-2", "all", true) }).await.expect_err("is no supervisor");
    assert_eq!(refused.code, ErrorCode::Forbidden);
    let list = |value: serde_json::Value| -> Vec<Canned> { serde_json::from_value(value).expect("is a list") };
    assert_eq!(list(ben.does(Action::Canned).await), [canned("c-1", "hi", false)]);
    let eva = system.agent("eva").await;
    assert_eq!(list(eva.does(Action::Canned).await), [], "his own are his");
    ben.does(Action::DeleteCanned { id: ClientId::new("c-1").expect("valid") }).await;
    assert_eq!(list(ben.does(Action::Canned).await), []);
    system.finish().await;
}

/// The stale view: what a desk shows is ordered by one number, over every failover.
#[tokio::test]
async fn a_view_never_goes_back_whatever_dies() {
    let mut system = system().setting("interaction.presence-timeout", "20 s").start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    ben.takes().await;
    let first = ben.view(|view| view.version);
    system.kill_interaction();
    system.restart_interaction().await;
    ben.sees("the next life's view", |view| (view.version > first && view.chats.len() == 1).then_some(())).await;
    let second = ben.view(|view| view.version);
    let dead = system.kill(tandem_tests::Primary).await;
    let other = Customer::start(&rest, "Bob").await;
    ben.is_offered_session(other.ticket().session).await;
    assert!(ben.view(|view| view.version) > second);
    assert_eq!(ben.desk(|desk| (desk.connections, desk.closes.len())), (1, 0), "R-3: the desk's socket stayed");
    drop(customer);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}
