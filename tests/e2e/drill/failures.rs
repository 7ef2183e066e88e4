//! Each failure, while a customer chats: his chat loses nothing, the drill proves it for its own sessions, and nothing
//! of those is left.

use tandem_protocol::{EventBody, control::DrillFailure};
use tandem_tests::{Customer, Drilled, Engine, Primary, Store, System, check, eventually};
use test_case::test_case;

/// What each drill does here: few sessions, which speak often.
const FEW: [&str; 6] = ["--sessions", "8", "--every", "50ms", "--yes", "--json"];

async fn proves(drilled: &Drilled, failure: DrillFailure) {
    let Drilled { drill, passed, remarks } = drilled;
    assert!(*passed, "{drilled:?}");
    assert_eq!(remarks, &[""; 0], "{drilled:?}");
    assert_eq!((drill.failure, drill.sessions, drill.every_ms), (failure, 8, 50));
    let to = drill.to.as_ref().map(|to| to.as_str());
    assert_eq!((drill.from.as_str(), to, drill.epoch.0), ("a", Some("b"), 1));
    assert_eq!((drill.lost, drill.doubled, drill.out_of_order, drill.disconnected), (0, 0, 0, 0));
    assert!(drill.acknowledged >= 8 * 4, "three before the failure and one after it: {drilled:?}");
    let gaps = drill.gaps.expect("every session has gone on");
    assert!(0 < gaps.p50_us && gaps.p50_us <= gaps.p99_us && gaps.p99_us <= gaps.max_us, "{gaps:?}");
}

/// Of the customer's own chat nothing is lost, and of the drill's sessions nothing is left.
async fn is_as_before(system: &System, customer: &Customer) {
    customer.says("after").await;
    assert_eq!(system.which(Primary).await, Engine::B);
    assert_eq!(customer.view(|view| view.connections), 1, "R-3");
    assert_eq!(check(&customer.history()), []);
    eventually("only the customer's session is open", async || (system.open_sessions().await == 1).then_some(())).await;
}

/// D-2, D-3, D-4, R-3.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_killed_primary_is_succeeded_and_the_drill_proves_it(store: Store) {
    let mut system = System::builder().on(store).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    system.expects_failure();
    let drill = system.begins_drill(&[&["--kill"], &FEW[..]].concat());
    let theirs = system.sessions_of_drill(8).await;
    assert_eq!(system.ends(Engine::A).await, None, "a signal has ended it");
    customer.says("meanwhile").await;
    system.restart(Engine::A).await;
    let (code, drilled) = drill.outcome().await;
    assert_eq!(code, Some(0), "{drilled:?}");
    proves(&drilled, DrillFailure::Kill).await;
    is_as_before(&system, &customer).await;
    for session in theirs {
        let left = system.transcript_of(session).await;
        let (last, others) = left.split_last().expect("the numbers stay");
        assert!(matches!(last, EventBody::Closed { .. }), "{last:?}");
        assert!(others.iter().all(|body| matches!(body, EventBody::Erased { .. })), "{others:?}");
    }
    system.finish().await;
}

/// F-1, F-2. On files a primary that stops in the middle of a write holds the store's lock, and is killed by the backup
/// instead; then it is for whoever supervises it to bring it back.
#[tokio::test]
async fn a_hung_primary_is_succeeded_and_comes_back_as_backup() {
    let mut system = System::builder().on(Store::Postgres).setting("engine.lease.expiry", "1 s").start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    system.expects_failure();
    system.expect_log("deposed");
    // It may have been stopped while the database saved something.
    system.expect_log("the connection broke while saving");
    let (code, drilled) = system.begins_drill(&[&["--hang"], &FEW[..]].concat()).outcome().await;
    assert_eq!(code, Some(0), "{drilled:?}");
    proves(&drilled, DrillFailure::Hang).await;
    is_as_before(&system, &customer).await;
    system.is_complete().await;
    system.finish().await;
}

#[tokio::test]
async fn a_switchover_is_rehearsed_and_nobody_is_told() {
    let system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    let (code, drilled) = system.begins_drill(&[&["--switchover"], &FEW[..]].concat()).outcome().await;
    assert_eq!(code, Some(0), "{drilled:?}");
    proves(&drilled, DrillFailure::Switchover).await;
    is_as_before(&system, &customer).await;
    assert_eq!(customer.view(|view| view.notices.len()), 0);
    system.finish().await;
}

/// Where the settings let sessions die with their engine, the drill says so and does not wait for ever.
#[tokio::test]
async fn a_system_that_restores_nothing_does_not_pass() {
    let mut system = System::builder().setting("engine.settings.session-restoration-mode", "none").start().await;
    system.expects_failure();
    let drill = system.begins_drill(&[&["--kill"], &FEW[..]].concat());
    assert_eq!(system.ends(Engine::A).await, None, "a signal has ended it");
    system.restart(Engine::A).await;
    let (code, Drilled { drill, passed, .. }) = drill.outcome().await;
    assert_eq!((code, passed), (Some(1), false));
    let why = drill.aborted.expect("it was not carried through");
    assert_eq!(why, "8 of 8 sessions did not go on: the gateway ended 8 of them");
    system.finish().await;
}
