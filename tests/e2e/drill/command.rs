//! The operator's command: what it refuses, asks, and remembers.

use tandem_tests::{Drilled, Drilling, Engine, Primary, System, eventually};

const FEW: [&str; 4] = ["--sessions", "5", "--every", "50ms"];

fn with_few<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    flags.iter().copied().chain(FEW).collect()
}

/// So seldom does anybody say something that nothing has failed before the drill is called off.
const SLOWLY: [&str; 6] = ["--kill", "--yes", "--sessions", "5", "--every", "5s"];

async fn is_under_way(system: &System) {
    eventually("its sessions are open", async || (system.open_sessions().await == 5).then_some(())).await;
}

/// What is called off before anything has failed leaves nothing.
async fn is_called_off(system: &System, drill: Drilling) {
    let (code, Drilled { drill, passed, .. }) = drill.outcome().await;
    assert_eq!((code, passed, drill.aborted.as_deref()), (Some(1), false, Some("called off by the operator")));
    assert_eq!(system.open_sessions().await, 0);
    assert_eq!(system.which(Primary).await, Engine::A);
}

/// Nothing is in the way any more.
async fn may_be_done(system: &System) {
    system.may_switch_over().await;
}

#[tokio::test]
async fn a_drill_without_a_backup_is_refused_and_fails_nobody() {
    let mut system = System::builder().without_backup().start().await;
    let ran = system.runs_drill(&with_few(&["--kill", "--yes"])).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "tandem: blocked: no backup stands by\n"));
    let ran = system.runs_drill(&with_few(&["--kill", "--yes", "--json"])).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "{\"blocked\":[\"no backup stands by\"]}\n"));
    assert!(system.is_running(Engine::A).await);
    system.restart(Engine::B).await;
    system.is_complete().await;
    system.finish().await;
}

#[tokio::test]
async fn a_drill_that_would_leave_no_room_is_refused() {
    let system = System::builder().setting("engine.settings.limit-for-sessions", 3).start().await;
    may_be_done(&system).await;
    let ran = system.runs_drill(&with_few(&["--kill", "--yes"])).await;
    let said = "tandem: blocked: limit-for-sessions leaves room for 3 more open sessions, and the drill needs 5\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), said));
    system.finish().await;
}

#[tokio::test]
async fn an_engine_that_allows_no_drills_is_not_killed_but_may_be_switched_over() {
    let system = System::builder().setting("engine.allow-drills", false).start().await;
    may_be_done(&system).await;
    let ran = system.runs_drill(&with_few(&["--kill", "--yes"])).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("allow-drills = false"), "{}", ran.stderr);
    let ran = system.runs_drill(&with_few(&["--switchover", "--yes"])).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("passed: engine a handed over, engine b took over\n"), "{}", ran.stdout);
    system.finish().await;
}

#[tokio::test]
async fn where_nobody_can_be_asked_it_says_what_it_would_do_and_does_nothing() {
    let mut system = System::start().await;
    may_be_done(&system).await;
    let pid = system.pid_of(Engine::A).await;
    let ran = system.runs_drill(&with_few(&["--kill"])).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.starts_with(&format!("Kills engine a, process {pid}, on ")), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("there is no terminal to ask at; --yes carries the drill out without asking\n"));
    let ran = system.runs_drill(&["--every", "often"]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(system.is_running(Engine::A).await);
    system.finish().await;
}

#[tokio::test]
async fn at_a_terminal_it_asks_and_only_a_yes_is_one() {
    let system = System::start().await;
    may_be_done(&system).await;
    for no in ["\n", "n\n", "maybe\n"] {
        let ran = system.begins_drill_at_terminal(&with_few(&["--switchover"]), no).ends().await;
        assert_eq!(ran.code, Some(1), "{}", ran.stdout);
        assert!(ran.stdout.contains("Go on? [y/N]") && ran.stdout.contains("Nothing is done."), "{}", ran.stdout);
        assert_eq!(system.which(Primary).await, Engine::A);
    }
    let ran = system.begins_drill_at_terminal(&with_few(&["--switchover"]), "y\n").ends().await;
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("passed: engine a handed over, engine b took over"), "{}", ran.stdout);
    assert_eq!(system.which(Primary).await, Engine::B);
    system.finish().await;
}

#[tokio::test]
async fn a_gateway_that_is_away_is_named() {
    let mut system = System::start().await;
    may_be_done(&system).await;
    system.shut_down_gateway().await;
    let ran = system.runs_drill(&with_few(&["--kill", "--yes"])).await;
    assert_eq!(ran.code, Some(1));
    let said = format!("blocked: the gateway {} cannot be reached: ", system.gateway_address());
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    system.finish().await;
}

#[tokio::test]
async fn ctrl_c_calls_it_off_and_clears_up() {
    let system = System::start().await;
    may_be_done(&system).await;
    let drill = system.begins_drill(&[&SLOWLY[..], &["--json"]].concat());
    is_under_way(&system).await;
    drill.interrupt();
    is_called_off(&system, drill).await;
    system.finish().await;
}

/// As a connection that breaks leaves it: without anybody to read what it says.
#[tokio::test]
async fn a_closed_terminal_calls_it_off_and_clears_up() {
    let system = System::start().await;
    may_be_done(&system).await;
    let drill = system.begins_drill_at_terminal(&SLOWLY, "");
    is_under_way(&system).await;
    drill.loses_terminal();
    eventually("its sessions are gone", async || (system.open_sessions().await == 0).then_some(())).await;
    let history = async || system.runs_drill(&["--history"]).await.done();
    eventually("it is in the history", async || history().await.contains("called off by the operator").then_some(()))
        .await;
    assert_eq!(system.which(Primary).await, Engine::A);
    system.finish().await;
}

/// A shell hangs up on what runs in it, and the kernel once more.
#[tokio::test]
async fn a_terminal_that_hangs_up_again_and_again_does_not_keep_it_from_clearing_up() {
    let system = System::start().await;
    may_be_done(&system).await;
    let drill = system.begins_drill(&[&SLOWLY[..], &["--json"]].concat());
    is_under_way(&system).await;
    eventually("its sessions are gone", async || {
        drill.hangs_up();
        (system.open_sessions().await == 0).then_some(())
    })
    .await;
    is_called_off(&system, drill).await;
    system.finish().await;
}

#[tokio::test]
async fn one_that_is_to_outlive_its_terminal_does() {
    let system = System::start().await;
    may_be_done(&system).await;
    let flags = ["--switchover", "--yes", "--json", "--sessions", "5", "--every", "100ms"];
    let drill = system.begins_drill_through(&["nohup"], &flags);
    system.sessions_of_drill(5).await;
    drill.hangs_up();
    let (code, drilled) = drill.outcome().await;
    assert!(code == Some(0) && drilled.passed, "{drilled:?}");
    system.finish().await;
}

#[tokio::test]
async fn when_failover_was_last_proven_is_known_after_everything_was_restarted() {
    let mut system = System::start().await;
    may_be_done(&system).await;
    let never = "failover has not been proven by a drill; `tandem drill` does it\n";
    assert_eq!(system.runs_drill(&["--history"]).await.done(), never);
    let (_, planned) = system.begins_drill(&with_few(&["--switchover", "--yes", "--json"])).outcome().await;
    assert!(system.runs_drill(&["--history"]).await.done().ends_with(never), "a switchover proves no failover");
    may_be_done(&system).await;
    system.expects_failure();
    let drill = system.begins_drill(&with_few(&["--kill", "--yes", "--json"]));
    assert_eq!(system.ends(Engine::B).await, None, "a signal has ended it");
    system.restart(Engine::B).await;
    let (_, killed) = drill.outcome().await;
    system.kill_both();
    system.restart(Engine::A).await;
    system.restart(Engine::B).await;
    system.is_complete().await;
    let history: serde_json::Value =
        serde_json::from_str(&system.runs_drill(&["--history", "--json"]).await.done()).expect("is JSON");
    let ids: Vec<&str> =
        history["drills"].as_array().expect("a list").iter().filter_map(|drill| drill["id"].as_str()).collect();
    assert_eq!(ids, [killed.drill.id.to_string(), planned.drill.id.to_string()]);
    assert_eq!(history["proven_at_ms"], killed.drill.at_ms.0);
    let told = system.runs_drill(&["--history"]).await.done();
    let last = told.lines().last().expect("says it");
    assert!(last.starts_with("failover was last proven at ") && last.ends_with(" (just now)"), "{told}");
    system.finish().await;
}
