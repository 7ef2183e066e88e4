//! One engine's part in a planned switchover: the primary's steps, and what its backup prepares.

use std::collections::VecDeque;

use tandem_protocol::{
    Epoch, Pair, PairName, Peer, Seq, SessionId,
    link::{FromEngine, ToEngine},
};
use tandem_session::{
    Asker, Backup, Circumstances, Core, LeaseInput, LinkId, LoadedSession, Now, OpenSession, Preparation, SwitchEffect,
    SwitchInput, Switching,
};

use crate::{
    disk::{Disk, Process},
    node::{Node, Operation, Report, name},
};

/// The link of whichever engine stands by.
pub(crate) const BACKUP: LinkId = LinkId(u64::MAX);

/// What the two engines say to each other.
#[derive(Debug)]
pub(crate) enum Word {
    Prepare(Vec<SessionId>),
    Prepared,
    CalledOff,
    HandedOver(Epoch),
}

/// What waits while requests are held.
#[derive(Debug)]
pub(crate) enum Held {
    Frame(LinkId, ToEngine),
    LinkDown(LinkId),
    Report(Report),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Handover {
    pub(crate) switching: Switching,
    pub(crate) held: VecDeque<Held>,
    /// The process that stands by, as the primary knows it.
    backup: Option<Process>,
    /// To the other engine, in order; lost with either of the two.
    pub(crate) words: VecDeque<Word>,
    preparation: Option<Preparation>,
    /// The epoch that was handed over to this engine.
    given: Option<Epoch>,
}

impl Handover {
    pub(crate) fn new(me: Process) -> Self {
        Self {
            switching: Switching::new(name(me.node), "1.0.0"),
            held: VecDeque::new(),
            backup: None,
            words: VecDeque::new(),
            preparation: None,
            given: None,
        }
    }

    pub(crate) fn forget_preparation(&mut self) {
        (self.preparation, self.given) = (None, None);
    }
}

impl Node {
    /// An operator wants this engine to hand over to that one.
    pub(crate) fn is_to_hand_over(&mut self, now: Now, to: Process, disk: &Disk) {
        self.handover.backup = Some(to);
        self.switch(now, SwitchInput::Asked { by: Asker::Signal, dry_run: false }, disk);
        let backup = Some(Backup { link: BACKUP, name: name(to.node), software: Some("1.0.0".into()) });
        let found = Circumstances { backup, unaware: Vec::new(), is_writable: !disk.is_full };
        self.switch(now, SwitchInput::Tested(found), disk);
    }

    /// The other engine has died.
    pub(crate) fn backup_is_gone(&mut self, now: Now, disk: &Disk) {
        self.handover.words.clear();
        self.handover.backup = None;
        self.switch(now, SwitchInput::LinkDown(BACKUP), disk);
    }

    pub(crate) fn switching_ticks(&mut self, now: Now, disk: &Disk) {
        self.switch(now, SwitchInput::Tick, disk);
    }

    /// Looks whether the disk has everything, while that is waited for.
    pub(crate) fn looks_whether_drained(&mut self, now: Now, disk: &Disk) {
        let Some((_, core)) = &self.core else { return };
        if self.handover.switching.is_draining() && !core.waits_for_store() {
            let is_behind = core.sessions_behind() + core.sessions_condemned() > 0;
            self.switch(now, SwitchInput::Drained { is_behind }, disk);
        }
    }

    fn switch(&mut self, now: Now, input: SwitchInput, disk: &Disk) {
        for effect in self.handover.switching.handle(now.elapsed, input) {
            match effect {
                // Looked at by whoever asks, and told to nobody.
                SwitchEffect::Test | SwitchEffect::Answer(..) => {}
                SwitchEffect::Prepare(_) => {
                    let sessions = self.core.as_ref().map(|(_, core)| core.attached_sessions()).unwrap_or_default();
                    self.handover.words.push_back(Word::Prepare(sessions));
                }
                SwitchEffect::Hold => {
                    if let Some((_, core)) = &mut self.core {
                        core.save_backlogs();
                    }
                    self.let_out(Vec::new(), disk);
                }
                SwitchEffect::HandOver(_) => self.lease(now, LeaseInput::HandOver, disk),
                SwitchEffect::Leave { epoch, .. } => self.leave(epoch, disk),
                SwitchEffect::CallOff(_) => self.handover.words.push_back(Word::CalledOff),
                SwitchEffect::Resume(_) => self.resume(now, disk),
            }
        }
    }

    pub(crate) fn give_away(&mut self, epoch: Epoch) {
        // One that has died meanwhile is written into the lease all the same, and its epoch is taken over.
        let other = Process { node: 1 - self.me.node, life: u64::MAX };
        self.operations.push_back(Operation::Give(epoch, self.handover.backup.unwrap_or(other)));
    }

    pub(crate) fn is_given_away(&mut self, now: Now, next: Epoch, disk: &Disk) {
        self.switch(now, SwitchInput::HandedOver(next), disk);
        self.lease(now, LeaseInput::HandedOver(next), disk);
    }

    /// Every link gets what was written to it, then where to go.
    fn leave(&mut self, epoch: Epoch, disk: &Disk) {
        let Some((own, core)) = self.core.take() else { return };
        assert_eq!(own.next(), epoch, "F-1: it hands over its own epoch's successor");
        assert!(disk.epoch() >= epoch, "F-1: the epoch is raised before anybody is told");
        assert!(!core.waits_for_store(), "D-1: nothing is on its way to the disk when the epoch is handed over");
        let name = name(1 - self.me.node);
        let primary = Peer { address: name.to_string(), name, pid: 1 };
        let pair = PairName::new("main").expect("valid");
        let moved = FromEngine::Moved(Pair { name: pair, epoch, primary, backup: None });
        self.outgoing.values_mut().for_each(|queue| queue.push_back(moved.clone()));
        self.handed_over += 1;
        self.handover = Handover::new(self.me);
        self.handover.words.push_back(Word::HandedOver(epoch));
    }

    fn resume(&mut self, now: Now, disk: &Disk) {
        for held in std::mem::take(&mut self.handover.held) {
            match held {
                Held::Frame(link, frame) => self.receive(now, link, frame, disk),
                Held::LinkDown(link) => self.link_down(now, link),
                Held::Report(report) => self.heed(now, report, disk),
            }
        }
    }

    /// The other engine says something.
    pub(crate) fn hear(&mut self, now: Now, word: Word, disk: &Disk) {
        match word {
            Word::Prepared => self.switch(now, SwitchInput::Prepared(BACKUP), disk),
            Word::Prepare(sessions) if !self.is_primary() => {
                let mut preparation = Preparation::default();
                preparation.named(sessions, true);
                let all = preparation.next_unread(usize::MAX);
                self.handover.preparation = Some(preparation);
                self.operations.push_back(Operation::Preview(all));
            }
            Word::CalledOff => self.handover.forget_preparation(),
            Word::HandedOver(epoch) => {
                self.handover.given = Some(epoch);
                self.lease(now, LeaseInput::Given(epoch), disk);
            }
            Word::Prepare(_) => {}
        }
    }

    pub(crate) fn is_previewed(&mut self, loaded: Vec<LoadedSession>) {
        if let Some(preparation) = &mut self.handover.preparation {
            preparation.read(loaded);
            self.handover.words.push_back(Word::Prepared);
        }
    }

    /// The epoch is its own; what is not whole is read on first.
    pub(crate) fn catch_up(&mut self, now: Now, epoch: Epoch, open: Vec<(SessionId, Seq)>, disk: &Disk) {
        let preparation = self.handover.preparation.as_ref();
        let behind = preparation.map(|preparation| preparation.behind(&open)).unwrap_or_default();
        if behind.is_empty() {
            return self.serve(now, epoch, &open, disk);
        }
        self.operations.push_back(Operation::CatchUp(epoch, behind, open));
    }

    pub(crate) fn is_caught_up(
        &mut self,
        now: Now,
        epoch: Epoch,
        loaded: Vec<LoadedSession>,
        open: &[(SessionId, Seq)],
        disk: &Disk,
    ) {
        if let Some(preparation) = &mut self.handover.preparation {
            preparation.read(loaded);
        }
        self.serve(now, epoch, open, disk);
    }

    fn serve(&mut self, now: Now, epoch: Epoch, open: &[(SessionId, Seq)], disk: &Disk) {
        let prepared = self.handover.preparation.take().map(|preparation| preparation.whole(open)).unwrap_or_default();
        let is_planned = self.handover.given == Some(epoch);
        let sessions: Vec<OpenSession> = open.iter().map(|(session, _)| OpenSession { session: *session }).collect();
        let mut effects = Vec::new();
        let core = Core::succeed(now, self.settings.clone(), &sessions, prepared, is_planned, &mut effects);
        self.core = Some((epoch, core));
        self.takeovers += 1;
        self.handover = Handover::new(self.me);
        self.let_out(effects, disk);
    }
}
