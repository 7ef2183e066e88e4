//! What is over: contacts, what was said, and who is forgotten.

use serde_json::json;
use tandem_protocol::{
    ContactId, ErrorCode, Seq, SessionId, Visibility,
    archive::{Contact, Erasure, Identity, Look, PastChat, TranscriptPage},
    desk::{Action, AgentRole},
};
use tandem_tests::{Account, Customer, Looker, Primary, Rest, System, eventually};

/// A customer who gives his address.
async fn comes(rest: &Rest, address: &str) -> Customer {
    Customer::with_ticket(rest, rest.open_with("Ana", json!({ "email": address })).await, "Ana")
}

async fn contact_of(looker: &Looker, session: SessionId) -> ContactId {
    let contact: Option<Contact> = looker.looks(Look::ContactOf { session }).await;
    contact.expect("is no stranger").contact
}

/// A chat that has ended, in which something was said.
async fn past_chat(rest: &Rest, address: &str, text: &str) -> SessionId {
    let customer = comes(rest, address).await;
    customer.says(text).await;
    drop(rest.close(customer.ticket()).await.done::<serde_json::Value>());
    customer.ticket().session
}

fn transcript(session: SessionId) -> Look {
    Look::Transcript { session, after: Seq::ZERO }
}

#[tokio::test]
async fn who_comes_twice_is_one_contact_and_what_was_said_is_found_by_those_who_may() {
    let mut system = System::builder().agents().start().await;
    let rest = system.rest();
    let (ben, eve) = (Account::agent("ben"), Account::agent("eve").role(AgentRole::Supervisor));
    let first = past_chat(&rest, "ana@example.org", "my parcel is late").await;
    let desk = system.staff(&ben).await;
    let customer = comes(&rest, "Ana@Example.org").await;
    let second = customer.ticket().session;
    customer.says("the parcel again").await;
    let page = desk.takes().await;
    page.notes(Visibility::Int, "parcel, a note").await;
    past_chat(&rest, "other@example.org", "another parcel").await;
    let eve = system.looker(&eve).await;
    eve.finds_in_the_end("parcel", 4).await;
    let ana: Option<Contact> = eve.looks(Look::ContactBy { identity: Identity::Email("ana@example.org".into()) }).await;
    let ana = ana.expect("is known");
    assert_eq!((ana.name.as_str(), ana.chats), ("Ana", 2));
    let chats: Vec<PastChat> = eve.looks(Look::Chats { contact: ana.contact, before_ms: None, limit: 9 }).await;
    assert_eq!(chats.iter().map(|chat| chat.session).collect::<Vec<_>>(), [second, first]);
    let ben = system.looks_as(&ben).await;
    let found: Vec<SessionId> = ben.finds("parcel").await.into_iter().map(|(session, _)| session).collect();
    assert_eq!(found, [second, second, first], "his chat, and the earlier one of his customer");
    let crm = system.looker(&Account::agent("crm").role(AgentRole::Integrator)).await;
    assert_eq!(crm.finds("parcel").await.len(), 4);
    page.notes(Visibility::Int, "the note of a note").await;
    crm.finds_in_the_end("note", 2).await;
    system.kill(Primary).await;
    customer.says("a parcel after the failover").await;
    eve.finds_in_the_end("parcel", 5).await;
    let page: TranscriptPage = crm.looks(transcript(second)).await;
    assert!(page.events.iter().map(|event| event.seq.0).eq(1..=page.head.0), "live, as a whole");
    system.finish().await;
}

#[tokio::test]
async fn a_contact_is_erased_though_the_interaction_server_is_killed_meanwhile() {
    let mut system = System::builder().agents().start().await;
    let rest = system.rest();
    let mut chats = Vec::new();
    for number in 0..20 {
        chats.push(past_chat(&rest, "ana@example.org", &format!("secret {number}")).await);
    }
    let other = past_chat(&rest, "other@example.org", "secret of another").await;
    let open = comes(&rest, "ana@example.org").await;
    open.says("secret that goes on").await;
    let adam = system.looker(&Account::agent("adam").role(AgentRole::Administrator)).await;
    adam.finds_in_the_end("secret", 22).await;
    let erase = Look::Erase { contact: contact_of(&adam, chats[0]).await };
    let begun: Erasure = adam.looks(erase.clone()).await;
    assert_eq!(begun.chats, 21);
    system.kill_interaction();
    system.restart_interaction().await;
    adam.finds_in_the_end("secret", 2).await;
    for session in chats {
        let page: TranscriptPage = adam.looks(transcript(session)).await;
        assert!(page.chat.erased && page.chat.customer.is_empty(), "{session}");
        assert!(page.events.iter().all(|event| !event.event.get().contains("secret")), "{session}");
    }
    assert_eq!(adam.looks::<Erasure>(erase.clone()).await, Erasure { chats: 21, erased: 20 }, "one chat goes on");
    drop(rest.close(open.ticket()).await.done::<serde_json::Value>());
    let is_gone = async || {
        adam.tries(Look::ContactOf { session: open.ticket().session }).await.ok().filter(|told| told == "null")
    };
    eventually("the contact is gone", is_gone).await;
    assert_eq!(adam.looks::<Erasure>(erase).await, Erasure { chats: 21, erased: 21 });
    assert_eq!(adam.finds("secret").await.into_iter().map(|(session, _)| session).collect::<Vec<_>>(), [other]);
    system.finish().await;
}

#[tokio::test]
async fn an_integrator_has_no_desk_and_a_remark_goes_with_its_chat() {
    let system = System::builder().agents().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = comes(&rest, "ana@example.org").await;
    customer.says("hello").await;
    let page = ben.takes().await;
    let session = page.ticket().session;
    let remark = Some("a remark".to_owned());
    ben.does(Action::End { session, disposition: "solved".into(), remark }).await;
    let crm = system.looker(&Account::agent("crm").role(AgentRole::Integrator)).await;
    crm.finds_in_the_end("hello", 1).await;
    let is_ended = async || {
        Some(crm.looks::<TranscriptPage>(transcript(session)).await.chat).filter(|chat| chat.closed_at_ms.is_some())
    };
    let chat = eventually("the chat has ended", is_ended).await;
    assert_eq!((chat.disposition.as_deref(), chat.agents.len()), (Some("solved"), 1));
    crm.looks::<Erasure>(Look::Erase { contact: chat.contact.expect("is known") }).await;
    let is_erased =
        async || Some(crm.looks::<TranscriptPage>(transcript(session)).await.chat).filter(|chat| chat.erased);
    let chat = eventually("the chat is erased", is_erased).await;
    assert_eq!((chat.disposition.as_deref(), chat.contact), (Some("solved"), None));
    let next = comes(&rest, "ana@example.org").await;
    ben.takes().await;
    let earlier = ben.does(Action::Earlier { session: next.ticket().session }).await;
    assert_eq!(earlier, json!([]), "he is somebody new");
    let refused = crm.tries(Look::Contact { contact: ContactId(99) }).await.expect_err("there is none");
    assert_eq!(refused.code, ErrorCode::UnknownContact);
    system.finish().await;
}
