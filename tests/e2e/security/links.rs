//! Links with a shared key, with certificates, and with both.

use std::time::{Duration, SystemTime};

use tandem_link::connection::{ConnectionError, ConnectionSettings, dial};
use tandem_protocol::{
    Epoch, PairName, Speaks, SwitchoverOutcome,
    link::{Hello, LinkRole},
};
use tandem_tests::{Backup, Customer, Engine, Guard, Primary, Role, System, Watched, check, command::run};
use test_case::test_case;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::chat_outlives_the_primary;

/// What a role says of one with whom it makes no link.
const COMPLAINT: &str = "no link is made";

/// The steps of the test that every deployment must pass (D-2, R-3), in a system whose roles know each other by proof.
#[test_case(Guard::by_key(); "by_a_shared_key")]
#[test_case(Guard::by_certificate(); "by_certificates")]
#[test_case(Guard::by_both(); "by_both")]
#[tokio::test]
async fn a_system_whose_links_prove_themselves_goes_on_when_its_primary_is_killed(guard: Guard) {
    let mut system = System::builder().guarded_by(&guard).agents().echo().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    customer.says("hi").await;
    customer.reads("You said: hi").await;
    let dead = chat_outlives_the_primary(&mut system, &customer).await;
    assert!(matches!(system.role_of(dead).await, Role::Backup(_)));
    system.is_complete().await;
    system.may_switch_over().await;
    let (code, outcome) = system.switchover_outcome(&[]).await;
    assert!(code == Some(0) && matches!(outcome, SwitchoverOutcome::Done(_)), "{outcome:?}");
    customer.says("and now?").await;
    assert_eq!(customer.view(|view| view.connections), 1);
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

fn hello() -> Hello {
    let pair = PairName::new("main").expect("valid");
    Hello::new(Speaks::ALL, pair, LinkRole::Gateway, "stranger", Epoch(99))
}

/// Even a hello that names a later epoch, which would depose a primary that believed it, does nothing.
#[test_case(Guard::by_key(), Guard::by_key(); "who_has_another_key")]
#[test_case(Guard::by_certificate(), Guard::by_certificate(); "who_has_a_certificate_of_another_authority")]
#[tokio::test]
async fn a_stranger_on_an_engines_port_gets_nothing(guard: Guard, strangers: Guard) {
    let mut system = System::builder().guarded_by(&guard).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    system.expect_log(COMPLAINT);
    let address = system.engine_address(Primary).await;
    for credentials in [strangers.credentials(), Default::default()] {
        let dialled = dial(&address, hello(), &ConnectionSettings::with(credentials)).await;
        assert!(matches!(dialled, Err(ConnectionError::Unproven(_))), "{dialled:?}");
    }
    let mut tcp = tokio::net::TcpStream::connect(&address).await.expect("somebody listens");
    tcp.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("is heard");
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("200"), "nothing is served there");
    system.engine_logs(Primary, COMPLAINT).await;
    customer.says("I am still served").await;
    assert_eq!(system.which(Primary).await, Engine::A);
    system.finish().await;
}

#[tokio::test]
async fn a_command_without_the_key_is_refused_in_a_sentence() {
    let guard = Guard::by_key();
    let mut system = System::builder().guarded_by(&guard).without_backup().start().await;
    system.expect_log(COMPLAINT);
    let address = system.engine_address(Primary).await;
    let without_key = async |command: &'static str| {
        let address = address.clone();
        let asked = tokio::task::spawn_blocking(move || run([command, "--primary", &address], ""));
        asked.await.expect("it ends")
    };
    let why = "the engine asks for a shared key and this side has none";
    let refused = without_key("switchover").await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("no link to the pair main is made"), "{}", refused.stderr);
    assert!(refused.stderr.contains(why), "{}", refused.stderr);
    // A pair that may well serve is not said to be down.
    let status = without_key("status").await;
    assert_eq!(status.code, Some(3), "{}", status.stdout);
    let in_one_line = status.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(in_one_line.contains(why), "{}", status.stdout);
    system.finish().await;
}

#[tokio::test]
async fn a_key_is_replaced_while_chats_go_on_and_nothing_is_restarted() {
    let guard = Guard::by_key();
    let mut system = System::builder().guarded_by(&guard).echo().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    customer.says("hi").await;
    let (old, new) = (guard.keys().remove(0), Guard::new_key());
    for (times, keys) in [(1, vec![&*old, &new]), (2, vec![&new, &old]), (3, vec![&new])] {
        guard.has_keys(&keys);
        system.every_role_logs("the key of the links has been read anew", times).await;
    }
    system.is_asked_with(guard.credentials());
    // Every link is made anew, with the new key.
    chat_outlives_the_primary(&mut system, &customer).await;
    system.is_complete().await;
    system.finish().await;
}

#[tokio::test]
async fn a_certificate_and_its_authority_are_replaced_while_chats_go_on() {
    let mut guard = Guard::by_certificate();
    let mut system = System::builder().guarded_by(&guard).echo().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    customer.says("hi").await;
    guard.changes_authority();
    system.every_role_logs("the certificate of the links has been read anew", 1).await;
    system.is_asked_with(guard.credentials());
    chat_outlives_the_primary(&mut system, &customer).await;
    system.is_complete().await;
    system.finish().await;
}

#[tokio::test]
async fn a_certificate_that_expires_soon_is_told_and_shown_until_it_is_replaced() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let mut guard = Guard::by_certificate();
    guard.changes_authority_for(DAY * 5);
    let soon = (SystemTime::now() + DAY * 5).duration_since(SystemTime::UNIX_EPOCH).expect("is later").as_secs_f64();
    let mut system = System::builder().guarded_by(&guard).echo().agents().watched().start().await;
    system.expect_log("the certificate of the links expires in 4 days");
    system.every_role_logs("the certificate of the links expires in 4 days", 1).await;
    let status = system.runs("status", &[]).await;
    assert_eq!(status.code, Some(1), "{}", status.stdout);
    let in_one_line = status.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(in_one_line.contains("certificate.pem expires in 4 days"), "{}", status.stdout);
    let file = guard.certificate();
    let shown = [("file", file.to_str().expect("a temp folder has a plain name"))];
    let name = "tandem_certificate_expires_timestamp_seconds";
    let all =
        [Watched::Engine(Primary), Watched::Engine(Backup), Watched::Gateway, Watched::Interaction, Watched::Echo];
    for whose in all {
        system.shows_that(whose, name, &shown, |at| at > 0.0 && at <= soon).await;
    }
    guard.changes_authority();
    system.every_role_logs("the certificate of the links has been read anew", 1).await;
    system.is_asked_with(guard.credentials());
    for whose in all {
        system.shows_that(whose, name, &shown, |at| at > soon).await;
    }
    let status = system.runs("status", &[]).await;
    assert_eq!(status.code, Some(0), "{}", status.stdout);
    system.finish().await;
}
