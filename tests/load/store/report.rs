//! The figures of a run, for people and for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    contest::{Contest, Step},
    machine::Machine,
    scale::{Rate, Scale},
};

/// A whole run.
pub(crate) struct Report {
    pub(crate) scale: Scale,
    pub(crate) before: Machine,
    pub(crate) after: Machine,
    pub(crate) contests: Vec<Contest>,
}

impl Report {
    /// What broke a guarantee; empty when all held.
    pub(crate) fn faults(&self) -> Vec<String> {
        let of_contest = |contest: &Contest| {
            let all = contest.faults.iter().chain(&contest.restored.faults);
            all.map(|fault| format!("{}: {fault}", contest.name)).collect::<Vec<_>>()
        };
        self.contests.iter().flat_map(of_contest).collect()
    }

    pub(crate) fn table(&self) -> String {
        let Self { scale, before, after, .. } = self;
        let mut text = format!(
            "{} cores, load {:.1} before and {:.1} after; events of {} bytes; {} slices of {} ms each, in turns\n",
            before.cores,
            before.load,
            after.load,
            scale.event_bytes,
            scale.rounds,
            scale.slice.as_millis()
        );
        for contest in &self.contests {
            text.push_str(&section(contest));
        }
        text
    }

    pub(crate) fn json(&self) -> String {
        let machine = |machine: &Machine| json!({ "cores": machine.cores, "load": machine.load });
        let contests: serde_json::Map<String, Value> =
            self.contests.iter().map(|contest| (contest.name.to_owned(), value(contest))).collect();
        json!({
            "event_bytes": self.scale.event_bytes,
            "slice_ms": u64::try_from(self.scale.slice.as_millis()).unwrap_or(u64::MAX),
            "rounds": self.scale.rounds,
            "machine": { "before": machine(&self.before), "after": machine(&self.after) },
            "stores": contests,
            "faults": self.faults(),
        })
        .to_string()
    }
}

fn section(contest: &Contest) -> String {
    let mut text = format!(
        "\n{:<12}{:>12}{:>16}{:>8}{:>16}{:>8}\n",
        contest.name, "bare rows/s", "batches, ev./s", "ratio", "a call each", "ratio"
    );
    for Step { waiting, bare, batches, each } in &contest.steps {
        writeln!(
            text,
            "{:>7} wait{:>12.0}{:>16.0}{:>8.2}{:>16.0}{:>8.2}",
            waiting,
            bare.per_second(),
            batches.per_second(),
            ratio(batches, bare),
            each.per_second(),
            ratio(each, bare)
        )
        .expect("a string takes everything");
    }
    let restored = &contest.restored;
    let (sessions, events, took) = (restored.sessions, restored.events, restored.took.as_secs_f64());
    writeln!(text, "restored {sessions} sessions with {events} events in {took:.2} s")
        .expect("a string takes everything");
    text
}

fn value(contest: &Contest) -> Value {
    let step = |step: &Step| {
        json!({
            "waiting": step.waiting,
            "bare_rows_per_second": step.bare.per_second(),
            "batches_events_per_second": step.batches.per_second(),
            "batches_ratio": ratio(&step.batches, &step.bare),
            "each_events_per_second": step.each.per_second(),
            "each_ratio": ratio(&step.each, &step.bare),
        })
    };
    json!({
        "saving": contest.steps.iter().map(step).collect::<Vec<_>>(),
        "restoring": {
            "sessions": contest.restored.sessions,
            "events": contest.restored.events,
            "seconds": contest.restored.took.as_secs_f64(),
        },
    })
}

fn ratio(store: &Rate, bare: &Rate) -> f64 {
    store.per_second() / bare.per_second().max(1.0)
}
