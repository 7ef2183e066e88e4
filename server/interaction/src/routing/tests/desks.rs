//! Desks: who enters, who is let wait, what they are told.

use tandem_protocol::{
    AskId, DeskId, ErrorCode, GatewayLink, Timestamp, TokenHash,
    desk::{ACTIONS_MAX, Action, AgentRole, ChosenState, DeskAsk},
};
use tandem_store::Login;

use super::{
    House,
    house::{code, login, seconds, session, told},
};
use crate::routing::{Effect, Heard, Input};

#[test]
fn nobody_enters_without_a_login() {
    let mut house = House::new();
    let ask = house.asks(GatewayLink(1), DeskAsk::Enter { desk: DeskId(session(1).0), token: TokenHash([9; 32]) });
    house.settles();
    assert_eq!(code(told(house.reply_to(ask).expect("answered"))), ErrorCode::Unauthorized);
}

#[test]
fn a_login_that_another_process_accepted_is_good() {
    let mut house = House::new();
    let ben = house.hires("ben", AgentRole::Agent, 1, &[]);
    // The directory has the login, which this process has not read.
    house.sits_down(ben);
    assert_eq!(house.view(ben).me.account.display, "Ben");
}

#[test]
fn a_desk_that_goes_while_its_login_is_looked_up_is_not_there_for_ever() {
    let mut house = House::new();
    let ben = house.hires("ben", AgentRole::Agent, 1, &[]);
    house.is_directory_slow = true;
    house.sits_down(ben);
    house.stands_up(ben);
    house.is_directory_slow = false;
    house.settles();
    assert!(house.core.desks.is_empty());
}

#[test]
fn a_login_that_expires_closes_its_desks() {
    let mut house = House::new();
    let ben = house.hires("ben", AgentRole::Agent, 1, &[]);
    let expires_at = Timestamp(house.now.wall.0 + 5_000);
    house.directory.logins.push(Login { token: TokenHash([ben.0 as u8; 32]), agent: ben, expires_at });
    house.sits_down(ben);
    house.passes(seconds(4));
    assert!(!house.is_revoked(ben));
    house.passes(seconds(2));
    assert!(house.is_revoked(ben));
}

#[test]
fn a_login_that_was_accepted_is_accepted_again_without_a_look_at_the_password() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let ask = house.asks(GatewayLink(1), login("ben", ben.0 as u8));
    assert!(told(house.reply_to(ask).expect("answered")).is_ok_and(|told| told.contains("\"Ben\"")));
    let body = login("cleo", ben.0 as u8);
    let main = house.core.pairs.all().next().unwrap();
    house.core.on(house.now, Input::Heard(main, Heard::Asked { ask: AskId(900), gateway: GatewayLink(1), body }));
    let effects = house.core.go_on(house.now);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Verify(_))), "another name is another login");
}

#[test]
fn nobody_is_shown_anything_before_everything_is_known() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let chat = house.chat_of(ben);
    house.restarts();
    house.is_engine_slow = true;
    house.desks_enter_again();
    house.settles();
    assert_eq!(house.unanswered(), 1, "the desk waits");
    house.is_engine_slow = false;
    house.settles();
    assert_eq!(house.unanswered(), 0);
    let first = house.pushed(ben).expect("it has entered");
    assert_eq!(first.chats.iter().map(|shown| shown.session).collect::<Vec<_>>(), [chat]);
}

#[test]
fn an_action_that_comes_before_its_desk_waits_for_it_a_little() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    house.loses_the_link();
    let early = house.starts(ben, Action::State(ChosenState::AfterWork));
    house.connects();
    house.settles();
    house.desks_enter_again();
    house.settles();
    assert_eq!(house.view(ben).me.chosen, ChosenState::AfterWork);
    assert!(house.reply_to(early).is_none(), "the question of the lost link is asked anew");
    let stranger = DeskId(session(77).0);
    let body = DeskAsk::Do { desk: stranger, id: "x".parse().unwrap(), action: Action::Canned };
    let ask = house.asks(GatewayLink(1), body);
    house.passes(seconds(4));
    assert_eq!(house.unanswered(), 1);
    house.passes(seconds(1));
    assert_eq!(code(told(house.reply_to(ask).expect("answered"))), ErrorCode::Unavailable);
}

#[test]
fn a_desk_has_a_bounded_number_of_actions_under_way() {
    // B-1
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    house.is_directory_slow = true;
    let asks: Vec<_> = (0..=ACTIONS_MAX).map(|_| house.starts(ben, Action::Canned)).collect();
    assert_eq!(code(told(house.reply_to(asks[ACTIONS_MAX]).expect("at once"))), ErrorCode::Busy);
    house.is_directory_slow = false;
    house.settles();
    assert!(asks[..ACTIONS_MAX].iter().all(|ask| told(house.reply_to(*ask).expect("answered")).is_ok()));
}

#[test]
fn every_view_of_a_desk_is_newer_than_the_one_before_also_after_a_restart() {
    // The house compares the versions of all that it is pushed.
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    house.chat_of(ben);
    house.passes(seconds(1));
    let before = house.pushed(ben).expect("was told").version;
    house.restarts();
    house.desks_enter_again();
    house.passes(seconds(1));
    assert!(house.pushed(ben).expect("was told").version > before);
}

#[test]
fn a_change_reaches_the_desks_within_a_third_of_a_second() {
    let mut house = House::new();
    let (ben, cleo) = (house.agent("ben", 1), house.agent("cleo", 1));
    house.passes(seconds(1));
    let session = house.customer();
    house.passes(std::time::Duration::from_millis(50));
    assert_eq!(house.pushed(ben).expect("was told").offers[0].session, session);
    house.passes(std::time::Duration::from_millis(250));
    let waiting = &house.pushed(cleo).expect("was told").waiting[0];
    assert_eq!((waiting.session, waiting.offered_to.as_deref()), (session, Some("Ben")));
}

#[test]
fn a_reason_for_not_being_ready_is_short() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    let reason = |length: usize| Action::State(ChosenState::NotReady { reason: Some("ä".repeat(length)) });
    house.does(ben, reason(64)).expect("is short");
    assert_eq!(code(house.does(ben, reason(65))), ErrorCode::BadRequest);
}

#[test]
fn a_question_of_a_lost_connection_is_never_answered() {
    // The next primary numbers questions anew: the answer would be another one's. The house compares.
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    house.is_directory_slow = true;
    house.logs_out(ben);
    house.loses_the_link();
    house.connects();
    house.is_directory_slow = false;
    house.settles();
    assert!(house.directory.logins.is_empty(), "though it is done");
    assert_eq!(house.unanswered(), 1, "its gateway asks again");
}
