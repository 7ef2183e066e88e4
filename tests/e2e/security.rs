//! The inside of a system: its roles prove to each other who they are, its gateway encrypts, and no secret is seen.

mod gateway;
mod keys;
mod links;
mod proxies;
mod secrets;

use tandem_tests::{Customer, Engine, Primary, System};

/// The chat with the echo goes on when the primary is killed; returns the engine, which is started again.
async fn chat_outlives_the_primary(system: &mut System, customer: &Customer) -> Engine {
    let dead = system.kill(Primary).await;
    customer.says("still there?").await;
    customer.reads("You said: still there?").await;
    system.restart(dead).await;
    dead
}
