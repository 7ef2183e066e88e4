//! Bots come first where a queue is theirs, and pass on to people.

use tandem_protocol::{
    ParticipantKind, QueueCause, SessionId,
    desk::{Action, AgentRole, ChosenState},
};

use super::{
    House,
    house::{queue, seconds},
};

/// A house whose first queue is for bots.
fn house() -> House {
    House::with(|settings| {
        settings.queues = vec![queue("bots"), queue("default"), queue("people")];
        settings.queues[0].bot = true;
        settings.queues[0].then = "people".parse().ok();
    })
}

fn hands_off(session: SessionId) -> Action {
    Action::Transfer { session, queue: "people".parse().ok(), agent: None, note: Some("wants a person".into()) }
}

#[test]
fn a_bot_gets_what_waits_for_bots_and_nothing_else() {
    let mut house = house();
    let ben = house.agent("ben", 3);
    let bot = house.works("bot", AgentRole::Bot, 3, &[]);
    let (for_bots, for_people) = (house.customer(), house.customer_with(&[("queue", "people")]));
    assert_eq!((house.offered_to(for_bots), house.offered_to(for_people)), (Some(bot), Some(ben)));
    house.takes(bot, for_bots);
    let participants = &house.engine.sessions[&for_bots].state.participants;
    assert_eq!(participants[1].kind, ParticipantKind::External);
}

#[test]
fn a_bot_hands_off_to_people_with_a_note() {
    let mut house = house();
    let bot = house.works("bot", AgentRole::Bot, 3, &[]);
    let chat = house.customer();
    house.takes(bot, chat);
    let ben = house.agent("ben", 3);
    house.does(bot, hands_off(chat)).expect("hands off");
    let waits = house.engine.sessions[&chat].waits().expect("waits");
    assert_eq!((waits.queue.as_str(), waits.cause), ("people", QueueCause::HandedOff));
    assert_eq!(house.offered_to(chat), Some(ben));
    assert!(house.view(bot).chats.is_empty());
}

#[test]
fn what_no_bot_takes_in_time_goes_to_people() {
    let mut house = house();
    let bot = house.works("bot", AgentRole::Bot, 3, &[]);
    let ben = house.agent("ben", 3);
    let chat = house.customer();
    assert_eq!(house.offered_to(chat), Some(bot));
    house.passes(house.settings.bot_wait);
    let waits = house.engine.sessions[&chat].waits().expect("waits");
    assert_eq!((waits.queue.as_str(), waits.cause), ("people", QueueCause::NoBot));
    assert_eq!(house.offered_to(chat), Some(ben));
    assert_eq!(house.view(bot).me.chosen, ChosenState::Ready, "nobody would set it ready again");
}

#[test]
fn without_a_named_successor_people_are_those_of_the_first_queue_for_them() {
    let mut house = house();
    house.settings.queues[0].then = None;
    house.restarts();
    house.settles();
    let chat = house.customer();
    house.passes(house.settings.bot_wait);
    assert_eq!(house.queue_of(chat).expect("waits").as_str(), "default");
}

#[test]
fn a_chat_of_a_bot_that_is_gone_goes_to_people() {
    let mut house = house();
    let bot = house.works("bot", AgentRole::Bot, 3, &[]);
    let chat = house.customer();
    house.takes(bot, chat);
    house.stands_up(bot);
    house.passes(house.settings.presence_timeout + house.settings.agent_grace);
    let waits = house.engine.sessions[&chat].waits().expect("waits");
    assert_eq!((waits.queue.as_str(), waits.cause), ("people", QueueCause::AgentGone));
}

#[test]
fn a_bot_has_nothing_to_file_away() {
    let mut house = house();
    let bot = house.works("bot", AgentRole::Bot, 1, &[]);
    let chat = house.customer();
    house.takes(bot, chat);
    house.customer_leaves(chat);
    let view = house.view(bot);
    assert_eq!((view.chats.len(), view.me.room), (0, 1));
    assert!(house.directory.unfiled.is_empty());
    assert_eq!(house.directory.taken.len(), 1, "though the chat is kept");
}

#[test]
fn bots_do_not_wait_for_a_bot_that_does_not_answer_one_of_them() {
    let mut house = house();
    house.settings.bot_wait = seconds(60);
    house.restarts();
    house.settles();
    let slow = house.works("slow", AgentRole::Bot, 3, &[]);
    let chat = house.customer();
    house.passes(seconds(1));
    let quick = house.works("quick", AgentRole::Bot, 3, &[]);
    assert_eq!(house.offered_to(chat), Some(slow));
    house.passes(house.settings.offer_timeout);
    assert_eq!(house.offered_to(chat), Some(quick));
}
