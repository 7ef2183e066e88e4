//! What the service leaves for the journal, and what it is asked of it.
//!
//! Notes are left with the recorder and never waited for. What is asked is looked up beside the service, a bounded number
//! at a time; whoever asked is answered if he is still there.

use std::{collections::HashMap, time::Duration};

use tandem_protocol::{
    Blocker, Epoch, ErrorCode, Refusal, RequestId, SessionId, Switched, SwitchoverOutcome,
    control::{
        Act, ActKind, Actor, Control, JOURNAL_LIMIT_MAX, Noted, Restoration, RestoredHow, Takeover, TakeoverCause, Told,
    },
    link::{Answer, Outcome},
};
use tandem_session::{Core, LinkId, Session, TakeCause};
use tandem_store::{Journal, Loaded, id_of_act};
use tokio::time::timeout;
use tracing::debug;
use uuid::Uuid;

use super::{Input, Service, measuring::count_takeover};
use crate::clock::wall;

/// Questions about the journal at one time (B-1); further ones are told to wait.
const ASKED_MAX: usize = 64;

/// How long one may take.
const ASKED_WAIT_MAX: Duration = Duration::from_secs(15);

/// What is said of a switchover that is done.
const DONE: &str = "done";

/// Whoever wants this engine to hand over, until he is told what became of it.
#[derive(Debug, Default)]
pub(super) struct Askers {
    /// At most as many as links may have unanswered requests.
    links: HashMap<(LinkId, RequestId), Actor>,
    signal: Option<Actor>,
}

impl Askers {
    fn take_gone(&mut self, link: LinkId) -> Vec<Actor> {
        self.links.extract_if(|(of, _), _| *of == link).map(|(_, by)| by).collect()
    }
}

impl Service {
    /// Somebody has asked over a link, and not only to know what would be in the way.
    pub(super) fn note_asked(&mut self, link: LinkId, id: RequestId, by: Option<Actor>) {
        let by = self.actor(link, by);
        self.askers.links.insert((link, id), by);
    }

    /// A link is gone, and with it whoever wanted this engine to hand over and has not been told: it may do so all the same.
    pub(super) fn note_gone(&mut self, link: LinkId) {
        let gone = self.askers.take_gone(link);
        self.note_became(gone, "asked for; whoever asked was gone before the outcome".into());
    }

    /// Somebody has signalled the process: who it was is not to be known.
    pub(super) fn note_signalled(&mut self) {
        let from = format!("SIGUSR1 to engine {} (process {})", self.settings.name, self.process.pid);
        self.askers.signal = Some(Actor { who: "signal".into(), from });
    }

    /// An engine of before there was a journal does not say who asks.
    fn actor(&self, link: LinkId, by: Option<Actor>) -> Actor {
        let name = || self.links.get(&link).map(|linked| linked.hello.name.clone()).unwrap_or_default();
        by.unwrap_or_else(|| Actor { who: "unknown".into(), from: format!("link {}", name()) })
    }

    /// He who asked over this link is told; the primary goes on, so that asking again would be another act.
    pub(super) fn note_outcome(&mut self, link: LinkId, id: RequestId, outcome: &SwitchoverOutcome) {
        let by = self.askers.links.remove(&(link, id));
        self.note_became(by, in_words(outcome));
    }

    /// As [`Self::note_outcome`] for whoever signalled the process.
    pub(super) fn note_outcome_of_signal(&mut self, outcome: &SwitchoverOutcome) {
        let by = self.askers.signal.take();
        self.note_became(by, in_words(outcome));
    }

    fn note_became(&self, by: impl IntoIterator<Item = Actor>, outcome: String) {
        let Some((epoch, _)) = &self.core else { return };
        for by in by {
            self.note_act(by, ActKind::Switchover, self.about(*epoch), outcome.clone());
        }
    }

    /// The primary of this epoch has handed over. Those who asked over a link ask the successor too, who notes the same.
    pub(super) fn note_handed_over(&mut self, from: Epoch) {
        let askers = std::mem::take(&mut self.askers);
        for by in askers.links.into_values().chain(askers.signal) {
            self.note_moved(by, from, DONE.into());
        }
    }

    /// What has become of a switchover from this epoch, by whoever is asked once more.
    pub(super) fn note_repeated(&mut self, link: LinkId, by: Option<Actor>, from: Epoch, outcome: &SwitchoverOutcome) {
        let by = self.actor(link, by);
        self.note_moved(by, from, in_words(outcome));
    }

    /// Two engines may write it down, and a repeat once more: its id follows from what it says.
    fn note_moved(&self, by: Actor, from: Epoch, outcome: String) {
        let id = id_of_act([self.settings.pair.as_str(), &from.to_string(), &by.who, &by.from]);
        let act = Act { id, at_ms: wall(), by, act: ActKind::Switchover, about: self.about(from), outcome };
        self.recorder.note(Noted::Act(act));
    }

    fn about(&self, epoch: Epoch) -> String {
        format!("pair {}, epoch {epoch}", self.settings.pair)
    }

    /// Leaves an act of an operator for the audit log.
    pub(super) fn note_act(&self, by: Actor, act: ActKind, about: String, outcome: String) {
        let act = Act { id: Uuid::now_v7(), at_ms: wall(), by, act, about, outcome };
        self.recorder.note(Noted::Act(act));
    }

    /// This engine serves. Of a planned switchover it has said how long requests were held.
    pub(super) fn note_takeover(&self, epoch: Epoch, cause: Option<TakeCause>, took: Duration, sessions: usize) {
        let held = self.switched.as_ref().filter(|switched| switched.epoch == epoch);
        let former = self.lease.as_ref().map(|lease| lease.holder.name.clone());
        let takeover = Takeover {
            pair: self.settings.pair.clone(),
            epoch,
            at_ms: wall(),
            from: held.map(|switched| switched.from.clone()).or(former),
            to: self.settings.name.clone(),
            cause: held.map_or_else(|| cause_of(cause), |_| TakeoverCause::Planned),
            took_us: held.map_or_else(|| micros(took), |switched| switched.held_us),
            sessions: sessions as u64,
            gap_ms: None,
        };
        count_takeover(&takeover);
        self.recorder.note(Noted::Takeover(takeover));
    }

    /// These sessions were restored ahead of a planned switchover.
    pub(super) fn note_prepared(&self, epoch: Epoch, took: Duration, prepared: &[Session]) {
        let restored = prepared.iter().map(|session| (session.id(), RestoredHow::Prepared, session.head().0));
        self.note_restorations(epoch, took, restored.collect());
    }

    fn note_restorations(&self, epoch: Epoch, took: Duration, restored: Vec<(SessionId, RestoredHow, u64)>) {
        let (at_ms, took_us, engine) = (wall(), micros(took), &self.settings.name);
        let restoration = |&(session, how, events): &(SessionId, RestoredHow, u64)| Restoration {
            session,
            epoch,
            engine: engine.clone(),
            at_ms,
            how,
            events,
            took_us,
        };
        for part in restored.chunks(tandem_protocol::limits::ATTACH_SESSIONS_MAX) {
            self.recorder.note(Noted::Restorations(part.iter().map(restoration).collect()));
        }
    }

    /// These sessions were read; those of them that go on were restored.
    pub(super) fn note_restored(&self, epoch: Epoch, took: Duration, read: ReadBack) {
        let Some((_, core)) = &self.core else { return };
        let restored = read.0.into_iter().filter(|(session, ..)| core.goes_on(*session)).collect();
        self.note_restorations(epoch, took, restored);
    }

    /// Looks something up in the journal, or writes something down and answers when it is on the disk.
    pub(super) fn ask_journal(&mut self, link: LinkId, id: RequestId, act: Control) {
        if self.journal_asked >= ASKED_MAX {
            let refusal = Refusal::new(ErrorCode::Busy, "too much is being looked up in the journal; ask again");
            return self.answer(link, id, Outcome::Refused(refusal));
        }
        self.journal_asked += 1;
        let (journal, pair) = (self.journal.clone(), self.settings.pair.clone());
        self.report(async move {
            let looked = timeout(ASKED_WAIT_MAX, look(&*journal, &pair, act)).await;
            let told = looked.unwrap_or_else(|_late| Err("it does not answer".into()));
            Input::JournalAsked { link, id, told }
        });
    }

    pub(super) fn on_journal_asked(&mut self, link: LinkId, id: RequestId, told: Result<Told, String>) {
        self.journal_asked -= 1;
        let outcome = match told {
            Ok(told) => Outcome::Done(Answer::Control(told)),
            Err(error) => {
                // He who asked is told; whether it can be written at all, the recorder says, once.
                debug!(error, "the journal could not be read or written for whoever asked");
                Outcome::Refused(Refusal::new(
                    ErrorCode::Unavailable,
                    "the journal cannot be read or written; ask again",
                ))
            }
        };
        self.answer(link, id, outcome);
    }
}

/// Sessions that were read back from their transcripts and had been open, each with what for and its events.
#[derive(Debug)]
pub(super) struct ReadBack(Vec<(SessionId, RestoredHow, u64)>);

impl ReadBack {
    /// What is known before the core takes them over.
    pub(super) fn of(core: &Core, loaded: &[Loaded]) -> Self {
        let known = loaded.iter().filter(|loaded| !loaded.events.is_empty());
        let how = |loaded: &Loaded| {
            let how = if core.is_awaited(loaded.session)? { RestoredHow::Asked } else { RestoredHow::Unattended };
            Some((loaded.session, how, loaded.events.len() as u64))
        };
        Self(known.filter_map(how).collect())
    }
}

async fn look(journal: &dyn Journal, pair: &tandem_protocol::PairName, act: Control) -> Result<Told, String> {
    let bounded = |limit: u32| limit.min(JOURNAL_LIMIT_MAX);
    let told = match act {
        Control::Restorations { session } => journal.restorations(session).await.map(Told::Restorations),
        Control::Takeovers { before, limit } => {
            journal.takeovers(pair, before, bounded(limit)).await.map(Told::Takeovers)
        }
        Control::Acts { before_ms, limit } => journal.acts(before_ms, bounded(limit)).await.map(Told::Acts),
        Control::Drills { before_ms, limit } => journal.drills(pair, before_ms, bounded(limit)).await.map(Told::Drills),
        Control::Note(noted) => journal.note(vec![*noted]).await.map(|()| Told::Done),
        // The caller asks for nothing else.
        Control::Status | Control::Sessions { .. } | Control::Fail { .. } | Control::RestartBackup { .. } => {
            return Err("it has nothing of that".into());
        }
    };
    told.map_err(|error| error.in_full())
}

fn in_words(outcome: &SwitchoverOutcome) -> String {
    match outcome {
        SwitchoverOutcome::Done(Switched { .. }) => DONE.into(),
        SwitchoverOutcome::Clear { .. } => "nothing is in the way".into(),
        SwitchoverOutcome::Blocked(blockers) => format!("blocked: {}", Blocker::listed(blockers)),
        SwitchoverOutcome::GivenUp(cause) => format!("given up: {cause}"),
        SwitchoverOutcome::Overtaken { primary, epoch } => {
            format!("the primary was lost meanwhile: engine {primary} took over in epoch {epoch}")
        }
    }
}

/// Without a cause the epoch was given, and this engine has forgotten by whom.
fn cause_of(cause: Option<TakeCause>) -> TakeoverCause {
    match cause {
        Some(TakeCause::Free) => TakeoverCause::First,
        Some(TakeCause::Released) => TakeoverCause::Released,
        Some(TakeCause::Own) => TakeoverCause::Returned,
        Some(TakeCause::HolderGone | TakeCause::Refused) => TakeoverCause::Died,
        Some(TakeCause::Expired) => TakeoverCause::Silent,
        None => TakeoverCause::Planned,
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
