//! What agents look up: earlier chats, transcripts, canned replies.

use tandem_protocol::{
    ErrorCode, Seq, SessionId, Visibility,
    desk::{Action, AgentRole, Canned, EarlierChat},
};

use super::{
    House,
    house::{code, seconds, session},
};

const ANA: &[(&str, &str)] = &[("email", "ana@example.org")];

/// The session of a customer who comes again, with an earlier chat that another agent had.
fn comes_again() -> (House, SessionId, SessionId) {
    let mut house = House::new();
    let cleo = house.agent("cleo", 1);
    let earlier = house.customer_with(ANA);
    let own = house.takes(cleo, earlier);
    house.engine.says(earlier, own, "a note", Visibility::Int);
    house.engine.says(earlier, own, "between supervisors", Visibility::Vip);
    house.does(cleo, Action::End { session: earlier, disposition: "solved".into(), remark: None }).expect("ends");
    house.stands_up(cleo);
    house.passes(seconds(60));
    let now = house.customer_with(ANA);
    (house, earlier, now)
}

#[test]
fn the_customers_earlier_chats_are_found() {
    let (mut house, earlier, now) = comes_again();
    let ben = house.agent("ben", 2);
    house.takes(ben, now);
    let told = house.does(ben, Action::Earlier { session: now }).expect("may");
    let chats: Vec<EarlierChat> = serde_json::from_str(&told).expect("are chats");
    assert_eq!(chats.iter().map(|chat| chat.session).collect::<Vec<_>>(), [earlier]);
    let stranger = house.customer();
    house.takes(ben, stranger);
    assert_eq!(house.does(ben, Action::Earlier { session: stranger }).expect("may"), "[]");
}

#[test]
fn an_agent_reads_the_earlier_chats_of_a_customer_whom_he_has_and_no_other() {
    let (mut house, earlier, now) = comes_again();
    let read = Action::Transcript { session: earlier, after: Seq::ZERO };
    let ben = house.agent("ben", 2);
    assert_eq!(code(house.does(ben, read.clone())), ErrorCode::Forbidden);
    house.takes(ben, now);
    let told = house.does(ben, read).expect("may");
    assert!(told.contains("a note") && !told.contains("between supervisors"), "{told}");
    assert!(told.contains(r#""names":{"1":"Ana","2":"Cleo"}"#), "{told}");
    let unknown = Action::Transcript { session: session(99), after: Seq::ZERO };
    assert_eq!(code(house.does(ben, unknown)), ErrorCode::UnknownSession);
}

#[test]
fn a_supervisor_reads_everything_and_an_agent_what_he_was_in() {
    let (mut house, earlier, _) = comes_again();
    let read = Action::Transcript { session: earlier, after: Seq::ZERO };
    let eve = house.supervisor("eve", 1);
    assert!(house.does(eve, read.clone()).expect("may").contains("between supervisors"));
    let cleo = tandem_protocol::AgentId(1);
    house.sits_down(cleo);
    assert!(house.does(cleo, read).expect("was in it").contains("a note"));
}

#[test]
fn canned_replies_are_kept_and_only_supervisors_change_what_everybody_has() {
    let mut house = House::new();
    let (ben, eve) = (house.agent("ben", 1), house.supervisor("eve", 1));
    let canned = |id: &str, shortcut: &str, shared| {
        let (id, shortcut, text) = (id.parse().unwrap(), shortcut.to_owned(), "Hello!".to_owned());
        Action::SaveCanned { canned: Canned { id, shortcut, text, shared } }
    };
    house.does(ben, canned("1", "hi", false)).expect("is his");
    assert_eq!(code(house.does(ben, canned("2", "bye", true))), ErrorCode::Forbidden);
    house.does(eve, canned("2", "bye", true)).expect("may");
    assert_eq!(code(house.does(ben, canned("3", "bye", false))), ErrorCode::BadRequest, "is taken");
    assert_eq!(code(house.does(ben, canned("3", "Bye!", false))), ErrorCode::BadRequest);
    assert_eq!(code(house.does(ben, canned("3", "", false))), ErrorCode::BadRequest);
    let told = house.does(ben, Action::Canned).expect("may");
    assert_eq!(serde_json::from_str::<Vec<Canned>>(&told).expect("are replies").len(), 2);
    let delete = |id: &str| Action::DeleteCanned { id: id.parse().unwrap() };
    assert_eq!(code(house.does(ben, delete("2"))), ErrorCode::Forbidden);
    house.does(ben, delete("1")).expect("is his");
    house.does(ben, delete("1")).expect("is gone already");
    house.does(eve, delete("2")).expect("may");
    assert!(house.directory.canned.is_empty());
}

#[test]
fn a_bot_reads_no_notes() {
    let (mut house, earlier, _) = comes_again();
    let bot = house.works("bot", AgentRole::Bot, 1, &[]);
    assert_eq!(code(house.does(bot, Action::Transcript { session: earlier, after: Seq::ZERO })), ErrorCode::Forbidden);
}
