//! Who may look something up, before it is looked up.

use tandem_protocol::{
    AgentId, ErrorCode, GatewayLink, Seq, Timestamp, TokenHash,
    archive::Look,
    desk::{AgentRole, DeskAsk},
};
use tandem_store::Login;

use super::{
    House,
    house::{Question, code, seconds, session, told},
    presence::is_disabled,
};

/// Somebody with a login that lasts some seconds and that the core has not read.
fn looker(house: &mut House, role: AgentRole) -> AgentId {
    let agent = house.hires("ben", role, 1, &[]);
    let expires_at = Timestamp(house.now.wall.0 + 5_000);
    house.directory.logins.push(Login { token: TokenHash([agent.0 as u8; 32]), agent, expires_at });
    agent
}

fn looks(house: &mut House, token: u8) -> Question {
    let look = Look::Transcript { session: session(1), after: Seq::ZERO };
    let ask = house.asks(GatewayLink(1), DeskAsk::Look { token: TokenHash([token; 32]), look, from: None });
    house.settles();
    ask
}

fn refusal(house: &mut House, token: u8) -> ErrorCode {
    let ask = looks(house, token);
    code(told(house.reply_to(ask).expect("is answered")))
}

#[test]
fn a_look_needs_a_login_and_no_desk() {
    let mut house = House::new();
    let ben = looker(&mut house, AgentRole::Agent);
    assert_eq!(refusal(&mut house, 99), ErrorCode::Unauthorized);
    looks(&mut house, ben.0 as u8);
    assert_eq!((house.looks.len(), house.looks[0].agent, house.looks[0].role), (1, ben, AgentRole::Agent));
    house.passes(seconds(6));
    // Nor does the directory have any that has expired.
    house.directory.logins.clear();
    assert_eq!(refusal(&mut house, ben.0 as u8), ErrorCode::Unauthorized, "it has expired");
    assert_eq!(house.looks.len(), 1);
}

#[test]
fn bots_and_accounts_that_are_disabled_look_nothing_up() {
    let mut house = House::new();
    let bot = looker(&mut house, AgentRole::Bot);
    assert_eq!(refusal(&mut house, bot.0 as u8), ErrorCode::Forbidden);
    let eve = looker(&mut house, AgentRole::Supervisor);
    is_disabled(&mut house, eve);
    assert_eq!(refusal(&mut house, eve.0 as u8), ErrorCode::Unauthorized);
    assert!(house.looks.is_empty());
}

#[test]
fn a_look_does_not_wait_for_the_sessions() {
    let mut house = House::new();
    let crm = looker(&mut house, AgentRole::Integrator);
    house.loses_the_link();
    house.connects();
    looks(&mut house, crm.0 as u8);
    assert_eq!(house.looks.len(), 1);
}

#[test]
fn a_directory_that_fails_is_said_to_be_unavailable() {
    let mut house = House::new();
    let ben = looker(&mut house, AgentRole::Agent);
    house.directory.is_broken = true;
    assert_eq!(refusal(&mut house, ben.0 as u8), ErrorCode::Unavailable);
}

#[test]
fn an_integrator_does_not_enter() {
    let mut house = House::new();
    let crm = looker(&mut house, AgentRole::Integrator);
    let desk = tandem_protocol::DeskId(session(9).0);
    let ask = house.asks(GatewayLink(1), DeskAsk::Enter { desk, token: TokenHash([crm.0 as u8; 32]) });
    house.settles();
    assert_eq!(code(told(house.reply_to(ask).expect("is answered"))), ErrorCode::Forbidden);
    assert!(house.core.desks.is_empty());
}

#[test]
fn tokens_that_nobody_has_do_not_fill_the_row_in_which_agents_wait_for_the_directory() {
    let mut house = House::new();
    let crm = looker(&mut house, AgentRole::Integrator);
    looks(&mut house, crm.0 as u8);
    house.is_directory_slow = true;
    let look = Look::Transcript { session: session(1), after: Seq::ZERO };
    let asks: Vec<Question> = (0..200_u64)
        .map(|number| {
            let mut token = [200; 32];
            token[..8].copy_from_slice(&number.to_be_bytes());
            let token = TokenHash(token);
            let logout = DeskAsk::Logout { token };
            let ask = if number % 2 == 0 { logout } else { DeskAsk::Look { token, look: look.clone(), from: None } };
            house.asks(GatewayLink(1), ask)
        })
        .collect();
    house.settles();
    let answered: Vec<ErrorCode> =
        asks.iter().filter_map(|ask| house.reply_to(*ask)).map(|outcome| code(told(outcome))).collect();
    assert_eq!(answered, [ErrorCode::Busy; 200 - 64]);
    looks(&mut house, crm.0 as u8);
    assert_eq!(house.looks.len(), 2, "who is known need not wait");
    house.is_directory_slow = false;
    house.settles();
    assert_eq!(refusal(&mut house, 99), ErrorCode::Unauthorized, "there is room again");
}

#[test]
fn who_logs_out_while_his_login_is_looked_up_is_out() {
    let mut house = House::new();
    let ben = looker(&mut house, AgentRole::Agent);
    house.is_directory_slow = true;
    looks(&mut house, ben.0 as u8);
    house.asks(GatewayLink(1), DeskAsk::Logout { token: TokenHash([ben.0 as u8; 32]) });
    house.is_directory_slow = false;
    house.settles();
    assert_eq!(refusal(&mut house, ben.0 as u8), ErrorCode::Unauthorized);
}
