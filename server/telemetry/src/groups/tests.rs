//! What holds for every row, and how a group reads.

use std::{collections::BTreeSet, time::Duration};

use super::*;
use crate::{Exposition, Kind};

fn rows() -> impl Iterator<Item = Row> {
    table().into_iter().flat_map(|(_, rows)| rows.iter().copied())
}

#[test]
fn every_name_is_there_once_and_says_whose_it_is() {
    let names: BTreeSet<&str> = rows().map(|row| row.name).collect();
    assert_eq!(names.len(), rows().count());
    for name in names {
        assert!(name.starts_with("tandem_") || name.starts_with("process_"), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
    }
}

#[test]
fn what_only_grows_is_a_total_and_what_is_measured_ends_with_its_unit() {
    for row in rows() {
        assert_eq!(row.kind == Kind::Counter, row.name.ends_with("_total"), "{}", row.name);
        let has_unit = row.name.ends_with("_seconds") || row.name.ends_with("_events");
        assert!(row.kind != Kind::Histogram || has_unit, "{}", row.name);
        assert!(!row.help.ends_with('.') && !row.help.contains('|'), "{}: it becomes a cell of a table", row.name);
    }
}

#[test]
fn what_has_not_happened_yet_reads_as_zero_under_each_of_its_words() {
    let text = Exposition::of(&[("pair", "main".to_owned())], &[&*INTERACTION]).text();
    for outcome in ["made", "declined", "unanswered"] {
        let line = format!("tandem_offers_total{{pair=\"main\",outcome=\"{outcome}\"}} 0\n");
        assert!(text.contains(&line), "{text}");
    }
}

#[test]
fn what_happens_is_read_in_the_form_of_prometheus() {
    GATEWAY.acknowledgement.observe(Duration::from_millis(3));
    GATEWAY.requests.of(["/api/v1/sessions", "POST", "201"]).inc();
    let chats = GATEWAY.sockets.of(["chat"]);
    let open = [chats.one_more(), chats.one_more()];
    let text = Exposition::of(&[], &[&*GATEWAY]).text();
    for line in [
        "# TYPE tandem_gateway_acknowledgement_seconds histogram",
        "tandem_gateway_acknowledgement_seconds_bucket{le=\"0.0025\"} 0",
        "tandem_gateway_acknowledgement_seconds_bucket{le=\"0.005\"} 1",
        "tandem_gateway_acknowledgement_seconds_sum 0.003",
        "tandem_http_requests_total{route=\"/api/v1/sessions\",method=\"POST\",status=\"201\"} 1",
        "tandem_gateway_websockets{purpose=\"chat\"} 2",
    ] {
        assert!(text.lines().any(|written| written == line), "no {line} in\n{text}");
    }
    drop(open);
    assert!(Exposition::of(&[], &[&*GATEWAY]).text().contains("tandem_gateway_websockets{purpose=\"chat\"} 0\n"));
}
