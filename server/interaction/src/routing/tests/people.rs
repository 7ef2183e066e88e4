//! The people of a contact centre and their gateways: who is hired, sits down, asks, opens a session.

use tandem_protocol::{
    AgentId, ClientId, DeskId, GatewayLink, ParticipantId, Refusal, SessionId, Timestamp, TokenHash,
    archive::Identity,
    desk::{Accepted, Action, AgentRole, ChosenState, DeskAsk},
    link::Outcome,
};
use tandem_store::Login;

use super::{
    House,
    house::{MAIN, OpenDesk, Question, session, told},
};
use crate::routing::{Heard, Input};

impl House {
    /// Gateways have their desks enter again where they are not reached any more, and ask again what was not answered:
    /// through another pair if theirs is away.
    pub(super) fn desks_enter_again(&mut self) {
        let is_lost = |(pair, ask): &Question| !self.links[*pair].has_passed_on(*ask);
        let lost: Vec<Question> = self.open_asks.keys().copied().filter(is_lost).collect();
        for question in lost {
            let (gateway, body) = self.open_asks.remove(&question).expect("it is open");
            // They enter below.
            if !matches!(body, DeskAsk::Enter { .. }) {
                self.asks(gateway, body);
            }
        }
        let desks: Vec<DeskId> = self.desks.keys().copied().collect();
        for desk in desks {
            self.enters(desk);
        }
    }

    /// Somebody new: an account, a desk, ready.
    pub(super) fn agent(&mut self, name: &str, capacity: u32) -> AgentId {
        self.works(name, AgentRole::Agent, capacity, &[])
    }

    pub(super) fn supervisor(&mut self, name: &str, capacity: u32) -> AgentId {
        self.works(name, AgentRole::Supervisor, capacity, &[])
    }

    pub(super) fn works(&mut self, name: &str, role: AgentRole, capacity: u32, skills: &[&str]) -> AgentId {
        let agent = self.hires(name, role, capacity, skills);
        self.sits_down(agent);
        self.is_ready(agent);
        agent
    }

    pub(super) fn hires(&mut self, name: &str, role: AgentRole, capacity: u32, skills: &[&str]) -> AgentId {
        let agent = self.directory.hires(name, role, capacity, skills);
        self.tells(Input::Staff(self.directory.staff()));
        agent
    }

    /// The number of an account as its first desk and its login have it too.
    pub(super) fn desk_of(agent: AgentId) -> DeskId {
        DeskId(session(u64::from(agent.0)).0)
    }

    pub(super) fn sits_down(&mut self, agent: AgentId) {
        self.opens_desk(agent, Self::desk_of(agent), GatewayLink(1));
    }

    pub(super) fn opens_desk(&mut self, agent: AgentId, desk: DeskId, gateway: GatewayLink) {
        let token = TokenHash([agent.0 as u8; 32]);
        if !self.directory.logins.iter().any(|login| login.token == token) {
            let expires_at = Timestamp(self.now.wall.0 + 12 * 3_600_000);
            self.directory.logins.push(Login { token, agent, expires_at });
        }
        self.desks.insert(desk, OpenDesk { gateway, pair: MAIN, token, view: None, is_revoked: false });
        self.enters(desk);
        self.settles();
    }

    /// Through its pair if that is there, else through another.
    fn enters(&mut self, desk: DeskId) {
        let OpenDesk { gateway, pair, token, .. } = self.desks[&desk];
        let pair = self.reachable(pair);
        self.enters_through(pair, desk, gateway, token);
    }

    pub(super) fn moves_to(&mut self, agent: AgentId, pair: usize) {
        let desk = Self::desk_of(agent);
        let OpenDesk { gateway, token, .. } = self.desks[&desk];
        self.enters_through(pair, desk, gateway, token);
        self.settles();
    }

    fn enters_through(&mut self, pair: usize, desk: DeskId, gateway: GatewayLink, token: TokenHash) {
        self.desks.get_mut(&desk).expect("it is there").pair = pair;
        self.asks_through(pair, gateway, DeskAsk::Enter { desk, token });
    }

    /// The pair itself if it is there, else another that is.
    fn reachable(&self, pair: usize) -> usize {
        let there = (0..self.links.len()).find(|other| self.links[*other].is_up);
        if self.links[pair].is_up { pair } else { there.unwrap_or(pair) }
    }

    pub(super) fn stands_up(&mut self, agent: AgentId) {
        let desk = Self::desk_of(agent);
        if let Some(known) = self.desks.remove(&desk) {
            self.asks(known.gateway, DeskAsk::Exit { desk });
            self.settles();
        }
    }

    pub(super) fn has_desk(&self, agent: AgentId) -> bool {
        self.desks.contains_key(&Self::desk_of(agent))
    }

    pub(super) fn gateway_dies(&mut self, gateway: GatewayLink) {
        self.desks.retain(|_, desk| desk.gateway != gateway);
        self.open_asks.retain(|_, (of, _)| *of != gateway);
        for pair in 0..self.links.len() {
            if self.links[pair].is_up {
                self.hears(pair, Heard::GatewayGone(gateway));
            }
        }
        self.settles();
    }

    pub(super) fn logs_out(&mut self, agent: AgentId) {
        self.asks(GatewayLink(1), DeskAsk::Logout { token: TokenHash([agent.0 as u8; 32]) });
        self.settles();
    }

    pub(super) fn is_revoked(&self, agent: AgentId) -> bool {
        self.desks[&Self::desk_of(agent)].is_revoked
    }

    pub(super) fn asks(&mut self, gateway: GatewayLink, body: DeskAsk) -> Question {
        let pair = match &body {
            DeskAsk::Do { desk, .. } | DeskAsk::Exit { desk } => self.desks.get(desk).map(|desk| desk.pair),
            _ => None,
        };
        self.asks_through(self.reachable(pair.unwrap_or(MAIN)), gateway, body)
    }

    fn asks_through(&mut self, pair: usize, gateway: GatewayLink, body: DeskAsk) -> Question {
        let ask = self.links[pair].asked();
        self.open_asks.insert((pair, ask), (gateway, body.clone()));
        if self.links[pair].is_up {
            self.hears(pair, Heard::Asked { ask, gateway, body });
        }
        (pair, ask)
    }

    pub(super) fn reply_to(&mut self, ask: Question) -> Option<Outcome> {
        self.replies.remove(&ask)
    }

    /// What is not answered yet.
    pub(super) fn unanswered(&self) -> usize {
        self.open_asks.len()
    }

    pub(super) fn starts(&mut self, agent: AgentId, action: Action) -> Question {
        self.last_id += 1;
        let id = ClientId::new(&format!("a-{}", self.last_id)).unwrap();
        self.repeats(agent, id, action)
    }

    pub(super) fn repeats(&mut self, agent: AgentId, id: ClientId, action: Action) -> Question {
        self.asks(GatewayLink(1), DeskAsk::Do { desk: Self::desk_of(agent), id, action })
    }

    pub(super) fn does(&mut self, agent: AgentId, action: Action) -> Result<String, Refusal> {
        let ask = self.starts(agent, action);
        self.settles();
        told(self.reply_to(ask).expect("it is answered"))
    }

    pub(super) fn is_ready(&mut self, agent: AgentId) {
        self.does(agent, Action::State(ChosenState::Ready)).expect("everybody may be ready");
    }

    pub(super) fn is_not_ready(&mut self, agent: AgentId) {
        let state = ChosenState::NotReady { reason: Some("lunch".into()) };
        self.does(agent, Action::State(state)).expect("everybody may have lunch");
    }

    /// A customer opens a session.
    pub(super) fn customer(&mut self) -> SessionId {
        self.customer_with(&[])
    }

    pub(super) fn customer_with(&mut self, properties: &[(&str, &str)]) -> SessionId {
        let session = self.opens(properties);
        self.settles();
        session
    }

    pub(super) fn customer_at(&mut self, pair: usize) -> SessionId {
        let session = self.opens_at(pair, &[]);
        self.settles();
        session
    }

    /// The same, without anybody having been told.
    pub(super) fn opens(&mut self, properties: &[(&str, &str)]) -> SessionId {
        self.opens_at(MAIN, properties)
    }

    pub(super) fn opens_at(&mut self, pair: usize, properties: &[(&str, &str)]) -> SessionId {
        self.last_session += 1;
        let session = match pair {
            // As ids were before they named a pair.
            MAIN => session(self.last_session),
            // Before the digits that name the pair.
            _ => SessionId::of_pair(session(self.last_session * 10_000).0, &self.links[pair].pair),
        };
        assert_eq!(self.pair_of(&session), pair);
        self.engine.opens(session, properties);
        if let Some((_, address)) = properties.iter().find(|(property, _)| *property == "email") {
            self.directory.customers.insert(session, Identity::Email((*address).to_owned()));
        }
        self.links[pair].engine_opens(session);
        self.engine_tells();
        session
    }

    pub(super) fn customer_leaves(&mut self, session: SessionId) {
        self.engine.customer_leaves(session);
        self.engine_tells();
        self.settles();
    }

    pub(super) fn leaves_unasked(&mut self, session: SessionId, participant: ParticipantId) {
        self.engine.leaves(session, participant);
        self.engine_tells();
        self.settles();
    }

    pub(super) fn accepts(&mut self, agent: AgentId, session: SessionId) -> Result<Accepted, Refusal> {
        let seq = self.waits_since(session);
        let told = self.does(agent, Action::Accept { session, seq })?;
        Ok(serde_json::from_str(&told).expect("an accept returns where he is"))
    }

    /// He takes the session that is offered to him.
    pub(super) fn takes(&mut self, agent: AgentId, session: SessionId) -> ParticipantId {
        assert_eq!(self.offered_to(session), Some(agent), "it is offered to him");
        self.accepts(agent, session).expect("it is his").participant
    }

    /// A customer comes and this agent, who is the only one, takes the session.
    pub(super) fn chat_of(&mut self, agent: AgentId) -> SessionId {
        let session = self.customer();
        self.takes(agent, session);
        session
    }
}
