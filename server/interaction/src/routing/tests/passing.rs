//! Passing on, inviting, leaving.

use tandem_protocol::{
    AgentId, ErrorCode, EventBody, LeaveReason, QueueCause, SessionId, Visibility,
    desk::{Action, AgentRole, ChosenState, OtherAgent},
};

use super::{
    House,
    house::{code, queue, seconds},
};

fn to_queue(session: SessionId, queue: &str, note: Option<&str>) -> Action {
    Action::Transfer { session, queue: queue.parse().ok(), agent: None, note: note.map(str::to_owned) }
}

fn to_agent(session: SessionId, agent: AgentId) -> Action {
    Action::Transfer { session, queue: None, agent: Some(agent), note: None }
}

fn two_queues() -> House {
    House::with(|settings| settings.queues = vec![queue("default"), queue("sales")])
}

#[test]
fn a_session_is_passed_on_with_its_note_and_without_whoever_had_it() {
    let mut house = two_queues();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    house.is_not_ready(ben);
    house.does(ben, to_queue(session, "sales", Some("wants a quote"))).expect("passes it on");
    let events = &house.engine.sessions[&session].events;
    let [.., note, left, queued] = &events[..] else { panic!("{events:?}") };
    assert!(
        matches!(&note.body, EventBody::Message { text, visibility: Visibility::Int, .. } if text == "wants a quote")
    );
    assert!(matches!(left.body, EventBody::Left { reason: LeaveReason::Logout, .. }));
    let EventBody::Queued { queue, cause, by, .. } = &queued.body else { panic!("{queued:?}") };
    assert_eq!((queue.as_str(), *cause), ("sales", QueueCause::Transferred));
    assert_eq!(*by, Some(house.participant(session, ben)));
    let view = house.view(ben);
    assert_eq!((view.chats.len(), view.me.room), (0, 2));
    assert!(house.directory.unfiled.is_empty(), "he need not file it away");
    let cleo = house.agent("cleo", 1);
    assert_eq!(house.view(cleo).offers[0].from.as_deref(), Some("Ben"));
}

#[test]
fn a_session_passed_on_to_an_agent_waits_for_nobody_else() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    let (cleo, dan) = (house.agent("cleo", 1), house.agent("dan", 1));
    house.does(ben, to_agent(session, cleo)).expect("passes it on");
    assert_eq!(house.offered_to(session), Some(cleo));
    assert_eq!(code(house.accepts(dan, session)), ErrorCode::Forbidden);
    assert!(!house.view(dan).waiting[0].may_take);
    house.takes(cleo, session);
}

#[test]
fn a_session_for_an_agent_who_does_not_answer_goes_to_its_queue() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    let cleo = house.agent("cleo", 1);
    house.does(ben, to_agent(session, cleo)).expect("passes it on");
    house.passes(house.settings.offer_timeout);
    let waits = house.engine.sessions[&session].waits().expect("waits");
    assert_eq!((waits.agent, waits.cause), (None, QueueCause::Transferred));
    assert_eq!(house.offered_to(session), Some(ben));
    assert!(matches!(house.view(cleo).me.chosen, ChosenState::NotReady { .. }));
}

#[test]
fn a_session_for_an_agent_who_is_gone_or_says_no_goes_to_its_queue_at_once() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let (first, second) = (house.chat_of(ben), house.chat_of(ben));
    let cleo = house.agent("cleo", 1);
    house.does(ben, to_agent(first, cleo)).expect("passes it on");
    house.does(cleo, Action::Decline { session: first, seq: house.waits_since(first) }).expect("says no");
    assert_eq!(house.engine.sessions[&first].waits().expect("waits").agent, None);
    house.stands_up(cleo);
    house.passes(house.settings.presence_timeout);
    house.does(ben, to_agent(second, cleo)).expect("passes it on");
    assert_eq!(house.engine.sessions[&second].waits().expect("waits").agent, None);
}

#[test]
fn a_session_for_a_busy_agent_waits_for_him_as_long_as_an_offer() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    let cleo = house.agent("cleo", 1);
    house.is_not_ready(cleo);
    house.does(ben, to_agent(session, cleo)).expect("passes it on");
    house.passes(house.settings.offer_timeout - seconds(1));
    assert_eq!(house.offered_to(session), None);
    house.passes(seconds(1));
    assert_eq!(house.offered_to(session), Some(ben));
}

#[test]
fn a_target_that_does_not_exist_is_refused_with_a_sentence() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    let bot = house.hires("bot", AgentRole::Bot, 5, &[]);
    let refusal = |house: &mut House, action| house.does(ben, action).expect_err("refused");
    assert_eq!(refusal(&mut house, to_queue(session, "nowhere", None)).message, "There is no such queue.");
    assert_eq!(refusal(&mut house, to_agent(session, AgentId(99))).message, "There is no such agent.");
    assert_eq!(refusal(&mut house, to_agent(session, bot)).message, "There is no such agent.");
    assert_eq!(refusal(&mut house, to_agent(session, ben)).message, "You have this chat already.");
    let neither = Action::Transfer { session, queue: None, agent: None, note: None };
    assert_eq!(refusal(&mut house, neither).code, ErrorCode::BadRequest);
    let long = "x".repeat(4_097);
    assert_eq!(
        refusal(&mut house, to_queue(session, "default", Some(&long))).message,
        "A note has at most 4096 bytes."
    );
    assert_eq!(house.attending(session), [ben]);
}

#[test]
fn only_who_has_a_session_passes_it_on() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    let cleo = house.agent("cleo", 2);
    let refusal = house.does(cleo, to_queue(session, "default", None)).expect_err("is not hers");
    assert_eq!((refusal.code, refusal.message.as_str()), (ErrorCode::Forbidden, "You are not in this chat."));
}

#[test]
fn an_invited_agent_comes_beside_the_one_who_asked() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    let cleo = house.agent("cleo", 1);
    house.does(ben, Action::Invite { session, agent: cleo }).expect("asks");
    let view = house.view(cleo);
    assert_eq!((view.offers[0].queue.as_ref(), view.offers[0].from.as_deref()), (None, Some("Ben")));
    assert_eq!(view.me.room, 0, "an invitation takes up room");
    let asked = OtherAgent { agent: cleo, display: "Cleo".into(), invited: true };
    assert_eq!(house.view(ben).chats[0].others, [asked]);
    let seq = view.offers[0].seq;
    house.does(cleo, Action::Accept { session, seq }).expect("comes");
    assert_eq!(house.attending(session), [ben, cleo]);
    assert!(house.view(cleo).offers.is_empty());
    house.does(ben, Action::Leave { session }).expect("she stays");
    assert_eq!(house.attending(session), [cleo]);
    assert!(!house.directory.unfiled.contains(&(session, ben)), "he left, so he need not file it away");
}

#[test]
fn an_invitation_ends_when_it_is_declined_taken_back_or_not_answered() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    let cleo = house.agent("cleo", 1);
    let invite = Action::Invite { session, agent: cleo };
    house.does(ben, invite.clone()).expect("asks");
    let seq = house.view(cleo).offers[0].seq;
    house.does(cleo, Action::Decline { session, seq }).expect("says no");
    assert!(house.view(ben).chats[0].others.is_empty());
    house.does(ben, invite.clone()).expect("asks");
    house.does(ben, Action::Uninvite { session, agent: cleo }).expect("takes it back");
    assert!(house.view(cleo).offers.is_empty());
    house.does(ben, invite).expect("asks");
    house.passes(house.settings.offer_timeout);
    let view = house.view(cleo);
    assert!(view.offers.is_empty());
    assert_eq!(view.me.chosen, ChosenState::NotReady { reason: Some("no_answer".into()) });
}

#[test]
fn nobody_is_invited_who_is_not_there_or_has_no_room() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let session = house.chat_of(ben);
    let cleo = house.agent("cleo", 1);
    house.chat_of(cleo);
    let invite = |agent| Action::Invite { session, agent };
    assert_eq!(code(house.does(ben, invite(cleo))), ErrorCode::NoRoom);
    let dan = house.hires("dan", AgentRole::Agent, 1, &[]);
    let refusal = house.does(ben, invite(dan)).expect_err("is not there");
    assert_eq!(refusal.message, "Dan is not there at the moment.");
}

#[test]
fn an_invitation_of_somebody_who_has_gone_himself_is_withdrawn() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let session = house.chat_of(ben);
    let cleo = house.agent("cleo", 1);
    house.does(ben, Action::Invite { session, agent: cleo }).expect("asks");
    house.does(ben, to_queue(session, "default", None)).expect("passes it on");
    assert!(house.engine.sessions[&session].state.invitations.is_empty());
    assert!(house.view(cleo).offers.iter().all(|offer| offer.queue.is_some()));
}

#[test]
fn nobody_leaves_a_customer_alone() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    let refusal = house.does(ben, Action::Leave { session }).expect_err("would leave him alone");
    assert_eq!(refusal.code, ErrorCode::Forbidden);
    assert_eq!(refusal.message, "The customer would be left alone. Pass the chat on, or end it.");
    let cleo = house.agent("cleo", 2);
    house.does(ben, Action::Invite { session, agent: cleo }).expect("asks");
    let seq = house.view(cleo).offers[0].seq;
    house.does(cleo, Action::Accept { session, seq }).expect("comes");
    house.is_engine_slow = true;
    let both = [ben, cleo].map(|agent| house.starts(agent, Action::Leave { session }));
    house.is_engine_slow = false;
    house.settles();
    let outcomes = both.map(|ask| super::house::told(house.reply_to(ask).unwrap()).is_ok());
    assert_eq!(outcomes, [true, false], "of two who leave at once, one stays");
}

#[test]
fn a_supervisor_who_only_watches_is_invited_like_anybody_and_then_watches_no_more() {
    let mut house = House::new();
    let ben = house.agent("ben", 2);
    let session = house.chat_of(ben);
    let eve = house.supervisor("eve", 1);
    house.does(eve, Action::Watch { session }).expect("may watch");
    let watching = house.participant(session, eve);
    house.does(ben, Action::Invite { session, agent: eve }).expect("he does not know that she watches");
    let seq = house.view(eve).offers[0].seq;
    house.does(eve, Action::Accept { session, seq }).expect("comes");
    assert_eq!(house.attending(session), [ben, eve]);
    assert!(!house.engine.sessions[&session].state.participants[watching.0 as usize - 1].joined);
    assert_eq!(house.view(eve).chats[0].visibility, Visibility::All);
}
