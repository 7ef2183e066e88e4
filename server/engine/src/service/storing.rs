//! Between the core and the store: batches out, histories in. Reports of an earlier epoch are dropped.

use std::time::Duration;

use tandem_protocol::{Epoch, RawEvent, Seq, SessionId, limits::PAGE_BYTES_MAX};
use tandem_session::{AutoSave, Core, LeaseInput, LoadedSession, OnSaveError, ReadId};
use tandem_store::{Erased, Loaded, StoreError};
use tandem_telemetry::ENGINE;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::{
    Input, Service,
    journal::ReadBack,
    measuring::{count_saved, word_of},
};
use crate::saver::{SaveOutcome, save};

/// Reads of the store at one time: what two cores can do, with one to spare while one waits for the disk.
pub(super) const READS_MAX: usize = 3;

/// Sessions named in one line of the log; more are counted.
const NAMED_MAX: usize = 4;

impl Service {
    /// Sends the next batch to the store, if none is there and any waits.
    pub(super) fn save_next(&mut self) {
        let Some((epoch, core)) = &mut self.core else { return };
        let Some(batch) = core.take_batch() else { return };
        let consequence = match self.settings.sessions.on_save_error {
            _ if core.is_saving_backlog() => "what was told already is kept and tried again",
            OnSaveError::Continue => "the sessions concerned go on unsaved",
            OnSaveError::Close => "the sessions concerned are closed",
        };
        let (epoch, store, settings) = (*epoch, self.store.clone(), self.settings.save);
        ENGINE.batch.observe(batch.len());
        self.traces.saves(&batch);
        self.saving_messages = batch.iter().filter(|record| record.says).count();
        self.saving_since = Some(Instant::now());
        self.report(
            async move { Input::Saved { epoch, outcome: save(store, epoch, batch, settings, consequence).await } },
        );
    }

    pub(super) fn on_saved(&mut self, epoch: Epoch, outcome: SaveOutcome) {
        let now = self.clock.now();
        let Some(core) = core_of(&mut self.core, epoch) else { return };
        self.traces.saved(word_of(&outcome));
        let since = self.saving_since.take();
        count_saved(&outcome, since, std::mem::take(&mut self.saving_messages));
        match outcome {
            SaveOutcome::Saved => {
                since.inspect(|since| self.standing.saves.note(now.elapsed, since.elapsed()));
                let was_behind = core.is_saving_backlog();
                core.saved(now, &mut self.effects);
                if was_behind && self.settings.sessions.auto_save != AutoSave::AtEnd && core.sessions_behind() == 0 {
                    info!(%epoch, "everything that was told is saved again");
                }
            }
            SaveOutcome::Failed => core.not_saved(now, &mut self.effects),
            SaveOutcome::Fenced => self.on_lease(LeaseInput::Fenced),
        }
    }

    pub(super) fn load(&mut self, sessions: Vec<SessionId>) {
        let Some((epoch, _)) = self.core else { return };
        let (store, reading) = (self.store.clone(), self.reading.clone());
        self.report(async move {
            let _turn = reading.acquire().await.expect("the semaphore is never closed");
            let started = Instant::now();
            let loaded = store.load(epoch, &sessions).await;
            Input::Loaded { epoch, took: started.elapsed(), sessions, loaded }
        });
    }

    pub(super) fn on_loaded(
        &mut self,
        epoch: Epoch,
        took: Duration,
        sessions: &[SessionId],
        loaded: Result<Vec<Loaded>, StoreError>,
    ) {
        let now = self.clock.now();
        let Some(core) = core_of(&mut self.core, epoch) else { return };
        match loaded {
            Ok(loaded) => {
                log_restored(epoch, took, &loaded);
                let read = ReadBack::of(core, &loaded);
                let histories = loaded.into_iter().map(history).collect();
                for (session, error) in core.loaded(now, histories, &mut self.effects) {
                    error!(%session, %error, "a session cannot be restored: its transcript is damaged");
                }
                self.note_restored(epoch, took, read);
            }
            Err(StoreError::Stale { .. }) => self.on_lease(LeaseInput::Fenced),
            // One damaged history must harm only its own session.
            Err(_) if sessions.len() > 1 => sessions.iter().for_each(|session| self.load(vec![*session])),
            Err(error) => {
                error!(?sessions, %error, "cannot read a session from the store");
                core.load_failed(now, sessions, &mut self.effects);
            }
        }
    }

    pub(super) fn read_page(&mut self, read: ReadId, session: SessionId, after: Seq, events_max: usize) {
        let Some((epoch, _)) = self.core else { return };
        let (store, reading) = (self.store.clone(), self.reading.clone());
        self.report(async move {
            let _turn = reading.acquire().await.expect("the semaphore is never closed");
            let page = store.read(epoch, session, after, events_max, PAGE_BYTES_MAX).await;
            Input::PageRead { epoch, read, page }
        });
    }

    pub(super) fn on_page_read(&mut self, epoch: Epoch, read: ReadId, page: Result<Vec<RawEvent>, StoreError>) {
        let Some(core) = core_of(&mut self.core, epoch) else { return };
        match page {
            Ok(events) => core.page_read(read, events, &mut self.effects),
            Err(StoreError::Stale { .. }) => self.on_lease(LeaseInput::Fenced),
            Err(error) => {
                error!(%error, "cannot read events from the store");
                core.page_failed(read, &mut self.effects);
            }
        }
    }

    pub(super) fn erase(&mut self, session: SessionId) {
        let Some((epoch, _)) = self.core else { return };
        let (store, erasing) = (self.store.clone(), self.erasing.clone());
        self.report(async move {
            let _turn = erasing.acquire().await.expect("the semaphore is never closed");
            Input::Erased { epoch, session, erased: store.erase(epoch, session).await }
        });
    }

    pub(super) fn on_erased(&mut self, epoch: Epoch, session: SessionId, erased: Result<Erased, StoreError>) {
        let Some(core) = core_of(&mut self.core, epoch) else { return };
        let became = match erased {
            Ok(Erased::Done) => {
                info!(%session, "erased what was said in a session");
                tandem_session::Erased::Done
            }
            Ok(Erased::StillOpen) => tandem_session::Erased::StillOpen,
            Err(StoreError::Stale { .. }) => return self.on_lease(LeaseInput::Fenced),
            Err(StoreError::Failed(cause)) => {
                error!(%session, %cause, "a session cannot be erased");
                tandem_session::Erased::Failed
            }
            Err(error @ (StoreError::Busy(_) | StoreError::Recoverable(_))) => {
                warn!(%session, %error, "a session is not erased yet: whoever asked may ask again");
                tandem_session::Erased::Failed
            }
        };
        core.erased(session, became, &mut self.effects);
    }
}

fn core_of(core: &mut Option<(Epoch, Core)>, epoch: Epoch) -> Option<&mut Core> {
    core.as_mut().filter(|(current, _)| *current == epoch).map(|(_, core)| core)
}

pub(super) fn history(loaded: Loaded) -> LoadedSession {
    let history = loaded.events.into_iter().map(|stored| (stored.event, stored.secret)).collect();
    LoadedSession { session: loaded.session, history }
}

/// Says what was done to restore sessions; one that turned out to be unknown was not restored.
fn log_restored(epoch: Epoch, took: Duration, loaded: &[Loaded]) {
    let known = loaded.iter().filter(|loaded| !loaded.events.is_empty());
    let (mut sessions, mut events, mut named) = (0_usize, 0, Vec::new());
    for loaded in known {
        sessions += 1;
        events += loaded.events.len();
        if named.len() < NAMED_MAX {
            named.push(loaded.session.to_string());
        }
    }
    if sessions > 0 {
        ENGINE.restored.add(sessions);
        let (took_ms, named) = (took.as_millis() as u64, named.join(" "));
        info!(%epoch, sessions, events, took_ms, named, "restored sessions from their transcripts");
    }
}
