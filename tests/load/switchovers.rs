//! The drill of planned switchovers: how long messages took that met one, beside all others of the same run.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde_json::json;
use tandem_protocol::Switched;
use tandem_tests::System;

use crate::{
    GAP_US_MAX, Options,
    chats::{Chats, Delay, Verdict},
    described, ms, print,
};

/// How long after the word that it is over a message may still have met a switchover: the new primary answers whoever
/// asked for it beside the gateway, whose sessions may not all be attached again by then.
const AFTER: Duration = Duration::from_millis(100);

/// When messages met a switchover, or may have: from the start of the command, which has still to find the primary.
struct Met {
    from: Instant,
    until: Instant,
}

/// What the run came to.
struct Figures {
    held_us: Histogram<u64>,
    /// Of messages that met a switchover.
    met_us: Histogram<u64>,
    /// Of all others.
    other_us: Histogram<u64>,
}

/// Switches over so many times; fails when anything was lost, doubled, out of order, disconnected or told.
pub(crate) async fn drill(options: &Options, switchovers: usize) -> ExitCode {
    let system = System::start().await;
    let chats = Chats::open(&system.rest(), options.sessions, Duration::from_millis(options.every_ms)).await;
    let mut held_us = histogram();
    let mut met = Vec::new();
    for number in 1..=switchovers {
        chats.go_on().await;
        system.may_switch_over().await;
        let begun = Instant::now();
        let Switched { from, to, held_us: held, .. } = system.switches_over_now().await;
        met.push(Met { from: begun, until: Instant::now() + AFTER });
        let hold = Duration::from_micros(held);
        held_us.saturating_record(held);
        if !options.json {
            print(&format!(
                "switchover {number}: engine {from} to engine {to}, held for {:.1} ms",
                hold.as_secs_f64() * 1e3
            ));
        }
        system.is_complete().await;
    }
    chats.go_on().await;
    let verdict = chats.judge().await;
    if options.logs {
        system.show_logs();
    }
    system.finish().await;
    let figures = Figures::of(held_us, &met, &verdict.delays);
    print(&if options.json { figures.json(options, &verdict) } else { figures.text(options, &verdict) });
    if verdict.is_good() && verdict.notices == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(GAP_US_MAX, 3).expect("the bounds are valid")
}

impl Figures {
    fn of(held_us: Histogram<u64>, met: &[Met], delays: &[Delay]) -> Self {
        let (mut met_us, mut other_us) = (histogram(), histogram());
        for Delay { written_at, took } in delays {
            let has_met = met.iter().any(|met| (met.from..=met.until).contains(written_at));
            let into = if has_met { &mut met_us } else { &mut other_us };
            into.saturating_record(u64::try_from(took.as_micros()).unwrap_or(GAP_US_MAX));
        }
        Self { held_us, met_us, other_us }
    }

    fn text(&self, options: &Options, verdict: &Verdict) -> String {
        let Verdict { acked, lost, doubled, out_of_order, others, disconnected, notices, .. } = verdict;
        format!(
            "{} sessions, a message every {} ms each, {} switchovers: held for {}\n\
             {} messages met one, or were written just before or after it, and took {}\n\
             {} others took {}\n\
             {acked} messages acknowledged; lost {lost}, doubled {doubled}, out of order {out_of_order}, \
             otherwise wrong {others}, clients disconnected {disconnected}, notices {notices}",
            options.sessions,
            options.every_ms,
            self.held_us.len(),
            described(&self.held_us),
            self.met_us.len(),
            described(&self.met_us),
            self.other_us.len(),
            described(&self.other_us),
        )
    }

    fn json(&self, options: &Options, verdict: &Verdict) -> String {
        let quantiles = |us: &Histogram<u64>| json!({"p50": ms(us, 0.5), "p99": ms(us, 0.99), "max": ms(us, 1.0)});
        json!({
            "sessions": options.sessions,
            "switchovers": self.held_us.len(),
            "every_ms": options.every_ms,
            "held_ms": quantiles(&self.held_us),
            "met_ms": quantiles(&self.met_us),
            "others_ms": quantiles(&self.other_us),
            "met": self.met_us.len(),
            "acked": verdict.acked,
            "lost": verdict.lost,
            "doubled": verdict.doubled,
            "out_of_order": verdict.out_of_order,
            "otherwise_wrong": verdict.others,
            "clients_disconnected": verdict.disconnected,
            "notices": verdict.notices,
        })
        .to_string()
    }
}
