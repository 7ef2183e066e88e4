//! An administrator oversees everything, and nobody else does.

use tandem_protocol::{
    AgentId, ErrorCode, GatewayLink, Timestamp, TokenHash,
    desk::{AgentRole, DeskAsk, Overview},
};
use tandem_store::Login;

use super::{
    House,
    house::{Question, code, told},
    presence::is_disabled,
};

/// Somebody with a login that the core has not read.
fn employs(house: &mut House, name: &str, role: AgentRole) -> AgentId {
    let agent = house.hires(name, role, 1, &[]);
    let expires_at = Timestamp(house.now.wall.0 + 5_000);
    house.directory.logins.push(Login { token: TokenHash([agent.0 as u8; 32]), agent, expires_at });
    agent
}

fn oversees(house: &mut House, token: u8) -> Question {
    let ask = house.asks(GatewayLink(1), DeskAsk::Oversee { token: TokenHash([token; 32]) });
    house.settles();
    ask
}

fn refusal(house: &mut House, token: u8) -> ErrorCode {
    let ask = oversees(house, token);
    code(told(house.reply_to(ask).expect("is answered")))
}

fn overview(house: &mut House, token: u8) -> Overview {
    let ask = oversees(house, token);
    let json = told(house.reply_to(ask).expect("is answered")).expect("is allowed");
    serde_json::from_str(&json).expect("is an overview")
}

#[test]
fn an_administrator_sees_agents_and_queues_and_how_many_wait_and_are_served() {
    let mut house = House::new();
    let ben = house.agent("ben", 1);
    house.chat_of(ben);
    house.opens(&[]);
    house.hires("absent", AgentRole::Agent, 1, &[]);
    let ada = employs(&mut house, "ada", AgentRole::Administrator);
    let seen = overview(&mut house, ada.0 as u8);
    assert_eq!((seen.me.agent, seen.me.role), (ada, AgentRole::Administrator));
    assert_eq!((seen.waiting, seen.served), (1, 1));
    assert_eq!(seen.queues.iter().map(|queue| queue.waiting).sum::<u32>(), 1);
    assert_eq!(seen.agents.iter().map(|agent| (agent.agent, agent.chats)).collect::<Vec<_>>(), [(ben, 1)]);
}

#[test]
fn nobody_else_does_nor_an_administrator_whose_account_is_disabled() {
    let mut house = House::new();
    for role in [AgentRole::Integrator, AgentRole::Bot, AgentRole::Agent, AgentRole::Supervisor] {
        let agent = employs(&mut house, &format!("{role:?}").to_lowercase(), role);
        assert_eq!(refusal(&mut house, agent.0 as u8), ErrorCode::Forbidden, "{role:?}");
    }
    assert_eq!(refusal(&mut house, 99), ErrorCode::Unauthorized);
    let ada = employs(&mut house, "ada", AgentRole::Administrator);
    overview(&mut house, ada.0 as u8);
    is_disabled(&mut house, ada);
    assert_eq!(refusal(&mut house, ada.0 as u8), ErrorCode::Unauthorized);
}

#[test]
fn an_administrator_gets_in_while_the_sessions_are_not_known() {
    let mut house = House::new();
    let ada = employs(&mut house, "ada", AgentRole::Administrator);
    house.loses_the_link();
    house.connects();
    overview(&mut house, ada.0 as u8);
    house.directory.is_broken = true;
    overview(&mut house, ada.0 as u8);
    let other = employs(&mut house, "eve", AgentRole::Administrator);
    assert_eq!(refusal(&mut house, other.0 as u8), ErrorCode::Unavailable);
}
