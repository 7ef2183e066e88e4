//! A primary that fails because a drill wants it to: the failure is real, and only where somebody takes over.

use tandem_protocol::{
    Epoch, ErrorCode, Refusal,
    control::{Control, Failing, Told},
};
use tandem_tests::{Customer, Engine, Primary, Role, Store, System, eventually};

/// Far longer than a lease of a second and a busy machine take.
const HANG: Failing = Failing::Hang { for_ms: 8_000 };

async fn refusal(system: &System, from: Epoch, how: Failing) -> Refusal {
    system.control(Control::Fail { from, how }).await.expect_err("it is refused")
}

/// D-2: it is killed as by anybody else, and asking again fails nobody.
#[tokio::test]
async fn a_primary_kills_itself_for_a_drill_and_the_chat_goes_on_at_the_other() {
    let mut system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    let from = system.epoch().await;
    system.drills(Failing::Kill).await;
    customer.says("after").await;
    assert_eq!(system.which(Primary).await, Engine::B);
    assert_eq!(system.ends(Engine::A).await, None, "a signal has ended it");
    let log = system.engine_log(Engine::A, "about to fail").await;
    assert!(log.len() == 1 && log[0].contains("how=Kill") && log[0].contains("by=\"operator\""), "{log:?}");
    let again = Control::Fail { from, how: Failing::Kill };
    assert_eq!(system.control(again).await, Ok(Told::Done), "it has failed already");
    customer.says("still here").await;
    system.restart(Engine::A).await;
    system.is_complete().await;
    assert_eq!(system.epoch().await, from.next());
    system.finish().await;
}

/// F-1, F-2: it hangs until it is succeeded, wakes by itself and stands by. On a database, for one that stops while it
/// holds the lock of a file is killed by its successor.
#[tokio::test]
async fn a_primary_hangs_for_a_drill_and_wakes_as_backup() {
    let mut system = System::builder().on(Store::Postgres).setting("engine.lease.expiry", "1 s").start().await;
    system.expect_log("deposed");
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    system.drills(HANG).await;
    customer.says("after").await;
    assert_eq!(system.which(Primary).await, Engine::B);
    eventually("the woken engine is backup", async || {
        matches!(system.role_of(Engine::A).await, Role::Backup(_)).then_some(())
    })
    .await;
    system.engine_logs(Engine::A, "goes on after its hang").await;
    system.is_complete().await;
    system.finish().await;
}

/// Whoever was to wake it has nothing left to do then, and keeps nothing open.
#[tokio::test]
async fn a_hung_engine_that_is_killed_leaves_nobody_behind() {
    let mut system = System::builder().on(Store::Postgres).setting("engine.lease.expiry", "1 s").start().await;
    system.drills(Failing::Hang { for_ms: 60_000 }).await;
    let children = children_of(system.pid_of(Engine::A).await);
    let [waker] = children[..] else { panic!("not one to wake it: {children:?}") };
    system.kill(Engine::A).await;
    eventually("nobody waits to wake a dead one", async || {
        (!std::path::Path::new(&format!("/proc/{waker}")).exists()).then_some(())
    })
    .await;
    system.restart(Engine::A).await;
    system.is_complete().await;
    system.finish().await;
}

fn children_of(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    let children =
        threads.flat_map(|thread| std::fs::read_to_string(thread.expect("is there").path().join("children")));
    children
        .flat_map(|line| line.split_whitespace().map(|pid| pid.parse().expect("a process")).collect::<Vec<_>>())
        .collect()
}

#[tokio::test]
async fn a_drill_is_refused_with_the_reason_where_nobody_would_take_over() {
    let mut system = System::builder().without_backup().start().await;
    let epoch = system.epoch().await;
    let refused = refusal(&system, epoch, Failing::Kill).await;
    assert_eq!((refused.code, refused.message.as_str()), (ErrorCode::Busy, "a drill is refused: no backup stands by"));
    system.restart(Engine::B).await;
    system.is_complete().await;
    let cases = [
        (epoch.next(), Failing::Kill, "this engine serves in epoch 1, not 2"),
        (
            epoch,
            Failing::Hang { for_ms: 5_999 },
            "a hang of 5999 ms is refused: it is 6000 to 66000 ms, twice the lease's expiry at least",
        ),
    ];
    for (from, how, sentence) in cases {
        let refused = refusal(&system, from, how).await;
        assert_eq!((refused.code, refused.message.as_str()), (ErrorCode::BadRequest, sentence));
    }
    assert_eq!(system.which(Primary).await, Engine::A);
    system.finish().await;
}

#[tokio::test]
async fn an_engine_that_allows_no_drills_does_not_fail() {
    let system = System::builder().setting("engine.allow-drills", false).start().await;
    system.may_switch_over().await;
    let refused = refusal(&system, system.epoch().await, Failing::Kill).await;
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert_eq!(refused.message, "engine a allows no drills: engine.allow-drills is false");
    system.finish().await;
}
