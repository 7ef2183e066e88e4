//! Agents whose accounts, logins and chats are in the database.

use tandem_protocol::{client::close, desk::View};
use tandem_tests::{Customer, History, Primary, System, check, postgres::Database};

/// The account is made with `tandem agent add --store`; what the operator does to it later is heeded at once.
#[tokio::test]
async fn an_agent_whose_account_is_in_the_database_works_on_when_the_primary_and_the_interaction_server_die() {
    let database = Database::empty().await;
    let mut system = System::builder().postgres(&database).agents().start().await;
    let ben = system.agent("ben").await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    let page = ben.takes().await;
    page.reads("hi").await;

    let dead = system.kill(Primary).await;
    page.says("I am still here").await;
    customer.reads("I am still here").await;
    system.restart(dead).await;
    system.is_complete().await;

    system.kill_interaction();
    system.restart_interaction().await;
    let session = customer.ticket().session;
    let is_his = |view: &View| view.chats.iter().any(|chat| chat.session == session).then_some(());
    ben.sees("the chat is still his", is_his).await;
    customer.says("good").await;
    page.reads("good").await;
    assert_eq!(check(&History::of([customer.history(), page.history()])), []);

    let listed = system.agent_command(&["list"], "").done();
    assert!(listed.contains("ben") && listed.contains("enabled"), "{listed}");
    system.agent_command(&["disable", "ben"], "").done();
    ben.waits_for("the desk is closed", |desk| (desk.closes.last() == Some(&close::UNAUTHORIZED)).then_some(())).await;
    assert!(!system.data().join("directory.db").exists(), "nothing of an account is in the data directory");
    system.finish().await;
}
