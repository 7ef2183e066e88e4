//! What a person and a monitor are told of a pair, whatever has died.

use serde_json::Value;
use tandem_tests::{
    Backup, CommonGateway, Customer, Engine, Primary, Store, System, command, eventually, postgres::Database,
};
use test_case::test_case;

fn concerns(said: &Value) -> Vec<&str> {
    said["concerns"].as_array().expect("is a list").iter().filter_map(Value::as_str).collect()
}

fn roles(said: &Value) -> Vec<&str> {
    let links = said["status"]["links"].as_array().expect("is a list");
    links.iter().filter_map(|link| link["role"].as_str()).collect()
}

fn outlook<'a>(said: &'a Value, process: &str) -> &'a Value {
    let all = said["outlook"].as_array().expect("is a list");
    all.iter().find(|outlook| outlook["process"] == process).unwrap_or_else(|| panic!("{process} is not in {all:?}"))
}

#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn when_all_is_well_a_monitor_is_told_so_and_a_person_sees_the_whole_pair(store: Store) {
    let system = System::builder().on(store).agents().echo().start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    let said = system.is_well().await;
    assert_eq!((said["pair"].as_str(), said["health"].as_str()), (Some("main"), Some("well")));
    let status = &said["status"];
    assert_eq!((&status["primary"]["name"], &status["backup"]["engine"]["name"]), (&"a".into(), &"b".into()));
    let roles = roles(&said);
    for role in ["gateway", "interaction", "external", "control"] {
        assert!(roles.contains(&role), "{role} is not among {roles:?}");
    }
    assert_eq!((&status["sessions"]["open"], &status["sessions"]["clients"]), (&1.into(), &1.into()));
    assert!(status["traffic"]["messages"].as_u64() >= Some(1), "{status}");
    assert_eq!(status["store"]["in_reach"], true);
    let place = status["store"]["place"].as_str().expect("is a text");
    let kind = if let Store::Postgres = store { "postgres://" } else { "/" };
    assert!(place.starts_with(kind), "{place}");
    let primary = outlook(&said, "engine a");
    let expected = "engine b takes over; 1 session is restored; customers and agents keep their connections";
    assert_eq!((&primary["severity"], &primary["says"]), (&"degraded".into(), &expected.into()));
    assert_eq!(outlook(&said, "engine b")["severity"], "nothing_noticed");

    let page = system.runs_status(&[]).await.done();
    assert!(page.starts_with("Pair main, epoch 1, served for "), "{page}");
    assert!(page.ends_with("\n  All is well.\n"), "{page}");
    assert!(page.contains("\n  backup        engine b at "), "{page}");
    system.finish().await;
}

#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_monitor_is_told_of_a_dead_backup_until_it_is_back(store: Store) {
    let mut system = System::builder().on(store).start().await;
    system.is_well().await;
    system.kill(Backup).await;
    let alone = "no backup stands by: nobody would take over";
    let said = eventually("the backup is missed", async || {
        let (code, said) = system.status().await;
        (code == Some(1) && concerns(&said).contains(&alone)).then_some(said)
    })
    .await;
    assert_eq!(said["status"].get("backup"), None);
    assert_eq!(outlook(&said, "engine a")["severity"], "outage");
    let ran = system.runs_status(&[]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains(&format!("\n  ! {alone}\n")), "{}", ran.stdout);
    system.restart(Engine::B).await;
    system.is_well().await;
    system.finish().await;
}

#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn whoever_asks_while_the_primary_is_killed_is_told_by_its_successor(store: Store) {
    let mut system = System::builder().on(store).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    system.is_well().await;
    let dead = system.kill(Primary).await;
    let (code, said) = system.status().await;
    assert_eq!(code, Some(1), "nobody stands by: {said}");
    let status = &said["status"];
    assert_eq!((&status["primary"]["name"], &status["epoch"]), (&"b".into(), &2.into()));
    assert_eq!(status["sessions"]["open"], 1);
    customer.says("still there?").await;
    let last = eventually("the takeover is written down", async || {
        let (_, mut said) = system.status().await;
        said.get_mut("last_takeover").map(Value::take).filter(|last| last["epoch"] == 2)
    })
    .await;
    assert_eq!((&last["from"], &last["to"], &last["cause"]), (&"a".into(), &"b".into(), &"died".into()));
    system.restart(dead).await;
    let said = system.is_well().await;
    assert_eq!(said["status"]["backup"]["engine"]["name"], "a");
    let page = system.runs_status(&[]).await.done();
    assert!(page.contains("engine b from engine a, which had"), "{page}");
    system.finish().await;
}

#[tokio::test]
async fn a_monitor_is_told_that_a_pair_is_down_when_both_engines_are_dead() {
    let mut system = System::start().await;
    system.kill_both();
    let (code, said) = system.status().await;
    assert_eq!((code, said["health"].as_str()), (Some(2), Some("down")));
    let [concern] = concerns(&said)[..] else { panic!("there is one: {said}") };
    assert!(concern.starts_with("no engine of the pair main is found to be primary through "), "{concern}");
    let ran = system.runs_status(&[]).await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stdout.ends_with("  Down: nobody serves.\n"), "{}", ran.stdout);
    system.restart(Engine::A).await;
    system.restart(Engine::B).await;
    system.is_well().await;
    system.finish().await;
}

/// An engine that answers is not down, whatever it is asked for.
#[tokio::test]
async fn who_asks_for_another_pair_is_told_so_by_the_engine() {
    let mut system = System::builder().without_backup().start().await;
    system.expect_log("refuses this link");
    let address = system.engine_address(Primary).await;
    let arguments = ["status", "--json", "--pair", "east", "--primary"].map(str::to_owned).into_iter().chain([address]);
    let ran = tokio::task::spawn_blocking(move || command::run(arguments, "")).await.expect("it ends");
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stdout.contains("this engine is of the pair main, not east"), "{}", ran.stdout);
    system.finish().await;
}

#[test]
fn who_asks_wrongly_is_not_told_that_a_pair_is_down() {
    for arguments in [
        &["status", "--bogus"][..],
        &["status", "--primary", "nowhere"],
        &["status", "--pair", "east"],
        &["status", "--config", "/dev/null/tandem.toml"],
    ] {
        let ran = command::run(arguments, "");
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{arguments:?}");
        assert!(!ran.stderr.is_empty(), "{arguments:?}");
    }
    let ran = command::run(["status", "--primary", "nowhere"], "");
    let expected = "tandem: --primary nowhere is refused; it is HOST:PORT, or several with commas between them\n";
    assert_eq!(ran.stderr, expected);
}

#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn open_sessions_are_listed_before_and_after_a_failover_those_that_nobody_asks_for_too(store: Store) {
    let mut system = System::builder().on(store).start().await;
    assert_eq!(system.shows_sessions(&[]).await, "no session is open\n");
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    let [quiet, gone] = [system.rest().open("Ben").await, system.rest().open("Eva").await];
    system.rest().close(&gone).await.is_done();
    let talking = customer.ticket().session.to_string();
    let quiet = quiet.session.to_string();
    let listed = system.lists_sessions(&[]).await;
    let ids: Vec<&str> = listed.iter().filter_map(|summary| summary["session"].as_str()).collect();
    assert_eq!(ids, [&talking, &quiet], "ids are in the order in which sessions were opened");
    let first = &listed[0];
    assert_eq!((&first["live"], &first["head"]), (&true.into(), &3.into()));
    assert_eq!((&first["participants"], &first["connected"]), (&1.into(), &1.into()));
    assert_eq!(listed[1]["connected"], 0);
    assert_eq!(system.lists_sessions(&["--limit", "1"]).await.len(), 1);

    let dead = system.kill(Primary).await;
    customer.says("still there?").await;
    let listed = system.lists_sessions(&[]).await;
    let ids: Vec<&str> = listed.iter().filter_map(|summary| summary["session"].as_str()).collect();
    assert_eq!(ids, [&talking, &quiet]);
    assert_eq!((&listed[0]["live"], &listed[0]["head"]), (&true.into(), &4.into()));
    assert_eq!((&listed[1]["live"], listed[1].get("head")), (&false.into(), None), "nobody has asked for it");
    let shown = system.shows_sessions(&[]).await;
    assert!(shown.starts_with("SESSION "), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with(&quiet) && line.ends_with("(not read since the takeover)")));
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn of_several_pairs_all_are_told_of_and_the_worst_decides(store: Store) {
    let (mut main, mut west) = match store {
        Store::Files => {
            let main = System::start().await;
            let west = System::builder().data(main.data()).setting("pair.name", "west").start().await;
            (main, west)
        }
        Store::Postgres => {
            let database = Database::empty().await;
            let main = System::builder().postgres(&database).start().await;
            (main, System::builder().postgres(&database).setting("pair.name", "west").start().await)
        }
    };
    let mut gateway = CommonGateway::of(&[&main, &west]).await;
    let healths = |pairs: &[Value]| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().expect("is a text").to_owned();
        pairs.iter().map(|said| (text(&said["pair"]), text(&said["health"]))).collect()
    };
    let are = async |gateway: &CommonGateway, code: i32, expected: [(&str, &str); 2]| {
        eventually(&format!("the pairs are {expected:?}"), async || {
            let (exit, pairs) = gateway.status().await;
            let found = healths(&pairs);
            let is_so = found.iter().map(|(pair, health)| (pair.as_str(), health.as_str())).eq(expected);
            (is_so && exit == Some(code)).then_some(())
        })
        .await;
    };
    are(&gateway, 0, [("main", "well"), ("west", "well")]).await;
    let ran = gateway.runs_status(&["--pair", "west"]).await;
    assert!(ran.stdout.starts_with("Pair west") && !ran.stdout.contains("Pair main"), "{}", ran.stdout);
    // The configured primary of the one pair is dead: its successor is known from what the gateway has kept.
    let dead = main.kill(Primary).await;
    are(&gateway, 1, [("main", "degraded"), ("west", "well")]).await;
    west.kill_both();
    gateway.expect_log("no primary is found");
    are(&gateway, 2, [("main", "degraded"), ("west", "down")]).await;
    main.restart(dead).await;
    west.restart(Engine::A).await;
    west.restart(Engine::B).await;
    are(&gateway, 0, [("main", "well"), ("west", "well")]).await;
    gateway.finish().await;
    west.finish().await;
    main.finish().await;
}
