//! Notes for the staff: the customer gets none, on any wire, and yet misses nothing that is for him.

use reqwest::Method;
use serde_json::json;
use tandem_protocol::{EventBody, Seq};
use tandem_tests::{Customer, Primary, Rest, System, rest::Ticket};

const SECRET: &str = "between us";

/// The bot leaves a note for whoever comes after it; returns its number.
async fn notes(rest: &Rest, bot: &Ticket, client_id: &str) -> Seq {
    let path = format!("/api/v1/sessions/{}/messages", bot.session);
    let note = json!({ "text": SECRET, "client_id": client_id, "visibility": "INT" });
    let saved = rest.request(Method::POST, &path).bearer_auth(&bot.token).json(&note).send().await;
    let saved: serde_json::Value = saved.expect("is answered").json().await.expect("is JSON");
    Seq(saved["seq"].as_u64().unwrap_or_else(|| panic!("the note was not saved: {saved}")))
}

/// R-2, D-4: notes before, during and after a takeover; the customer's page stays complete and hears of none.
#[tokio::test]
async fn a_customer_gets_no_note_and_misses_nothing_when_the_primary_is_killed() {
    let mut system = System::start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let ticket = rest.join(customer.ticket(), "bot").await;
    let bot = Customer::with_ticket(&rest, ticket.clone(), "bot");
    let note = notes(&rest, &ticket, "n-1").await;
    assert_eq!(notes(&rest, &ticket, "n-1").await, note, "a repeat is the same note (D-3)");
    let after_note = bot.says("for everybody").await;
    assert_eq!(after_note, note.next());
    customer.reads("for everybody").await;
    notes(&rest, &ticket, "n-2").await;
    let dead = system.kill(Primary).await;
    notes(&rest, &ticket, "n-3").await;
    let last = bot.says("after the kill").await;
    notes(&rest, &ticket, "n-4").await;
    customer.reads("after the kill").await;
    let reloaded = customer.reloads().await;
    reloaded.reads("after the kill").await;
    let is_note = |body: &EventBody| matches!(body, EventBody::Message { text, .. } if text == SECRET);
    assert_eq!(reloaded.view(|view| view.find(is_note)), None);
    let transcript = rest.transcript(reloaded.ticket()).await;
    assert!(transcript.iter().all(|event| !event.event.get().contains(SECRET)), "{transcript:?}");
    assert_eq!(transcript.last().map(|event| event.seq), Some(last), "the last that is for the customer");
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}
