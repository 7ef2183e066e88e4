//! A whole system that is upgraded, or restarted as for an upgrade, while chats go on. The old processes are this executable that speaks as the release
//! before did; with `TANDEM_TEST_OLD_EXECUTABLE` they are that release itself.

use std::{fs, path::Path};

use serde_json::Value;
use tandem_tests::{Backup, Spoken, System, Whole, command, executable, whole::Given};

use crate::chatter::Chatter;

const OLD: Spoken = Spoken { old_a: true, old_b: true, old_roles: true };

/// D-2, D-3, D-4, R-3: the engines one after the other, which nobody notices, then everything else.
#[tokio::test]
async fn a_system_is_upgraded_process_by_process_and_loses_nothing() {
    let mut system = System::builder().echo().speaking(OLD).start().await;
    let chatter = Chatter::start(&system, 16).await;
    chatter.goes_on_for(50).await;
    for _ in 0..2 {
        system.upgrades_engine(Backup).await;
        chatter.goes_on_for(50).await;
        system.switches_over().await;
        chatter.goes_on_for(50).await;
    }
    assert_eq!((chatter.reconnects(), chatter.notices()), (0, 0));
    system.upgrades_roles().await;
    chatter.goes_on_for(100).await;
    system.switches_over().await;
    chatter.goes_on_for(100).await;
    chatter.settles(&system.rest()).await;
    system.finish().await;
}

/// D-2, D-3, D-4, R-3: one command, and both engines are the program that has meanwhile been put in the place of theirs.
#[tokio::test]
async fn both_engines_become_the_new_program_by_one_command_and_nobody_notices() {
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let program = folder.path().join("tandem");
    fs::copy(executable::tandem(), &program).expect("the executable can be copied");
    let mut whole = Whole::start_with(Given { program: Some(program.clone()), ..Given::default() }).await;
    let chatter = Chatter::start_at(&whole.rest(), 8).await;
    chatter.goes_on_for(50).await;
    is_replaced(&program);
    let flags = ["restart", "--rolling", "--json", "--back", "--primary"];
    let address = whole.engine_address();
    let arguments: Vec<String> = flags.iter().map(ToString::to_string).chain([address]).collect();
    let ran =
        tokio::task::spawn_blocking(move || command::run(arguments, "")).await.expect("a command that fails says so");
    let steps: Vec<Value> = ran.done().lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    let kinds: Vec<&str> = steps.iter().filter_map(|step| Some(step.as_object()?.keys().next()?.as_str())).collect();
    let (restart, switch) = (["restarting", "restarted"], ["switching_over", "switched"]);
    assert_eq!(kinds, [&restart[..], &switch, &restart, &switch, &["done"]].concat());
    assert_eq!(steps.last().map(|done| &done["done"]["primary"]), Some(&"a".into()));
    for engine in ["b", "a"] {
        let back = whole.says("came_back").await;
        assert_eq!(back["name"], engine);
        let running = fs::read_link(format!("/proc/{}/exe", back["pid"])).expect("the engine runs");
        assert_eq!(running, program, "it is the new one, which is there");
    }
    chatter.goes_on_for(100).await;
    assert_eq!((chatter.reconnects(), chatter.notices()), (0, 0));
    chatter.settles(&whole.rest()).await;
    whole.ends(&[]).await;
}

/// As a package does it: another file takes the place of the one that runs.
fn is_replaced(program: &Path) {
    let new = program.with_extension("new");
    fs::copy(program, &new).expect("it can be copied");
    fs::rename(&new, program).expect("it can be put in its place");
}
