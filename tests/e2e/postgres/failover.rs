//! Engines on machines of their own, each with its own way to the database.

use tandem_tests::{
    Customer, Primary, System, check,
    postgres::{Database, USER, Way, free_port},
};

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
