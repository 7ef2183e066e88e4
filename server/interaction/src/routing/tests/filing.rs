//! Ending sessions and filing them away.

use tandem_protocol::{ClientId, ClosedReason, ErrorCode, SessionId, desk::Action, link::Request};

use super::{House, house::code};

fn end(session: SessionId) -> Action {
    Action::End { session, disposition: "solved".into(), remark: Some("all well".into()) }
}

#[test]
fn an_agent_ends_a_session_for_everyone_and_files_it_away() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    house.does(ben, end(chat)).expect("may");
    assert!(!house.engine.sessions[&chat].is_open());
    let filing = &house.directory.filed[0];
    assert_eq!((filing.session, filing.agent, filing.disposition.as_str()), (chat, ben, "solved"));
    assert_eq!(filing.remark.as_deref(), Some("all well"));
    let view = house.view(ben);
    assert_eq!((view.chats.len(), view.me.room), (0, 1));
    assert!(house.directory.unfiled.is_empty());
    assert!(house.core.sessions.is_empty(), "nothing is kept of it");
}

#[test]
fn a_session_that_the_customer_ended_stays_until_it_is_filed_away_and_takes_up_room() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    house.customer_leaves(chat);
    let view = house.view(ben);
    assert_eq!((view.chats[0].ended, view.me.room), (Some(ClosedReason::CustomerLeft), 0));
    let next = house.customer();
    assert_eq!(house.offered_to(next), None);
    house.does(ben, end(chat)).expect("files it away");
    assert!(house.view(ben).chats.is_empty());
    assert_eq!(house.offered_to(next), Some(ben));
    assert!(!house.asked.iter().any(|request| matches!(request, Request::Close { .. })));
}

#[test]
fn everybody_who_was_in_it_to_the_end_files_it_away() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    let cleo = house.agent("cleo", 1);
    house.does(ben, Action::Invite { session: chat, agent: cleo }).expect("asks");
    let seq = house.view(cleo).offers[0].seq;
    house.does(cleo, Action::Accept { session: chat, seq }).expect("comes");
    house.does(ben, end(chat)).expect("ends it");
    assert!(house.view(ben).chats.is_empty());
    assert_eq!(house.view(cleo).chats[0].ended, Some(ClosedReason::Ended));
    house.does(cleo, end(chat)).expect("files it away");
    assert!(house.core.sessions.is_empty());
}

#[test]
fn an_end_that_is_repeated_is_done_once() {
    // D-3
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    let id = ClientId::new("x").unwrap();
    let first = house.repeats(ben, id.clone(), end(chat));
    house.settles();
    let second = house.repeats(ben, id, end(chat));
    let third = house.starts(ben, end(chat));
    for ask in [first, second, third] {
        assert!(super::house::told(house.reply_to(ask).expect("answered")).is_ok());
    }
    assert_eq!(house.directory.filed.len(), 1);
}

#[test]
fn an_end_in_a_race_with_the_customers_own_is_the_agents_filing() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    house.engine.customer_leaves(chat);
    let ask = house.starts(ben, end(chat));
    house.settles();
    assert!(super::house::told(house.reply_to(ask).expect("answered")).is_ok());
    assert_eq!(house.directory.filed.len(), 1);
    assert!(house.directory.unfiled.is_empty());
}

#[test]
fn what_could_not_be_filed_away_stays_and_is_tried_again() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    house.directory.is_broken = true;
    let refusal = house.does(ben, end(chat)).expect_err("cannot be kept");
    assert_eq!(refusal.code, ErrorCode::Unavailable);
    assert_eq!(house.view(ben).chats[0].ended, Some(ClosedReason::Ended));
    house.directory.is_broken = false;
    house.does(ben, end(chat)).expect("can");
    assert!(house.view(ben).chats.is_empty());
}

#[test]
fn a_disposition_must_be_one_of_those_there_are() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    let other = Action::End { session: chat, disposition: "boredom".into(), remark: None };
    assert_eq!(code(house.does(ben, other)), ErrorCode::BadRequest);
    assert!(house.engine.sessions[&chat].is_open());
}

#[test]
fn a_chat_that_ended_while_the_server_was_away_is_still_to_be_filed() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    house.loses_the_link();
    house.engine.customer_leaves(chat);
    house.restarts();
    house.desks_enter_again();
    house.settles();
    assert_eq!(house.view(ben).chats[0].ended, Some(ClosedReason::CustomerLeft));
    house.does(ben, end(chat)).expect("files it away");
    assert_eq!(house.directory.filed.len(), 1);
}

#[test]
fn a_chat_that_was_recorded_and_never_joined_is_nobodys_to_file() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.customer();
    house.is_engine_slow = true;
    let seq = house.waits_since(chat);
    house.starts(ben, Action::Accept { session: chat, seq });
    house.settles();
    assert_eq!(house.directory.unfiled.len(), 1);
    house.is_engine_slow = false;
    house.engine.customer_leaves(chat);
    house.restarts();
    house.settles();
    assert!(house.directory.unfiled.is_empty());
    assert!(house.core.sessions.is_empty());
}

#[test]
fn what_is_filed_away_before_the_end_is_told_is_not_to_be_filed_again() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    house.is_engine_slow = true;
    house.starts(ben, end(chat));
    house.engine_works();
    house.word_arrives();
    house.settles();
    assert_eq!(house.directory.filed.len(), 1, "the engine has answered, and not told the end yet");
    house.passes(super::house::seconds(2));
    assert!(house.directory.unfiled.is_empty());
    house.is_engine_slow = false;
    house.settles();
    assert!(house.directory.unfiled.is_empty() && house.core.sessions.is_empty());
}
