//! `tandem restart --rolling` where something goes wrong: the primary goes on, and the operator is told how things stand.

use std::ffi::OsString;

use tandem_tests::{
    Customer, Engine, Primary, System,
    command::{self, Ran},
    eventually,
};
use tokio::task::JoinHandle;

/// The command with these flags, beside those that name the system.
async fn begins(system: &System, flags: &[&str]) -> JoinHandle<Ran> {
    let address = system.engine_address(Engine::A).await;
    let own = ["restart", "--rolling", "--primary", &address];
    let arguments: Vec<OsString> = own.iter().chain(flags).map(OsString::from).collect();
    tokio::task::spawn_blocking(move || command::run(arguments, ""))
}

async fn runs(system: &System, flags: &[&str]) -> Ran {
    begins(system, flags).await.await.expect("a command that fails says so")
}

#[tokio::test]
async fn a_backup_that_nobody_starts_again_is_named_and_the_primary_goes_on() {
    let mut system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    let ran = runs(&system, &["--yes", "--wait", "1s"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    let said = "tandem: nobody has started engine b again within 1 s: start it, or look at its log, and call this again\n\
                tandem: now: engine a of pair main is primary, epoch 1, and goes on without a backup\n";
    assert!(ran.stderr.ends_with(said), "{}", ran.stderr);
    assert_eq!(system.ends(Engine::B).await, Some(75), "its supervisor is to start it again");
    customer.says("after").await;
    assert_eq!(customer.view(|view| (view.connections, view.notices.len())), (1, 0));
    let ran = runs(&system, &["--yes"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.starts_with("tandem: blocked: no backup stands by\n"), "{}", ran.stderr);
    system.restart(Engine::B).await;
    system.is_complete().await;
    system.finish().await;
}

/// D-2: an ordinary failover, by which the restart ends.
#[tokio::test]
async fn a_primary_that_is_killed_in_the_middle_ends_the_restart_and_costs_no_chat() {
    let mut system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    system.may_switch_over().await;
    let restart = begins(&system, &["--json"]).await;
    assert_eq!(system.ends(Engine::B).await, Some(75));
    assert_eq!(system.kill(Primary).await, Engine::A);
    system.restart(Engine::B).await;
    customer.says("after").await;
    let ran = restart.await.expect("a command that fails says so");
    assert_eq!(ran.code, Some(1));
    let last: serde_json::Value =
        serde_json::from_str(ran.stdout.lines().last().expect("it says why")).expect("is JSON");
    let why = "the primary was lost meanwhile; engine b took over as after any failure, epoch 2";
    let now = "now: engine b of pair main is primary, epoch 2, and goes on without a backup";
    assert_eq!((&last["stopped"]["why"], &last["stopped"]["now"]), (&why.into(), &now.into()));
    system.restart(Engine::A).await;
    system.is_complete().await;
    system.finish().await;
}

/// Both engines are restarted only by somebody who knows it.
#[tokio::test]
async fn without_a_terminal_it_wants_a_yes() {
    let mut system = System::start().await;
    let pids = (system.pid_of(Engine::A).await, system.pid_of(Engine::B).await);
    let ran = runs(&system, &[]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("there is no terminal to ask at; say --yes"), "{}", ran.stderr);
    assert_eq!((system.pid_of(Engine::A).await, system.pid_of(Engine::B).await), pids);
    eventually("both run on", async || system.is_running(Engine::B).await.then_some(())).await;
    system.finish().await;
}
