//! A credential that is read anew when its files change, without a restart: whoever shakes hands takes what is current.
//!
//! What cannot be read changes nothing: what was read last stays in use, and a person is told once.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use tokio::{task::JoinHandle, time::MissedTickBehavior};

use crate::{
    CredentialError,
    expiry::{Expires, Reminder},
    file::{Stamp, stamp},
};

/// How often the files are looked at: soon enough for whoever replaces one and waits, and a handful of system calls.
pub const WATCH_PERIOD: Duration = Duration::from_secs(5);

type Read<T> = Box<dyn Fn() -> Result<T, CredentialError> + Send + Sync>;

/// See the module.
pub struct Watched<T> {
    /// What it is, for the log.
    what: &'static str,
    files: Vec<PathBuf>,
    read: Read<T>,
    current: RwLock<Arc<T>>,
    /// Taken before `current`.
    seen: Mutex<Seen>,
}

/// What the files were when they were looked at last.
#[derive(Default)]
struct Seen {
    /// As what is current was read from them.
    taken: Vec<Stamp>,
    /// As nothing could be read from them.
    refused: Option<Refused>,
    /// Of what is current.
    reminder: Reminder,
}

struct Refused {
    stamps: Vec<Stamp>,
    is_told: bool,
}

impl<T> Watched<T> {
    /// Reads it for the first time, with `read`, from these files.
    pub fn read(
        what: &'static str,
        files: Vec<PathBuf>,
        read: impl Fn() -> Result<T, CredentialError> + Send + Sync + 'static,
    ) -> Result<Self, CredentialError> {
        // Before they are read: a change meanwhile is seen at the next look.
        let taken = files.iter().map(|file| stamp(file)).collect();
        let current = RwLock::new(Arc::new(read()?));
        Ok(Self { what, files, read: Box::new(read), current, seen: Mutex::new(Seen { taken, ..Seen::default() }) })
    }

    /// What is current.
    #[must_use]
    pub fn current(&self) -> Arc<T> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files if they have changed.
    fn read_anew(&self, seen: &mut Seen) {
        let stamps: Vec<Stamp> = self.files.iter().map(|file| stamp(file)).collect();
        if stamps == seen.taken {
            return;
        }
        match (self.read)() {
            Ok(value) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
                *seen = Seen { taken: stamps, ..Seen::default() };
                tracing::info!(files = ?self.files, "{} has been read anew; new connections use it", self.what);
            }
            // A certificate and its key are replaced one after the other: between the two they do not go together, and
            // that is no trouble unless it stays so.
            Err(error) => match &mut seen.refused {
                Some(refused) if refused.stamps == stamps => {
                    if !std::mem::replace(&mut refused.is_told, true) {
                        tracing::warn!(%error, "{} cannot be read anew; what was read before stays in use", self.what);
                    }
                }
                refused => *refused = Some(Refused { stamps, is_told: false }),
            },
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Watched<T> {
    /// A value that comes from no file and stays.
    #[must_use]
    pub fn fixed(what: &'static str, value: T) -> Self {
        let current = RwLock::new(Arc::new(value.clone()));
        Self { what, files: Vec::new(), read: Box::new(move || Ok(value.clone())), current, seen: Mutex::default() }
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("what", &self.what).field("files", &self.files).finish_non_exhaustive()
    }
}

/// Whatever has files to look at.
pub trait Look: Send + Sync {
    /// Looks whether the files have changed, and reads them if so; and whether what they hold expires soon. Blocks for that.
    fn look(&self);
}

impl<T: Expires + Send + Sync> Look for Watched<T> {
    fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_anew(&mut seen);
        if let Some(expiry) = self.current().expiry() {
            expiry.show();
            seen.reminder.remind(self.what, expiry, SystemTime::now());
        }
    }
}

/// Looks at all of them from time to time, until it is dropped. Must be called within a Tokio runtime.
#[must_use]
pub fn watch(all: Vec<Arc<dyn Look>>) -> Watching {
    let watching = (!all.is_empty()).then(|| tokio::spawn(keep_looking(all)));
    Watching(watching)
}

async fn keep_looking(all: Vec<Arc<dyn Look>>) {
    let mut ticks = tokio::time::interval(WATCH_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let all = all.clone();
        // A disk may hang; whatever else this process does must not wait for it.
        let looked = tokio::task::spawn_blocking(move || all.iter().for_each(|one| one.look())).await;
        looked.expect("looking does not panic");
    }
}

/// Ends the looking when it is dropped.
#[derive(Debug)]
pub struct Watching(Option<JoinHandle<()>>);

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(watching) = &self.0 {
            watching.abort();
        }
    }
}

#[cfg(test)]
mod tests;
