//! What each role tells the manager that has started it.

use std::time::Duration;

use rustix::process::Signal;
use tandem_tests::{
    Customer, Primary, ServiceManager, System, Whole, eventually,
    postgres::{Database, USER, Way},
    whole::Given,
};

/// Soon over, so that a test sees many signs of life; a busy machine may be late with some.
const SHORT: Duration = Duration::from_millis(300);

/// Soon over, and long enough for a busy machine to be never late.
const MEDIUM: Duration = Duration::from_secs(1);

/// Where one sign of life is enough.
const LONG: Duration = Duration::from_secs(30);

/// What is a sign of life.
const LIFE: &str = "WATCHDOG=1";

/// Signs of life of one role, while another gives none, after which that one would have given its own.
const MANY: usize = 12;

const ROLES: [&str; 5] = ["engine a", "engine b", "gateway", "interaction", "echo"];

#[tokio::test]
async fn each_role_tells_its_manager_that_it_serves_what_it_is_and_that_it_ends() {
    let manager = ServiceManager::with_watchdog(LONG);
    let mut system = System::builder().agents().echo().managed_by(&manager).start().await;
    for role in ROLES {
        manager.hears(role, "READY=1").await;
        manager.hears(role, LIFE).await;
    }
    manager.hears("engine a", "STATUS=engine a is primary, epoch 1").await;
    manager.hears("engine b", "STATUS=engine b is backup, epoch 1").await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    let killed = system.kill(Primary).await;
    manager.hears("engine b", "STATUS=engine b is primary, epoch 2").await;
    system.restart(killed).await;
    manager.hears("engine a", "STATUS=engine a is backup, epoch 2").await;
    customer.says("after").await;
    assert_eq!(manager.count("engine a", "READY=1"), 2, "once in each of its lives");
    assert_eq!(manager.count("engine b", "READY=1"), 1, "what it is has changed, not that it serves");
    system.is_complete().await;
    system.finish().await;
    for role in ROLES {
        manager.hears(role, "STOPPING=1").await;
        assert_eq!(manager.count(role, "STOPPING=1"), 1, "{role}: {:?}", manager.told_by(role));
    }
}

#[tokio::test]
async fn a_role_that_hangs_gives_no_sign_of_life_so_that_its_manager_starts_it_again() {
    let manager = ServiceManager::with_watchdog(SHORT);
    let mut system = System::builder().agents().echo().managed_by(&manager).start().await;
    // Woken, it finds that it has not answered for too long.
    system.expect_log("this process does not do its work");
    for (hung, other) in [("gateway", "echo"), ("interaction", "echo"), ("echo", "gateway"), ("engine b", "gateway")] {
        system.signals_service(hung, Signal::STOP);
        // A sign may have been on its way.
        manager.hears_beyond(manager.count(other, LIFE) + 1, other, LIFE).await;
        let silent_since = manager.count(hung, LIFE);
        manager.hears_beyond(manager.count(other, LIFE) + MANY, other, LIFE).await;
        assert_eq!(manager.count(hung, LIFE), silent_since, "{hung}");
        system.signals_service(hung, Signal::CONT);
        manager.hears_beyond(silent_since, hung, LIFE).await;
    }
    system.is_complete().await;
    system.finish().await;
}

#[tokio::test]
async fn an_engine_without_its_database_gives_signs_of_life_since_a_new_start_would_not_help() {
    let database = Database::empty().await;
    let way = Way::to(database.server().port()).await;
    let address = database.at(USER, &[way.port()], "");
    let manager = ServiceManager::with_watchdog(MEDIUM);
    let builder = System::builder().postgres_at(&address, [&address, &address]).managed_by(&manager);
    let mut system = builder.start().await;
    for trouble in ["cannot read the lease", "cannot renew the lease", "the journal cannot be written"] {
        system.expect_log(trouble);
    }
    way.cut();
    system.engine_logs(Primary, "cannot renew the lease").await;
    for engine in ["engine a", "engine b"] {
        manager.hears_beyond(manager.count(engine, LIFE) + MANY, engine, LIFE).await;
    }
    way.mend();
    Customer::start(&system.rest(), "Ann").await.says("hello").await;
    system.is_complete().await;
    system.finish().await;
}

#[tokio::test]
async fn the_whole_system_is_one_service_that_is_ready_when_all_of_it_is() {
    let manager = ServiceManager::with_watchdog(LONG);
    let variables = manager.starts("tandem run").into_iter().skip(1).map(|variable| {
        let variable = variable.into_string().expect("it is text");
        let (name, value) = variable.split_once('=').expect("it is set");
        (name.to_owned(), value.to_owned())
    });
    let whole = Whole::start_with(Given { variables: variables.collect(), ..Given::default() }).await;
    manager.hears("tandem run", LIFE).await;
    let told = manager.told_by("tandem run");
    assert_eq!(told.first().map(String::as_str), Some("WATCHDOG=1"), "it lives while it starts: {told:?}");
    whole.ends(&[]).await;
    eventually("it tells that it ends", async || {
        let told = manager.told_by("tandem run");
        told.contains(&"STOPPING=1".to_owned()).then_some(())
    })
    .await;
    // Its children are nobody's services but its own.
    assert_eq!(manager.count("tandem run", "READY=1"), 1);
    assert!(manager.told_by("tandem run").iter().all(|state| !state.contains("engine")));
}
