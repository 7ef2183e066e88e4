//! Supervisors watch, whisper and take over.

use tandem_protocol::{
    ErrorCode, LeaveReason, ParticipantKind, SessionId, Visibility,
    desk::{Accepted, Action},
};

use super::{House, house::code};

fn accepted(told: &str) -> Accepted {
    serde_json::from_str(told).expect("returns where he is")
}

fn watches(house: &mut House, agent: tandem_protocol::AgentId, session: SessionId) -> Accepted {
    accepted(&house.does(agent, Action::Watch { session }).expect("may watch"))
}

#[test]
fn a_watcher_is_unseen_by_agents_and_costs_no_room() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let eve = house.supervisor("eve", 1);
    let mine = watches(&mut house, eve, chat);
    let view = house.view(eve);
    assert_eq!((view.me.room, view.chats.len()), (1, 1));
    let own = &view.chats[0];
    assert_eq!(
        (own.participant, own.kind, own.visibility),
        (mine.participant, ParticipantKind::Supervisor, Visibility::Vip)
    );
    assert_eq!(own.others[0].agent, ben);
    assert!(house.view(ben).chats[0].others.is_empty(), "he does not know");
    assert_eq!(watches(&mut house, eve, chat), mine, "once more is the same");
    house.does(eve, Action::Leave { session: chat }).expect("may go at any time");
    assert!(house.view(eve).chats.is_empty());
    assert!(house.directory.unfiled.iter().all(|(_, agent)| *agent != eve), "a watcher files nothing away");
}

#[test]
fn one_who_whispers_is_seen_by_the_agent_and_counts_as_at_work() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let eve = house.supervisor("eve", 1);
    let mine = watches(&mut house, eve, chat);
    house.engine.shows(chat, mine.participant, Visibility::Int);
    house.settles();
    assert_eq!(house.view(ben).chats[0].others[0].agent, eve);
    assert_eq!(house.view(eve).me.room, 0);
    house.does(eve, Action::Leave { session: chat }).expect("the customer has somebody else");
}

#[test]
fn a_supervisor_takes_over_in_the_place_of_all_who_were_in_it() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let eve = house.supervisor("eve", 1);
    let watching = watches(&mut house, eve, chat).participant;
    let mine = accepted(&house.does(eve, Action::TakeOver { session: chat }).expect("may"));
    assert_ne!(mine.participant, watching);
    assert_eq!(house.attending(chat), [eve]);
    assert!(!house.engine.sessions[&chat].state.participants[watching.0 as usize - 1].joined);
    let removed = |event: &&tandem_protocol::Event| {
        matches!(event.body, tandem_protocol::EventBody::Left { reason: LeaveReason::Removed, .. })
    };
    assert_eq!(house.engine.sessions[&chat].events.iter().filter(removed).count(), 2);
    assert!(house.view(ben).chats.is_empty());
    assert_eq!(house.view(eve).chats[0].participant, mine.participant);
    assert_eq!(house.directory.unfiled.iter().map(|(_, agent)| *agent).collect::<Vec<_>>(), [eve]);
}

#[test]
fn a_supervisor_takes_over_a_session_that_waits() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.customer();
    let eve = house.supervisor("eve", 1);
    assert_eq!(house.offered_to(chat), Some(ben));
    house.does(eve, Action::TakeOver { session: chat }).expect("may");
    assert_eq!(house.attending(chat), [eve]);
    assert!(house.queue_of(chat).is_none() && house.view(ben).offers.is_empty());
}

#[test]
fn a_supervisor_at_his_limit_takes_over_nothing() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    house.is_not_ready(ben);
    let eve = house.supervisor("eve", 1);
    house.chat_of(eve);
    assert_eq!(code(house.does(eve, Action::TakeOver { session: chat })), ErrorCode::NoRoom);
    watches(&mut house, eve, chat);
}

#[test]
fn agents_see_no_more_than_their_own_chats() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let (cleo, eve) = (house.agent("cleo", 2), house.supervisor("eve", 1));
    assert_eq!(code(house.does(cleo, Action::Watch { session: chat })), ErrorCode::Forbidden);
    assert_eq!(code(house.does(cleo, Action::TakeOver { session: chat })), ErrorCode::Forbidden);
    assert!(house.view(cleo).live.is_empty());
    let live = &house.view(eve).live;
    assert_eq!((live[0].session, live[0].agents.clone()), (chat, vec!["Ben".to_owned()]));
}

#[test]
fn a_watcher_does_nothing_that_the_customer_would_notice() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let (cleo, eve) = (house.agent("cleo", 2), house.supervisor("eve", 1));
    watches(&mut house, eve, chat);
    let end = Action::End { session: chat, disposition: "solved".into(), remark: None };
    let pass = Action::Transfer { session: chat, queue: "default".parse().ok(), agent: None, note: None };
    for action in [end, pass, Action::Invite { session: chat, agent: cleo }] {
        let refusal = house.does(eve, action).expect_err("only watches");
        assert_eq!(refusal.message, "You only watch this chat. Take it over to do that.");
    }
}

#[test]
fn a_supervisor_who_watches_takes_the_chat_that_is_passed_on_to_her() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    let eve = house.supervisor("eve", 1);
    let watching = watches(&mut house, eve, chat).participant;
    house.does(ben, Action::Transfer { session: chat, queue: None, agent: Some(eve), note: None }).expect("may");
    let mine = house.takes(eve, chat);
    assert_eq!(house.attending(chat), [eve]);
    assert!(!house.engine.sessions[&chat].state.participants[watching.0 as usize - 1].joined, "once is enough");
    let view = house.view(eve);
    assert_eq!((view.chats[0].participant, view.chats[0].visibility), (mine, Visibility::All));
}

#[test]
fn one_who_attends_and_watches_acts_as_one_who_attends() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let chat = house.chat_of(ben);
    house.is_not_ready(ben);
    let eve = house.supervisor("eve", 2);
    house
        .does(ben, Action::Transfer { session: chat, queue: "default".parse().ok(), agent: None, note: None })
        .expect("may");
    // Both are under way at once, so neither knows of the other.
    house.is_engine_slow = true;
    house.starts(eve, Action::Watch { session: chat });
    house.starts(eve, Action::Accept { session: chat, seq: house.waits_since(chat) });
    house.is_engine_slow = false;
    house.settles();
    assert_eq!(house.attending(chat), [eve]);
    assert_eq!(house.view(eve).chats[0].visibility, Visibility::All);
    let end = Action::End { session: chat, disposition: "solved".into(), remark: None };
    house.does(eve, end).expect("it is hers");
}
