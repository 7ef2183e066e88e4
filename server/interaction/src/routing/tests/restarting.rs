//! The deaths of this process and of the engine, at the worst moments.

use tandem_protocol::{
    ClientId, SessionId,
    desk::{Accepted, Action},
    link::Request,
};

use super::{
    House,
    house::{seconds, told},
};
use crate::routing::Note;

fn pass_on(session: SessionId) -> Action {
    Action::Transfer { session, queue: "default".parse().ok(), agent: None, note: Some("please".into()) }
}

fn joins(house: &House) -> Vec<String> {
    let joins = house.asked.iter().filter_map(|request| match request {
        Request::Join(join) => Some(join.client_id.to_string()),
        _ => None,
    });
    joins.collect()
}

#[test]
fn a_restarted_server_finds_everything_where_it_was() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let (chat, waiting) = (house.chat_of(ben), house.customer());
    house.restarts();
    house.settles();
    assert_eq!(house.offered_to(waiting), None, "ben has not entered again");
    house.desks_enter_again();
    house.settles();
    assert_eq!(house.offered_to(waiting), Some(ben), "he is ready as before");
    assert_eq!(house.view(ben).chats[0].session, chat);
    let routes = house.asked.iter().filter(|request| matches!(request, Request::Route(_))).count();
    assert_eq!(routes, 2, "nothing is queued twice");
}

#[test]
fn a_server_killed_in_the_middle_of_an_accept_leaves_it_done_once() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let session = house.customer();
    let (id, accept) = (ClientId::new("x").unwrap(), Action::Accept { session, seq: house.waits_since(session) });
    house.is_engine_slow = true;
    house.repeats(ben, id.clone(), accept.clone());
    house.settles();
    assert!(house.engine_works(), "the engine has done it, and nobody hears of it");
    house.is_engine_slow = false;
    house.restarts();
    house.desks_enter_again();
    house.settles();
    let again = house.repeats(ben, id, accept);
    house.settles();
    let accepted: Accepted = serde_json::from_str(&told(house.reply_to(again).unwrap()).unwrap()).unwrap();
    assert_eq!(accepted.participant, house.participant(session, ben));
    assert_eq!(house.attending(session), [ben]);
    assert_eq!(joins(&house).len(), 1);
}

#[test]
fn a_server_killed_before_the_accept_reached_the_engine_does_it_when_it_is_repeated() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let session = house.customer();
    house.is_engine_slow = true;
    house.starts(ben, Action::Accept { session, seq: house.waits_since(session) });
    house.is_engine_slow = false;
    house.restarts();
    house.desks_enter_again();
    house.settles();
    assert_eq!(house.attending(session), [ben], "the gateway asked again");
    let names = joins(&house);
    assert!(names.iter().all(|name| *name == names[0]), "under the same name (D-3): {names:?}");
}

#[test]
fn a_server_killed_in_the_middle_of_a_transfer_leaves_it_done_once() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    house.is_not_ready(ben);
    let id = ClientId::new("x").unwrap();
    house.is_engine_slow = true;
    house.repeats(ben, id.clone(), pass_on(chat));
    assert!(house.engine_works());
    house.is_engine_slow = false;
    house.restarts();
    house.desks_enter_again();
    house.settles();
    let again = house.repeats(ben, id, pass_on(chat));
    house.settles();
    assert!(told(house.reply_to(again).expect("answered")).is_ok(), "it is done");
    let notes = house.engine.sessions[&chat].events.iter();
    let notes = notes.filter(|event| matches!(event.body, tandem_protocol::EventBody::Message { .. }));
    assert_eq!(notes.count(), 1);
}

#[test]
fn an_engine_killed_in_the_middle_of_an_accept_answers_the_repeat() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let session = house.customer();
    house.is_engine_slow = true;
    house.starts(ben, Action::Accept { session, seq: house.waits_since(session) });
    house.settles();
    house.engine_works();
    house.loses_the_link();
    house.passes(seconds(1));
    house.is_engine_slow = false;
    house.connects();
    house.desks_enter_again();
    house.settles();
    assert_eq!(house.unanswered(), 0);
    assert_eq!(house.attending(session), [ben]);
    assert_eq!(house.view(ben).chats.len(), 1);
    assert_eq!(house.warnings(), 0, "{:?}", house.notes);
}

#[test]
fn nothing_is_decided_while_there_is_no_link() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let session = house.customer();
    house.loses_the_link();
    house.passes(seconds(600));
    house.connects();
    house.desks_enter_again();
    house.settles();
    assert_eq!(house.offered_to(session), Some(ben), "the time without a link does not count");
}

#[test]
fn a_server_killed_while_an_offer_runs_out_rings_again() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let session = house.customer();
    house.passes(house.settings.offer_timeout - seconds(1));
    house.restarts();
    house.desks_enter_again();
    house.settles();
    assert_eq!(house.offered_to(session), Some(ben));
    house.passes(seconds(2));
    assert_eq!(house.offered_to(session), Some(ben), "his time begins anew");
}

#[test]
fn agents_of_a_restarted_server_have_their_time_to_come_back() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    house.restarts();
    house.settles();
    let (presence, grace) = (house.settings.presence_timeout, house.settings.agent_grace);
    house.passes(presence + grace - seconds(1));
    assert_eq!(house.attending(chat), [ben]);
    house.passes(seconds(1));
    assert!(house.attending(chat).is_empty());
}

#[test]
fn many_sessions_are_asked_for_in_many_requests() {
    let mut house = House::new();
    let sessions: Vec<_> = (0..1_000).map(|_| house.opens(&[])).collect();
    house.settles();
    house.restarts();
    house.settles();
    assert_eq!(house.core.waiting.len(), sessions.len());
    assert_eq!(house.warnings(), 0);
}

#[test]
fn one_damaged_session_among_many_stops_nobody_and_is_taken_in_when_it_can_be_read() {
    let mut house = House::new();
    let sessions: Vec<_> = (0..200).map(|_| house.opens(&[])).collect();
    let damaged = sessions[0];
    house.engine.damaged.insert(damaged);
    house.restarts();
    house.settles();
    assert!(
        house.noted(&Note::Settled { pair: "main".parse().unwrap(), sessions: 199, waiting: 0 }),
        "{:?}",
        house.notes
    );
    let ben = house.agent("ben", 2);
    house.takes(ben, sessions[1]);
    assert_eq!(house.offered_to(sessions[2]), Some(ben));
    house.passes(seconds(300));
    let times = house.notes.iter().filter(|note| **note == Note::SetAside { session: damaged }).count();
    assert_eq!(times, 1, "it is told once");
    house.engine.damaged.clear();
    house.passes(seconds(30));
    assert!(house.queue_of(damaged).is_some(), "it is taken in like any other");
    assert_eq!(house.core.sessions.len(), 200);
}

#[test]
fn a_session_that_a_new_primary_cannot_read_is_left_alone_until_another_can() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let (damaged, sound) = (house.customer(), house.customer());
    assert_eq!(house.offered_to(damaged), Some(ben));
    house.engine.damaged.insert(damaged);
    house.loses_the_link();
    house.connects();
    house.desks_enter_again();
    house.settles();
    assert_eq!((house.offered_to(damaged), house.offered_to(sound)), (None, Some(ben)));
    house.takes(ben, sound);
    house.loses_the_link();
    house.engine.damaged.clear();
    house.connects();
    house.desks_enter_again();
    house.customer_leaves(sound);
    house.does(ben, Action::End { session: sound, disposition: "solved".into(), remark: None }).expect("files it");
    assert_eq!(house.offered_to(damaged), Some(ben), "it need not wait until it is asked for again");
    assert_eq!(house.warnings(), 1, "{:?}", house.notes);
}
