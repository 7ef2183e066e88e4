//! What operators are shown of all sessions.

use super::{
    routing::{BEN, route_to},
    *,
};
use crate::CoreCounts;

fn open_again(numbers: &[u128], stored: Vec<Record>) -> Desk {
    let open: Vec<OpenSession> = numbers.iter().map(|number| OpenSession { session: session(*number) }).collect();
    Desk { stored, ..Desk::with(SessionSettings::default(), &open) }
}

impl Desk {
    fn waiting(&self) -> usize {
        self.core.counts().waiting
    }

    fn ids(&self, after: Option<u128>, limit: usize) -> Vec<SessionId> {
        let summaries = self.core.summaries(after.map(session), limit);
        summaries.into_iter().map(|summary| summary.session).collect()
    }
}

#[test]
fn a_session_counts_as_waiting_from_its_queue_until_somebody_takes_it() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    assert_eq!(desk.waiting(), 0);
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    assert_eq!(desk.waiting(), 1);
    let [summary] = &desk.core.summaries(None, 9)[..] else { panic!("there is one") };
    assert_eq!(summary.waits_in.as_ref().map(|queue| queue.as_str()), Some("sales"));
    desk.takes(BEN, queued).expect("joins");
    assert_eq!(desk.waiting(), 0);
    assert_eq!(desk.core.summaries(None, 9)[0].waits_in, None);
}

#[test]
fn a_session_that_ends_in_its_queue_waits_no_longer() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.routes(route_to("sales", Seq::ZERO));
    desk.ask(Request::Close { session: session(1), by: ANA }).expect("closes");
    assert_eq!(desk.waiting(), 0);
    assert_eq!(desk.ids(None, 9), [], "it is not open");
}

#[test]
fn a_restored_session_waits_where_it_waited() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.routes(route_to("sales", Seq::ZERO));
    let mut next = open_again(&[1], desk.stored);
    assert_eq!(next.core.counts(), CoreCounts { open: 1, dormant: 1, ..CoreCounts::default() });
    next.attaches(1, Seq::ZERO);
    assert_eq!(next.core.counts(), CoreCounts { open: 1, live: 1, waiting: 1, attachments: 1, dormant: 0 });
}

#[test]
fn open_sessions_are_listed_in_the_order_of_their_ids_page_by_page() {
    let mut desk = open_again(&[2, 7], Vec::new());
    for number in [9, 1, 5, 3] {
        desk.opens(number).expect("opens");
    }
    desk.ask(Request::Close { session: session(3), by: ANA }).expect("closes");
    let all = [1, 2, 5, 7, 9].map(session);
    assert_eq!(desk.ids(None, 100), all);
    assert_eq!(desk.ids(None, 2), all[..2]);
    assert_eq!(desk.ids(Some(2), 2), all[2..4]);
    assert_eq!(desk.ids(Some(7), 2), all[4..], "as many as are left");
    assert_eq!(desk.ids(Some(9), 2), []);
    let live: Vec<bool> = desk.core.summaries(None, 100).iter().map(|summary| summary.live).collect();
    assert_eq!(live, [true, false, true, false, true]);
}

#[test]
fn nobody_is_told_of_a_session_that_is_not_saved_yet() {
    // D-1
    let mut desk = Desk::new();
    desk.submit(open(1));
    assert_eq!(desk.ids(None, 9), []);
}

#[test]
fn a_session_of_a_drill_is_known_as_one() {
    let mut desk = Desk::new();
    let Request::Open(mut opening) = open(1) else { panic!("is one") };
    opening.properties.insert(tandem_protocol::properties::DRILL.into(), "some id".into());
    desk.ask(Request::Open(opening)).expect("opens");
    assert!(desk.core.summaries(None, 9)[0].drill);
}

#[test]
fn a_messages_way_is_measured_from_its_arrival_to_its_acknowledgement() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.passes(Duration::from_secs(5));
    let now = desk.now.elapsed;
    desk.core.arrived(now - Duration::from_millis(20));
    desk.submit(send(1, "m-1", "hi"));
    assert_eq!(desk.core.messages(), 0, "it is not acknowledged");
    desk.now.elapsed += Duration::from_millis(30);
    desk.says(1, "m-1", "hi").expect("is said");
    assert_eq!(desk.core.messages(), 1, "a repeat is no further message");
    let took_us = desk.core.answers(desk.now.elapsed).p50_us.expect("one was said");
    assert!((50_000..51_000).contains(&took_us), "{took_us}");
}
