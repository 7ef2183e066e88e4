//! Agents who go, and come back or do not.

use tandem_protocol::{
    AgentId, DeskId, EventBody, GatewayLink, LeaveReason, QueueCause, SessionId, Visibility, desk::Action,
};

use super::{
    House,
    house::{seconds, session},
};
use crate::routing::{Input, Note};

/// An operator disables an account, which ends its logins.
pub(super) fn is_disabled(house: &mut House, agent: AgentId) {
    house.directory.accounts[agent.0 as usize - 1].disabled = true;
    house.directory.logins.retain(|login| login.agent != agent);
    house.tells(Input::Staff(house.directory.staff()));
    house.settles();
}

/// Why the agent left the chat that he was in.
fn left_as(house: &House, chat: SessionId, agent: AgentId) -> Option<LeaveReason> {
    let who = house.participant(chat, agent);
    house.engine.sessions[&chat].events.iter().find_map(|event| match event.body {
        EventBody::Left { participant, reason, .. } if participant == who => Some(reason),
        _ => None,
    })
}

#[test]
fn a_reload_costs_nothing_and_brings_nothing_new_meanwhile() {
    let mut house = House::new();
    let ben = house.agent("ben", 3);
    let chat = house.chat_of(ben);
    let offered = house.customer();
    house.stands_up(ben);
    let fresh = house.customer();
    house.passes(house.settings.presence_timeout - seconds(1));
    assert_eq!(house.offered_to(offered), Some(ben), "he may be back in a moment");
    assert_eq!(house.offered_to(fresh), None, "and is offered nothing new");
    house.sits_down(ben);
    assert_eq!(house.view(ben).offers.len(), 2);
    house.passes(seconds(3_000));
    assert_eq!(house.attending(chat), [ben]);
}

#[test]
fn an_offer_to_somebody_who_is_gone_goes_to_the_next_at_once() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    house.passes(seconds(1));
    let cleo = house.agent("cleo", 1);
    let session = house.customer();
    house.passes(seconds(5));
    house.stands_up(ben);
    house.passes(house.settings.presence_timeout);
    assert_eq!(house.offered_to(session), Some(cleo));
    let colleague = house.view(cleo).agents.remove(0);
    assert!(!colleague.connected);
    assert_eq!(colleague.chosen, tandem_protocol::desk::ChosenState::Ready, "what he chose is a fact of its own");
    assert!(house.noted(&Note::PresenceLost { agent: ben, sessions: 1 }));
}

#[test]
fn chats_of_somebody_who_does_not_come_back_are_offered_again_at_their_old_age() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    house.passes(seconds(1));
    let cleo = house.agent("cleo", 1);
    house.is_not_ready(cleo);
    house.stands_up(ben);
    let (presence, grace) = (house.settings.presence_timeout, house.settings.agent_grace);
    house.passes(presence + grace - seconds(1));
    let newcomer = house.customer();
    assert_eq!(house.attending(chat), [ben], "his for a while");
    house.passes(seconds(1));
    let waits = house.engine.sessions[&chat].waits().expect("waits again");
    assert_eq!((waits.cause, waits.by), (QueueCause::AgentGone, None));
    let events = &house.engine.sessions[&chat].events;
    let is_gone = |event: &tandem_protocol::Event| {
        matches!(event.body, tandem_protocol::EventBody::Left { reason: LeaveReason::Gone, .. })
    };
    assert!(events.iter().any(is_gone));
    house.is_ready(cleo);
    assert_eq!((house.offered_to(chat), house.offered_to(newcomer)), (Some(cleo), None));
    assert!(!house.directory.unfiled.contains(&(chat, ben)));
}

#[test]
fn who_comes_back_in_time_keeps_his_chats() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    house.stands_up(ben);
    house.passes(house.settings.presence_timeout + house.settings.agent_grace - seconds(1));
    house.sits_down(ben);
    house.passes(seconds(600));
    assert_eq!(house.attending(chat), [ben]);
    assert!(house.noted(&Note::Present { agent: ben }));
}

#[test]
fn a_chat_in_which_another_agent_is_too_goes_on_without_the_one_who_is_gone_until_both_are() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let cleo = house.agent("cleo", 2);
    house.does(ben, Action::Invite { session: chat, agent: cleo }).expect("asks");
    let seq = house.view(cleo).offers[0].seq;
    house.does(cleo, Action::Accept { session: chat, seq }).expect("comes");
    house.stands_up(ben);
    let kept = house.settings.presence_timeout + house.settings.agent_grace;
    house.passes(kept - seconds(1));
    assert_eq!(house.attending(chat), [ben, cleo], "his for a while");
    house.passes(seconds(1));
    assert_eq!(house.attending(chat), [cleo]);
    assert_eq!(left_as(&house, chat, ben), Some(LeaveReason::Gone));
    assert!(house.queue_of(chat).is_none(), "the customer is not alone");
    assert!(!house.directory.unfiled.contains(&(chat, ben)));
    house.stands_up(cleo);
    house.passes(seconds(600));
    assert!(house.attending(chat).is_empty());
    assert_eq!(house.engine.sessions[&chat].waits().expect("waits").cause, QueueCause::AgentGone);
}

#[test]
fn a_second_desk_keeps_its_agent_there() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let phone = DeskId(session(900).0);
    house.opens_desk(ben, phone, GatewayLink(2));
    house.stands_up(ben);
    house.passes(seconds(600));
    let session = house.customer();
    assert_eq!(house.offered_to(session), Some(ben));
    house.gateway_dies(GatewayLink(2));
    house.passes(house.settings.presence_timeout);
    assert_eq!(house.offered_to(session), None, "with the gateway the last desk is gone");
}

#[test]
fn a_lost_link_takes_all_desks_and_gives_them_time_to_enter_again() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    house.loses_the_link();
    house.passes(seconds(3_600));
    house.connects();
    house.passes(house.settings.presence_timeout + house.settings.agent_grace - seconds(1));
    assert_eq!(house.attending(chat), [ben], "nobody could come back while there was no link");
    house.desks_enter_again();
    house.settles();
    house.passes(seconds(600));
    assert_eq!(house.attending(chat), [ben]);
}

#[test]
fn who_logs_out_is_gone_at_once_and_his_desks_are_closed() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.customer();
    house.logs_out(ben);
    assert!(house.is_revoked(ben));
    assert_eq!(house.offered_to(session), None);
    assert!(house.directory.logins.is_empty());
}

#[test]
fn the_desks_of_an_account_that_is_disabled_are_closed_and_its_chats_offered_again() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let eve = house.agent("eve", 2);
    is_disabled(&mut house, ben);
    assert!(house.is_revoked(ben) && !house.is_revoked(eve));
    assert_eq!(house.offered_to(chat), Some(eve), "no time passes");
    assert_eq!(left_as(&house, chat, ben), Some(LeaveReason::Gone));
    assert!(house.view(eve).agents.is_empty(), "nothing is passed on to him");
}

#[test]
fn an_account_that_is_disabled_leaves_its_colleague_the_chat_at_once() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let cleo = house.agent("cleo", 2);
    house.does(ben, Action::Invite { session: chat, agent: cleo }).expect("asks");
    let seq = house.view(cleo).offers[0].seq;
    house.does(cleo, Action::Accept { session: chat, seq }).expect("comes");
    is_disabled(&mut house, ben);
    assert_eq!(house.attending(chat), [cleo]);
    assert_eq!(left_as(&house, chat, ben), Some(LeaveReason::Gone));
    assert!(house.queue_of(chat).is_none(), "it does not wait");
    assert!(!house.directory.unfiled.contains(&(chat, ben)));
}

#[test]
fn an_account_that_is_disabled_neither_watches_nor_whispers_any_longer() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let (watched, whispered) = (house.chat_of(ben), house.chat_of(ben));
    let eve = house.supervisor("eve", 2);
    for session in [watched, whispered] {
        house.does(eve, Action::Watch { session }).expect("may watch");
    }
    house.engine.shows(whispered, house.participant(whispered, eve), Visibility::Int);
    house.settles();
    is_disabled(&mut house, eve);
    for chat in [watched, whispered] {
        assert_eq!(left_as(&house, chat, eve), Some(LeaveReason::Gone));
        assert_eq!(house.attending(chat), [ben]);
    }
}

#[test]
fn a_watcher_who_does_not_come_back_watches_no_longer_than_an_agent_keeps_his_chats() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let eve = house.supervisor("eve", 2);
    house.does(eve, Action::Watch { session: chat }).expect("may watch");
    house.stands_up(eve);
    house.passes(house.settings.presence_timeout + house.settings.agent_grace - seconds(1));
    assert_eq!(left_as(&house, chat, eve), None);
    house.passes(seconds(1));
    assert_eq!(left_as(&house, chat, eve), Some(LeaveReason::Gone));
}

#[test]
fn a_removal_that_the_engine_refuses_is_asked_for_again() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let eve = house.supervisor("eve", 2);
    house.does(eve, Action::Watch { session: chat }).expect("may watch");
    house.engine.refuses_next = Some(tandem_protocol::ErrorCode::Unavailable);
    is_disabled(&mut house, eve);
    assert_eq!(left_as(&house, chat, eve), None);
    house.passes(seconds(1));
    assert_eq!(left_as(&house, chat, eve), Some(LeaveReason::Gone));
}
