//! `tandem run`: one command starts the whole system, mends it, and ends it without a trace; and what it refuses.

use std::net::TcpListener;

use serde_json::Value;
use tandem_tests::{
    Customer, System, Whole,
    agent::try_login,
    check,
    whole::{Refusal, refused},
};

/// The one line of a command that could not do its work.
fn line(refusal: &Refusal, code: i32) -> &str {
    assert_eq!(refusal.code, Some(code), "{refusal:?}");
    assert_eq!(refusal.lines.len(), 1, "one clear line: {refusal:?}");
    &refusal.lines[0]
}

fn pid(part: &Value) -> u32 {
    part["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("a process is named by its id")
}

/// `tandem run` on ports that nobody has.
fn run_on(data: &str) -> [&str; 7] {
    ["run", "--listen", "127.0.0.1:0", "--engine-ports", "0", "--data", data]
}

#[tokio::test]
async fn one_command_starts_the_whole_and_ctrl_c_leaves_no_process() {
    let mut whole = Whole::start().await;
    let started = whole.says("started").await;
    assert_eq!(started["sample"], format!("http://{}/sample", whole.address()));
    assert_eq!(started["workspace"], format!("http://{}/workspace", whole.address()));
    assert_eq!(started["primary"]["name"], "a");
    assert_eq!(started["backup"]["name"], "b");
    let data = whole.data().canonicalize().expect("is there");
    assert_eq!(started["data_dir"], data.to_str().expect("is UTF-8"));
    let customer = Customer::start_with_echo(&whole.rest(), "Ann").await;
    customer.says("hi").await;
    customer.reads("You said: hi").await;
    assert_eq!(check(&customer.history()), []);
    drop(customer);
    whole.ends(&[]).await;
}

/// The steps of the test that every deployment must pass, with nothing but what the command says.
#[tokio::test]
async fn the_engine_that_it_says_to_kill_is_succeeded_and_comes_back_as_the_backup() {
    let mut whole = Whole::start().await;
    let started = whole.says("started").await;
    let customer = Customer::start_with_echo(&whole.rest(), "Ann").await;
    customer.says("hi").await;
    whole.kill_named(pid(&started["primary"]));
    let [ended, took_over] = whole.says_in_any_order(["ended", "took_over"]).await;
    assert_eq!((&ended["name"], &ended["how"]), (&"a".into(), &"killed by signal 9".into()));
    assert_eq!((&took_over["name"], &took_over["pid"]), (&"b".into(), &started["backup"]["pid"]));
    let came_back = whole.says("came_back").await;
    assert_eq!((&came_back["name"], &came_back["kill"]), (&"a".into(), &started["backup"]["pid"]));
    customer.says("still there?").await;
    customer.reads("You said: still there?").await;
    // And once more, back to the first: it came back at its old address.
    whole.kill_named(pid(&started["backup"]));
    assert_eq!(whole.says("took_over").await["name"], "a");
    assert_eq!(whole.says("came_back").await["name"], "b");
    customer.says("and now?").await;
    customer.reads("You said: and now?").await;
    assert_eq!(check(&customer.history()), []);
    drop(customer);
    whole.ends(&["lost the primary"]).await;
}

#[tokio::test]
async fn a_killed_gateway_echo_or_interaction_server_comes_back_where_it_was() {
    let mut whole = Whole::start().await;
    let started = whole.says("started").await;
    let customer = Customer::start_with_echo(&whole.rest(), "Ann").await;
    customer.says("hi").await;
    for role in ["echo", "interaction", "gateway"] {
        whole.kill_named(pid(&started[role]));
        assert_eq!(whole.says("came_back").await["role"], role);
    }
    customer.says("still there?").await;
    customer.reads("You said: still there?").await;
    assert_eq!(check(&customer.history()), []);
    drop(customer);
    whole.ends(&[]).await;
}

#[tokio::test]
async fn a_killed_supervisor_leaves_no_process_and_its_data_can_be_run_again_at_once() {
    let mut whole = Whole::start().await;
    let ticket = whole.rest().open("Ann").await;
    let rest = whole.rest();
    let transcript = async || -> Vec<String> {
        rest.transcript(&ticket).await.iter().map(|event| event.event.get().to_owned()).collect()
    };
    let before = transcript().await;
    assert!(before.len() >= 2, "somebody opened and joined it: {before:?}");
    whole.kill().await;
    whole.start_again().await;
    // It may have been put into a queue since.
    assert!(transcript().await.starts_with(&before), "D-2: the session outlives everything");
    whole.ends(&[]).await;
}

#[tokio::test]
async fn the_first_run_makes_an_account_to_try_and_says_its_password_once() {
    let mut whole = Whole::start().await;
    let first = whole.says("started").await["login"].take();
    assert_eq!(first["name"], "demo");
    let password = first["password"].as_str().expect("is said once").to_owned();
    let login: Value = try_login(&whole.rest(), "demo", &password).await.done();
    assert_eq!(login["role"], "administrator", "everything can be tried with it");
    whole.kill().await;
    whole.start_again().await;
    let second = whole.says("started").await["login"].take();
    assert_eq!(second, serde_json::json!({ "name": "demo" }));
    let again: Value = try_login(&whole.rest(), "demo", &password).await.done();
    assert_eq!(again["agent"], login["agent"]);
    whole.ends(&[]).await;
}

#[tokio::test]
async fn a_second_instance_on_the_same_data_is_refused() {
    let whole = Whole::start().await;
    let data = whole.data().canonicalize().expect("is there");
    let data = data.to_str().expect("is UTF-8");
    let refusal = refused(&run_on(data), &[]).await;
    let expected = format!(
        "tandem: the data directory {data} is in use by another `tandem run` (process {}); end that one or choose \
         another directory with --data",
        whole.pid()
    );
    assert_eq!(line(&refusal, 1), expected);
    whole.ends(&[]).await;
}

/// What a child says is the one line that is said.
#[tokio::test]
async fn an_engine_that_runs_alone_on_the_data_is_not_pushed_aside() {
    let mut system = System::builder().without_backup().start().await;
    let data = system.data().canonicalize().expect("is there");
    let data = data.to_str().expect("is UTF-8");
    let refusal = refused(&run_on(data), &[]).await;
    let engine = system.pid_of(tandem_tests::Primary).await;
    let expected = format!(
        "tandem: the data directory {data} is in use by another engine named a of the pair main (process {engine}); end \
         that one or choose another directory with --data"
    );
    assert_eq!(line(&refusal, 1), expected);
    system.finish().await;
}

#[tokio::test]
async fn a_busy_port_is_refused() {
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let data = folder.path().join("data");
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = other.local_addr().expect("is bound").to_string();
    let data = data.to_str().expect("is UTF-8");
    let refusal = refused(&["run", "--listen", &address, "--engine-ports", "0", "--data", data], &[]).await;
    let expected = format!(
        "tandem: the gateway cannot listen on {address}: the port is in use by another program; end it or choose \
         another port"
    );
    assert_eq!(line(&refusal, 1), expected);
}

#[tokio::test]
async fn a_foreign_data_directory_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    std::fs::write(folder.path().join("thesis.txt"), "mine").expect("the temp folder is writable");
    let data = folder.path().to_str().expect("is UTF-8");
    let refusal = refused(&run_on(data), &[]).await;
    let expected =
        format!("tandem: {data} is not a Tandem data directory: it has no tandem.db but contains thesis.txt");
    assert_eq!(line(&refusal, 1), expected);
    assert_eq!(std::fs::read_dir(folder.path()).expect("is there").count(), 1);
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_refused() {
    let refusal = refused(&run_on("/proc/tandem"), &[]).await;
    let expected = "tandem: /proc/tandem is not writable for this user: No such file or directory (os error 2)";
    assert_eq!(line(&refusal, 1), expected);
}

#[tokio::test]
async fn settings_that_are_not_understood_are_refused_by_name_wherever_they_come_from() {
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let file = folder.path().join("tandem.toml");
    std::fs::write(&file, "[engine.lease]\nttl = 1\n").expect("the temp folder is writable");
    let file = file.to_str().expect("is UTF-8");
    let expected = format!("tandem: {file}: unknown key engine.lease.ttl; [engine.lease] allows expiry, renew");
    let commands = [
        &["config", "check"][..],
        &["run"],
        &["engine"],
        &["gateway"],
        &["interaction"],
        &["agent", "list"],
        &["echo"],
    ];
    for command in commands {
        let arguments: Vec<&str> = command.iter().copied().chain(["--config", file]).collect();
        assert_eq!(line(&refused(&arguments, &[]).await, 2), expected);
    }
    let refusal = refused(&["config", "check"], &[("TANDEM_LOG__FORMAT", "xml")]).await;
    let expected = "tandem: TANDEM_LOG__FORMAT: log.format = \"xml\" is refused; it must be \"text\" or \"json\"";
    assert_eq!(line(&refusal, 2), expected);
    let refusal = refused(&["engine", "--name", "A b"], &[]).await;
    let expected = "tandem: --name: engine.name = \"A b\" is refused; it must be 1 to 32 of a-z, 0-9, '-' and '_'";
    assert_eq!(line(&refusal, 2), expected);
}

#[tokio::test]
async fn what_the_whole_replaces_is_not_passed_over_in_silence() {
    let refusal = refused(&["run"], &[("TANDEM_ENGINE__LISTEN", "127.0.0.1:7399")]).await;
    let expected = "tandem: TANDEM_ENGINE__LISTEN: engine.listen has no effect under `tandem run`; its engines are a \
                    and b on run.engine-ports";
    assert_eq!(line(&refusal, 2), expected);
    let pairs = r#"[{ name = "west", primary = "127.0.0.1:7399" }]"#;
    let refusal = refused(&["run"], &[("TANDEM_GATEWAY__PAIRS", pairs)]).await;
    let expected = "tandem: TANDEM_GATEWAY__PAIRS: gateway.pairs has no effect under `tandem run`; its roles link to \
                    its own engines";
    assert_eq!(line(&refusal, 2), expected);
    let refusal = refused(&["run"], &[("TANDEM_INTERACTION__PAIRS", pairs)]).await;
    assert_eq!(line(&refusal, 2), expected.replace("GATEWAY", "INTERACTION").replace("gateway", "interaction"));
}
