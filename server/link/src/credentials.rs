//! What the links of a process prove themselves with, and the complaints about others who do not prove themselves.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tandem_credentials::{Keys, Look, Mutual, Watched};
use tokio::time::Instant;

use crate::connection::Unproven;

/// Between two complaints: a stranger who tries for ever does not fill the log, and a person who mends a setting soon sees
/// whether that was all.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(10);

/// Shared keys, certificates, both or neither; the default is neither. Cloning it shares them.
#[derive(Clone, Default)]
pub struct Credentials(Arc<Inner>);

#[derive(Default)]
struct Inner {
    keys: Option<Arc<Watched<Keys>>>,
    mutual: Option<Arc<Watched<Mutual>>>,
    complaints: Mutex<Complaints>,
}

#[derive(Default)]
struct Complaints {
    told_at: Option<Instant>,
    untold: u64,
}

impl Credentials {
    /// Whoever is dialled or accepted must have all that is given here too.
    #[must_use]
    pub fn new(keys: Option<Watched<Keys>>, mutual: Option<Watched<Mutual>>) -> Self {
        let (keys, mutual) = (keys.map(Arc::new), mutual.map(Arc::new));
        Self(Arc::new(Inner { keys, mutual, complaints: Mutex::default() }))
    }

    /// What is to be looked at, so that it stays current.
    #[must_use]
    pub fn to_watch(&self) -> Vec<Arc<dyn Look>> {
        let keys = self.0.keys.clone().map(|keys| keys as Arc<dyn Look>);
        keys.into_iter().chain(self.0.mutual.clone().map(|mutual| mutual as Arc<dyn Look>)).collect()
    }

    pub(crate) fn keys(&self) -> Option<Arc<Keys>> {
        self.0.keys.as_ref().map(|keys| keys.current())
    }

    pub(crate) fn mutual(&self) -> Option<Arc<Mutual>> {
        self.0.mutual.as_ref().map(|mutual| mutual.current())
    }

    /// Tells a person of somebody at `address` with whom no link is made; so often that it is seen, and no more.
    pub fn complain(&self, address: impl fmt::Display, unproven: &Unproven) {
        let now = Instant::now();
        let untold = {
            let mut complaints = self.0.complaints.lock().unwrap_or_else(PoisonError::into_inner);
            if complaints.told_at.is_some_and(|told_at| now < told_at + COMPLAINT_PAUSE) {
                complaints.untold += 1;
                None
            } else {
                complaints.told_at = Some(now);
                Some(std::mem::take(&mut complaints.untold))
            }
        };
        match untold {
            Some(untold) => tracing::warn!(%address, cause = %unproven, untold, "no link is made"),
            None => tracing::debug!(%address, cause = %unproven, "no link is made"),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { keys, mutual, .. } = &*self.0;
        f.debug_struct("Credentials").field("keys", keys).field("mutual", mutual).finish_non_exhaustive()
    }
}
