//! Who is asked to take a session.

use tandem_protocol::{
    AgentId, ErrorCode, QueueCause, SessionId,
    desk::{Action, AgentRole, ChosenState},
};

use super::{
    House,
    house::{code, queue, seconds},
};

#[test]
fn who_waited_longest_for_a_chat_is_asked_first() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    house.passes(seconds(1));
    let cleo = house.agent("cleo", 2);
    house.passes(seconds(1));
    let first = house.customer();
    house.takes(ben, first);
    house.passes(seconds(1));
    let second = house.customer();
    house.takes(cleo, second);
    house.passes(seconds(1));
    let third = house.customer();
    assert_eq!(house.offered_to(third), Some(ben), "his last chat came before hers");
}

#[test]
fn sessions_that_come_together_ring_at_as_many_agents_as_there_are() {
    let mut house = House::new();
    let ben = house.agent("ben", 3);
    house.passes(seconds(1));
    let cleo = house.agent("cleo", 3);
    house.is_engine_slow = true;
    let sessions = [house.opens(&[]), house.opens(&[])];
    house.is_engine_slow = false;
    house.settles();
    assert_eq!(sessions.map(|session| house.offered_to(session)), [Some(ben), Some(cleo)]);
}

#[test]
fn nobody_is_asked_who_is_not_ready_or_not_there_or_has_no_room() {
    let mut house = House::new();
    let full = house.agent("ben", 1);
    house.chat_of(full);
    let away = house.agent("cleo", 1);
    house.stands_up(away);
    let busy = house.agent("dan", 1);
    house.is_not_ready(busy);
    let session = house.customer();
    assert_eq!(house.offered_to(session), None);
    house.is_ready(busy);
    assert_eq!(house.offered_to(session), Some(busy));
}

#[test]
fn the_queues_skills_and_the_sessions_own_are_asked_for() {
    let mut house = House::with(|settings| settings.queues[0].skills = vec!["billing".into()]);
    house.works("ben", AgentRole::Agent, 3, &[]);
    house.works("cleo", AgentRole::Agent, 3, &["billing"]);
    let dan = house.works("dan", AgentRole::Agent, 3, &["french", "billing"]);
    let session = house.customer_with(&[("skills", "french, ")]);
    assert_eq!(house.offered_to(session), Some(dan));
    let nobody = house.customer_with(&[("skills", "french,latin")]);
    assert_eq!(house.offered_to(nobody), None);
    let plain = house.customer();
    assert!(house.offered_to(plain).is_some(), "one whom nobody can help holds up nobody");
}

#[test]
fn the_greater_priority_is_served_first_then_the_older_customer() {
    let mut house = House::with(|settings| {
        settings.queues = vec![queue("default"), queue("urgent")];
        settings.queues[1].priority = 5;
    });
    let old = house.customer();
    house.passes(seconds(1));
    let young = house.customer();
    house.passes(seconds(1));
    let urgent = house.customer_with(&[("queue", "urgent")]);
    let agent = house.agent("ben", 1);
    for session in [urgent, old, young] {
        house.takes(agent, session);
        house.does(agent, end(session)).expect("ends");
    }
}

fn end(session: tandem_protocol::SessionId) -> Action {
    Action::End { session, disposition: "solved".into(), remark: None }
}

#[test]
fn who_is_passed_on_does_not_stand_behind_newcomers() {
    let mut house = House::with(|settings| settings.queues = vec![queue("default"), queue("sales")]);
    let ben = house.agent("ben", 1);
    let old = house.chat_of(ben);
    house.is_not_ready(ben);
    house.passes(seconds(60));
    let young = house.customer_with(&[("queue", "sales")]);
    let queue = Some("sales".parse().unwrap());
    house.does(ben, Action::Transfer { session: old, queue, agent: None, note: None }).expect("passes it on");
    let cleo = house.agent("cleo", 1);
    assert_eq!((house.offered_to(old), house.offered_to(young)), (Some(cleo), None));
}

#[test]
fn an_offer_that_is_not_answered_goes_to_the_next_and_sets_the_agent_not_ready() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    house.passes(seconds(1));
    let cleo = house.agent("cleo", 1);
    let session = house.customer();
    assert_eq!(house.offered_to(session), Some(ben));
    house.passes(house.settings.offer_timeout);
    assert_eq!(house.offered_to(session), Some(cleo));
    let no_answer = ChosenState::NotReady { reason: Some("no_answer".into()) };
    assert_eq!(house.view(ben).me.chosen, no_answer);
    assert_eq!(house.directory.chosen[&ben].0, no_answer, "it survives everything");
    assert!(house.view(ben).offers.is_empty());
    house.is_ready(ben);
    house.passes(house.settings.offer_timeout);
    assert_eq!(house.offered_to(session), Some(ben), "who is ready again is asked again");
}

#[test]
fn who_declines_is_not_asked_for_the_same_session_for_a_while() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.customer();
    let seq = house.waits_since(session);
    house.does(ben, Action::Decline { session, seq }).expect("may decline");
    assert_eq!(house.offered_to(session), None);
    assert_eq!(house.view(ben).me.chosen, ChosenState::Ready);
    let other = house.customer();
    assert_eq!(house.offered_to(other), Some(ben), "another one is another matter");
    house.takes(ben, other);
    house.passes(house.settings.decline_pause);
    assert_eq!(house.offered_to(session), Some(ben));
}

#[test]
fn who_wants_no_more_chats_is_rung_no_longer() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.customer();
    house.does(ben, Action::State(ChosenState::AfterWork)).expect("may");
    assert_eq!(house.offered_to(session), None);
    assert!(house.view(ben).offers.is_empty());
}

#[test]
fn an_offer_shows_who_waits_and_why() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.customer();
    let view = house.view(ben);
    let offer = &view.offers[0];
    assert_eq!((offer.session, offer.seq), (session, house.waits_since(session)));
    assert_eq!((offer.customer.as_str(), offer.subject.as_deref()), ("Ana", Some("Order 17")));
    assert_eq!((offer.cause, offer.from.as_deref()), (Some(QueueCause::Opened), None));
    let left_ms = offer.expires_at_ms.0 - view.at_ms.0;
    assert!((19_000..=20_000).contains(&left_ms), "{left_ms}");
    assert_eq!((view.me.room, view.me.capacity), (1, 2), "an offer takes up room");
}

/// An agent with room for one is offered a second session, since a join of his from before a restart is still on its
/// way; then it comes through.
fn one_whose_late_join_comes_through() -> (House, AgentId, SessionId) {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let (first, second) = (house.customer(), house.customer());
    house.is_engine_slow = true;
    house.starts(ben, Action::Accept { session: first, seq: house.waits_since(first) });
    house.settles();
    let late = house.asked.last().cloned().expect("the join");
    house.is_engine_slow = false;
    house.restarts();
    // At another desk, which does not ask again what the first had asked.
    house.sits_down(ben);
    house.does(ben, Action::Decline { session: first, seq: house.waits_since(first) }).expect("says no");
    assert_eq!(house.offered_to(second), Some(ben));
    house.engine.asked(late);
    house.settles();
    (house, ben, second)
}

#[test]
fn an_offer_for_which_its_agent_has_no_room_by_now_is_not_his_to_accept() {
    let (mut house, ben, second) = one_whose_late_join_comes_through();
    assert_eq!(house.offered_to(second), Some(ben), "nobody has looked at it yet");
    assert_eq!(code(house.accepts(ben, second)), ErrorCode::NoRoom);
    assert_eq!(house.offered_to(second), None, "and it is withdrawn");
    assert!(house.attending(second).is_empty());
}

#[test]
fn an_offer_for_which_its_agent_has_no_room_by_now_is_withdrawn_within_a_moment() {
    let (mut house, ben, second) = one_whose_late_join_comes_through();
    house.passes(seconds(1));
    assert_eq!(house.offered_to(second), None);
    let cleo = house.agent("cleo", 1);
    assert_eq!(house.offered_to(second), Some(cleo));
    assert!(matches!(house.view(ben).me.chosen, ChosenState::Ready), "it is not his fault");
}
