//! Planned switchovers under load, and engines that die in the middle of one.

use tandem_tests::{Backup, Engine, Primary, System, seeds};

use crate::chatter::Chatter;

/// D-2, D-3, D-4, R-3: nobody is disconnected, nobody is told of anything, nothing is lost, doubled or reordered.
#[tokio::test]
async fn ten_switchovers_in_a_row_under_load_are_noticed_by_nobody() {
    let system = System::builder().echo().start().await;
    let chatter = Chatter::start(&system, 16).await;
    let mut epoch = system.switches_over().await.epoch;
    for _ in 1..10 {
        chatter.goes_on_for(50).await;
        let switched = system.switches_over().await;
        assert_eq!(switched.epoch, epoch.next(), "each raises the epoch once (F-1)");
        epoch = switched.epoch;
    }
    chatter.goes_on_for(100).await;
    assert_eq!((chatter.reconnects(), chatter.notices()), (0, 0));
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

#[tokio::test]
async fn a_backup_that_dies_in_the_middle_of_a_switchover_costs_no_message() {
    dies_in_the_middle(1, Backup).await;
}

#[tokio::test]
async fn a_primary_that_dies_in_the_middle_of_a_switchover_costs_no_message() {
    dies_in_the_middle(2, Primary).await;
}

/// Where in the middle is drawn in acknowledged messages from a seed; whatever became of the switchover is said.
async fn dies_in_the_middle(seed: u64, victim: Engine) {
    let mut dice = seeds::dice("a death in a switchover", seed);
    let mut system = System::builder().echo().start().await;
    // Which step is under way when the signal comes is chance, so the log may tell of any end.
    system.expect_log("lost the primary");
    system.expect_log("given up");
    system.expect_log("the lease was not handed over");
    system.expect_log("deposed");
    let chatter = Chatter::start(&system, 16).await;
    for _ in 0..6 {
        chatter.goes_on_for(50).await;
        system.may_switch_over().await;
        let victim = system.which(victim).await;
        let (command, dead) = {
            let switching = system.begins_switchover();
            chatter.goes_on_for(dice.usize(0..12)).await;
            (switching, system.kill(victim).await)
        };
        // Done, given up, overtaken, or the engine that it asked was dead before it was asked.
        assert!(command.ends().await < 2, "it is no mistake of whoever asks");
        chatter.goes_on_for(50).await;
        system.restart(dead).await;
        system.is_complete().await;
    }
    assert_eq!(chatter.reconnects(), 0, "R-3");
    chatter.settles(&system.rest()).await;
    system.finish().await;
}
