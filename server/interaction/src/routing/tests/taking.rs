//! Accepting: of two, one gets it; nobody gets more than he may; a repeat is the first time.

use tandem_protocol::{
    ClientId, ErrorCode, Seq, SessionId,
    desk::{Accepted, Action},
    link::Request,
};

use super::{
    House,
    house::{code, seconds, session, told},
};
use crate::routing::Note;

fn accept(session: SessionId, seq: Seq) -> Action {
    Action::Accept { session, seq }
}

#[test]
fn who_accepts_is_in_the_session_and_sees_it_among_his_chats() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.customer();
    let accepted = house.accepts(ben, session).expect("is his");
    assert_eq!(accepted, Accepted { session, participant: house.participant(session, ben) });
    let view = house.view(ben);
    assert!(view.offers.is_empty() && view.waiting.is_empty());
    let chat = &view.chats[0];
    assert_eq!((chat.session, chat.participant, chat.ended), (session, accepted.participant, None));
    assert_eq!(chat.queue.as_ref().map(|queue| queue.as_str()), Some("default"));
    let Some(Request::Join(join)) = house.asked.last() else { panic!("{:?}", house.asked) };
    assert_eq!(join.name, "Ben");
    assert_eq!(join.token_hash, Some(house.core.tokens.hash_of(session, ben)), "his page's token fits");
    assert_eq!(chat.token, house.core.tokens.of(session, ben));
    assert!(house.noted(&Note::Joined { session, agent: ben }));
}

#[test]
fn of_two_who_want_the_same_one_gets_it_and_the_other_is_told_who() {
    let mut house = House::new();
    let (ben, cleo) = (house.agent("ben", 2), house.agent("cleo", 2));
    let session = house.customer();
    let seq = house.waits_since(session);
    house.is_engine_slow = true;
    let first = house.starts(cleo, accept(session, seq));
    let second = house.starts(ben, accept(session, seq));
    house.is_engine_slow = false;
    house.settles();
    assert!(told(house.reply_to(first).expect("answered")).is_ok());
    let refusal = told(house.reply_to(second).expect("answered")).expect_err("somebody was faster");
    assert_eq!((refusal.code, refusal.message.as_str()), (ErrorCode::Taken, "Cleo has taken this chat."));
    assert_eq!(house.attending(session), [cleo]);
    let late = house.does(ben, accept(session, seq)).expect_err("it is hers");
    assert_eq!((late.code, late.message.as_str()), (ErrorCode::Taken, "Cleo has taken this chat."));
}

#[test]
fn an_accept_clears_the_offer_everywhere_before_the_engine_has_answered() {
    let mut house = House::new();
    let (ben, cleo) = (house.agent("ben", 1), house.agent("cleo", 1));
    let session = house.customer();
    assert_eq!(house.offered_to(session), Some(ben));
    house.is_engine_slow = true;
    house.starts(cleo, accept(session, house.waits_since(session)));
    house.settles();
    assert!(house.shown(ben).offers.is_empty());
    assert_eq!(house.shown(cleo).me.room, 0, "what is under way takes up room");
    house.passes(seconds(60));
    assert_eq!(house.offered_to(session), None, "nothing is decided twice");
}

#[test]
fn at_his_limit_nobody_takes_another_not_even_by_hand() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let (first, second) = (house.customer(), house.customer());
    assert_eq!(code(house.accepts(ben, second)), ErrorCode::NoRoom, "the offer takes up his room");
    house.takes(ben, first);
    assert_eq!(code(house.accepts(ben, second)), ErrorCode::NoRoom);
    assert_eq!(house.view(ben).me.room, 0);
}

#[test]
fn a_waiting_session_may_be_taken_by_whom_it_waits_for() {
    let mut house = House::with(|settings| settings.queues[0].skills = vec!["billing".into()]);
    let ben = house.agent("ben", 1);
    let eve = house.supervisor("eve", 1);
    let session = house.customer();
    assert!(!house.view(ben).waiting[0].may_take);
    assert_eq!(code(house.accepts(ben, session)), ErrorCode::Forbidden);
    assert!(house.view(eve).waiting[0].may_take, "a supervisor may");
    house.accepts(eve, session).expect("may");
}

#[test]
fn a_repeat_is_answered_as_the_first_time_while_it_is_under_way_and_after() {
    // D-3
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.customer();
    let (id, action) = (ClientId::new("x").unwrap(), accept(session, house.waits_since(session)));
    house.is_engine_slow = true;
    let asks = [0, 1].map(|_| house.repeats(ben, id.clone(), action.clone()));
    house.is_engine_slow = false;
    house.settles();
    let late = house.repeats(ben, id, action);
    let answers: Vec<_> =
        asks.into_iter().chain([late]).map(|ask| told(house.reply_to(ask).unwrap()).unwrap()).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let joins = house.asked.iter().filter(|request| matches!(request, Request::Join(_))).count();
    assert_eq!(joins, 1);
}

#[test]
fn the_directory_has_it_that_a_chat_is_taken_before_the_engine_has() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.customer();
    house.is_directory_slow = true;
    house.starts(ben, accept(session, house.waits_since(session)));
    house.settles();
    assert!(!house.asked.iter().any(|request| matches!(request, Request::Join(_))), "not yet");
    house.is_directory_slow = false;
    house.settles();
    assert_eq!(house.attending(session), [ben]);
    assert!(house.directory.unfiled.contains(&(session, ben)));
}

#[test]
fn customers_do_not_wait_for_a_directory_that_cannot_write() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.customer();
    house.directory.is_broken = true;
    house.accepts(ben, session).expect("goes on");
    assert_eq!(house.attending(session), [ben]);
    house.directory.is_broken = false;
    house.passes(seconds(2));
    assert!(house.directory.unfiled.contains(&(session, ben)), "what could not be kept is kept later");
}

#[test]
fn a_session_that_nobody_knows_or_that_has_ended_is_not_taken() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    assert_eq!(code(house.does(ben, accept(session(99), Seq(3)))), ErrorCode::UnknownSession);
    let other = house.chat_of(ben);
    house.customer_leaves(other);
    assert_eq!(code(house.does(ben, accept(other, Seq(3)))), ErrorCode::SessionClosed);
}

#[test]
fn who_loses_against_the_engines_own_knowledge_is_told_and_owes_nothing() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.customer();
    house.engine.refuses_next = Some(ErrorCode::Taken);
    assert_eq!(code(house.accepts(ben, session)), ErrorCode::Taken);
    assert!(house.directory.unfiled.is_empty());
    assert_eq!(house.offered_to(session), Some(ben), "it still waits, so it is offered again");
}

#[test]
fn of_two_accepts_that_come_in_one_moment_the_second_finds_no_room() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    house.is_not_ready(ben);
    let sessions = [house.customer(), house.customer()];
    house.loses_the_link();
    for session in sessions {
        house.starts(ben, accept(session, house.waits_since(session)));
    }
    house.connects();
    house.settles();
    // Both wait for the desk, and are done in the moment in which it enters.
    house.desks_enter_again();
    house.settles();
    let attended = sessions.iter().filter(|session| !house.attending(**session).is_empty());
    assert_eq!(attended.count(), 1);
    assert_eq!(house.unanswered(), 0);
}

#[test]
fn a_session_that_the_engine_lets_nobody_join_rests_before_it_is_offered_again() {
    for refused in [ErrorCode::TooManyParticipants, ErrorCode::SessionFull, ErrorCode::BadRequest] {
        let mut house = House::new();
        let ben = house.agent("ben", 2);
        let session = house.customer();
        house.engine.refuses_next = Some(refused);
        assert_eq!(code(house.accepts(ben, session)), refused);
        assert!(house.noted(&Note::Refused { session, code: refused }));
        house.passes(seconds(29));
        assert_eq!(house.offered_to(session), None, "nobody is rung in vain");
        house.passes(seconds(1));
        house.takes(ben, session);
    }
}
