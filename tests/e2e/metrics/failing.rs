//! Failovers, and what is refused, as figures.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use tandem_tests::{Backup, Customer, Engine, Primary, Store, System, Watched, check};

use super::figure;

const GAPS: &str = "tandem_gateway_gap_seconds_count";

#[tokio::test]
async fn a_killed_primary_is_a_failover_with_its_cause_and_a_gap_for_each_session() {
    let mut system = System::builder().echo().watched().start().await;
    let primary = Watched::Engine(Primary);
    assert_eq!(figure(&system, primary, "tandem_failovers_total", &[]).await, 0.0, "a start is none");
    let customers =
        [Customer::start_with_echo(&system.rest(), "Ann").await, Customer::start(&system.rest(), "Bob").await];
    for customer in &customers {
        customer.says("hi").await;
    }
    let dead = system.kill(Primary).await;
    for customer in &customers {
        customer.says("still there?").await;
    }
    // The echo has found the new primary too.
    customers[0].reads("You said: still there?").await;
    system.shows(primary, "tandem_failovers_total", &[("cause", "died")], 1.0).await;
    assert_eq!(figure(&system, primary, "tandem_failovers_total", &[]).await, 1.0, "and no other");
    assert_eq!(figure(&system, primary, "tandem_takeover_seconds_count", &[]).await, 1.0);
    assert_eq!(figure(&system, primary, "tandem_engine_epoch", &[("pair", "main")]).await, 2.0);
    system.shows(primary, "tandem_engine_backup_present", &[], 0.0).await;
    assert!(figure(&system, primary, "tandem_sessions_restored_total", &[]).await >= 2.0);
    let gateway = Watched::Gateway;
    assert_eq!(figure(&system, gateway, GAPS, &[("kind", "loss")]).await, 2.0, "one for each session");
    for watched in [gateway, Watched::Echo] {
        assert_eq!(figure(&system, watched, "tandem_link_losses_total", &[("pair", "main")]).await, 1.0);
        assert_eq!(figure(&system, watched, "tandem_link_epoch", &[("pair", "main")]).await, 2.0);
        system.shows(watched, "tandem_link_unacknowledged", &[("pair", "main")], 0.0).await;
    }
    system.restart(dead).await;
    system.is_complete().await;
    system.shows(primary, "tandem_engine_backup_present", &[], 1.0).await;
    system.shows(Watched::Engine(Backup), "tandem_engine_backup", &[], 1.0).await;
    assert_eq!(figure(&system, Watched::Engine(Backup), "tandem_engine_primary", &[]).await, 0.0);
    customers.iter().for_each(|customer| assert_eq!(check(&customer.history()), []));
    system.finish().await;
}

/// F-2. On a database: one that is stopped while it holds the lock of a file is killed by its successor.
#[tokio::test]
async fn a_primary_that_hangs_is_a_silent_one() {
    let mut system = System::builder().on(Store::Postgres).watched().start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    let hung = system.stop(Primary).await;
    customer.says("still there?").await;
    system.shows(Watched::Engine(Primary), "tandem_failovers_total", &[("cause", "silent")], 1.0).await;
    system.expect_log("deposed");
    system.cont(hung).await;
    system.shows(Watched::Engine(hung), "tandem_engine_backup", &[], 1.0).await;
    system.is_complete().await;
    system.finish().await;
}

/// F-1: one that nobody tells hears it from the store. A woken primary may hear it from its successor first, so here another
/// program has raised the epoch, of which no engine knows.
#[tokio::test]
async fn a_write_that_the_store_refuses_to_a_deposed_primary_is_counted() {
    let mut system = System::builder().watched().start().await;
    for trouble in ["deposed", "lost the primary"] {
        system.expect_log(trouble);
    }
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    assert_eq!(figure(&system, Watched::Engine(Engine::A), "tandem_fenced_writes_total", &[]).await, 0.0);
    let program = Connection::open(system.data().join("tandem.db")).expect("opens");
    program.busy_timeout(Duration::from_secs(5)).expect("sets");
    program.execute("UPDATE leases SET epoch = epoch + 1", []).expect("it is free soon");
    system.shows_that(Watched::Engine(Engine::A), "tandem_fenced_writes_total", &[], |fenced| fenced >= 1.0).await;
    customer.says("after").await;
    system.is_complete().await;
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

#[tokio::test]
async fn a_planned_switchover_is_counted_as_such_and_its_gap_apart_from_losses() {
    let system = System::builder().watched().start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    system.switches_over().await;
    customer.says("still there?").await;
    system.shows(Watched::Engine(Primary), "tandem_failovers_total", &[("cause", "planned")], 1.0).await;
    assert_eq!(figure(&system, Watched::Engine(Primary), "tandem_takeover_seconds_count", &[]).await, 1.0);
    assert_eq!(figure(&system, Watched::Gateway, GAPS, &[("kind", "move")]).await, 1.0);
    assert_eq!(figure(&system, Watched::Gateway, GAPS, &[("kind", "loss")]).await, 0.0);
    system.finish().await;
}

/// O-1: it is seen how near a limit is, and that it was met.
#[tokio::test]
async fn what_is_refused_at_a_limit_is_counted_under_its_name() {
    let system = System::builder()
        .watched()
        .setting("engine.settings.limit-for-sessions", 1)
        .setting("gateway.clients-max", 1)
        .start()
        .await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    customer.is_connected().await;
    let engine = Watched::Engine(Primary);
    system.shows(engine, "tandem_sessions_open", &[], 1.0).await;
    assert_eq!(figure(&system, engine, "tandem_sessions_max", &[]).await, 1.0);
    assert_eq!(rest.try_open(json!({ "name": "Bob" })).await.status, 503);
    system.shows(engine, "tandem_limits_hit_total", &[("limit", "sessions")], 1.0).await;
    let _too_long = customer.writes(&"x".repeat(20_000));
    system.shows(Watched::Gateway, "tandem_gateway_limits_hit_total", &[("limit", "message_bytes")], 1.0).await;
    let second = customer.second_tab();
    let refused = |hits: f64| hits >= 1.0;
    system.shows_that(Watched::Gateway, "tandem_gateway_limits_hit_total", &[("limit", "clients")], refused).await;
    drop(second);
    system.finish().await;
}
