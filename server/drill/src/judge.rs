//! Compares what a customer was told with the transcript of his session: nothing acknowledged may be missing (D-2),
//! nothing may stand there twice (D-3), and nothing before what was acknowledged earlier (D-4).

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tandem_protocol::Seq;

use crate::customer::{Page, Said};

/// An event of a transcript: its number, and the number of the message where it is one of the customer's.
pub(crate) type Entry = (Seq, Option<usize>);

/// What is wrong, and how much was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    pub(crate) acknowledged: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) out_of_order: u64,
}

impl Verdict {
    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.out_of_order += other.out_of_order;
    }
}

/// The transcript is to be whole.
pub(crate) fn judge(page: &Page, transcript: &[Entry]) -> Verdict {
    let mut places: HashMap<usize, Seq> = HashMap::new();
    let mut verdict = Verdict { doubled: page.contradictions, ..Verdict::default() };
    for (at, (seq, message)) in (1..).zip(transcript) {
        verdict.out_of_order += u64::from(*seq != Seq(at));
        if let Some(index) = message
            && places.insert(*index, *seq).is_some()
        {
            verdict.doubled += 1;
        }
    }
    let acked = page.said.iter().enumerate().filter_map(|(index, said)| Some((index, said.acked?.0)));
    let is_lost = |(index, seq): (usize, Seq)| places.get(&index) != Some(&seq);
    verdict.acknowledged = acked.clone().count() as u64;
    verdict.lost = acked.filter(|acked| is_lost(*acked)).count() as u64;
    // What a reader was given and nobody acknowledged is vouched for all the same (D-1).
    let is_unacked = |(index, _): &(usize, Seq)| page.said.get(*index).is_some_and(|said| said.acked.is_none());
    verdict.lost += page.heard.iter().copied().filter(is_unacked).filter(|heard| is_lost(*heard)).count() as u64;
    verdict.out_of_order += overtaking(&page.said);
    verdict
}

/// Messages that stand before one that had been acknowledged when they were said.
fn overtaking(said: &[Said]) -> u64 {
    let mut acks: Vec<(Instant, Seq)> = said.iter().filter_map(|said| said.acked.map(|(seq, at)| (at, seq))).collect();
    acks.sort_unstable();
    let mut acks = acks.into_iter().peekable();
    let mut last = Seq::ZERO;
    let mut found = 0;
    for Said { at, acked } in said {
        while let Some((_, seq)) = acks.next_if(|(acked_at, _)| acked_at < at) {
            last = last.max(seq);
        }
        found += u64::from(acked.is_some_and(|(seq, _)| seq < last));
    }
    found
}

/// The longest that a message waited for its acknowledgement, of those that met the failure: it was said before the
/// session had gone on, and acknowledged after the failure. None where the session has not gone on.
pub(crate) fn gap(page: &Page, failed_at: Instant, succeeded_at: Instant) -> Option<Duration> {
    let until = page.went_on_after(succeeded_at)?;
    let waits = page.said.iter().filter(|said| said.at <= until).filter_map(|said| {
        let (_, at) = said.acked?;
        (at >= failed_at).then(|| at.saturating_duration_since(said.at))
    });
    waits.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages said at these milliseconds, acknowledged with these numbers after as many more.
    fn page(said: &[(u64, Option<(u64, u64)>)], start: Instant) -> Page {
        let at = |ms| start + Duration::from_millis(ms);
        let said = said
            .iter()
            .map(|(ms, acked)| Said { at: at(*ms), acked: acked.map(|(seq, after)| (Seq(seq), at(*ms + after))) });
        Page::of(said.collect())
    }

    fn transcript(messages: &[Option<usize>]) -> Vec<Entry> {
        (1..).map(Seq).zip(messages.iter().copied()).collect()
    }

    fn faults(page: &Page, transcript: &[Entry]) -> (u64, u64, u64) {
        let verdict = judge(page, transcript);
        (verdict.lost, verdict.doubled, verdict.out_of_order)
    }

    #[test]
    fn a_transcript_that_has_everything_once_and_in_order_is_right() {
        let page = page(&[(0, Some((3, 5))), (10, Some((4, 5))), (20, None)], Instant::now());
        let whole = transcript(&[None, None, Some(0), Some(1)]);
        assert_eq!(judge(&page, &whole), Verdict { acknowledged: 2, ..Verdict::default() });
        let saved_and_not_acknowledged = transcript(&[None, None, Some(0), Some(1), Some(2)]);
        assert_eq!(faults(&page, &saved_and_not_acknowledged), (0, 0, 0));
    }

    #[test]
    fn what_is_acknowledged_or_read_and_not_there_is_lost() {
        let mut page = page(&[(0, Some((3, 5))), (10, Some((4, 5))), (20, None)], Instant::now());
        assert_eq!(faults(&page, &transcript(&[None, None, Some(0)])), (1, 0, 0));
        assert_eq!(faults(&page, &transcript(&[None, None, Some(0), None, Some(1)])), (1, 0, 0), "it stands elsewhere");
        page.heard.push((2, Seq(5)));
        assert_eq!(faults(&page, &transcript(&[None, None, Some(0), Some(1)])), (1, 0, 0));
    }

    #[test]
    fn what_stands_there_twice_is_doubled() {
        let page = page(&[(0, Some((2, 5)))], Instant::now());
        assert_eq!(faults(&page, &transcript(&[None, Some(0), Some(0)])).1, 1);
    }

    #[test]
    fn what_stands_before_something_older_or_leaves_a_gap_is_out_of_order() {
        let overtaken = page(&[(0, Some((3, 5))), (10, Some((2, 5)))], Instant::now());
        assert_eq!(faults(&overtaken, &transcript(&[None, Some(1), Some(0)])), (0, 0, 1));
        let under_way_together = page(&[(0, Some((3, 15))), (10, Some((2, 5)))], Instant::now());
        assert_eq!(faults(&under_way_together, &transcript(&[None, Some(1), Some(0)])), (0, 0, 0));
        let gap = [(Seq(1), None), (Seq(3), None)];
        assert_eq!(faults(&page(&[], Instant::now()), &gap), (0, 0, 1));
    }

    #[test]
    fn the_gap_is_the_longest_wait_of_a_message_that_met_the_failure() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        // The first is slow for itself, the second is under way at the failure, the last belongs to what follows.
        let all = [
            (0, Some((1, 90))),
            (95, Some((2, 305))),
            (200, Some((3, 210))),
            (401, Some((4, 9))),
            (500, Some((5, 400))),
        ];
        let page = page(&all, start);
        assert_eq!(gap(&page, at(100), at(400)), Some(Duration::from_millis(305)));
        assert_eq!(gap(&page, at(100), at(600)), None, "nothing that was said afterwards is acknowledged");
    }
}
