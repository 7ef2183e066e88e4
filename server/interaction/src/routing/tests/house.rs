//! A contact centre around a core: its links, the engines behind them, the directory, gateways with desks.
//!
//! What is on its way between them waits in queues that a story empties ([`House::settles`]) or leaves full, so that
//! answers can be late, and be lost with the link, as they are in the world.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde_json::value::RawValue;
use tandem_protocol::{
    AgentId, AskId, DeskId, ErrorCode, GatewayLink, LoginName, PairName, ParticipantId, QueueName, Refusal, Secret,
    Seq, SessionId, Timestamp, TokenHash,
    desk::{DeskAsk, DeskNews, View},
    link::{Answer, Outcome, Request},
    routing::Placed,
};

use super::{directory::Directory, engine::Engine, link::Link};
use crate::{
    InteractionSettings, QueueSettings,
    routing::{Core, Effect, Errand, GatewayAt, Heard, Input, LookAsk, Note, Now, PairIndex, Purpose, Tag},
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

/// The first pair, and the only one of most stories.
pub(super) const MAIN: usize = 0;

/// A question of a gateway, and through which pair it is asked.
pub(super) type Question = (usize, AskId);

#[derive(Debug)]
pub(super) struct OpenDesk {
    pub(super) gateway: GatewayLink,
    /// Through which pair it enters.
    pub(super) pair: usize,
    pub(super) token: TokenHash,
    pub(super) view: Option<View>,
    pub(super) is_revoked: bool,
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
    pub(super) links: Vec<Link>,
    errands: VecDeque<(Errand, Purpose)>,
    /// What a story leaves unanswered.
    pub(super) is_engine_slow: bool,
    pub(super) is_directory_slow: bool,
    pub(super) desks: BTreeMap<DeskId, OpenDesk>,
    pub(super) replies: BTreeMap<Question, Outcome>,
    /// Questions that a gateway asks again when it has not been answered.
    pub(super) open_asks: BTreeMap<Question, (GatewayLink, DeskAsk)>,
    pub(super) last_id: u64,
    pub(super) last_session: u64,
    /// Everything that was ever asked of the engine to be done, by name.
    pub(super) asked: Vec<Request>,
}

impl House {
    /// A house with the one queue `default`, and nobody in it.
    pub(super) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(super) fn with(set: impl FnOnce(&mut InteractionSettings)) -> Self {
        Self::of_pairs(&["main"], set)
    }

    /// A house with several pairs of engines.
    pub(super) fn of_pairs(pairs: &[&str], set: impl FnOnce(&mut InteractionSettings)) -> Self {
        let mut settings = InteractionSettings::default();
        set(&mut settings);
        settings.check().expect("the story's settings are valid");
        let now = Now { elapsed: Duration::ZERO, wall: START };
        let links: Vec<Link> = pairs.iter().map(|name| Link::of(PairName::new(name).unwrap())).collect();
        let directory = Directory::default();
        let mut house = Self {
            core: begun(now, &settings, &links, &directory),
            settings,
            engine: Engine::default(),
            directory,
            now,
            notes: Vec::new(),
            looks: Vec::new(),
            places: BTreeMap::new(),
            tellings: 0,
            links,
            errands: VecDeque::new(),
            is_engine_slow: false,
            is_directory_slow: false,
            desks: BTreeMap::new(),
            replies: BTreeMap::new(),
            open_asks: BTreeMap::new(),
            last_id: 0,
            last_session: 0,
            asked: Vec::new(),
        };
        house.engine.now = START;
        house.connects_all();
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
                Effect::Submit { pair, request, tag } => self.submits(pair, *request, tag),
                Effect::Run { errand, purpose } => self.errands.push_back((*errand, purpose)),
                Effect::Look(look) => self.looks.push(*look),
                Effect::Verify(login) => panic!("no story logs in through the core: {login:?}"),
                Effect::Reply { pair, ask, outcome } => self.is_answered((pair.place(), ask), outcome),
                Effect::Push { gateway, desk, news } => self.is_pushed(gateway, desk, news),
                Effect::Places(pair, placed) => {
                    self.tellings += 1;
                    assert!(placed.iter().all(|placed| self.pair_of(&placed.session) == pair.place()));
                    self.places.extend(placed.into_iter().map(|placed| (placed.session, placed)));
                }
                Effect::Note(note) => self.notes.push(note),
            }
        }
    }

    fn submits(&mut self, pair: PairIndex, request: Request, tag: Tag) {
        if !matches!(request, Request::Watch | Request::Follow(_) | Request::Read { .. }) {
            self.asked.push(request.clone());
        }
        self.links[pair.place()].submits(request, tag);
    }

    fn is_answered(&mut self, ask: Question, outcome: Outcome) {
        if let Some((gateway, DeskAsk::Enter { desk, .. })) = self.open_asks.remove(&ask)
            && let Outcome::Done(Answer::Told(view)) = &outcome
        {
            self.is_shown(gateway, desk, view);
        }
        assert!(self.links[ask.0].has_passed_on(ask.1), "{ask:?} was asked over another connection");
        let before = self.replies.insert(ask, outcome);
        assert!(before.is_none(), "{ask:?} is answered twice");
    }

    fn is_pushed(&mut self, gateway: GatewayAt, desk: DeskId, news: DeskNews) {
        assert!(self.links[gateway.pair.place()].is_up, "a desk is told through a pair that is there");
        match news {
            DeskNews::View(json) => self.is_shown(gateway.link, desk, &json),
            DeskNews::Revoked => {
                self.desks.get_mut(&desk).into_iter().for_each(|known| known.is_revoked = true);
            }
        }
    }

    fn is_shown(&mut self, gateway: GatewayLink, desk: DeskId, json: &RawValue) {
        let Some(known) = self.desks.get_mut(&desk) else { return };
        assert_eq!(known.gateway, gateway, "a desk's news go to its gateway");
        let view: View = serde_json::from_str(json.get()).unwrap();
        let before = known.view.as_ref().map_or(0, |view| view.version);
        assert!(view.version > before, "versions grow: {before} then {}", view.version);
        known.view = Some(view);
    }

    /// The pair of a session, as its id says.
    pub(super) fn pair_of(&self, session: &SessionId) -> usize {
        pair_of(&self.links, session)
    }

    /// The engine of some pair does the next thing that it is asked. False when there is none.
    pub(super) fn engine_works(&mut self) -> bool {
        (0..self.links.len()).any(|pair| self.engine_works_at(pair))
    }

    pub(super) fn engine_works_at(&mut self, pair: usize) -> bool {
        let is_its = its(&self.links, pair);
        self.links[pair].engine_works(&mut self.engine, is_its)
    }

    /// Followers are told what has changed.
    pub(super) fn engine_tells(&mut self) {
        for pair in 0..self.links.len() {
            let is_its = its(&self.links, pair);
            self.links[pair].engine_tells(&mut self.engine, is_its);
        }
    }

    /// The next word of some primary arrives. False when there is none.
    pub(super) fn word_arrives(&mut self) -> bool {
        (0..self.links.len()).any(|pair| self.word_arrives_from(pair))
    }

    pub(super) fn word_arrives_from(&mut self, pair: usize) -> bool {
        let Some(word) = self.links[pair].word_arrives() else { return false };
        word.into_iter().for_each(|heard| self.hears(pair, heard));
        true
    }

    pub(super) fn hears(&mut self, pair: usize, heard: Heard) {
        let pair = PairIndex::all(self.links.len()).nth(pair).expect("there is such a pair");
        self.tells(Input::Heard(pair, heard));
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

    /// Time passes in which the service comes to nothing: what is due in it and what arrives next are done at once.
    pub(super) fn is_busy_for(&mut self, time: Duration) {
        self.sets_the_clock(self.now.elapsed + time);
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

    // ---- The links, the process.

    pub(super) fn connects(&mut self) {
        self.connects_to(MAIN);
    }

    pub(super) fn connects_to(&mut self, pair: usize) {
        let is_its = its(&self.links, pair);
        self.links[pair].comes_up(&mut self.engine, is_its);
        self.hears(pair, Heard::Connected);
    }

    fn connects_all(&mut self) {
        (0..self.links.len()).for_each(|pair| self.connects_to(pair));
    }

    pub(super) fn loses_the_link(&mut self) {
        self.loses(MAIN);
    }

    pub(super) fn loses(&mut self, pair: usize) {
        if self.links[pair].is_up {
            self.links[pair].goes_down();
            self.hears(pair, Heard::Lost);
        }
    }

    pub(super) fn is_linked_to(&self, pair: usize) -> bool {
        self.links[pair].is_up
    }

    /// `kill -9`, and another process takes its place. What the directory had not done is lost.
    pub(super) fn restarts(&mut self) {
        self.restarts_alone();
        self.connects_all();
    }

    /// The same, and no pair is there yet.
    pub(super) fn restarts_alone(&mut self) {
        self.links.iter_mut().for_each(Link::forgets_all);
        self.errands.clear();
        self.sets_the_clock(self.now.elapsed + seconds(1));
        self.directory.life += 1;
        self.core = begun(self.now, &self.settings, &self.links, &self.directory);
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

/// A core that begins now.
fn begun(now: Now, settings: &InteractionSettings, links: &[Link], directory: &Directory) -> Core {
    let pairs = links.iter().map(|link| link.pair.clone()).collect();
    Core::new(now, settings.clone(), ChatTokens::new([7; 32]), pairs, directory.kept())
}

/// The pair of a session: the one that its id names, or the first.
fn pair_of(links: &[Link], session: &SessionId) -> usize {
    links.iter().position(|link| link.pair.tag() == session.pair_tag()).unwrap_or(MAIN)
}

/// Whether a session is this pair's.
fn its(links: &[Link], pair: usize) -> impl Fn(&SessionId) -> bool + use<> {
    let tags: Vec<_> = links.iter().map(|link| link.pair.tag()).collect();
    move |session| tags.iter().position(|tag| *tag == session.pair_tag()).unwrap_or(MAIN) == pair
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
