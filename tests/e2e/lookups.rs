//! A program looks up over REST what is over, with the token of its own login.

use reqwest::Method;
use serde_json::{Value, json};
use tandem_protocol::{EventBody, Visibility, desk::AgentRole};
use tandem_tests::{
    Account, Customer, Primary, Rest, System, eventually,
    rest::{Reply, answer},
};

const SECRET: &str = "a note between us";

/// A program with a login.
struct Program {
    rest: Rest,
    token: String,
}

impl Program {
    async fn logs_in(system: &System) -> Self {
        let account = Account::agent("crm").role(AgentRole::Integrator);
        system.add(&account);
        let rest = system.rest();
        let who = json!({ "name": account.name, "password": account.password });
        let login: Value = answer(rest.request(Method::POST, "/api/v1/agent/login").json(&who)).await.done();
        assert_eq!(login["role"], "integrator");
        Self { rest, token: login["token"].as_str().expect("is text").to_owned() }
    }

    async fn asks(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let request = self.rest.request(method, &format!("/api/v1{path}")).bearer_auth(&self.token);
        answer(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn gets(&self, path: &str) -> Value {
        self.asks(Method::GET, path, None).await.done()
    }

    /// Waits until a search finds as many messages.
    async fn finds(&self, query: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{count} are found by {query}"), async || {
            let found = self.gets(&format!("/transcripts?{query}")).await;
            let hits = found["hits"].as_array().expect("is a list").clone();
            (hits.len() == count).then_some(hits)
        })
        .await
    }

    /// Waits until a contact is known by this.
    async fn knows(&self, query: &str) -> Value {
        eventually(&format!("somebody is known by {query}"), async || {
            self.gets(&format!("/contacts?{query}")).await["contacts"].get(0).cloned()
        })
        .await
    }
}

async fn comes(rest: &Rest, properties: Value, text: &str) -> Customer {
    let customer = Customer::with_ticket(rest, rest.open_with("Ana", properties).await, "Ana");
    customer.says(text).await;
    customer
}

async fn leaves(customer: &Customer) {
    customer.leaves();
    let is_closed = |body: &EventBody| matches!(body, EventBody::Closed { .. });
    customer.waits_for("the end", |view| view.find(is_closed)).await;
}

#[tokio::test]
async fn a_program_finds_reads_changes_merges_and_erases_over_rest() {
    let mut system = System::builder().agents().start().await;
    let rest = system.rest();
    let program = Program::logs_in(&system).await;
    let first = comes(&rest, json!({ "email": "Ana@Example.org" }), "the red lamp is broken").await;
    let bot = Customer::with_ticket(&rest, rest.join(first.ticket(), "bot").await, "bot");
    bot.notes(Visibility::Int, SECRET).await;
    let hits = program.finds("q=red%20lam", 1).await;
    let hit = &hits[0];
    assert_eq!((&hit["excerpt"], &hit["marks"]), (&json!("the red lamp is broken"), &json!([[4, 7], [8, 12]])));
    program.finds("q=between", 1).await;
    leaves(&first).await;
    let second = comes(&rest, json!({ "customer": "c-9" }), "the other lamp").await;
    leaves(&second).await;

    let dead = system.kill(Primary).await;
    let ana = program.knows("email=ANA%40example.org").await;
    let other = program.knows("customer=c-9").await;
    let (ana, other) = (&ana["contact"], &other["contact"]);
    let session = first.ticket().session;
    assert_eq!(&program.gets(&format!("/sessions/{session}/contact")).await["contact"], ana);
    let change = json!({ "name": "Ana M.", "attributes": { "plan": "gold" } });
    program.asks(Method::PATCH, &format!("/contacts/{ana}"), Some(change)).await.is_done();
    let from = json!({ "from": other });
    let merged: Value = program.asks(Method::POST, &format!("/contacts/{ana}/merge"), Some(from)).await.done();
    assert_eq!(
        (&merged["name"], &merged["attributes"]["plan"], &merged["chats"]),
        (&json!("Ana M."), &json!("gold"), &json!(2))
    );
    assert_eq!(
        &program.gets(&format!("/contacts/{other}")).await["contact"],
        ana,
        "the old number answers as the new one"
    );
    let chats = program.gets(&format!("/contacts/{ana}/chats")).await;
    assert_eq!(chats["chats"].as_array().map(Vec::len), Some(2));
    program.finds(&format!("q=lamp&contact={ana}"), 2).await;
    program.finds(&format!("q=lamp&contact={ana}&until=2020-01-01T00:00:00Z"), 0).await;

    let whole = program.gets(&format!("/transcripts/{session}")).await;
    assert!(whole["events"].to_string().contains(SECRET), "a program reads notes: {whole}");
    let erasure = program.asks(Method::DELETE, &format!("/contacts/{ana}"), None).await;
    assert_eq!((erasure.status, &erasure.body["chats"]), (202, &json!(2)));
    system.restart(dead).await;
    program.finds("q=lamp", 0).await;
    eventually("what was said is erased", async || {
        let whole = program.gets(&format!("/transcripts/{session}")).await;
        let said = whole["events"].to_string();
        (!said.contains("red lamp") && !said.contains(SECRET) && said.contains("\"erased\"")).then_some(())
    })
    .await;
    eventually("the contact is gone", async || {
        let reply = program.asks(Method::GET, &format!("/contacts/{ana}"), None).await;
        (reply.status == 404 && reply.problem() == "unknown_contact").then_some(())
    })
    .await;
    system.is_complete().await;
    system.finish().await;
}
