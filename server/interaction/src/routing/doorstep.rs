//! Questions of desks that cannot be dealt with yet: while no pair is known, while their desk has not entered, while the
//! pair of the session that they are about is away.
//!
//! While not all is known nobody is let in: a view would show a part for the whole. And since after a failover a
//! desk's actions, asked again by the link, come before its gateway has it enter again, they wait a little for that.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use tandem_protocol::{
    ClientId, DeskId, ErrorCode,
    desk::{ACTIONS_MAX, Action, DeskAsk},
};

use super::{
    Core,
    actions::concerns,
    desks::refused,
    due::Subject,
    effect::{AskRef, GatewayAt},
};

/// Questions that may wait for one of these reasons (B-1): as many as the engine keeps.
const WAITING_MAX: usize = 8_192;

/// How long an action waits for its desk to enter. Gateways have their desks enter as soon as they are told to.
const DESK_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long an action waits for the pair of its session: as long as a takeover usually takes, also from a silent primary,
/// and far less than the engine keeps the question. Then its desk is told, and repeats it for as long as it is open: what
/// nobody wants any more is not done when the pair is back.
const PAIR_WAIT_MAX: Duration = Duration::from_secs(10);

/// Who waits outside.
#[derive(Debug, Default)]
pub(super) struct Doorstep {
    /// Questions that wait until the core is at work.
    parked: VecDeque<Asked>,
    /// Actions whose desk has not entered, and until when they wait for it.
    early: VecDeque<(Duration, Asked)>,
    /// Actions that wait for a pair, and until when.
    away: VecDeque<(Duration, Asked)>,
    /// Desks whose login is being looked up, and through which gateway's link they enter.
    entering: BTreeSet<(DeskId, GatewayAt)>,
}

#[derive(Debug)]
pub(super) struct Asked {
    pub(super) ask: AskRef,
    pub(super) gateway: GatewayAt,
    pub(super) body: DeskAsk,
}

impl Doorstep {
    /// The login of a desk is being looked up.
    pub(super) fn begins_to_enter(&mut self, desk: DeskId, gateway: GatewayAt) {
        self.entering.insert((desk, gateway));
    }

    /// It is looked up. Returns whether the desk still wants to enter.
    pub(super) fn may_enter(&mut self, desk: DeskId, gateway: GatewayAt) -> bool {
        self.entering.remove(&(desk, gateway))
    }

    /// Gateways' links are gone, and whatever was asked through them.
    pub(super) fn forget(&mut self, is_gone: impl Fn(GatewayAt) -> bool) {
        self.parked.retain(|asked| !is_gone(asked.gateway));
        self.early.retain(|(_, asked)| !is_gone(asked.gateway));
        self.away.retain(|(_, asked)| !is_gone(asked.gateway));
        self.entering.retain(|(_, gateway)| !is_gone(*gateway));
    }

    /// A desk is gone. Returns its questions for being let in.
    pub(super) fn exit(&mut self, desk: DeskId) -> Vec<AskRef> {
        self.entering.retain(|(of, _)| *of != desk);
        let mut asks = Vec::new();
        self.parked.retain(|asked| {
            let is_its = matches!(asked.body, DeskAsk::Enter { desk: of, .. } if of == desk);
            asks.extend(is_its.then_some(asked.ask));
            !is_its
        });
        asks
    }
}

impl Asked {
    /// What is done at which desk, if it is that.
    fn action(&self) -> Option<(DeskId, &ClientId, &Action)> {
        match &self.body {
            DeskAsk::Do { desk, id, action } => Some((*desk, id, action)),
            _ => None,
        }
    }
}

impl Core {
    /// The question waits until the core is at work.
    pub(super) fn park(&mut self, asked: Asked) {
        if self.doorstep.parked.len() >= WAITING_MAX {
            self.reply(asked.ask, refused(ErrorCode::Busy, "Too many desks want to enter at once."));
        } else {
            self.doorstep.parked.push_back(asked);
        }
    }

    /// The core is at work: those who waited for that are let in, in the order in which they came.
    pub(super) fn let_in(&mut self) {
        for Asked { ask, gateway, body } in std::mem::take(&mut self.doorstep.parked) {
            self.on_asked(ask.ask, gateway, body);
        }
    }

    /// The action waits for its desk to enter.
    pub(super) fn wait_for_desk(&mut self, asked: Asked) {
        if self.doorstep.early.len() >= WAITING_MAX {
            return self.reply(asked.ask, refused(ErrorCode::Busy, "Too many desks want to enter at once."));
        }
        let until = self.now.elapsed + DESK_WAIT_MAX;
        self.doorstep.early.push_back((until, asked));
        self.due.at(until, Subject::Doorstep);
    }

    /// A desk has entered: what it asked for before is done.
    pub(super) fn do_early(&mut self, desk: DeskId) {
        for (until, asked) in std::mem::take(&mut self.doorstep.early) {
            if asked.action().is_some_and(|(of, ..)| of == desk) {
                self.on_asked(asked.ask.ask, asked.gateway, asked.body);
            } else {
                self.doorstep.early.push_back((until, asked));
            }
        }
    }

    /// The action waits for the pair of its session.
    pub(super) fn wait_for_pair(&mut self, asked: Asked) {
        let Some((desk, id, _)) = asked.action() else { return };
        let others = self.doorstep.away.iter().filter_map(|(_, other)| other.action());
        // A repeat takes the place of a question that nobody waits for any more.
        let others = others.filter(|(of, other, _)| *of == desk && *other != id).count();
        if others >= ACTIONS_MAX || self.doorstep.away.len() >= WAITING_MAX {
            return self.reply(asked.ask, refused(ErrorCode::Busy, "Too much is under way at this desk."));
        }
        let until = self.now.elapsed + PAIR_WAIT_MAX;
        self.doorstep.away.push_back((until, asked));
        self.due.at(until, Subject::Doorstep);
    }

    /// All is known of a pair: what waited for it is done.
    pub(super) fn do_away(&mut self) {
        for (until, asked) in std::mem::take(&mut self.doorstep.away) {
            let session = asked.action().and_then(|(_, _, action)| concerns(action));
            if session.is_none_or(|session| self.pairs.is_settled_for(&session)) {
                self.on_asked(asked.ask.ask, asked.gateway, asked.body);
            } else {
                self.doorstep.away.push_back((until, asked));
            }
        }
    }

    /// Actions whose desk did not enter, or whose pair did not come, are not done.
    pub(super) fn turn_away_the_late(&mut self) {
        let now = self.now.elapsed;
        for ask in take_late(&mut self.doorstep.early, now) {
            self.reply(ask, refused(ErrorCode::Unavailable, "The desk has not entered. Please try again."));
        }
        for ask in take_late(&mut self.doorstep.away, now) {
            let sentence = "This chat cannot be reached at the moment. Please try again.";
            self.reply(ask, refused(ErrorCode::Unavailable, sentence));
        }
    }
}

/// In each line whoever came first is late first.
fn take_late(line: &mut VecDeque<(Duration, Asked)>, now: Duration) -> Vec<AskRef> {
    let late = line.iter().take_while(|(until, _)| *until <= now).count();
    line.drain(..late).map(|(_, asked)| asked.ask).collect()
}
