//! What administrators see and do over REST, on a real system of which parts are killed.

use reqwest::Method;
use serde_json::{Value, json};
use tandem_protocol::desk::AgentRole;
use tandem_tests::{
    Account, Customer, Engine, Primary, Rest, System,
    agent::try_login,
    eventually,
    rest::{Reply, answer},
};

/// An administrator, and his login.
struct Administrator {
    rest: Rest,
    token: String,
}

impl Administrator {
    async fn of(system: &System) -> Self {
        let account = Account::agent("ada").role(AgentRole::Administrator);
        system.add(&account);
        let login: Value = try_login(&system.rest(), &account.name, &account.password).await.done();
        let token = login["token"].as_str().expect("a login has a token").to_owned();
        Self { rest: system.rest(), token }
    }

    async fn gets(&self, path: &str) -> Reply {
        answer(self.rest.request(Method::GET, &format!("/api/v1/control{path}")).bearer_auth(&self.token)).await
    }

    async fn switches_over(&self, epoch: u64, dry_run: bool) -> Reply {
        let body = json!({ "pair": "main", "epoch": epoch, "dry_run": dry_run });
        let asked = self.rest.request(Method::POST, "/api/v1/control/switchover").bearer_auth(&self.token);
        answer(asked.json(&body)).await
    }

    /// Waits until the status says this of the pair.
    async fn sees(&self, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        eventually(what, async || {
            let reply = self.gets("/status").await;
            assert_eq!(reply.status, 200, "{}", reply.body);
            condition(&reply.body["pairs"][0]).then_some(reply.body)
        })
        .await
    }
}

#[tokio::test]
async fn an_administrator_sees_the_pair_through_a_failover() {
    let mut system = System::builder().agents().start().await;
    let ada = Administrator::of(&system).await;
    let complete = |pair: &Value| pair["known"]["backup"]["name"] == "b" && pair["status"]["backup"].is_object();
    let seen = ada.sees("the pair is complete", complete).await;
    assert_eq!((&seen["me"]["name"], &seen["pairs"][0]["known"]["primary"]["name"]), (&json!("ada"), &json!("a")));
    assert_eq!(seen["agents"]["queues"][0]["queue"], "default");
    let killed = system.kill(Primary).await;
    let follows = |pair: &Value| pair["connected"] == true && pair["status"]["primary"]["name"] == "b";
    let seen = ada.sees("the successor tells", follows).await;
    assert_eq!(seen["pairs"][0]["known"]["epoch"], 2);
    system.restart(killed).await;
    system.is_complete().await;
    system.finish().await;
}

#[tokio::test]
async fn an_administrator_goes_on_looking_without_an_interaction_server_and_without_a_primary() {
    let mut system = System::builder().agents().start().await;
    let ada = Administrator::of(&system).await;
    ada.sees("the pair is told of", |pair| pair["status"].is_object()).await;
    system.kill_interaction();
    ada.sees("the pair is seen", |pair| pair["connected"] == true && pair["status"].is_object()).await;
    system.kill_both();
    let lost = |pair: &Value| pair["connected"] == false && pair["away_ms"].is_u64();
    let seen = ada.sees("the loss is told", lost).await;
    assert_eq!(seen["pairs"][0]["status"]["primary"]["name"], "a", "the last word stays");
    for engine in [Engine::A, Engine::B] {
        system.restart(engine).await;
    }
    system.restart_interaction().await;
    ada.sees("the pair is back", |pair| pair["connected"] == true && pair["known"]["backup"].is_object()).await;
    system.finish().await;
}

#[tokio::test]
async fn an_administrator_switches_over_while_a_chat_goes_on() {
    let system = System::builder().agents().start().await;
    let ada = Administrator::of(&system).await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    system.may_switch_over().await;
    let clear: Value = ada.switches_over(1, true).await.done();
    assert_eq!(clear, json!({ "clear": { "from": "a", "to": "b" } }));
    let done: Value = ada.switches_over(1, false).await.done();
    let done = &done["done"];
    assert_eq!((&done["from"], &done["to"], &done["epoch"]), (&json!("a"), &json!("b"), &json!(2)));
    let again: Value = ada.switches_over(1, false).await.done();
    assert!(again["done"].is_object() || again["overtaken"].is_object(), "a repeat moves nothing back: {again}");
    customer.says("after").await;
    assert_eq!(customer.view(|view| (view.connections, view.notices.len())), (1, 0));
    let written = eventually("the act is written down", async || {
        let reply = ada.gets("/acts").await.body;
        reply["acts"].as_array()?.iter().find(|act| act["act"] == "switchover").cloned()
    });
    let act = written.await;
    assert_eq!((&act["by"]["who"], &act["by"]["from"]), (&json!("ada"), &json!("127.0.0.1")));
    // By the successor, after the switchover.
    let takeover = eventually("the takeover is written down", async || {
        let last = ada.gets("/takeovers?pair=main").await.body["takeovers"][0].clone();
        (last["epoch"] == 2).then_some(last)
    });
    assert_eq!(takeover.await["cause"], "planned");
    system.is_complete().await;
    system.finish().await;
}

#[tokio::test]
async fn what_blocks_a_switchover_is_named_and_nobody_else_may_ask_for_one() {
    let mut system = System::builder().agents().without_backup().start().await;
    let ada = Administrator::of(&system).await;
    let blocked = ada.switches_over(1, false).await;
    assert_eq!((blocked.status, blocked.problem()), (409, "switchover_blocked".to_owned()));
    assert_eq!(blocked.body["blockers"], json!(["no_backup"]));
    let ben = Account::agent("ben").role(AgentRole::Supervisor);
    system.add(&ben);
    let login: Value = try_login(&system.rest(), &ben.name, &ben.password).await.done();
    let token = login["token"].as_str().expect("a login has a token").to_owned();
    let ben = Administrator { rest: system.rest(), token };
    assert_eq!(ben.gets("/status").await.problem(), "forbidden");
    assert_eq!(ben.switches_over(1, true).await.problem(), "forbidden");
    system.restart(Engine::B).await;
    system.is_complete().await;
    system.finish().await;
}
