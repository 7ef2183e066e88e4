//! Deaths of more than one engine: both at once, the backup first, the successor during its takeover.

use tandem_tests::{Backup, Engine, Primary, System, eventually};

use crate::chatter::Chatter;

/// D-2: whichever comes back first serves, with everything.
#[tokio::test]
async fn both_engines_die_at_once_and_the_first_to_come_back_serves() {
    let mut system = System::builder().echo().start().await;
    let chatter = Chatter::start(&system, 8).await;
    for first in [Engine::B, Engine::A] {
        chatter.goes_on_for(50).await;
        system.kill_both();
        system.restart(first).await;
        assert_eq!(system.which(Primary).await, first);
        chatter.goes_on_for(50).await;
        let down = system.down();
        system.restart(down).await;
        system.is_complete().await;
    }
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

#[tokio::test]
async fn the_backup_dies_first_then_the_primary_and_either_comes_back() {
    let mut system = System::builder().echo().start().await;
    let chatter = Chatter::start(&system, 8).await;
    for is_backup_first_back in [true, false] {
        let backup = system.kill(Backup).await;
        chatter.goes_on_for(50).await;
        let primary = system.kill(Primary).await;
        let [first, second] = if is_backup_first_back { [backup, primary] } else { [primary, backup] };
        system.restart(first).await;
        chatter.goes_on_for(50).await;
        system.restart(second).await;
        system.is_complete().await;
    }
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

/// Lines of its log that tell of one: a lost link, or, where the lease said first that nobody holds it, the end of it.
async fn signs_of_a_takeover(system: &System, engine: Engine) -> usize {
    system.engine_log(engine, "lost the primary").await.len() + system.engine_log(engine, "took over").await.len()
}

/// The successor dies as soon as its log tells that it takes over, before or while it restores the sessions.
#[tokio::test]
async fn the_successor_dies_during_its_takeover() {
    let mut system = System::builder().echo().start().await;
    let chatter = Chatter::start(&system, 16).await;
    for _ in 0..3 {
        chatter.goes_on_for(50).await;
        let successor = system.which(Backup).await;
        let before = signs_of_a_takeover(&system, successor).await;
        let first = system.kill(Primary).await;
        let begun = async || (signs_of_a_takeover(&system, successor).await > before).then_some(());
        eventually("it takes over", begun).await;
        system.kill(successor).await;
        system.restart(first).await;
        chatter.goes_on_for(50).await;
        system.restart(successor).await;
        system.is_complete().await;
    }
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

/// A backup that comes and goes disturbs nobody.
#[tokio::test]
async fn the_backup_dies_again_and_again_and_nobody_notices() {
    let mut system = System::builder().echo().start().await;
    let chatter = Chatter::start(&system, 4).await;
    for _ in 0..3 {
        let dead = system.kill(Backup).await;
        chatter.goes_on_for(30).await;
        system.restart(dead).await;
        system.is_complete().await;
    }
    assert_eq!(chatter.notices(), 0, "no page was told anything");
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

/// Everything dies, as in a power cut, and everything comes back.
#[tokio::test]
async fn everything_dies_at_once_and_comes_back() {
    let mut system = System::builder().echo().start().await;
    let chatter = Chatter::start(&system, 8).await;
    chatter.goes_on_for(100).await;
    system.kill_both();
    system.kill_gateway();
    system.kill_echo();
    system.restart(Engine::A).await;
    system.restart_gateway().await;
    system.restart_echo().await;
    system.restart(Engine::B).await;
    system.is_complete().await;
    chatter.goes_on_for(100).await;
    chatter.settles(&system.rest()).await;
    system.finish().await;
}
