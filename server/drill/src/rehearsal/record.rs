//! What is written down of a drill.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;
use tandem_protocol::{
    EngineName, Epoch, Timestamp,
    control::{Act, ActKind, Actor, Drill, Gaps, Noted},
};
use uuid::Uuid;

use super::Report;
use crate::{ask::Asker, judge::Verdict, plan::Plan};

/// The greatest gap that is told apart: longer than all waits of a drill together.
const GAP_US_MAX: u64 = 600_000_000;

/// See the module.
pub(super) struct Record {
    drill: Drill,
    began: Instant,
    succeeded_in: Option<Epoch>,
    remarks: Vec<String>,
}

impl Record {
    pub(super) fn begin(plan: &Plan, by: Actor, from: EngineName, epoch: Epoch) -> Self {
        let drill = Drill {
            id: plan.id,
            pair: plan.pair.clone(),
            at_ms: now(),
            by,
            failure: plan.failure,
            sessions: plan.sessions,
            every_ms: millis(plan.every),
            from,
            epoch,
            to: None,
            gaps: None,
            acknowledged: 0,
            lost: 0,
            doubled: 0,
            out_of_order: 0,
            disconnected: 0,
            aborted: None,
            took_ms: 0,
        };
        Self { drill, began: Instant::now(), succeeded_in: None, remarks: Vec::new() }
    }

    /// The epoch that is to end.
    pub(super) fn epoch(&self) -> Epoch {
        self.drill.epoch
    }

    /// The epoch that has followed it.
    pub(super) fn succeeded_in(&self) -> Option<Epoch> {
        self.succeeded_in
    }

    pub(super) fn succeeded_by(&mut self, (to, epoch): (EngineName, Epoch)) {
        (self.drill.to, self.succeeded_in) = (Some(to), Some(epoch));
    }

    /// The first reason counts.
    pub(super) fn abort(&mut self, why: String) {
        self.drill.aborted.get_or_insert(why);
    }

    pub(super) fn remark(&mut self, sentence: String) {
        self.remarks.push(sentence);
    }

    pub(super) fn judged(&mut self, verdict: Verdict, disconnected: u64, gaps: &[Duration]) {
        let Verdict { acknowledged, lost, doubled, out_of_order } = verdict;
        let drill = &mut self.drill;
        (drill.acknowledged, drill.lost, drill.doubled) = (acknowledged, lost, doubled);
        (drill.out_of_order, drill.disconnected) = (out_of_order, disconnected);
        drill.gaps = quantiles(gaps);
    }

    /// Says in the audit log that it has begun: whoever carries it out may not live to say how it ended.
    pub(super) async fn announce(&mut self, asker: &Asker) {
        if let Err(why) = asker.note(Noted::Act(self.act("begun".to_owned()))).await {
            self.remarks.push(format!("That this drill has begun could not be written down: {why}."));
        }
    }

    fn act(&self, outcome: String) -> Act {
        let Drill { by, pair, .. } = &self.drill;
        Act { id: Uuid::now_v7(), at_ms: now(), by: by.clone(), act: ActKind::Drill, about: pair.to_string(), outcome }
    }

    /// Writes it down, once more where that has not been answered: it is known by its id.
    pub(super) async fn write_down(mut self, asker: &Asker) -> Report {
        self.drill.took_ms = millis(self.began.elapsed());
        let act = self.act(outcome(&self.drill));
        for noted in [Noted::Drill(self.drill.clone()), Noted::Act(act)] {
            if let Err(why) = asker.note(noted).await {
                self.remarks.push(format!("This drill could not be written down: {why}."));
            }
        }
        self.remarks.dedup();
        Report { drill: self.drill, remarks: self.remarks }
    }
}

fn outcome(drill: &Drill) -> String {
    match &drill.aborted {
        _ if drill.is_passed() => "passed".to_owned(),
        Some(why) => format!("not carried through: {why}"),
        None => "not passed".to_owned(),
    }
}

fn quantiles(gaps: &[Duration]) -> Option<Gaps> {
    if gaps.is_empty() {
        return None;
    }
    let mut all = Histogram::<u64>::new_with_max(GAP_US_MAX, 3).expect("the bounds are valid");
    gaps.iter().for_each(|gap| all.saturating_record(u64::try_from(gap.as_micros()).unwrap_or(GAP_US_MAX)));
    let [p50_us, p99_us, max_us] = [0.5, 0.99, 1.0].map(|quantile| all.value_at_quantile(quantile));
    Some(Gaps { p50_us, p99_us, max_us })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The wall clock, for people.
fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gap_is_told_in_three_figures_and_none_where_nobody_went_on() {
        assert_eq!(quantiles(&[]), None);
        let gaps: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        let Some(Gaps { p50_us, p99_us, max_us }) = quantiles(&gaps) else { panic!("there are some") };
        let is_about = |found: u64, ms: u64| found.abs_diff(ms * 1_000) <= ms * 1_000 / 500;
        assert!(is_about(p50_us, 50) && is_about(p99_us, 99) && is_about(max_us, 100), "{p50_us} {p99_us} {max_us}");
    }
}
