//! Accounts, logins, and how they end.

use serde_json::Value;
use tandem_protocol::{EventBody, LeaveReason, client::close, desk::AgentRole};
use tandem_tests::{Account, Agent, Customer, agent::try_login};

use super::{sees, system};

#[tokio::test]
async fn an_operator_makes_lists_and_disables_accounts_while_the_system_runs() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = Account::agent("ben").capacity(5).skills(&["french"]);
    system.add(&ben);
    system.add(&Account::agent("sue").role(AgentRole::Supervisor));
    let again = system.agent_command(&["add", "ben", "--password-stdin"], "another password\n");
    assert_eq!(again.code, Some(1), "the name is taken: {}", again.stderr);
    let listed = system.agent_command(&["list", "--json"], "").done();
    let listed: Value = serde_json::from_str(&listed).expect("is JSON");
    let names: Vec<_> = listed.as_array().expect("a list").iter().map(|account| account["name"].as_str()).collect();
    assert_eq!(names, [Some("ben"), Some("sue")]);
    assert!(!listed.to_string().contains("argon2"), "nothing of a password is shown");

    let desk = Agent::logs_in(&rest, &ben).await;
    assert_eq!(desk.view(|view| (view.me.capacity, view.me.skills.clone())), (5, vec!["french".to_owned()]));
    system.agent_command(&["disable", "ben"], "").done();
    desk.waits_for("the desk is closed", |desk| (desk.closes.last() == Some(&close::UNAUTHORIZED)).then_some(())).await;
    assert_eq!(try_login(&rest, "ben", &ben.password).await.status, 401);
    system.agent_command(&["enable", "ben"], "").done();
    Agent::logs_in(&rest, &ben).await;
    system.finish().await;
}

#[tokio::test]
async fn an_account_that_is_disabled_is_out_of_its_chats_at_once() {
    // Nobody waits for him to come back, though everybody else would be given this time.
    let system = system().setting("interaction.agent-grace", "10 min").start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ana").await;
    let page = ben.takes().await;
    page.is_connected().await;
    system.agent_command(&["disable", "ben"], "").done();
    assert_eq!(page.is_stopped().await, close::ENDED);
    sees(&customer, "the agent has left", |body| matches!(body, EventBody::Left { reason: LeaveReason::Gone, .. }))
        .await;
    system.finish().await;
}

#[tokio::test]
async fn a_changed_password_ends_every_login_of_the_account() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = Account::agent("ben");
    system.add(&ben);
    let desk = Agent::logs_in(&rest, &ben).await;
    system.agent_command(&["password", "ben", "--password-stdin"], "quite another password\n").done();
    desk.waits_for("the desk is closed", |desk| (desk.closes.last() == Some(&close::UNAUTHORIZED)).then_some(())).await;
    assert_eq!(try_login(&rest, "ben", &ben.password).await.status, 401);
    assert_eq!(try_login(&rest, "ben", "quite another password").await.status, 200);
    system.finish().await;
}

#[tokio::test]
async fn a_logout_closes_all_desks_of_the_login() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    ben.logs_out().await;
    ben.waits_for("the desk is closed", |desk| (desk.closes.last() == Some(&close::UNAUTHORIZED)).then_some(())).await;
    let again = rest.request(reqwest::Method::POST, "/api/v1/agent/logout").bearer_auth(ben.token());
    let again = tandem_tests::rest::answer(again).await;
    assert!(matches!(again.status, 204 | 401), "a repeat does no harm: {}", again.status);
    system.finish().await;
}

#[tokio::test]
async fn one_who_guesses_is_slowed_down_and_learns_nothing() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = Account::agent("ben");
    system.add(&ben);
    let unknown = try_login(&rest, "nobody", "guess").await;
    let known = try_login(&rest, "ben", "guess").await;
    assert_eq!((unknown.status, &unknown.body), (401, &known.body), "which names there are is not told");
    let mut slowed = None;
    for guess in 0..20 {
        let reply = try_login(&rest, "ben", &format!("guess {guess}")).await;
        if reply.status == 429 {
            slowed = Some(reply);
            break;
        }
    }
    let slowed = slowed.expect("twenty guesses in a row are too many");
    assert!(slowed.retry_after.is_some(), "it is told when to try again");
    assert_eq!(slowed.problem(), "slow_down");
    system.finish().await;
}
