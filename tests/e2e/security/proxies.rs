//! A gateway behind a proxy: from where somebody comes it believes a proxy that it trusts, and nobody else.

use reqwest::Method;
use serde_json::{Value, json};
use tandem_protocol::desk::AgentRole;
use tandem_tests::{
    Account, Rest, System, agent, eventually,
    rest::{Reply, answer},
};

/// More than any address has free.
const GUESSES: usize = 40;

/// Logs in as a proxy passes it on that has heard it from this address.
async fn tries(rest: &Rest, from: &str, name: &str, password: &str) -> Reply {
    answer(agent::login(rest, name, password).header("x-forwarded-for", from)).await
}

/// Whether somebody is slowed down who guesses at one account after the other.
async fn is_slowed(rest: &Rest, from: impl Fn(usize) -> String) -> bool {
    for guess in 0..GUESSES {
        let reply = tries(rest, &from(guess), &format!("nobody-{guess}"), "guess").await;
        if reply.status == 429 {
            return true;
        }
        assert_eq!(reply.status, 401, "{}", reply.body);
    }
    false
}

#[tokio::test]
async fn behind_a_trusted_proxy_everybody_is_known_by_his_own_address() {
    let proxies = vec!["127.0.0.0/8".to_owned()];
    let system = System::builder().agents().setting("gateway.trusted-proxies", proxies).start().await;
    let rest = system.rest();
    let ada = Account::agent("ada").role(AgentRole::Administrator);
    system.add(&ada);
    assert!(is_slowed(&rest, |_| "203.0.113.7".to_owned()).await);
    let login: Value = tries(&rest, "198.51.100.9", &ada.name, &ada.password).await.done();
    let token = login["token"].as_str().expect("a login has a token");
    system.may_switch_over().await;
    let switchover = rest.request(Method::POST, "/api/v1/control/switchover").bearer_auth(token);
    // What he claims himself stands before what the proxy adds.
    let switchover = switchover.header("x-forwarded-for", "192.0.2.1, 198.51.100.9");
    answer(switchover.json(&json!({ "pair": "main", "epoch": 1, "dry_run": false }))).await.is_done();
    let written = eventually("the act is written down", async || {
        let acts: Value = serde_json::from_str(&system.runs("audit", &["--json"]).await.done()).expect("is JSON");
        acts.as_array()?.iter().find(|act| act["act"] == "switchover").cloned()
    });
    assert_eq!(written.await["by"], json!({ "who": "ada", "from": "198.51.100.9" }));
    system.finish().await;
}

#[tokio::test]
async fn whoever_claims_to_come_from_elsewhere_each_time_is_slowed_down_all_the_same() {
    let system = System::builder().agents().start().await;
    assert!(is_slowed(&system.rest(), |guess| format!("203.0.113.{guess}")).await);
    system.finish().await;
}
