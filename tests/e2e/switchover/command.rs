//! The operator's command, and the signal.

use tandem_protocol::{Blocker, SwitchoverOutcome};
use tandem_tests::{Customer, Engine, Primary, Role, System};

#[tokio::test]
async fn a_dry_run_names_what_is_in_the_way_and_changes_nothing() {
    let mut system = System::builder().without_backup().start().await;
    for flags in [&["--dry-run"][..], &[]] {
        let (code, outcome) = system.switchover_outcome(flags).await;
        assert_eq!((code, outcome), (Some(1), SwitchoverOutcome::Blocked(vec![Blocker::NoBackup])));
    }
    let ran = system.runs_switchover(&["--dry-run"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "tandem: blocked: no backup stands by\n"));
    system.restart(Engine::B).await;
    system.is_complete().await;
    system.may_switch_over().await;
    let ran = system.runs_switchover(&["--dry-run"]).await;
    assert_eq!(ran.done(), "nothing is in the way of a switchover from engine a to engine b\n");
    assert_eq!(system.which(Primary).await, Engine::A);
    system.finish().await;
}

#[tokio::test]
async fn the_command_says_in_a_sentence_what_became_of_it() {
    let system = System::start().await;
    system.may_switch_over().await;
    let said = system.runs_switchover(&[]).await.done();
    let told = said.starts_with("engine b took over from engine a, epoch 2; sends were held for ");
    assert!(told && said.ends_with(" ms\n"), "{said}");
    system.finish().await;
}

#[tokio::test]
async fn a_command_that_finds_no_engine_says_so() {
    let mut system = System::start().await;
    system.kill_both();
    let ran = system.runs_switchover(&[]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("no engine of the pair main is found to be primary"), "{}", ran.stderr);
    let ran = system.runs_switchover(&["--primary"]).await;
    assert_eq!(ran.code, Some(2), "a flag without its value");
    system.restart(Engine::A).await;
    system.restart(Engine::B).await;
    system.is_complete().await;
    system.finish().await;
}

#[tokio::test]
async fn a_signal_to_the_primary_switches_over_and_one_to_the_backup_does_nothing() {
    let mut system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    system.may_switch_over().await;
    system.expect_log("this engine is not primary: there is nothing to hand over");
    system.signals_switchover(Engine::B).await;
    system.engine_logs(Engine::B, "nothing to hand over").await;
    system.signals_switchover(Engine::A).await;
    system.engine_logs(Engine::B, "took over, as planned").await;
    assert_eq!(system.which(Primary).await, Engine::B);
    customer.says("after").await;
    assert_eq!(customer.view(|view| (view.connections, view.notices.len())), (1, 0));
    system.is_complete().await;
    assert!(matches!(system.role_of(Engine::A).await, Role::Backup(_)));
    system.finish().await;
}
