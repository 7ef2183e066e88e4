//! No secret is in a log, on a command line or in what `tandem config show` prints, wherever it comes from.

use tandem_tests::{
    Customer, Guard, System, Whole,
    command::{run, run_through},
    postgres::{Database, GUARDED, PASSWORD},
    whole::Given,
};

/// All roles, in the most talkative of logs, with the key and the database's password from files.
#[tokio::test]
async fn what_comes_from_files_is_seen_nowhere() {
    let (guard, database) = (Guard::by_both(), Database::empty().await);
    let password = guard.key_file().with_file_name("password");
    std::fs::write(&password, PASSWORD).expect("is written");
    let address = database.by_network(GUARDED, "");
    let builder = System::builder().guarded_by(&guard).agents().echo().setting("log.level", "trace");
    let builder = builder.setting("store.password-file", password.to_str().expect("a temp folder has a plain name"));
    let mut system = builder.postgres_at(&address, [&address, &address]).start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    customer.says("hi").await;
    customer.reads("You said: hi").await;
    let shown = run(["config", "show", "--config", system.settings().to_str().expect("is plain")], "").done();
    assert!(shown.contains("key-file = "), "{shown}");
    let private_key = std::fs::read_to_string(guard.private_key()).expect("is there");
    let of_private_key = private_key.lines().nth(1).expect("PEM has lines").to_owned();
    let key = guard.keys().remove(0);
    let seen = system.all_that_can_be_seen();
    assert!(seen.iter().any(|line| line.contains("TRACE")), "everything is logged");
    for secret in [&key, PASSWORD, "horse", &of_private_key] {
        let lines: Vec<&str> =
            seen.iter().map(String::as_str).chain([&*shown]).filter(|line| line.contains(secret)).collect();
        assert_eq!(lines, [""; 0]);
    }
    drop(customer);
    system.finish().await;
}

/// The same for `tandem run`, whose children get it in their environment, which nobody else can read.
#[tokio::test]
async fn what_comes_from_the_environment_is_seen_nowhere() {
    let key = Guard::new_key();
    let variables =
        vec![("TANDEM_LINKS__KEY".to_owned(), key.clone()), ("TANDEM_LOG__LEVEL".to_owned(), "trace".to_owned())];
    let mut whole = Whole::start_with(Given { variables, ..Given::default() }).await;
    whole.says("started").await;
    let customer = Customer::start_with_echo(&whole.rest(), "Ann").await;
    customer.says("hi").await;
    customer.reads("You said: hi").await;
    drop(customer);
    let prefix = ["env".into(), format!("TANDEM_LINKS__KEY={key}").into()];
    let shown = run_through(&prefix, ["config", "show"], "").done();
    assert!(shown.contains("# key ="), "{shown}");
    assert!(!whole.log("TRACE").is_empty(), "everything is logged");
    let seen = whole.log(&key).into_iter().chain(whole.command_lines()).chain([shown]);
    assert_eq!(seen.filter(|line| line.contains(&key)).collect::<Vec<_>>(), [""; 0]);
    whole.ends(&[]).await;
}

/// A secret that everybody can read is one that somebody will.
#[tokio::test]
async fn a_key_that_every_user_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let guard = Guard::by_key();
    std::fs::set_permissions(guard.key_file(), std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let mut system = System::builder().guarded_by(&guard).start().await;
    system.expect_log("every user of this machine can read this secret");
    system.every_role_logs("every user of this machine can read this secret", 1).await;
    system.finish().await;
}
