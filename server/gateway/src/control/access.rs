//! Who may look and act: whoever the interaction server calls an administrator. It must be possible to look while that one
//! is away, or every primary that leads to it; acting waits for its word.

use std::{
    collections::HashMap,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use tandem_protocol::{
    ErrorCode, TokenHash,
    control::Actor,
    desk::{DeskAsk, Overview},
    link::Answer,
};
use tokio::time::Instant;

use super::{Kept, Oversight, Seen, Sight, arrival};
use crate::{
    app::Shared,
    problem::{Kind, Problem},
};

/// Logins of which something is kept (B-1); with one more, the one that was not of use for the longest time goes, and is
/// asked about anew when it comes again.
const OVERSEERS_MAX: usize = 64;

/// How old a word may be by which somebody acts: within it a login that was ended elsewhere is still good here.
const WORD_MAX: Duration = Duration::from_secs(30);

/// How long somebody who was let in may look without a new word: as long as an outage of everything may take to be
/// mended by whoever looks at it.
const LOOK_MAX: Duration = Duration::from_secs(600);

/// How often the word is asked for while somebody looks; it brings agents and queues, too.
const ASK_EVERY: Duration = Duration::from_millis(900);

/// How long somebody who looks waits for the first word: a page is to be told soon that nobody knows who it is.
const LOOKER_WAIT_MAX: Duration = Duration::from_millis(900);

/// How long a newer word is waited for by somebody who looks and has one.
const NEWER_WAIT_MAX: Duration = Duration::from_millis(150);

/// An administrator.
#[derive(Debug, Clone)]
pub(crate) struct Overseer {
    /// How agents and queues stood when he was last vouched for, and when that was.
    pub(crate) overview: Arc<Overview>,
    pub(crate) seen_at: std::time::Instant,
    /// Why there is no newer word, if that was said.
    pub(crate) refusal: Option<Problem>,
    from: String,
}

/// Somebody who asks, before it is known who he is.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// What his login's token hashes to.
    pub(crate) token: TokenHash,
    /// The address that he asks from.
    pub(crate) from: String,
}

impl Overseer {
    /// For the audit log.
    pub(crate) fn actor(&self) -> Actor {
        Actor { who: self.overview.me.name.to_string(), from: self.from.clone() }
    }
}

impl Asker {
    /// Lets an administrator look.
    pub(crate) async fn looks(self, app: &Shared) -> Result<Overseer, Problem> {
        let sight = self.asked(app);
        let wait = if self.is_good(&sight.seen(), LOOK_MAX) { NEWER_WAIT_MAX } else { LOOKER_WAIT_MAX };
        let seen = sight.settled(wait).await;
        self.admitted(app, seen, LOOK_MAX)
    }

    /// Lets an administrator act.
    pub(crate) async fn acts(self, app: &Shared) -> Result<Overseer, Problem> {
        let sight = self.asked(app);
        let wait = if self.is_good(&sight.seen(), WORD_MAX) { NEWER_WAIT_MAX } else { app.engine.wait_max() };
        let seen = sight.settled(wait).await;
        self.admitted(app, seen, WORD_MAX)
    }

    /// The login's sight, of which a new word is asked for when it is time.
    fn asked(&self, app: &Shared) -> Sight<Overview> {
        let sight = app.oversight.kept(self.token);
        let (asked, token) = (app.clone(), self.token);
        sight.ask(app, ASK_EVERY, || async move {
            let Answer::Told(told) = asked.engine.ask_interaction(DeskAsk::Oversee { token }).await? else {
                return Err(Problem::internal());
            };
            serde_json::from_str(told.get()).map_err(|error| {
                tracing::error!(%error, "the interaction server answered an administrator with something else");
                Problem::internal()
            })
        });
        sight
    }

    fn is_good(&self, seen: &Seen<Overview>, word_max: Duration) -> bool {
        let is_refused = seen.refusal.as_ref().is_some_and(is_final);
        !is_refused && seen.last.as_ref().is_some_and(|(_, at)| at.elapsed() < word_max)
    }

    fn admitted(self, app: &Shared, seen: Seen<Overview>, word_max: Duration) -> Result<Overseer, Problem> {
        let is_good = self.is_good(&seen, word_max);
        match seen {
            Seen { last: Some((overview, seen_at)), refusal, .. } if is_good => {
                let overseer = Overseer { overview, seen_at, refusal, from: self.from };
                if app.oversight.comes(self.token) {
                    arrival::note(app, self.token, &overseer);
                }
                Ok(overseer)
            }
            Seen { refusal: Some(refusal), .. } => {
                if is_final(&refusal) {
                    app.oversight.forget(self.token);
                }
                Err(refusal)
            }
            _ => Err(Problem::unvouched()),
        }
    }
}

/// Whether somebody is refused, and not only unanswered.
fn is_final(refusal: &Problem) -> bool {
    matches!(refusal.kind(), Kind::Refused(ErrorCode::Unauthorized | ErrorCode::Forbidden))
}

impl Oversight {
    /// What is kept of a login, from now on if nothing was.
    fn kept(&self, token: TokenHash) -> Sight<Overview> {
        let mut kept = self.lock();
        let now = Instant::now();
        if !kept.contains_key(&token) && kept.len() >= OVERSEERS_MAX {
            // Strangers give way first: a word of an administrator may not be renewable now.
            let oldest = kept.iter().min_by_key(|(_, kept)| (kept.is_noted, kept.used_at)).map(|(token, _)| *token);
            oldest.map(|oldest| kept.remove(&oldest));
        }
        let entry = kept.entry(token).or_insert_with(|| Kept { sight: Sight::new(), is_noted: false, used_at: now });
        entry.used_at = now;
        entry.sight.clone()
    }

    /// Somebody with this login is let in; whether for the first time here.
    fn comes(&self, token: TokenHash) -> bool {
        self.lock().get_mut(&token).is_some_and(|kept| !std::mem::replace(&mut kept.is_noted, true))
    }

    /// A login has ended, or was none.
    pub(crate) fn forget(&self, token: TokenHash) {
        self.lock().remove(&token);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, Kept>> {
        // Entries are put in and taken out whole.
        self.overseers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
