//! A contact centre around a core: its link, the engine behind it, the directory, gateways with desks.
//!
//! What is on its way between them waits in queues that a story empties ([`House::settles`]) or leaves full, so that
//! answers can be late, and be lost with the link, as they are in the world.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use tandem_protocol::{
    AgentId, AskId, ClientId, DeskId, ErrorCode, GatewayLink, LoginName, ParticipantId, QueueName, Refusal, Secret,
    Seq, SessionId, Timestamp, TokenHash,
    archive::Identity,
    desk::{Accepted, Action, AgentRole, ChosenState, DeskAsk, DeskNews, View},
    link::{Answer, Outcome, Request},
    routing::{Changed, Placed},
};
use tandem_store::Login;

use super::{directory::Directory, engine::Engine};
use crate::{
    InteractionSettings, QueueSettings,
    routing::{Core, Effect, Errand, Input, LookAsk, Note, Now, Purpose, Tag},
    token::ChatTokens,
};

const START: Timestamp = Timestamp(1_764_000_000_000);

pub(super) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(super) fn queue(name: &str) -> QueueSettings {
    QueueSettings::named(name.parse().unwrap())
}

pub(super) fn session(number: u64) -> SessionId {
    format!("0198c5a2-0000-7000-8000-{number:012}").parse().unwrap()
}

/// What a primary says over the link.
#[derive(Debug)]
enum Word {
    Answer(u64, Outcome),
    Opened(Vec<SessionId>),
    Changed(Vec<Changed>),
}

#[derive(Debug)]
struct OpenDesk {
    gateway: GatewayLink,
    token: TokenHash,
    view: Option<View>,
    is_revoked: bool,
}

pub(super) struct House {
    pub(super) settings: InteractionSettings,
    pub(super) core: Core,
    pub(super) engine: Engine,
    pub(super) directory: Directory,
    pub(super) now: Now,
    pub(super) notes: Vec<Note>,
    /// What was looked up.
    pub(super) looks: Vec<LookAsk>,
    /// The last place that each waiting customer was told.
    pub(super) places: BTreeMap<SessionId, Placed>,
    /// Frames of places, however many in each.
    pub(super) tellings: usize,
    is_linked: bool,
    is_followed: bool,
    is_watched: bool,
    last_request: u64,
    unacked: BTreeMap<u64, (Request, Tag)>,
    to_engine: VecDeque<u64>,
    from_engine: VecDeque<Word>,
    errands: VecDeque<(Errand, Purpose)>,
    /// What a story leaves unanswered.
    pub(super) is_engine_slow: bool,
    pub(super) is_directory_slow: bool,
    desks: BTreeMap<DeskId, OpenDesk>,
    replies: BTreeMap<AskId, Outcome>,
    /// Questions that a gateway asks again when it has not been answered.
    open_asks: BTreeMap<AskId, (GatewayLink, DeskAsk)>,
    /// Questions that the primary of this connection has passed on; only they may be answered.
    asked_here: BTreeSet<AskId>,
    last_ask: u64,
    last_id: u64,
    last_session: u64,
    /// Everything that was ever asked of the engine to be done, by name.
    pub(super) asked: Vec<Request>,
}

impl House {
    /// A house with the one queue `default`, and nobody in it.
    pub(super) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(super) fn with(set: impl FnOnce(&mut InteractionSettings)) -> Self {
        let mut settings = InteractionSettings::default();
        set(&mut settings);
        settings.check().expect("the story's settings are valid");
        let now = Now { elapsed: Duration::ZERO, wall: START };
        let core = Core::new(now, settings.clone(), ChatTokens::new([7; 32]), Directory::default().kept());
        let mut house = Self {
            settings,
            core,
            engine: Engine::default(),
            directory: Directory::default(),
            now,
            notes: Vec::new(),
            looks: Vec::new(),
            places: BTreeMap::new(),
            tellings: 0,
            is_linked: false,
            is_followed: false,
            is_watched: false,
            last_request: 0,
            unacked: BTreeMap::new(),
            to_engine: VecDeque::new(),
            from_engine: VecDeque::new(),
            errands: VecDeque::new(),
            is_engine_slow: false,
            is_directory_slow: false,
            desks: BTreeMap::new(),
            replies: BTreeMap::new(),
            open_asks: BTreeMap::new(),
            asked_here: BTreeSet::new(),
            last_ask: 0,
            last_id: 0,
            last_session: 0,
            asked: Vec::new(),
        };
        house.engine.now = START;
        house.connects();
        house.settles();
        house
    }

    // ---- The machinery.

    pub(super) fn tells(&mut self, input: Input) {
        self.core.on(self.now, input);
        self.goes_on();
    }

    fn goes_on(&mut self) {
        for effect in self.core.go_on(self.now) {
            match effect {
                Effect::Submit { request, tag } => self.submits(*request, tag),
                Effect::Run { errand, purpose } => self.errands.push_back((*errand, purpose)),
                Effect::Look(look) => self.looks.push(*look),
                Effect::Verify(login) => panic!("no story logs in through the core: {login:?}"),
                Effect::Reply { ask, outcome } => self.is_answered(ask, outcome),
                Effect::Push { gateway, desk, news } => self.is_pushed(gateway, desk, news),
                Effect::Places(placed) => {
                    self.tellings += 1;
                    self.places.extend(placed.into_iter().map(|placed| (placed.session, placed)));
                }
                Effect::Note(note) => self.notes.push(note),
            }
        }
    }

    fn submits(&mut self, request: Request, tag: Tag) {
        self.last_request += 1;
        if !matches!(request, Request::Watch | Request::Follow(_) | Request::Read { .. }) {
            self.asked.push(request.clone());
        }
        self.unacked.insert(self.last_request, (request, tag));
        if self.is_linked {
            self.to_engine.push_back(self.last_request);
        }
    }

    fn is_answered(&mut self, ask: AskId, outcome: Outcome) {
        if let Some((gateway, DeskAsk::Enter { desk, .. })) = self.open_asks.remove(&ask)
            && let Outcome::Done(Answer::Told(view)) = &outcome
        {
            self.is_pushed(gateway, desk, DeskNews::View(view.clone()));
        }
        assert!(self.asked_here.contains(&ask), "{ask} was asked over another connection");
        let before = self.replies.insert(ask, outcome);
        assert!(before.is_none(), "{ask} is answered twice");
    }

    fn is_pushed(&mut self, gateway: GatewayLink, desk: DeskId, news: DeskNews) {
        let Some(known) = self.desks.get_mut(&desk) else { return };
        assert_eq!(known.gateway, gateway, "a desk's news go to its gateway");
        match news {
            DeskNews::View(json) => {
                let view: View = serde_json::from_str(json.get()).unwrap();
                let before = known.view.as_ref().map_or(0, |view| view.version);
                assert!(view.version > before, "versions grow: {before} then {}", view.version);
                known.view = Some(view);
            }
            DeskNews::Revoked => known.is_revoked = true,
        }
    }

    /// The engine does the next thing that it is asked. False when there is none.
    pub(super) fn engine_works(&mut self) -> bool {
        let Some(id) = self.to_engine.pop_front() else { return false };
        let Some((request, _)) = self.unacked.get(&id) else { return true };
        let request = request.clone();
        if matches!(request, Request::Watch) {
            self.is_watched = true;
            self.from_engine.push_back(Word::Opened(self.engine.open_sessions()));
        }
        let is_follow = matches!(request, Request::Follow(_));
        let outcome = self.engine.asked(request);
        if is_follow && matches!(outcome, Outcome::Done(_)) {
            // What changed until now is in the answer.
            self.engine.take_changed();
            self.is_followed = true;
        }
        self.from_engine.push_back(Word::Answer(id, outcome));
        self.engine_tells();
        true
    }

    /// Followers are told what has changed.
    fn engine_tells(&mut self) {
        let changed = self.engine.take_changed();
        if self.is_linked && self.is_followed && !changed.is_empty() {
            self.from_engine.push_back(Word::Changed(changed));
        }
    }

    /// The next word of the primary arrives. False when there is none.
    pub(super) fn word_arrives(&mut self) -> bool {
        let input = match self.from_engine.pop_front() {
            None => return false,
            Some(Word::Opened(sessions)) => Input::Opened(sessions),
            Some(Word::Changed(changed)) => Input::Changed(changed),
            Some(Word::Answer(id, outcome)) => {
                let Some((_, tag)) = self.unacked.remove(&id) else { return true };
                Input::Answered(tag, outcome)
            }
        };
        self.tells(input);
        true
    }

    /// The directory does its next errand. False when there is none.
    pub(super) fn directory_works(&mut self) -> bool {
        let Some((errand, purpose)) = self.errands.pop_front() else { return false };
        let ran = self.directory.run(errand);
        self.tells(Input::Ran { purpose, ran });
        true
    }

    /// Everything that is on its way arrives.
    pub(super) fn settles(&mut self) {
        self.engine_tells();
        for _ in 0..100_000 {
            self.goes_on();
            let has_worked = (!self.is_engine_slow && (self.engine_works() || self.word_arrives()))
                || (!self.is_directory_slow && self.directory_works());
            if !has_worked {
                return;
            }
        }
        panic!("it never settles: {:?}", self.asked.last());
    }

    /// Time passes, and whatever is due in it happens.
    pub(super) fn passes(&mut self, time: Duration) {
        let until = self.now.elapsed + time;
        self.settles();
        while let Some(at) = self.core.next_deadline().filter(|at| *at <= until) {
            self.goes_to(at.max(self.now.elapsed));
            self.settles();
        }
        self.goes_to(until);
        self.settles();
    }

    fn goes_to(&mut self, elapsed: Duration) {
        self.sets_the_clock(elapsed);
        self.goes_on();
    }

    fn sets_the_clock(&mut self, elapsed: Duration) {
        let passed = (elapsed - self.now.elapsed).as_millis() as u64;
        self.now = Now { elapsed, wall: Timestamp(self.now.wall.0 + passed) };
        self.engine.now = self.now.wall;
    }

    // ---- The link, the process.

    pub(super) fn connects(&mut self) {
        assert!(!std::mem::replace(&mut self.is_linked, true));
        self.engine.take_changed();
        self.is_followed = false;
        if self.is_watched {
            self.from_engine.push_back(Word::Opened(self.engine.open_sessions()));
        }
        self.to_engine.extend(self.unacked.keys());
        self.tells(Input::Connected);
    }

    pub(super) fn loses_the_link(&mut self) {
        if std::mem::replace(&mut self.is_linked, false) {
            self.asked_here.clear();
            self.to_engine.clear();
            self.from_engine.clear();
            self.tells(Input::Lost);
        }
    }

    pub(super) fn is_linked(&self) -> bool {
        self.is_linked
    }

    /// Gateways have their desks enter again, and ask again what was not answered.
    pub(super) fn desks_enter_again(&mut self) {
        for (gateway, body) in std::mem::take(&mut self.open_asks).into_values() {
            self.asks(gateway, body);
        }
        let desks: Vec<DeskId> = self.desks.keys().copied().collect();
        for desk in desks {
            self.enters(desk);
        }
    }

    /// `kill -9`, and another process takes its place. What the directory had not done is lost.
    pub(super) fn restarts(&mut self) {
        self.asked_here.clear();
        self.is_linked = false;
        self.is_watched = false;
        self.unacked.clear();
        self.to_engine.clear();
        self.from_engine.clear();
        self.errands.clear();
        self.sets_the_clock(self.now.elapsed + seconds(1));
        self.directory.life += 1;
        self.core = Core::new(self.now, self.settings.clone(), ChatTokens::new([7; 32]), self.directory.kept());
        self.connects();
    }

    // ---- People.

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
    fn desk_of(agent: AgentId) -> DeskId {
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
        self.desks.insert(desk, OpenDesk { gateway, token, view: None, is_revoked: false });
        self.enters(desk);
        self.settles();
    }

    fn enters(&mut self, desk: DeskId) -> AskId {
        let OpenDesk { gateway, token, .. } = self.desks[&desk];
        self.asks(gateway, DeskAsk::Enter { desk, token })
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
        self.tells(Input::GatewayGone(gateway));
        self.settles();
    }

    pub(super) fn logs_out(&mut self, agent: AgentId) {
        self.asks(GatewayLink(1), DeskAsk::Logout { token: TokenHash([agent.0 as u8; 32]) });
        self.settles();
    }

    pub(super) fn is_revoked(&self, agent: AgentId) -> bool {
        self.desks[&Self::desk_of(agent)].is_revoked
    }

    pub(super) fn asks(&mut self, gateway: GatewayLink, body: DeskAsk) -> AskId {
        self.last_ask += 1;
        let ask = AskId(self.last_ask);
        self.open_asks.insert(ask, (gateway, body.clone()));
        if self.is_linked {
            self.asked_here.insert(ask);
            self.tells(Input::Asked { ask, gateway, body });
        }
        ask
    }

    pub(super) fn reply_to(&mut self, ask: AskId) -> Option<Outcome> {
        self.replies.remove(&ask)
    }

    /// What is not answered yet.
    pub(super) fn unanswered(&self) -> usize {
        self.open_asks.len()
    }

    pub(super) fn starts(&mut self, agent: AgentId, action: Action) -> AskId {
        self.last_id += 1;
        let id = ClientId::new(&format!("a-{}", self.last_id)).unwrap();
        self.repeats(agent, id, action)
    }

    pub(super) fn repeats(&mut self, agent: AgentId, id: ClientId, action: Action) -> AskId {
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

    /// The same, without anybody having been told.
    pub(super) fn opens(&mut self, properties: &[(&str, &str)]) -> SessionId {
        self.last_session += 1;
        let session = session(self.last_session);
        self.engine.opens(session, properties);
        if let Some((_, address)) = properties.iter().find(|(property, _)| *property == "email") {
            self.directory.customers.insert(session, Identity::Email((*address).to_owned()));
        }
        if self.is_linked && self.is_watched {
            self.from_engine.push_back(Word::Opened(vec![session]));
        }
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

    // ---- What can be seen.

    pub(super) fn waits_since(&self, session: SessionId) -> Seq {
        self.engine.sessions[&session].state.queue.as_ref().expect("it has been queued").seq
    }

    pub(super) fn queue_of(&self, session: SessionId) -> Option<&QueueName> {
        self.engine.sessions[&session].waits().map(|waits| &waits.queue)
    }

    pub(super) fn offered_to(&self, session: SessionId) -> Option<AgentId> {
        self.core.sessions.get(&session)?.offer.map(|offer| offer.agent)
    }

    pub(super) fn attending(&self, session: SessionId) -> Vec<AgentId> {
        self.engine.sessions[&session].attending()
    }

    pub(super) fn participant(&self, session: SessionId, agent: AgentId) -> ParticipantId {
        let participants = &self.engine.sessions[&session].state.participants;
        participants.iter().rfind(|known| known.agent == Some(agent)).expect("he has been in it").participant
    }

    /// What the agent sees once everything has been told.
    pub(super) fn view(&mut self, agent: AgentId) -> View {
        self.passes(Duration::from_millis(300));
        self.shown(agent)
    }

    /// What he sees now.
    pub(super) fn shown(&mut self, agent: AgentId) -> View {
        let json = self.core.view_of(agent);
        serde_json::from_str(json.get()).unwrap()
    }

    /// The last view that was pushed to his first desk.
    pub(super) fn pushed(&self, agent: AgentId) -> Option<&View> {
        self.desks[&Self::desk_of(agent)].view.as_ref()
    }

    pub(super) fn noted(&self, note: &Note) -> bool {
        self.notes.contains(note)
    }

    pub(super) fn warnings(&self) -> usize {
        let warns = |note: &&Note| {
            matches!(
                note,
                Note::Unattended { .. }
                    | Note::Mended { .. }
                    | Note::Refused { .. }
                    | Note::WithoutEffect { .. }
                    | Note::SetAside { .. }
                    | Note::Unseen { .. }
            )
        };
        self.notes.iter().filter(warns).count()
    }
}

pub(super) fn told(outcome: Outcome) -> Result<String, Refusal> {
    match outcome {
        Outcome::Done(Answer::Told(json)) => Ok(json.get().to_owned()),
        Outcome::Refused(refusal) => Err(refusal),
        other => panic!("no answer to a desk: {other:?}"),
    }
}

pub(super) fn code<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> ErrorCode {
    outcome.expect_err("refused").code
}

pub(super) fn login(name: &str, token: u8) -> DeskAsk {
    DeskAsk::Login {
        name: LoginName::new(name).unwrap(),
        password: Secret::new("p"),
        token: TokenHash([token; 32]),
        from: "127.0.0.1".into(),
    }
}
