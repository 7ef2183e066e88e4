//! The backup of a planned switchover: it restores what it can while the other engine still serves, and reads the rest
//! once the epoch is its own.

use std::time::Duration;

use tandem_link::{Outbox, connection::frame};
use tandem_protocol::{
    EngineName, Epoch, Seq, SessionId,
    limits::ATTACH_SESSIONS_MAX,
    link::{Deputy, ToEngine},
};
use tandem_session::{LeaseInput, Preparation};
use tandem_store::{Lease, Loaded, OpenSession, StoreError};
use tokio::time::Instant;
use tracing::{debug, warn};

use super::{FromPrimary, Input, Service, storing::history, switching::Given};
use crate::process::Process;

/// How many parts of what is missing are read at the same time: as many as the store has readers.
const CATCHING_UP_PARTS: usize = 2;

/// What this engine has read, and how far it is.
#[derive(Debug, Default)]
pub(super) struct Preparing {
    /// None while no switchover is prepared.
    preparation: Option<Preparation>,
    /// A read of beginnings is under way; they are read one after the other, for the primary needs the processor too.
    is_reading: bool,
    /// Since when, and how long all reads of this preparation took.
    reading_since: Option<Instant>,
    took: Duration,
    /// The takeover that waits for what follows the beginnings.
    catching_up: Option<CatchingUp>,
    /// The holder of the lease before the one that it names now: whoever hands over writes it first and says so then, and
    /// it may be read in between.
    holder_before: Option<EngineName>,
}

#[derive(Debug)]
struct CatchingUp {
    epoch: Epoch,
    /// How long the list took.
    took: Duration,
    open: Vec<OpenSession>,
    parts_left: usize,
}

impl Service {
    /// The primary has welcomed this engine: it is told what it would write into the lease to hand over.
    pub(super) fn on_following(&mut self, outbox: Outbox) {
        self.is_follow_fresh = true;
        self.preparing.preparation = None;
        let Process { host, started: pid_started, hostname, started_at: started_ms, .. } = self.process.clone();
        let deputy = Deputy { software: self.settings.software.clone(), host, pid_started, hostname, started_ms };
        // A link that has ended already is told by its follower.
        let _ = outbox.push(frame(&ToEngine::StandsBy(deputy)));
        self.primary = Some(outbox);
        self.on_lease(LeaseInput::Following);
    }

    pub(super) fn on_word_of_primary(&mut self, word: FromPrimary) {
        if self.keeper.primary_epoch().is_some() {
            return;
        }
        match word {
            FromPrimary::Prepare { sessions, is_last } => {
                self.preparing.preparation.get_or_insert_default().named(sessions, is_last);
                self.prepare();
            }
            FromPrimary::CalledOff => self.preparing.preparation = None,
            FromPrimary::Restart => self.on_told_to_restart(),
            FromPrimary::HandedOver { epoch, held_us } => {
                let Some(lease) = &self.lease else { return };
                let is_read = lease.holder.name == self.settings.name;
                let before = self.preparing.holder_before.as_ref().filter(|_| is_read);
                let from = before.unwrap_or(&lease.holder.name).clone();
                self.given = Some(Given { from, epoch, held_us, at: Instant::now() });
                self.on_lease(LeaseInput::Given(epoch));
            }
        }
    }

    /// The lease is about to be known as this.
    pub(super) fn note_holder(&mut self, read: Option<&Lease>) {
        let before = self.lease.as_ref().map(|lease| &lease.holder.name);
        if before != read.map(|lease| &lease.holder.name) {
            self.preparing.holder_before = before.cloned();
        }
    }

    /// Reads the next beginnings; says so when there are no more.
    fn prepare(&mut self) {
        let Some(preparation) = &mut self.preparing.preparation else { return };
        if self.preparing.is_reading {
            return;
        }
        let sessions = preparation.next_unread(ATTACH_SESSIONS_MAX);
        if !sessions.is_empty() {
            self.preparing.is_reading = true;
            self.preparing.reading_since = Some(Instant::now());
            let store = self.store.clone();
            return self.report(async move { Input::Previewed(store.preview(&sessions).await) });
        }
        if preparation.is_ready()
            && let Some(primary) = &self.primary
        {
            debug!(sessions = preparation.restored(), "prepared to take over");
            // A primary that is gone is taken over from in another way.
            let _ = primary.push(frame(&ToEngine::Prepared));
        }
    }

    pub(super) fn on_previewed(&mut self, previewed: Result<Vec<Loaded>, StoreError>) {
        self.preparing.is_reading = false;
        self.preparing.took += self.preparing.reading_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        match (&mut self.preparing.preparation, previewed) {
            (Some(preparation), Ok(loaded)) => preparation.read(loaded.into_iter().map(history).collect()),
            (Some(_), Err(error)) => warn!(%error, "some sessions could not be read in advance; they are read later"),
            (None, _) => return,
        }
        self.prepare();
    }

    /// The epoch is this engine's own and the store has said how far each session goes: what is not whole is read on,
    /// then this engine serves.
    pub(super) fn catch_up(&mut self, epoch: Epoch, took: Duration, open: Vec<OpenSession>) {
        let preparation = self.preparing.preparation.as_ref();
        let behind = preparation.map_or_else(Vec::new, |preparation| preparation.behind(&heads(&open)));
        if behind.is_empty() {
            return self.begin(epoch, took, &open);
        }
        let parts: Vec<&[(SessionId, Seq)]> = behind.chunks(behind.len().div_ceil(CATCHING_UP_PARTS)).collect();
        self.preparing.reading_since = Some(Instant::now());
        self.preparing.catching_up = Some(CatchingUp { epoch, took, open, parts_left: parts.len() });
        for part in parts {
            let (store, part) = (self.store.clone(), part.to_vec());
            self.report(async move { Input::CaughtUp { epoch, loaded: store.load_after(epoch, &part).await } });
        }
    }

    pub(super) fn on_caught_up(&mut self, epoch: Epoch, loaded: Result<Vec<Loaded>, StoreError>) {
        let Some(mut catching_up) = self.preparing.catching_up.take_if(|catching_up| catching_up.epoch == epoch) else {
            return;
        };
        match (loaded, &mut self.preparing.preparation) {
            (Err(StoreError::Stale { .. }), _) => return self.on_lease(LeaseInput::Fenced),
            (Err(error), _) => warn!(%error, "some sessions could not be read on; they are read as they are asked for"),
            (Ok(loaded), Some(preparation)) => preparation.read(loaded.into_iter().map(history).collect()),
            (Ok(_), None) => {}
        }
        catching_up.parts_left -= 1;
        if catching_up.parts_left == 0 {
            self.begin(epoch, catching_up.took, &catching_up.open);
        } else {
            self.preparing.catching_up = Some(catching_up);
        }
    }

    fn begin(&mut self, epoch: Epoch, took: Duration, open: &[OpenSession]) {
        let preparation = self.preparing.preparation.take();
        let prepared = preparation.map_or_else(Vec::new, |preparation| preparation.whole(&heads(open)));
        let caught_up = self.preparing.reading_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        let prepared_in = std::mem::take(&mut self.preparing.took) + caught_up;
        self.note_prepared(epoch, prepared_in, &prepared);
        self.serve(epoch, took, open, prepared);
    }

    /// Nothing was prepared for what comes now.
    pub(super) fn forget_preparation(&mut self) {
        (self.preparing.preparation, self.preparing.catching_up) = (None, None);
        self.given = None;
    }
}

fn heads(open: &[OpenSession]) -> Vec<(SessionId, Seq)> {
    open.iter().map(|open| (open.session, open.head)).collect()
}
