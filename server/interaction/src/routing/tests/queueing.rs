//! How sessions come to wait.

use tandem_protocol::{ErrorCode, QueueCause, desk::AgentRole, link::Request};

use super::{
    House,
    house::{MAIN, queue, seconds},
};
use crate::routing::{Heard, Note};

#[test]
fn a_new_session_waits_in_the_queue_that_it_names_else_in_the_first() {
    let mut house = House::with(|settings| settings.queues = vec![queue("first"), queue("sales")]);
    let (plain, sales) = (house.customer(), house.customer_with(&[("queue", "sales")]));
    let (unknown, invalid) = (house.customer_with(&[("queue", "nowhere")]), house.customer_with(&[("queue", "No!")]));
    let queues = [plain, sales, unknown, invalid].map(|session| house.queue_of(session).expect("waits").as_str());
    assert_eq!(queues, ["first", "sales", "first", "first"]);
    let waits = house.engine.sessions[&plain].waits().expect("waits");
    assert_eq!((waits.cause, waits.by, waits.text.as_deref()), (QueueCause::Opened, None, None));
}

#[test]
fn a_session_of_the_echo_is_left_to_it_unless_it_names_a_queue() {
    let mut house = House::new();
    let echo = house.customer_with(&[("echo", "on")]);
    let both = house.customer_with(&[("echo", "on"), ("queue", "default")]);
    assert!(house.queue_of(echo).is_none());
    assert!(house.queue_of(both).is_some());
}

#[test]
fn a_session_is_queued_once_however_late_the_engine_answers() {
    let mut house = House::new();
    house.is_engine_slow = true;
    let session = house.opens(&[]);
    house.word_arrives();
    house.passes(seconds(10));
    house.is_engine_slow = false;
    house.settles();
    let routes = house.asked.iter().filter(|request| matches!(request, Request::Route(_))).count();
    assert_eq!(routes, 1, "{:?}", house.asked);
    assert!(house.queue_of(session).is_some());
}

#[test]
fn the_names_of_requests_follow_from_the_facts_that_they_answer() {
    // D-3: a later process asks under the same name.
    let mut house = House::new();
    let session = house.customer();
    let Request::Route(route) = &house.asked[0] else { panic!("{:?}", house.asked) };
    assert_eq!((route.client_id.as_str(), route.session), ("queue-after-0", session));
}

#[test]
fn outside_the_hours_the_customer_is_told_and_nobody_is_rung_until_they_begin() {
    // The stories begin on a Monday at 16:00 UTC.
    let mut house = House::with(|settings| settings.queues[0].hours = Some("Mon 17:00-18:00".parse().unwrap()));
    let agent = house.agent("ben", 3);
    let session = house.customer();
    let waits = house.engine.sessions[&session].waits().expect("waits");
    assert_eq!(waits.text.as_ref(), Some(&house.settings.queues[0].text_outside));
    assert!(!house.view(agent).queues[0].open);
    house.passes(seconds(3_500));
    assert_eq!(house.offered_to(session), None);
    house.passes(seconds(100));
    assert_eq!(house.offered_to(session), Some(agent), "the hours have begun");
    assert!(house.view(agent).queues[0].open);
}

#[test]
fn a_session_that_waits_outside_the_hours_may_still_be_taken_by_hand() {
    let mut house = House::with(|settings| settings.queues[0].hours = Some("Mon 17:00-18:00".parse().unwrap()));
    let agent = house.agent("ben", 3);
    let session = house.customer();
    house.accepts(agent, session).expect("whoever is there may help");
    assert_eq!(house.attending(session), [agent]);
}

#[test]
fn an_open_session_that_nobody_is_in_is_queued_again_with_a_warning() {
    let mut house = House::new();
    let agent = house.agent("ben", 3);
    let session = house.chat_of(agent);
    house.leaves_unasked(session, house.participant(session, agent));
    let waits = house.engine.sessions[&session].waits().expect("waits again");
    assert_eq!(waits.cause, QueueCause::Unattended);
    assert!(house.noted(&Note::Unattended { session }));
    assert_eq!(house.offered_to(session), Some(agent));
}

#[test]
fn a_watcher_alone_does_not_attend_to_a_customer() {
    let mut house = House::new();
    let (agent, eve) = (house.agent("ben", 3), house.hires("eve", AgentRole::Supervisor, 1, &[]));
    house.sits_down(eve);
    let session = house.chat_of(agent);
    house.does(eve, tandem_protocol::desk::Action::Watch { session }).expect("watches");
    house.leaves_unasked(session, house.participant(session, agent));
    assert!(house.queue_of(session).is_some());
}

#[test]
fn a_session_whose_queue_the_settings_have_lost_waits_in_another() {
    let mut house = House::with(|settings| settings.queues = vec![queue("default"), queue("sales")]);
    let session = house.customer_with(&[("queue", "sales")]);
    house.settings.queues.truncate(1);
    house.restarts();
    house.settles();
    assert_eq!(house.queue_of(session).expect("waits").as_str(), "default");
}

#[test]
fn what_the_engine_refuses_is_tried_again_and_told_if_a_person_must_look() {
    let mut house = House::new();
    house.engine.refuses_next = Some(ErrorCode::Busy);
    let session = house.customer();
    assert!(house.queue_of(session).is_none());
    house.passes(seconds(1));
    assert!(house.queue_of(session).is_some());
    assert_eq!(house.warnings(), 0);
    house.engine.refuses_next = Some(ErrorCode::SessionFull);
    let session = house.customer();
    assert!(house.noted(&Note::Refused { session, code: ErrorCode::SessionFull }));
    house.passes(seconds(30));
    assert!(house.queue_of(session).is_some());
}

#[test]
fn a_session_that_ends_while_it_waits_stands_in_no_list() {
    let mut house = House::new();
    let agent = house.agent("ben", 1);
    let (first, second) = (house.customer(), house.customer());
    house.customer_leaves(first);
    assert_eq!(house.offered_to(second), Some(agent));
    let view = house.view(agent);
    assert_eq!(view.waiting.iter().map(|waiting| waiting.session).collect::<Vec<_>>(), [second]);
    assert_eq!(house.core.sessions.len(), 1, "nothing is kept of it");
}

#[test]
fn an_older_state_that_comes_late_is_ignored() {
    let mut house = House::new();
    let session = house.customer();
    let old = house.engine.stands(session).expect("is known");
    let agent = house.agent("ben", 1);
    house.takes(agent, session);
    house.hears(MAIN, Heard::Changed(vec![old]));
    assert!(house.core.waiting.is_empty());
    assert_eq!(house.view(agent).chats.len(), 1);
}

#[test]
fn a_session_that_is_said_to_be_queued_and_is_not_rests_before_it_is_tried_again() {
    let mut house = House::new();
    house.engine.only_says_that_it_routes = true;
    let session = house.customer();
    house.passes(seconds(29));
    assert_eq!(house.asked.len(), 1, "{:?}", house.asked);
    assert!(house.noted(&Note::WithoutEffect { session }));
    house.engine.only_says_that_it_routes = false;
    house.passes(seconds(1));
    assert!(house.queue_of(session).is_some());
}

/// The look that is due anyway comes after that at what has just changed, or a change would be called a fault.
#[test]
fn a_session_that_waits_no_longer_in_the_moment_of_a_look_at_all_is_no_fault() {
    let mut house = House::new();
    let session = house.customer();
    house.engine.customer_leaves(session);
    house.engine_tells();
    house.is_busy_for(seconds(2));
    house.word_arrives();
    assert!(!house.noted(&Note::Mended { session }), "nothing was wrong");
    assert_eq!(house.queue_of(session), None);
}

/// A fault that no story can bring about from outside: the list is taken away, as a mistake in the core would.
#[test]
fn a_waiting_session_that_is_in_nobodys_list_is_found_mended_and_offered() {
    let mut house = House::new();
    let session = house.customer();
    house.core.waiting.clear();
    house.passes(seconds(10));
    assert!(house.noted(&Note::Mended { session }), "somebody may want to know");
    let ben = house.agent("ben", 1);
    assert_eq!(house.offered_to(session), Some(ben));
}
