//! A primary that hangs while its writes are a server's business: nobody on another machine could end it, and nobody has
//! to. The server does what it was told, or ends it in time.

use tandem_tests::{Engine, Primary, System, postgres::Database};

use crate::{
    chatter::Chatter,
    hangs::{is_primary, other},
};

/// F-1, F-2: stopped at whatever moment, it holds nobody up; woken, it cannot write, says so once, and becomes backup.
#[tokio::test]
async fn a_stopped_primary_on_postgresql_is_succeeded_and_becomes_backup_when_it_wakes() {
    let database = Database::empty().await;
    let mut system = System::builder().postgres(&database).echo().start().await;
    let chatter = Chatter::start(&system, 12).await;
    for hung in [Engine::A, Engine::B] {
        chatter.goes_on_for(100).await;
        assert_eq!(system.which(Primary).await, hung);
        system.stop(hung).await;
        is_primary(&system, other(hung)).await;
        chatter.goes_on_for(100).await;
        assert!(system.is_running(hung).await, "it is still stopped");
        system.expect_log("deposed");
        system.cont(hung).await;
        system.is_complete().await;
        system.engine_logs(hung, "deposed").await;
        assert_eq!(system.engine_log(hung, "deposed").await.len(), 1, "one WARN");
    }
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

/// F-1: in the middle of its transaction it holds the lease's row, and the gate lets nobody go on by himself: it is the
/// server's time limit that lets the successor in. On one host that one has ended the hung process before.
#[tokio::test]
async fn a_primary_that_hangs_inside_its_transaction_is_cut_short_by_the_server() {
    let database = Database::empty().await;
    let mut system = System::builder().postgres(&database).echo().start().await;
    let chatter = Chatter::start(&system, 12).await;
    chatter.goes_on_for(100).await;
    let gate = database.gate().await;
    database.waits_for_a_lock().await;
    let hung = system.stop(Primary).await;
    let cut_short = "canceling statement due to statement timeout";
    let before = database.server().log(cut_short).len();
    system.expect_log("cannot take the lease: another process holds the store's write lock");
    system.expect_log("killed the hung primary");
    system.expect_log("no primary is found");
    is_primary(&system, other(hung)).await;
    assert!(database.server().log(cut_short).len() > before, "the server has ended the transaction");
    gate.open().await;
    chatter.goes_on_for(100).await;
    system.forget(hung).await;
    system.restart(hung).await;
    system.is_complete().await;
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}
