//! Decides who is asked to take which session, and what every agent sees: a pure state machine.
//!
//! [`Core`] is told what happens, with its moment ([`Core::on`]), and returns what is to be done ([`Core::go_on`]); it
//! reads no clock, does no I/O and waits for nothing. What it holds, whatever comes in whichever order:
//!
//! - **One truth.** Where a session waits and who is in it is only ever what the engine has told. The core keeps beside
//!   it who is being asked, which a later process may ask anew.
//! - **One decision at a time.** While something is asked of the engine about a session, and until its effect is seen,
//!   nothing else is decided about it. Requests are named after the facts that they answer, so that a repeat, also by
//!   another process, is done once (D-3).
//! - **Nobody has more than he may.** Offers, invitations, chats, chats to be filed away and joins under way all count,
//!   at the moment at which they are decided.
//! - **Nothing is forgotten.** After each input every session that it may concern is looked at as a whole ([`attending`]),
//!   and all of them in turn without one. What is looked at, not what happened, decides.
//! - **Nothing is decided in the dark.** From the loss of a pair until each of its sessions has been told of anew, nothing
//!   is decided about them, and what is done about them at desks waits. The sessions of other pairs wait for nothing of
//!   that ([`pairs`]); while no pair is known, no desk is told anything.
//!
//! The runtime ([`crate::service`]) is its only caller.

mod actions;
mod agents;
mod attending;
mod census;
mod desks;
mod doorstep;
mod due;
mod effect;
mod filing;
mod known;
mod looking;
mod names;
mod now;
mod offering;
mod pace;
mod pairs;
mod places;
mod presence;
mod queues;
mod requests;
mod settling;
mod sweeping;
mod view;
mod views;
mod waiting;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use tandem_protocol::{AgentId, DeskId, PairName, SessionId, TokenHash};
use tandem_store::Login;

use self::{
    actions::Actions,
    agents::Agent,
    desks::Desk,
    doorstep::Doorstep,
    due::{Due, Subject},
    known::Known,
    pairs::Pairs,
    places::Places,
    queues::Queues,
    requests::{Pending, PendingId},
    sweeping::Sweep,
    views::Views,
    waiting::Rank,
};
pub(crate) use self::{
    census::Census,
    effect::{
        AskRef, Effect, Errand, Failed, Found, GatewayAt, Heard, Input, Kept, LoginAsk, LookAsk, Note, Purpose, Staff,
        Tag, Wanted,
    },
    now::Now,
    pairs::PairIndex,
};
use crate::{InteractionSettings, token::ChatTokens};

/// See the module.
pub(crate) struct Core {
    settings: InteractionSettings,
    tokens: ChatTokens,
    /// The moment of the input being dealt with.
    now: Now,
    effects: Vec<Effect>,
    pairs: Pairs,
    due: Due,
    sessions: BTreeMap<SessionId, Known>,
    /// Chats to be filed away, as read at the start, of sessions that have not been told of yet.
    unfiled: BTreeMap<SessionId, BTreeSet<AgentId>>,
    /// What the directory could not keep: who need not file which chat away.
    unreleased: BTreeSet<(SessionId, AgentId)>,
    agents: BTreeMap<AgentId, Agent>,
    logins: HashMap<TokenHash, Login>,
    desks: BTreeMap<DeskId, Desk>,
    doorstep: Doorstep,
    /// Questions and logouts whose login the core does not know and the directory is being asked for.
    strangers: usize,
    queues: Queues,
    /// All waiting sessions, the next one first.
    waiting: BTreeSet<Rank>,
    /// The sessions that somebody attends, the oldest first.
    live: BTreeSet<(tandem_protocol::Timestamp, SessionId)>,
    pending: BTreeMap<PendingId, Pending>,
    last_pending: PendingId,
    actions: Actions,
    places: Places,
    views: Views,
    sweep: Sweep,
}

impl Core {
    /// The core of a process that begins now, with the directory as it has just read it. The settings and the names of
    /// the pairs are checked.
    pub(crate) fn new(
        now: Now,
        settings: InteractionSettings,
        tokens: ChatTokens,
        pairs: Vec<PairName>,
        kept: Kept,
    ) -> Self {
        let queues = Queues::new(&settings, now);
        let mut core = Self {
            settings,
            tokens,
            now,
            effects: Vec::new(),
            pairs: Pairs::new(pairs),
            due: Due::default(),
            sessions: BTreeMap::new(),
            unfiled: BTreeMap::new(),
            unreleased: BTreeSet::new(),
            agents: BTreeMap::new(),
            logins: HashMap::new(),
            desks: BTreeMap::new(),
            doorstep: Doorstep::default(),
            strangers: 0,
            queues,
            waiting: BTreeSet::new(),
            live: BTreeSet::new(),
            pending: BTreeMap::new(),
            last_pending: PendingId::default(),
            actions: Actions::default(),
            places: Places::default(),
            views: Views::of_life(kept.life),
            sweep: Sweep::default(),
        };
        core.on_staff(kept.staff);
        for (session, agent) in kept.unfiled {
            core.unfiled.entry(session).or_default().insert(agent);
            core.agent_mut(agent).untold.insert(session);
        }
        for chosen in kept.chosen {
            let agent = core.agent_mut(chosen.agent);
            (agent.chosen, agent.since) = (chosen.state, chosen.since);
        }
        core
    }

    /// Something happens.
    pub(crate) fn on(&mut self, now: Now, input: Input) {
        self.now = now;
        match input {
            Input::Heard(pair, heard) => self.on_heard(pair, heard),
            Input::Verified { ask, verified } => self.on_verified(ask, verified),
            Input::Looked { ask, outcome } => self.reply(ask, outcome),
            Input::Ran { purpose, ran } => self.on_ran(purpose, ran),
            Input::Staff(staff) => self.on_staff(staff),
        }
    }

    fn on_heard(&mut self, pair: PairIndex, heard: Heard) {
        match heard {
            Heard::Connected => self.on_connected(pair),
            Heard::Lost => self.on_lost(pair),
            Heard::Opened(sessions) => self.on_opened(pair, sessions),
            Heard::Changed(changed) => changed.into_iter().for_each(|changed| self.on_changed(pair, changed)),
            Heard::Answered(Tag::Watch, outcome) => self.on_watched(pair, outcome),
            Heard::Answered(Tag::Follow(sessions), outcome) => self.on_followed(pair, sessions, outcome),
            Heard::Answered(Tag::Pending(pending), outcome) => self.on_answer(pending, outcome),
            // The eraser's; it never comes here.
            Heard::Answered(Tag::Erase(_), _) => {}
            Heard::GatewayGone(link) => self.on_gateway_gone(GatewayAt { pair, link }),
            Heard::Asked { ask, gateway, body } => self.on_asked(ask, GatewayAt { pair, link: gateway }, body),
        }
    }

    /// What follows from all that has happened until now, time that passed included.
    pub(crate) fn go_on(&mut self, now: Now) -> Vec<Effect> {
        self.now = now;
        self.go_on_settling();
        if self.pairs.is_at_work() {
            let mut may_offer = self.queues.look_at_the_clock(now.wall);
            if may_offer {
                self.views.all_changed(now.elapsed);
            }
            may_offer |= self.look_at_all_due();
            // After that: what has changed and was not looked at yet would seem to be a fault.
            self.sweep_when_due();
            may_offer |= self.look_at_all_due();
            if may_offer {
                self.offer_waiting();
            }
            self.tell_places();
            self.push_views();
        }
        std::mem::take(&mut self.effects)
    }

    /// Whether anything was due.
    fn look_at_all_due(&mut self) -> bool {
        let mut was_due = false;
        while let Some(subject) = self.due.next(self.now.elapsed) {
            self.look_at(subject);
            was_due = true;
        }
        was_due
    }

    /// When [`Core::go_on`] is next to be called without an input.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let pairs = self.pairs.next_deadline();
        if !self.pairs.is_at_work() {
            return pairs;
        }
        let told = [self.views.next_deadline(), self.places.next_deadline()];
        let due = [pairs, self.due.next_deadline(), Some(self.sweep.next_deadline())];
        told.into_iter().chain(due).flatten().min()
    }

    fn look_at(&mut self, subject: Subject) {
        match subject {
            Subject::Agent(agent) => self.check_presence(agent),
            Subject::Session(session) if self.pairs.is_settled_for(&session) => self.attend(session),
            // It is looked at when its pair is known.
            Subject::Session(_) => {}
            Subject::Doorstep => self.turn_away_the_late(),
        }
    }

    fn note(&mut self, note: Note) {
        self.effects.push(Effect::Note(note));
    }

    fn run(&mut self, errand: Errand, purpose: Purpose) {
        self.effects.push(Effect::Run { errand: Box::new(errand), purpose });
    }
}

#[cfg(test)]
mod tests;
