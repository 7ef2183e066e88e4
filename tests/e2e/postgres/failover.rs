//! The test that every deployment must pass, on PostgreSQL.

use tandem_protocol::client::Notice;
use tandem_tests::{
    Backup, Customer, Primary, Role, System, check,
    postgres::{Database, USER, Way, free_port},
};

/// The steps are those of the design, with the echo participant in the agent's place.
#[tokio::test]
async fn the_test_that_every_deployment_must_pass_on_postgresql() {
    let database = Database::empty().await;
    let mut system = System::builder().postgres(&database).echo().start().await;

    // 1. Start a chat session on `/sample`.
    let page = system.rest().request(reqwest::Method::GET, "/sample").send().await.expect("the page is served");
    assert!(page.status().is_success());
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;

    // 2. Send a message; it is seen to be active: saved, and answered by the other participant.
    customer.says("hi").await;
    customer.reads("You said: hi").await;

    // 3. Kill the primary's process with `kill -9`.
    let survivor = system.which(Backup).await;
    let dead = system.kill(Primary).await;

    // 4. Send another message: the chat continues, and the user is told of both.
    customer.says("still there?").await;
    customer.reads("You said: still there?").await;
    let both = |notices: &[Notice]| matches!(notices, [Notice::ConnectionLost, Notice::SessionRestored { .. }]);
    customer.waits_for("both notices", |view| both(&view.notices).then_some(())).await;

    // 5. The killed engine, when started again, starts as backup.
    system.restart(dead).await;
    assert!(matches!(system.role_of(dead).await, Role::Backup(_)));
    assert!(matches!(system.role_of(survivor).await, Role::Primary(_)));
    system.is_complete().await;

    // 6. The engine's log says what was done to restore the session.
    system.engine_logs(survivor, "took over").await;
    system.engine_logs(survivor, "restored").await;

    let files = std::fs::read_dir(system.data()).expect("is there").map(|entry| entry.expect("is read").file_name());
    let databases = files.filter(|name| name.to_string_lossy().contains(".db")).count();
    assert_eq!(databases, 0, "nothing is kept in the data directory");
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

/// Each machine has its own way to the database; one that leads nowhere stands first in the address of engine b.
#[tokio::test]
async fn the_engines_of_a_pair_reach_the_database_by_different_addresses() {
    let database = Database::empty().await;
    let (of_a, of_b) = (Way::to(database.server().port()).await, Way::to(database.server().port()).await);
    let addresses = [
        database.at(USER, &[of_a.port()], "?sslmode=require"),
        database.at(USER, &[free_port(), of_b.port()], "?sslmode=disable"),
    ];
    let all = database.by_network(USER, "");
    let builder = System::builder().postgres_at(&all, [&addresses[0], &addresses[1]]);
    let mut system = builder.echo().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    for round in 1..=2 {
        let dead = system.kill(Primary).await;
        customer.says(&format!("round {round}")).await;
        customer.reads(&format!("You said: round {round}")).await;
        system.restart(dead).await;
        system.is_complete().await;
    }
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}
