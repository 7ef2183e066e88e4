//! Anything in any order: people, late answers, pairs that are lost and come back, restarts. What must hold always is checked after each step,
//! and what must hold in the end when everything has come to rest.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::Index};
use tandem_protocol::{
    AgentId, ClientId, EventBody, GatewayLink, ParticipantId, QueueCause, SessionId, Visibility,
    desk::{Action, AgentRole, ChosenState},
};

use super::{
    House,
    house::{MAIN, queue, seconds},
};
use crate::routing::{Core, Note, agents::Presence, requests::Wish};

const PEOPLE: usize = 5;

const OTHER: usize = 1;
const PAIRS: [&str; 2] = ["main", "other"];

#[derive(Debug, Clone)]
enum Step {
    Comes {
        pair: usize,
        queue: u8,
        skills: bool,
    },
    CustomerLeaves(Index),
    Sits(Index),
    Stands(Index),
    Chooses(Index, u8),
    /// An agent reaches for whatever stands in his view, or for anything at all.
    Accepts(Index, Index),
    Declines(Index, Index),
    PassesOn(Index, Index, Option<Index>),
    Invites(Index, Index, Index),
    Uninvites(Index, Index, Index),
    Leaves(Index, Index),
    Ends(Index, Index),
    Watches(Index, Index),
    TakesOver(Index, Index),
    Whispers(Index),
    LeavesUnasked(Index),
    RepeatsTheLast,
    EngineWorks(usize, u8),
    WordsArrive(usize, u8),
    DirectoryWorks(u8),
    DirectoryBreaks(bool),
    Passes(u16),
    LosesTheLink(usize),
    Connects(usize),
    MovesTo(Index, usize),
    Restarts(bool),
    GatewayDies,
}

fn step() -> impl Strategy<Value = Step> {
    let (index, pair) = (any::<Index>, || 0..PAIRS.len());
    prop_oneof![
        4 => (pair(), 0..3_u8, any::<bool>()).prop_map(|(pair, queue, skills)| Step::Comes { pair, queue, skills }),
        1 => index().prop_map(Step::CustomerLeaves),
        2 => index().prop_map(Step::Sits),
        1 => index().prop_map(Step::Stands),
        3 => (index(), 0..4_u8).prop_map(|(agent, state)| Step::Chooses(agent, state)),
        6 => (index(), index()).prop_map(|(agent, session)| Step::Accepts(agent, session)),
        1 => (index(), index()).prop_map(|(agent, session)| Step::Declines(agent, session)),
        2 => (index(), index(), proptest::option::of(index())).prop_map(|(agent, session, to)| Step::PassesOn(agent, session, to)),
        2 => (index(), index(), index()).prop_map(|(agent, session, to)| Step::Invites(agent, session, to)),
        1 => (index(), index(), index()).prop_map(|(agent, session, to)| Step::Uninvites(agent, session, to)),
        1 => (index(), index()).prop_map(|(agent, session)| Step::Leaves(agent, session)),
        2 => (index(), index()).prop_map(|(agent, session)| Step::Ends(agent, session)),
        1 => index().prop_map(|session| Step::Watches(session, session)),
        1 => index().prop_map(|session| Step::TakesOver(session, session)),
        1 => index().prop_map(Step::Whispers),
        1 => index().prop_map(Step::LeavesUnasked),
        1 => Just(Step::RepeatsTheLast),
        8 => (pair(), 1..4_u8).prop_map(|(pair, times)| Step::EngineWorks(pair, times)),
        8 => (pair(), 1..4_u8).prop_map(|(pair, times)| Step::WordsArrive(pair, times)),
        6 => (1..4_u8).prop_map(Step::DirectoryWorks),
        1 => proptest::bool::weighted(0.2).prop_map(Step::DirectoryBreaks),
        4 => (1..30_000_u16).prop_map(Step::Passes),
        1 => pair().prop_map(Step::LosesTheLink),
        2 => pair().prop_map(Step::Connects),
        1 => (index(), pair()).prop_map(|(agent, pair)| Step::MovesTo(agent, pair)),
        1 => any::<bool>().prop_map(Step::Restarts),
        1 => Just(Step::GatewayDies),
    ]
}

struct Chaos {
    house: House,
    people: Vec<AgentId>,
    sessions: Vec<SessionId>,
    last: Option<(AgentId, ClientId, Action)>,
    actions: u32,
}

impl Chaos {
    fn new() -> Self {
        let mut house = House::of_pairs(&PAIRS, |settings| {
            settings.queues = vec![queue("default"), queue("sales"), queue("bots")];
            settings.queues[1].priority = 1;
            settings.queues[2].bot = true;
        });
        let skills: &[&[&str]] = &[&["french"], &[], &["french"], &[], &[]];
        let roles = [AgentRole::Agent, AgentRole::Agent, AgentRole::Agent, AgentRole::Supervisor, AgentRole::Bot];
        let people =
            (0..PEOPLE).map(|at| house.works(&format!("p{at}"), roles[at], 1 + at as u32 % 2, skills[at])).collect();
        (house.is_engine_slow, house.is_directory_slow) = (true, true);
        Self { house, people, sessions: Vec::new(), last: None, actions: 0 }
    }

    fn does(&mut self, agent: &Index, action: impl FnOnce(SessionId, &mut Self, AgentId) -> Action, session: &Index) {
        let agent = *agent.get(&self.people);
        if self.sessions.is_empty() || !self.house.has_desk(agent) {
            return;
        }
        let session = *session.get(&self.sessions);
        let action = action(session, self, agent);
        self.actions += 1;
        let id = ClientId::new(&format!("c-{}", self.actions)).unwrap();
        self.last = Some((agent, id.clone(), action.clone()));
        self.house.repeats(agent, id, action);
    }

    fn seq_of(&self, session: SessionId, agent: AgentId) -> tandem_protocol::Seq {
        let state = &self.house.engine.sessions[&session].state;
        let invited = state.invitations.iter().find(|asked| asked.agent == agent).map(|asked| asked.seq);
        invited.or(state.queue.as_ref().map(|queue| queue.seq)).unwrap_or_default()
    }

    fn takes(&mut self, step: Step) {
        let to = |people: &[AgentId], at: &Index| *at.get(people);
        match step {
            Step::Comes { pair, queue, skills } => {
                let queue = ["default", "sales", "bots"][usize::from(queue)];
                let properties: &[(&str, &str)] =
                    if skills { &[("queue", queue), ("skills", "french")] } else { &[("queue", queue)] };
                self.sessions.push(self.house.opens_at(pair, properties));
            }
            Step::CustomerLeaves(at) => self.in_session(&at, |house, session| house.customer_leaves(session)),
            Step::Sits(at) => self.house.sits_down(to(&self.people, &at)),
            Step::Stands(at) => self.house.stands_up(to(&self.people, &at)),
            Step::Chooses(at, state) => {
                let reason = Some("lunch".into());
                let state =
                    [ChosenState::Ready, ChosenState::NotReady { reason }, ChosenState::AfterWork, ChosenState::Ready]
                        [usize::from(state)]
                    .clone();
                self.sessions.is_empty().then(|| self.sessions.push(self.house.opens(&[])));
                self.does(&at, |_, _, _| Action::State(state), &at);
            }
            Step::Accepts(at, session) => self.does(
                &at,
                |session, this, agent| Action::Accept { session, seq: this.seq_of(session, agent) },
                &session,
            ),
            Step::Declines(at, session) => self.does(
                &at,
                |session, this, agent| Action::Decline { session, seq: this.seq_of(session, agent) },
                &session,
            ),
            Step::PassesOn(at, session, target) => self.does(
                &at,
                |session, this, _| {
                    let agent = target.map(|target| to(&this.people, &target));
                    let queue = if agent.is_none() { "sales".parse().ok() } else { None };
                    Action::Transfer { session, queue, agent, note: Some("a note".into()) }
                },
                &session,
            ),
            Step::Invites(at, session, who) => {
                self.does(&at, |session, this, _| Action::Invite { session, agent: to(&this.people, &who) }, &session)
            }
            Step::Uninvites(at, session, who) => {
                self.does(&at, |session, this, _| Action::Uninvite { session, agent: to(&this.people, &who) }, &session)
            }
            Step::Leaves(at, session) => self.does(&at, |session, _, _| Action::Leave { session }, &session),
            Step::Ends(at, session) => self.does(
                &at,
                |session, _, _| Action::End { session, disposition: "solved".into(), remark: None },
                &session,
            ),
            Step::Watches(at, session) => self.does(&at, |session, _, _| Action::Watch { session }, &session),
            Step::TakesOver(at, session) => self.does(&at, |session, _, _| Action::TakeOver { session }, &session),
            Step::Whispers(at) => self.in_session(&at, |house, session| {
                if let Some(watcher) = staff(house, session, Visibility::Vip).first() {
                    house.engine.shows(session, *watcher, Visibility::Int);
                }
            }),
            Step::LeavesUnasked(at) => self.in_session(&at, |house, session| {
                if let Some(agent) = staff(house, session, Visibility::All).first() {
                    house.leaves_unasked(session, *agent);
                }
            }),
            other => self.happens(other),
        }
    }

    /// What is nobody's doing.
    fn happens(&mut self, step: Step) {
        match step {
            Step::RepeatsTheLast => {
                if let Some((agent, id, action)) = self.last.clone().filter(|(agent, ..)| self.house.has_desk(*agent)) {
                    self.house.repeats(agent, id, action);
                }
            }
            Step::EngineWorks(pair, times) => {
                for _ in 0..times {
                    self.house.engine_works_at(pair);
                }
            }
            Step::WordsArrive(pair, times) => {
                for _ in 0..times {
                    self.house.word_arrives_from(pair);
                }
            }
            Step::DirectoryWorks(times) => {
                for _ in 0..times {
                    self.house.directory_works();
                }
            }
            Step::DirectoryBreaks(is_broken) => self.house.directory.is_broken = is_broken,
            Step::Passes(ms) => self.house.passes(std::time::Duration::from_millis(u64::from(ms))),
            Step::LosesTheLink(pair) => {
                self.house.loses(pair);
                if self.is_linked() {
                    self.house.desks_enter_again();
                }
            }
            Step::Connects(pair) if !self.house.is_linked_to(pair) => {
                self.house.connects_to(pair);
                self.house.desks_enter_again();
            }
            Step::MovesTo(at, pair) => {
                let agent = *at.get(&self.people);
                if self.house.has_desk(agent) && self.house.is_linked_to(pair) {
                    self.house.moves_to(agent, pair);
                }
            }
            Step::Restarts(is_whole) => {
                self.house.restarts_alone();
                self.house.connects_to(MAIN);
                if is_whole {
                    self.house.connects_to(OTHER);
                }
                self.house.desks_enter_again();
            }
            Step::GatewayDies if self.is_linked() => self.house.gateway_dies(GatewayLink(1)),
            _ => {}
        }
    }

    fn is_linked(&self) -> bool {
        (0..PAIRS.len()).any(|pair| self.house.is_linked_to(pair))
    }

    fn in_session(&mut self, at: &Index, happens: impl FnOnce(&mut House, SessionId)) {
        let open: Vec<SessionId> =
            self.sessions.iter().copied().filter(|session| self.house.engine.sessions[session].is_open()).collect();
        if !open.is_empty() {
            happens(&mut self.house, *at.get(&open));
        }
    }

    // ---- What holds always.

    fn check(&self) {
        let core = &self.house.core;
        if !self.has_begun_in_ignorance() {
            self.check_room();
        }
        if core.pairs.is_at_work() {
            for (session, known) in &core.sessions {
                let Some(offer) = known.offer else { continue };
                let agent = &core.agents[&offer.agent];
                assert!(!matches!(agent.presence, Presence::Absent { .. }), "{session} is offered to somebody gone");
                assert_eq!(agent.chosen, ChosenState::Ready, "{session} is offered to somebody not ready");
                assert!(known.rank.is_some(), "{session} is offered and stands in no list");
                assert!(core.pairs.is_settled_for(session), "{session} is offered and cannot be joined");
            }
        }
        check_lists(core);
        let never = |note: &&Note| matches!(note, Note::Mended { .. } | Note::Refused { .. });
        assert_eq!(self.house.notes.iter().find(never), None);
    }

    /// Whether a process may have begun without knowing of a chat: it was at a pair that was away, and the directory had
    /// not been able to keep it.
    fn has_begun_in_ignorance(&self) -> bool {
        let began_without = |note: &Note| matches!(note, Note::BeganWithout { .. });
        self.house.directory.has_lost_a_chat && self.house.notes.iter().any(began_without)
    }

    /// Nobody has more than he may, wherever it is.
    fn check_room(&self) {
        for (at, agent) in self.people.iter().enumerate() {
            let capacity = 1 + at % 2;
            let attended = |session: &&SessionId| self.house.attending(**session).contains(agent);
            let offered = |session: &&SessionId| self.house.offered_to(**session) == Some(*agent);
            let has: Vec<_> = self.sessions.iter().filter(|session| attended(session) || offered(session)).collect();
            assert!(has.len() <= capacity, "{agent} may have {capacity} and has {has:?}");
        }
    }

    // ---- What holds in the end.

    /// All pairs are there, but for one that may be away.
    fn comes_to_rest(&mut self, away: Option<usize>) {
        let house = &mut self.house;
        house.directory.is_broken = false;
        (house.is_engine_slow, house.is_directory_slow) = (false, false);
        for pair in 0..PAIRS.len() {
            match (house.is_linked_to(pair), Some(pair) == away) {
                (true, true) => house.loses(pair),
                (false, false) => house.connects_to(pair),
                _ => {}
            }
        }
        house.desks_enter_again();
        house.settles();
        // Until everybody who does not answer is not ready, and everybody gone is given up.
        house.passes(seconds(200));
    }

    fn check_rest(&self, away: Option<usize>) {
        let (house, core) = (&self.house, &self.house.core);
        let is_here = |session: &SessionId| Some(house.pair_of(session)) != away;
        assert!(away.is_some() || house.unanswered() == 0, "every action is answered");
        let pending: Vec<_> = core.pending.values().filter(|pending| is_here(&pending.session)).collect();
        assert!(pending.is_empty(), "{pending:?}");
        let mut to_file = BTreeSet::new();
        for session in self.sessions.iter().filter(|session| is_here(session)) {
            let there = &house.engine.sessions[session];
            let attending = there.attending();
            if there.is_open() {
                to_file.extend(attending.iter().map(|agent| (*session, *agent)));
                assert!(there.waits().is_some() || !attending.is_empty(), "{session} is forgotten");
                assert_eq!(
                    core.waiting.iter().filter(|rank| rank.session == *session).count(),
                    usize::from(there.waits().is_some())
                );
                self.check_offered(*session);
            }
            let opened = there.events.iter();
            let opened =
                opened.filter(|event| matches!(event.body, EventBody::Queued { cause: QueueCause::Opened, .. }));
            assert!(opened.count() <= 1, "{session} is new once");
        }
        for (session, agent) in house.directory.unfiled.iter().filter(|(session, _)| is_here(session)) {
            let there = &house.engine.sessions[session];
            assert!(to_file.remove(&(*session, *agent)) || !there.is_open(), "{agent} need not file {session}");
            assert!(there.state.participants.iter().any(|known| known.agent == Some(*agent)));
        }
        assert_eq!(to_file, BTreeSet::new(), "the directory knows who has what");
    }

    /// No ready agent with room is idle while a session waits that he could take.
    fn check_offered(&self, session: SessionId) {
        let core = &self.house.core;
        let there = &self.house.engine.sessions[&session];
        let Some(waits) = there.waits().filter(|_| self.house.offered_to(session).is_none()) else { return };
        for (at, id) in self.people.iter().enumerate() {
            let agent = &core.agents[id];
            let is_idle = agent.presence == Presence::Here && agent.chosen == ChosenState::Ready && agent.room() > 0;
            let fits = match waits.agent {
                Some(only) => only == *id,
                None => {
                    let can = at % 2 == 0 && at < 4 || !there.state.properties.contains_key("skills");
                    can && (at == 4) == (waits.queue.as_str() == "bots")
                }
            };
            assert!(!(is_idle && fits), "{session} waits for nobody while {id} is idle");
        }
    }
}

fn staff(house: &House, session: SessionId, visibility: Visibility) -> Vec<ParticipantId> {
    let participants = &house.engine.sessions[&session].state.participants;
    let there =
        participants.iter().filter(|known| known.joined && known.agent.is_some() && known.visibility == visibility);
    there.map(|known| known.participant).collect()
}

/// Every list says what the sessions themselves say.
fn check_lists(core: &Core) {
    for rank in &core.waiting {
        assert_eq!(core.sessions[&rank.session].rank, Some(*rank));
    }
    assert_eq!(core.waiting.len(), core.sessions.values().filter(|known| known.rank.is_some()).count());
    assert_eq!(core.live.len(), core.sessions.values().filter(|known| known.live.is_some()).count());
    for (session, known) in &core.sessions {
        for (agent, tie) in &known.ties {
            assert_eq!(core.agents[agent].ties[session].tie, *tie);
        }
    }
    for (id, agent) in &core.agents {
        assert!(agent.ties.keys().all(|session| core.sessions[session].ties.contains_key(id)));
        assert!(agent.desks.iter().all(|desk| core.desks[desk].agent == *id));
    }
    let changes = |wish: &Wish| !matches!(wish, Wish::Read(..));
    for (id, pending) in core.pending.iter().filter(|(_, pending)| changes(&pending.wish)) {
        let known = core.sessions.get(&pending.session);
        assert!(known.is_none_or(|known| known.pending.contains(id)), "{id:?} is kept by nobody");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nobody_has_too_much_and_no_session_is_forgotten_nor_waits_for_another_pair(
        steps in proptest::collection::vec(step(), 1..200),
        away in 0..PAIRS.len(),
    ) {
        let mut chaos = Chaos::new();
        for step in steps {
            chaos.takes(step);
            chaos.check();
        }
        for away in [Some(away), None] {
            chaos.comes_to_rest(away);
            chaos.check();
            chaos.check_rest(away);
        }
    }
}
