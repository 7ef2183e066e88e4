//! What is there to be read, and where.

use std::collections::BTreeSet;

use serde_json::Value;
use tandem_telemetry::{Kind, Row, table};
use tandem_tests::{
    Account, Agent, Backup, Customer, Figures, Guard, Primary, System, Watched, Whole, eventually,
    whole::{Refusal, refused},
};

use super::figure;

/// Everything in the table is read somewhere, and nothing else.
#[tokio::test]
async fn every_name_of_the_documented_table_is_shown_by_the_roles_that_have_it() {
    // Certificates have a row, too.
    let system = System::builder().guarded_by(&Guard::by_certificate()).echo().agents().watched().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    customer.says("hi").await;
    // The census of the interaction server is taken once a second.
    system.shows_that(Watched::Interaction, "tandem_queue_waiting", &[], |waiting| waiting >= 0.0).await;
    let whose = |group: &str| match group {
        "Every process" => {
            vec![
                Watched::Engine(Primary),
                Watched::Engine(Backup),
                Watched::Gateway,
                Watched::Interaction,
                Watched::Echo,
            ]
        }
        "Engine" => vec![Watched::Engine(Primary), Watched::Engine(Backup)],
        "Links" => vec![Watched::Gateway, Watched::Interaction, Watched::Echo],
        "Gateway" => vec![Watched::Gateway],
        "Interaction server" => vec![Watched::Interaction],
        other => panic!("nobody shows {other}"),
    };
    let (mut shown, mut known) = (BTreeSet::new(), BTreeSet::new());
    for (group, rows) in table() {
        for watched in whose(group) {
            let names = system.figures(watched).await.names();
            for row in rows {
                let missing: Vec<String> = samples_of(row).into_iter().filter(|name| !names.contains(name)).collect();
                assert!(missing.is_empty(), "{watched:?} does not show {missing:?}");
            }
            shown.extend(names);
        }
        known.extend(rows.iter().flat_map(samples_of));
    }
    assert_eq!(shown.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "what the table does not have");
    system.finish().await;
}

fn samples_of(row: &Row) -> Vec<String> {
    match row.kind {
        Kind::Histogram => ["_bucket", "_sum", "_count"].map(|part| format!("{}{part}", row.name)).to_vec(),
        Kind::Counter | Kind::Gauge => vec![row.name.to_owned()],
    }
}

#[tokio::test]
async fn messages_and_how_long_they_take_are_counted_on_their_way_to_the_disk() {
    let system = System::builder().echo().watched().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    for text in ["one", "two", "three"] {
        customer.says(text).await;
        customer.reads(&format!("You said: {text}")).await;
    }
    let engine = Watched::Engine(Primary);
    assert_eq!(figure(&system, engine, "tandem_messages_total", &[]).await, 6.0, "three of the customer, three echoes");
    let saved = figure(&system, engine, "tandem_saves_total", &[("outcome", "saved")]).await;
    assert_eq!(figure(&system, engine, "tandem_save_seconds_count", &[]).await, saved);
    assert_eq!(figure(&system, engine, "tandem_save_batch_events_count", &[]).await, saved);
    assert!(figure(&system, engine, "tandem_save_batch_events_sum", &[]).await >= 6.0);
    system.shows(engine, "tandem_sessions_open", &[], 1.0).await;
    system.shows(engine, "tandem_links", &[("role", "gateway")], 1.0).await;
    let gateway = Watched::Gateway;
    assert_eq!(figure(&system, gateway, "tandem_gateway_acknowledgement_seconds_count", &[]).await, 3.0);
    assert_eq!(figure(&system, gateway, "tandem_gateway_websockets", &[("purpose", "chat")]).await, 1.0);
    let opened = [("route", "/api/v1/sessions"), ("method", "POST"), ("status", "201")];
    assert_eq!(figure(&system, gateway, "tandem_http_requests_total", &opened).await, 1.0);
    customer.goes_offline();
    system.shows(gateway, "tandem_gateway_websockets", &[("purpose", "chat")], 0.0).await;
    system.finish().await;
}

/// B-1: whatever is asked for, there are no more series than there are routes.
#[tokio::test]
async fn no_path_and_no_session_of_anybody_becomes_a_label() {
    let system = System::builder().watched().start().await;
    let rest = system.rest();
    let ticket = rest.open("Ann").await;
    rest.transcript(&ticket).await;
    for path in ["/wp-login.php", "/api/v1/sessions/x/y/z"] {
        let _ = rest.request(reqwest::Method::GET, path).send().await.expect("is answered");
    }
    let method = reqwest::Method::from_bytes(b"BREW").expect("is a word");
    let _ = rest.request(method, "/api/v1/sessions").send().await.expect("is answered");
    let figures = system.figures(Watched::Gateway).await;
    let routes = figures.values_of("route");
    assert!(routes.contains("none") && routes.contains("/api/v1/sessions/{session}/events"), "{routes:?}");
    assert!(
        !routes.iter().any(|route| route.contains(&ticket.session.to_string()) || route.contains("wp")),
        "{routes:?}"
    );
    assert!(!figures.values_of("method").contains("BREW"));
    system.finish().await;
}

#[tokio::test]
async fn who_waits_and_who_answers_is_counted_at_the_interaction_server() {
    let system = System::builder().agents().watched().start().await;
    let interaction = Watched::Interaction;
    let customer = Customer::start(&system.rest(), "Ann").await;
    let queue = figure_label(&system, "queue").await;
    system.shows(interaction, "tandem_queue_waiting", &[("queue", &queue)], 1.0).await;
    let ben: Agent = system.staff(&Account::agent("ben")).await;
    let page = ben.takes().await;
    system.shows(interaction, "tandem_queue_waiting", &[("queue", &queue)], 0.0).await;
    system.shows(interaction, "tandem_agents", &[("state", "ready")], 1.0).await;
    system.shows(interaction, "tandem_sessions_attended", &[], 1.0).await;
    assert_eq!(figure(&system, interaction, "tandem_offers_total", &[("outcome", "made")]).await, 1.0);
    system.shows(interaction, "tandem_agent_joins_total", &[], 1.0).await;
    assert_eq!(figure(&system, Watched::Gateway, "tandem_gateway_websockets", &[("purpose", "desk")]).await, 1.0);
    drop((customer, page));
    system.finish().await;
}

/// The only value of a label, once it is there.
async fn figure_label(system: &System, label: &str) -> String {
    let what = format!("{label} is told");
    eventually(&what, async || system.figures(Watched::Interaction).await.values_of(label).pop_first()).await
}

/// And it is found there again by whoever knows the address, after the process has died.
#[tokio::test]
async fn one_command_shows_the_metrics_of_all_its_processes_and_says_where() {
    let mut whole = Whole::start().await;
    let started = whole.says("started").await;
    let address = |part: &Value| part["metrics"].as_str().expect("is told").to_owned();
    for (part, name, role) in [
        ("primary", "tandem_engine_primary", "engine"),
        ("backup", "tandem_engine_backup", "engine"),
        ("gateway", "tandem_gateway_websockets", "gateway"),
        ("interaction", "tandem_agents", "interaction"),
        ("echo", "tandem_link_connected", "echo"),
    ] {
        let figures = Figures::at(&address(&started[part])).await;
        assert!(figures.sum(name, &[]).is_some(), "{part} shows {name}");
        assert_eq!(figures.sum("tandem_build_info", &[("role", role)]), Some(1.0));
        assert!(figures.sum("process_resident_memory_bytes", &[]).is_some_and(|bytes| bytes > 1e6));
        assert!(figures.sum("process_open_fds", &[]).is_some_and(|open| open >= 3.0));
    }
    let pid = started["primary"]["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("is told");
    whole.kill_named(pid);
    whole.says("came_back").await;
    let back = Figures::at(&address(&started["primary"])).await;
    assert_eq!(back.sum("tandem_engine_primary", &[("engine", "a"), ("pair", "main")]), Some(0.0));
    whole.ends(&["lost the primary"]).await;
}

fn line(refusal: &Refusal, code: i32) -> &str {
    assert_eq!(refusal.code, Some(code), "{refusal:?}");
    assert_eq!(refusal.lines.len(), 1, "one clear line: {refusal:?}");
    &refusal.lines[0]
}

#[tokio::test]
async fn metrics_are_shown_to_other_machines_only_when_told_so_and_never_on_a_busy_port() {
    let expected = "tandem: --metrics: metrics.listen = \"0.0.0.0:9100\" is refused: other machines reach it, and whoever \
                    connects reads all figures unencrypted; listen on a loopback address, or set \
                    metrics.allow-plain-http = true where only trusted machines connect";
    for role in ["engine", "gateway", "interaction", "echo"] {
        assert_eq!(line(&refused(&[role, "--metrics", "0.0.0.0:9100"], &[]).await, 2), expected);
    }
    let refusal = refused(&["run"], &[("TANDEM_METRICS__LISTEN", "127.0.0.1:9100")]).await;
    let expected = "tandem: TANDEM_METRICS__LISTEN: metrics.listen has no effect under `tandem run`; its processes show \
                    them from run.metrics-port on";
    assert_eq!(line(&refusal, 2), expected);
    let refusal = refused(&["run", "--metrics-port", "65535"], &[]).await;
    let expected = "tandem: --metrics-port: run.metrics-port = \"65535\" is refused; it must be the first of five ports, \
                    such as \"7311\", \"0\" for any free ones, or \"off\"";
    assert_eq!(line(&refusal, 2), expected);
    let busy = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = busy.local_addr().expect("is bound").to_string();
    let refusal = refused(&["gateway", "--listen", "127.0.0.1:0", "--metrics", &address], &[]).await;
    let told = format!("tandem: the metrics cannot listen on {address}: the port is in use by another program");
    assert!(refusal.lines.iter().any(|line| line.starts_with(&told)), "{refusal:?}");
}
