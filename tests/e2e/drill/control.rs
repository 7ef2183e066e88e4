//! A drill that a gateway carries out for an administrator.

use reqwest::Method;
use serde_json::{Value, json};
use tandem_protocol::desk::AgentRole;
use tandem_tests::{
    Account, Customer, Engine, Rest, System, check, eventually,
    rest::{Reply, answer},
};

/// An administrator's program.
struct Administrator {
    rest: Rest,
    token: String,
}

impl Administrator {
    async fn logs_in(system: &System, name: &str, role: AgentRole) -> Self {
        let account = Account::agent(name).role(role);
        system.add(&account);
        let rest = system.rest();
        let who = json!({ "name": account.name, "password": account.password });
        let login: Value = answer(rest.request(Method::POST, "/api/v1/agent/login").json(&who)).await.done();
        Self { rest, token: login["token"].as_str().expect("is text").to_owned() }
    }

    async fn asks(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.rest.request(method, &format!("/api/v1/control{path}")).bearer_auth(&self.token);
        answer(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn posts(&self, path: &str, body: Value) -> Reply {
        self.asks(Method::POST, &format!("/drills{path}"), Some(body)).await
    }

    async fn drills(&self) -> Value {
        self.asks(Method::GET, "/drills", None).await.done()
    }

    /// Who has done what to drills, as the audit log has it, oldest first.
    async fn acts_on_drills(&self) -> Vec<(String, String)> {
        let told: Value = self.asks(Method::GET, "/acts", None).await.done();
        let text = |value: &Value| value.as_str().expect("is text").to_owned();
        let acts = told["acts"].as_array().expect("is a list").iter().rev();
        acts.filter(|act| act["act"] == "drill").map(|act| (text(&act["by"]["who"]), text(&act["outcome"]))).collect()
    }

    /// Waits until no drill is under way.
    async fn sees_the_end(&self) -> Value {
        eventually("the drill is over", async || {
            let drills = self.drills().await;
            drills["running"].is_null().then_some(drills)
        })
        .await
    }
}

/// The gateway holds the drill: neither the page's going nor the primary's matters to it.
#[tokio::test]
async fn an_administrator_rehearses_a_kill_through_a_gateway() {
    let mut system = System::builder().agents().start().await;
    system.may_switch_over().await;
    let ada = Administrator::logs_in(&system, "ada", AgentRole::Administrator).await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    let wish = json!({ "failure": "kill", "sessions": 8, "every_ms": 50 });
    let planned: Value = ada.posts("/plan", wish.clone()).await.done();
    assert_eq!(planned["blockers"], json!([]), "{planned}");
    assert!(planned["says"][0].as_str().expect("is a sentence").starts_with("Kills engine a, process "), "{planned}");
    let mut asked = wish;
    asked["epoch"] = json!(7);
    assert_eq!(ada.posts("", asked.clone()).await.problem(), "drill_blocked", "the plan was of another epoch");
    asked["epoch"] = planned["epoch"].clone();
    system.expects_failure();
    let started = ada.posts("", asked.clone()).await;
    assert_eq!(started.status, 202, "{}", started.body);
    let second = ada.posts("", asked).await;
    assert_eq!(second.problem(), "drill_running", "{}", second.body);
    assert_eq!(system.ends(Engine::A).await, None, "a signal has ended it");
    system.restart(Engine::A).await;
    let over = ada.sees_the_end().await;
    assert_eq!(over["last"]["id"], started.body["id"]);
    assert_eq!(over["last"]["remarks"], json!([]), "{over}");
    let drill = &over["last"]["drill"];
    assert_eq!((drill["lost"].as_u64(), drill["disconnected"].as_u64()), (Some(0), Some(0)), "{drill}");
    assert!(drill.get("aborted").is_none() && drill["gaps"].is_object(), "{drill}");
    assert_eq!(drill["by"]["who"], "ada");
    assert_eq!(over["drills"][0]["id"], started.body["id"], "it is written down");
    customer.says("after").await;
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

#[tokio::test]
async fn a_drill_is_called_off_and_its_sessions_are_gone() {
    let system = System::builder().agents().start().await;
    system.may_switch_over().await;
    let ada = Administrator::logs_in(&system, "ada", AgentRole::Administrator).await;
    let bob = Administrator::logs_in(&system, "bob", AgentRole::Administrator).await;
    let wish = json!({ "failure": "kill", "sessions": 5, "every_ms": 5000, "epoch": 1 });
    assert_eq!(ada.posts("", wish).await.status, 202);
    eventually("its sessions are open", async || (system.open_sessions().await == 5).then_some(())).await;
    assert_eq!(bob.posts("/cancel", json!({})).await.status, 204);
    // He may do so twice, and has done it once.
    assert_eq!(bob.posts("/cancel", json!({})).await.status, 204);
    let over = ada.sees_the_end().await;
    assert_eq!(over["last"]["drill"]["aborted"], "called off by the operator");
    assert_eq!(system.open_sessions().await, 0);
    // It is written down beside the drill, and perhaps after its end.
    let acts = eventually("all is written down", async || {
        let mut acts = ada.acts_on_drills().await;
        acts.sort();
        (acts.len() >= 3).then_some(acts)
    })
    .await;
    let ended = "not carried through: called off by the operator";
    let expected = [("ada", "begun"), ("ada", ended), ("bob", "asked to be called off")];
    assert_eq!(acts.iter().map(|(who, outcome)| (&**who, &**outcome)).collect::<Vec<_>>(), expected);
    system.finish().await;
}

#[tokio::test]
async fn who_is_no_administrator_rehearses_nothing() {
    let system = System::builder().agents().start().await;
    let sue = Administrator::logs_in(&system, "sue", AgentRole::Supervisor).await;
    let wish = json!({ "failure": "kill", "epoch": 1 });
    assert_eq!(sue.posts("", wish).await.problem(), "forbidden");
    assert_eq!(sue.posts("/cancel", json!({})).await.problem(), "forbidden");
    system.finish().await;
}
