//! Several pairs: each is lost and comes back without touching the sessions of the others.

use tandem_protocol::{
    ClientId, ErrorCode, GatewayLink, SessionId,
    desk::{ACTIONS_MAX, Action},
    link::Request,
};

use super::{
    House,
    house::{MAIN, code, seconds, told},
};
use crate::routing::{Heard, Note, agents::Presence, pairs::START_WAIT_MAX};

const OTHER: usize = 1;

fn two_pairs() -> House {
    House::of_pairs(&["main", "other"], |_| ())
}

fn end(session: SessionId) -> Action {
    Action::End { session, disposition: "solved".into(), remark: None }
}

fn closes(house: &House) -> usize {
    house.asked.iter().filter(|request| matches!(request, Request::Close { .. })).count()
}

#[test]
fn sessions_of_all_pairs_stand_in_one_line() {
    let mut house = two_pairs();
    let sessions = [OTHER, MAIN, OTHER].map(|pair| house.customer_at(pair));
    let ben = house.agent("ben", 3);
    assert_eq!(sessions.map(|session| house.offered_to(session)), [Some(ben); 3]);
    for session in sessions {
        house.takes(ben, session);
    }
    let chats: Vec<SessionId> = house.view(ben).chats.iter().map(|chat| chat.session).collect();
    assert_eq!(chats, sessions);
    let late = house.customer_at(OTHER);
    assert_eq!(house.offered_to(late), None, "he has all that he may have, wherever it is");
}

#[test]
fn while_a_pair_is_away_the_sessions_of_the_others_are_offered_and_taken() {
    let mut house = two_pairs();
    house.loses(OTHER);
    let ben = house.agent("ben", 1);
    let session = house.customer();
    house.takes(ben, session);
    assert_eq!(house.attending(session), [ben]);
    house.does(ben, end(session)).expect("files it");
    assert_eq!(house.warnings(), 0, "{:?}", house.notes);
}

#[test]
fn what_waits_at_a_pair_that_is_away_is_offered_to_nobody_until_it_is_back() {
    let mut house = two_pairs();
    let away = house.customer_at(OTHER);
    house.loses(OTHER);
    let ben = house.agent("ben", 1);
    house.passes(seconds(300));
    assert_eq!(house.offered_to(away), None);
    let view = house.view(ben);
    assert_eq!((view.waiting.len(), view.waiting[0].may_take), (1, false), "it waits, and nobody can take it");
    house.connects_to(OTHER);
    house.settles();
    assert_eq!(house.offered_to(away), Some(ben));
    assert!(house.view(ben).waiting[0].may_take);
    house.takes(ben, away);
}

#[test]
fn an_offer_of_a_pair_that_is_lost_is_withdrawn_and_the_room_is_others() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    let (away, here) = (house.customer_at(OTHER), house.customer());
    assert_eq!((house.offered_to(away), house.offered_to(here)), (Some(ben), None));
    house.loses(OTHER);
    house.settles();
    assert_eq!((house.offered_to(away), house.offered_to(here)), (None, Some(ben)));
    house.takes(ben, here);
    house.connects_to(OTHER);
    house.settles();
    assert_eq!(house.offered_to(away), None, "he has a chat by now");
    assert!(!house.noted(&Note::NoAnswer { session: away, agent: ben }), "he could not answer");
}

#[test]
fn chats_at_a_pair_that_is_away_stay_the_agents_and_take_up_his_room() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    let away = house.customer_at(OTHER);
    house.takes(ben, away);
    house.loses(OTHER);
    let here = house.customer();
    house.passes(seconds(600));
    assert_eq!(house.offered_to(here), None);
    assert_eq!(house.view(ben).chats[0].session, away);
    house.connects_to(OTHER);
    house.settles();
    assert_eq!(house.attending(away), [ben]);
}

#[test]
fn an_invitation_of_a_pair_that_is_away_is_not_shown_and_keeps_its_room() {
    let mut house = two_pairs();
    let (ben, eva) = (house.agent("ben", 1), house.agent("eva", 1));
    house.is_not_ready(eva);
    let away = house.customer_at(OTHER);
    house.takes(ben, away);
    house.does(ben, Action::Invite { session: away, agent: eva }).expect("may");
    assert_eq!(house.view(eva).offers.len(), 1);
    house.loses(OTHER);
    house.passes(seconds(600));
    assert_eq!((house.view(eva).offers.len(), house.view(eva).me.room), (0, 0));
    house.connects_to(OTHER);
    house.settles();
    let shown = house.view(eva).offers.remove(0);
    assert_eq!(shown.session, away);
    let accept = Action::Accept { session: away, seq: shown.seq };
    house.does(eva, accept).expect("has her full time");
    assert_eq!(house.attending(away), [ben, eva]);
}

#[test]
fn views_and_places_flow_while_another_pair_is_away() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    house.is_not_ready(ben);
    let [first, second, third] = [OTHER, MAIN, OTHER].map(|pair| {
        let session = house.customer_at(pair);
        house.passes(seconds(1));
        session
    });
    assert_eq!(house.places[&third].place.place, 3);
    house.loses(OTHER);
    let version = house.pushed(ben).expect("shown").version;
    house.customer_leaves(second);
    house.passes(seconds(1));
    assert!(house.pushed(ben).is_some_and(|view| view.version > version && view.waiting.len() == 2));
    assert_eq!(house.places[&third].place.place, 3, "nobody there can be told");
    let (told_first, tellings) = (house.places.remove(&first), house.tellings);
    house.connects_to(OTHER);
    house.passes(seconds(1));
    assert_eq!(house.places[&third].place.place, 2);
    assert_eq!(house.places.get(&first), told_first.as_ref(), "the next primary is told all anew");
    assert_eq!(house.tellings, tellings + 1);
}

#[test]
fn what_is_done_about_a_chat_whose_pair_is_away_waits_and_is_done_once() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    let away = house.customer_at(OTHER);
    house.takes(ben, away);
    house.loses(OTHER);
    let id = ClientId::new("x").unwrap();
    let asks = [0, 1].map(|_| house.repeats(ben, id.clone(), end(away)));
    house.passes(seconds(3));
    assert_eq!(closes(&house), 0, "nothing is decided in the dark");
    house.connects_to(OTHER);
    house.settles();
    for ask in asks {
        assert!(told(house.reply_to(ask).expect("answered")).is_ok());
    }
    assert_eq!(closes(&house), 1, "D-3");
}

#[test]
fn what_waits_for_a_pair_that_does_not_come_is_refused_and_not_done_later() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    let away = house.customer_at(OTHER);
    house.takes(ben, away);
    house.loses(OTHER);
    let ask = house.starts(ben, end(away));
    house.passes(seconds(30));
    assert_eq!(code(told(house.reply_to(ask).expect("answered"))), ErrorCode::Unavailable);
    house.connects_to(OTHER);
    house.settles();
    assert_eq!(house.attending(away), [ben]);
}

#[test]
fn what_a_lost_pair_has_not_answered_leaves_room_for_more_at_the_desk() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 2);
    let (away, here) = (house.customer_at(OTHER), house.customer());
    for session in [away, here] {
        house.takes(ben, session);
    }
    house.is_engine_slow = true;
    for _ in 0..ACTIONS_MAX {
        house.starts(ben, Action::Transcript { session: away, after: tandem_protocol::Seq(0) });
    }
    house.is_engine_slow = false;
    house.loses(OTHER);
    house.does(ben, end(here)).expect("a chat of another pair goes on");
}

#[test]
fn a_desk_enters_through_another_pair_and_what_it_repeats_is_done_once() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    house.moves_to(ben, OTHER);
    let session = house.chat_of(ben);
    let id = ClientId::new("x").unwrap();
    house.is_engine_slow = true;
    house.repeats(ben, id.clone(), end(session));
    house.is_engine_slow = false;
    house.loses(OTHER);
    house.desks_enter_again();
    house.settles();
    let again = house.repeats(ben, id, end(session));
    house.settles();
    assert!(told(house.reply_to(again).expect("answered")).is_ok());
    assert_eq!((house.unanswered(), closes(&house)), (0, 1), "D-3");
    assert!(!house.noted(&Note::PresenceLost { agent: ben, sessions: 1 }));
}

#[test]
fn a_desk_is_there_through_the_pair_by_which_it_entered_last() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    house.moves_to(ben, OTHER);
    house.loses(MAIN);
    assert_eq!(house.core.agents[&ben].presence, Presence::Here);
    let (session, version) = (house.customer_at(OTHER), house.pushed(ben).expect("shown").version);
    house.passes(seconds(1));
    assert!(house.pushed(ben).is_some_and(|view| view.version > version && view.offers[0].session == session));
    house.connects_to(MAIN);
    house.loses(OTHER);
    assert!(matches!(house.core.agents[&ben].presence, Presence::Lately { .. }));
}

#[test]
fn a_desk_that_exits_through_another_pair_is_gone_too() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    house.desks.values_mut().for_each(|desk| desk.pair = OTHER);
    house.stands_up(ben);
    assert!(house.core.desks.is_empty());
    assert!(matches!(house.core.agents[&ben].presence, Presence::Lately { .. }));
}

#[test]
fn a_gateway_that_one_pair_loses_is_another_than_that_of_the_same_number_elsewhere() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    house.hears(OTHER, Heard::GatewayGone(GatewayLink(1)));
    assert_eq!(house.core.agents[&ben].presence, Presence::Here);
    house.hears(MAIN, Heard::GatewayGone(GatewayLink(1)));
    assert!(matches!(house.core.agents[&ben].presence, Presence::Lately { .. }));
}

#[test]
fn agents_have_their_time_to_come_back_from_when_some_pair_is_there() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    [MAIN, OTHER].iter().for_each(|pair| house.loses(*pair));
    house.passes(seconds(600));
    house.connects_to(OTHER);
    house.settles();
    let (presence, grace) = (house.settings.presence_timeout, house.settings.agent_grace);
    house.passes(presence + grace - seconds(1));
    assert!(!house.core.is_given_up(ben), "he may come back through either");
    house.passes(seconds(1));
    assert!(house.core.is_given_up(ben));
    assert_eq!(house.attending(chat), [ben]);
    assert!(!house.asked.iter().any(|request| matches!(request, Request::Route(route) if route.leaving.len() == 1)));
    house.connects();
    house.settles();
    assert!(house.attending(chat).is_empty());
}

#[test]
fn a_start_waits_for_every_pair() {
    let mut house = two_pairs();
    let ben = house.agent("ben", 1);
    let (chat, waiting) = (house.customer_at(OTHER), house.customer());
    house.takes(ben, chat);
    house.restarts_alone();
    house.connects_to(MAIN);
    house.desks_enter_again();
    house.passes(START_WAIT_MAX - seconds(1));
    assert_eq!((house.unanswered(), house.offered_to(waiting)), (1, None), "his view would lack a chat");
    house.connects_to(OTHER);
    house.settles();
    assert_eq!((house.unanswered(), house.offered_to(waiting)), (0, None));
    assert_eq!(house.view(ben).chats[0].session, chat);
    assert_eq!(house.warnings(), 0, "{:?}", house.notes);
}

#[test]
fn a_start_without_a_pair_goes_by_what_the_directory_says_of_its_chats() {
    let mut house = two_pairs();
    let (ben, eva) = (house.agent("ben", 1), house.agent("eva", 1));
    let (chat, other_chat) = (house.customer_at(OTHER), house.customer());
    let (of_other, of_main) = (house.offered_to(chat).unwrap(), house.offered_to(other_chat).unwrap());
    assert_eq!([ben, eva].iter().filter(|agent| [of_other, of_main].contains(agent)).count(), 2);
    house.takes(of_other, chat);
    house.restarts_alone();
    house.connects_to(MAIN);
    house.desks_enter_again();
    house.passes(START_WAIT_MAX);
    assert!(house.noted(&Note::BeganWithout { pair: "other".parse().unwrap() }), "{:?}", house.notes);
    let second = house.customer();
    assert_eq!(house.offered_to(other_chat), Some(of_main), "who has room is asked");
    assert_eq!(house.offered_to(second), None, "the other has a chat, though it is not seen");
    assert_eq!(house.view(of_other).me.room, 0);
    house.connects_to(OTHER);
    house.settles();
    assert_eq!(house.view(of_other).chats[0].session, chat);
    assert_eq!(house.offered_to(second), None);
    house.does(of_other, end(chat)).expect("files it");
    assert_eq!(house.offered_to(second), Some(of_other), "it is counted once");
}

#[test]
fn who_was_invited_at_a_pair_that_came_late_does_not_get_more_than_he_may() {
    let mut house = two_pairs();
    let (ben, eva) = (house.agent("ben", 1), house.agent("eva", 1));
    house.is_not_ready(eva);
    let chat = house.customer_at(OTHER);
    house.takes(ben, chat);
    house.does(ben, Action::Invite { session: chat, agent: eva }).expect("may");
    let seq = house.engine.sessions[&chat].state.invitations[0].seq;
    house.restarts_alone();
    house.connects_to(MAIN);
    house.desks_enter_again();
    house.passes(START_WAIT_MAX);
    house.is_ready(eva);
    let here = house.customer();
    house.takes(eva, here);
    house.connects_to(OTHER);
    house.settles();
    let refused = house.does(eva, Action::Accept { session: chat, seq });
    assert_eq!(code(refused), ErrorCode::NoRoom);
}

#[test]
fn a_session_that_a_pair_tells_of_and_is_anothers_by_its_id_is_left_alone_and_said_so_once() {
    let mut house = two_pairs();
    let session = house.customer();
    let stray = house.engine.stands(session).unwrap();
    let asked = house.asked.len();
    for _ in 0..2 {
        house.hears(OTHER, Heard::Changed(vec![stray.clone()]));
    }
    house.settles();
    let note = Note::Stray { pair: "other".parse().unwrap(), session };
    assert_eq!(house.notes.iter().filter(|other| **other == note).count(), 1);
    assert_eq!(house.asked.len(), asked);
}
