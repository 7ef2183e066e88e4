//! Customers reach people: queues, offers, transfers, supervisors, bots, accounts, and who is there.

mod accounts;
mod bots;
mod desks;
mod presence;
mod queues;
mod supervisors;
mod transfers;

use serde_json::json;
use tandem_protocol::{EventBody, desk::Action};
use tandem_tests::{Agent, Customer, Rest, System};

/// A system in which agents can work, whose offers and absences are over sooner than by default.
fn system() -> tandem_tests::system::Builder {
    System::builder().agents().setting("interaction.presence-timeout", "1 s").setting("interaction.agent-grace", "1 s")
}

/// A customer who comes for a queue.
async fn comes_for(rest: &Rest, name: &str, queue: &str) -> Customer {
    Customer::with_ticket(rest, rest.open_with(name, json!({ "queue": queue })).await, name)
}

/// Waits until the customer's page has an event that is as wanted.
async fn sees(customer: &Customer, what: &str, wanted: impl Fn(&EventBody) -> bool) {
    customer.waits_for(what, |view| view.find(&wanted)).await;
}

/// Ends the chat with an outcome.
async fn ends(agent: &Agent, page: &Customer) {
    let session = page.ticket().session;
    agent.does(Action::End { session, disposition: "solved".into(), remark: None }).await;
}

/// One queue of a settings file.
fn queue(name: &str) -> toml::Table {
    toml::Table::from_iter([("name".to_owned(), name.into())])
}

/// Queues of a settings file.
fn queues(queues: impl IntoIterator<Item = toml::Table>) -> toml::Value {
    toml::Value::Array(queues.into_iter().map(toml::Value::Table).collect())
}
