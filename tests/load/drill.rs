//! The drill: a pair under the load of many chats, its primary killed again and again, or switched over as planned, and
//! what each session noticed.
//!
//! At each kill every session sends a message; its gap is the time from the kill until the other party has that
//! message. At each switchover the chats go on as they do; what counts is how long the messages took that met it, beside
//! all others of the same run. Afterwards the histories of all sessions are judged: nothing acknowledged may be lost, nothing doubled,
//! nothing out of order, and no client may have been disconnected (D-2, D-3, D-4, R-3); otherwise it fails.
//! Of a switchover nobody may have been told either.

mod chats;
mod switchovers;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use hdrhistogram::Histogram;
use serde_json::json;
use tandem_tests::{Primary, System};

use crate::chats::{Chats, Verdict};

/// What to do.
#[derive(Debug, Parser)]
#[command(about = "Kills or switches over the primary under load and measures what each session notices.")]
struct Options {
    /// Two-party sessions.
    #[arg(long, default_value_t = 1_000)]
    sessions: usize,
    /// How often the primary is killed.
    #[arg(long, default_value_t = 10)]
    kills: usize,
    /// Instead of killing it, how often the primary is switched over.
    #[arg(long, conflicts_with = "kills")]
    switchovers: Option<usize>,
    /// Milliseconds between two messages of a session.
    #[arg(long, default_value_t = 1_000)]
    every_ms: u64,
    /// Print the logs of engines and gateway too, to stderr.
    #[arg(long)]
    logs: bool,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

/// The greatest gap that is told apart, in microseconds.
const GAP_US_MAX: u64 = 120_000_000;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(switchovers) = options.switchovers {
        return switchovers::drill(&options, switchovers).await;
    }
    let mut system = System::start().await;
    let chats = Chats::open(&system.rest(), options.sessions, Duration::from_millis(options.every_ms)).await;
    let mut gaps_us = Histogram::new_with_max(GAP_US_MAX, 3).expect("the bounds are valid");
    for kill in 1..=options.kills {
        let gaps = rehearse(&mut system, &chats).await;
        if !options.json {
            print(&format!("kill {kill}: gap {}", described(&gaps)));
        }
        gaps_us.add(gaps).expect("the bounds are the same");
    }
    let verdict = chats.judge().await;
    if options.logs {
        system.show_logs();
    }
    system.finish().await;
    print(&if options.json { as_json(&options, &gaps_us, &verdict) } else { as_text(&options, &gaps_us, &verdict) });
    if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
fn print(text: &str) {
    println!("{text}");
}

/// One kill, and the gap of each session in microseconds.
async fn rehearse(system: &mut System, chats: &Chats) -> Histogram<u64> {
    chats.go_on().await;
    let (killed_at, dead) = system.kill_timed(Primary).await;
    let gaps = chats.gaps_since(killed_at).await;
    system.restart(dead).await;
    system.is_complete().await;
    let mut histogram = Histogram::new_with_max(GAP_US_MAX, 3).expect("the bounds are valid");
    for gap in gaps {
        histogram.saturating_record(u64::try_from(gap.as_micros()).unwrap_or(GAP_US_MAX));
    }
    histogram
}

/// The gaps that the pages were told, in microseconds.
fn told_us(verdict: &Verdict) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_max(GAP_US_MAX, 3).expect("the bounds are valid");
    verdict.told_ms.iter().for_each(|told_ms| histogram.saturating_record(told_ms * 1_000));
    histogram
}

/// Milliseconds at a quantile.
fn ms(gaps_us: &Histogram<u64>, quantile: f64) -> f64 {
    Duration::from_micros(gaps_us.value_at_quantile(quantile)).as_secs_f64() * 1_000.0
}

fn described(gaps_us: &Histogram<u64>) -> String {
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(|quantile| ms(gaps_us, quantile));
    format!("p50 {p50:.0} ms, p99 {p99:.0} ms, max {max:.0} ms")
}

fn as_text(options: &Options, gaps_us: &Histogram<u64>, verdict: &Verdict) -> String {
    let Options { sessions, kills, every_ms, .. } = options;
    let Verdict { acked, lost, doubled, out_of_order, others, disconnected, .. } = verdict;
    let told_us = told_us(verdict);
    format!(
        "{sessions} sessions, a message every {every_ms} ms each, {kills} kills: gap {}\n\
         restored, as the pages were told: {}\n\
         {acked} messages acknowledged; lost {lost}, doubled {doubled}, out of order {out_of_order}, \
         otherwise wrong {others}, clients disconnected {disconnected}",
        described(gaps_us),
        described(&told_us),
    )
}

fn as_json(options: &Options, gaps_us: &Histogram<u64>, verdict: &Verdict) -> String {
    json!({
        "sessions": options.sessions,
        "kills": options.kills,
        "every_ms": options.every_ms,
        "gap_p50_ms": ms(gaps_us, 0.5),
        "gap_p99_ms": ms(gaps_us, 0.99),
        "gap_max_ms": ms(gaps_us, 1.0),
        "told_p50_ms": ms(&told_us(verdict), 0.5),
        "told_p99_ms": ms(&told_us(verdict), 0.99),
        "acked": verdict.acked,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "out_of_order": verdict.out_of_order,
        "otherwise_wrong": verdict.others,
        "clients_disconnected": verdict.disconnected,
    })
    .to_string()
}
