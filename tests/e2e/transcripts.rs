//! A customer takes his chat along: all of it that is for him, whatever its length and whoever died meanwhile.

use reqwest::Method;
use serde_json::{Value, json};
use tandem_protocol::{Visibility, limits::PAGE_EVENTS_MAX};
use tandem_tests::{Customer, Primary, Rest, System, rest::Ticket};

const SECRET: &str = "between us";

async fn transcript(rest: &Rest, ticket: &Ticket, format: &str) -> String {
    let path = format!("/api/v1/sessions/{}/transcript?format={format}", ticket.session);
    let response = rest.request(Method::GET, &path).bearer_auth(&ticket.token).send().await.expect("is answered");
    assert_eq!(response.status(), 200);
    response.text().await.expect("is whole")
}

/// D-2, D-4: more than a page of events, with notes between them, before and after a takeover and after the end.
#[tokio::test]
async fn a_long_chat_is_taken_along_whole_and_without_its_notes() {
    let mut system = System::start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let bot = Customer::with_ticket(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    bot.notes(Visibility::Int, SECRET).await;
    let spoken: Vec<_> = (0..PAGE_EVENTS_MAX + 20).map(|number| format!("line {number}")).collect();
    let ids: Vec<_> = spoken.iter().map(|text| customer.writes(text)).collect();
    customer.is_saved(ids.last().expect("there are lines")).await;
    let dead = system.kill(Primary).await;
    customer.says("after the kill").await;
    assert!(rest.close(customer.ticket()).await.status < 300);

    let json: Value = serde_json::from_str(&transcript(&rest, customer.ticket(), "json").await).expect("is JSON");
    let events = json["events"].as_array().expect("is a list");
    let texts: Vec<_> = events.iter().filter_map(|event| event["text"].as_str()).collect();
    assert_eq!(texts[..spoken.len()], spoken, "all of it, in order");
    assert_eq!(texts[spoken.len()..], ["after the kill"]);
    let last = events.last().expect("there are events");
    assert_eq!(
        (&last["type"], &last["seq"], &last["at_ms"]),
        (&json!("closed"), &json["head"], &json["chat"]["closed_at_ms"])
    );
    let text = transcript(&rest, customer.ticket(), "text").await;
    let html = transcript(&rest, customer.ticket(), "html").await;
    for line in &spoken {
        assert!(text.contains(&format!("Ann (customer):\n    {line}\n")), "{line} is not in the text");
        assert!(html.contains(&format!(">{line}</p>")), "{line} is not on the page");
    }
    for whole in [json.to_string(), text, html] {
        assert!(!whole.contains(SECRET), "the note is in it");
    }
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}
