//! A session is opened at one of the pairs.

use tandem_protocol::{
    SessionId,
    link::{Answer, Open, Request},
};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{Engine, pairs::Pair};
use crate::problem::Problem;

/// What the id of a new session is made of, before its pair is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewId {
    /// Nobody will ask for it again: any pair will do.
    Random(Uuid),
    /// A repeat has the same, whichever gateway it meets.
    Derived(Uuid),
}

impl Engine {
    /// Opens a session at the pair that its id is given to. A derived id is given to the same pair each time, which is
    /// waited for when it is away: another pair would open a second session under the same key (D-3). A random one is
    /// given to a pair that is there and has room.
    pub(crate) async fn open(
        &self,
        id: NewId,
        open: impl Fn(SessionId) -> Open,
    ) -> Result<(SessionId, Answer), Problem> {
        let until = Instant::now() + self.0.wait_max;
        match id {
            NewId::Derived(id) => {
                let pair = self.0.pairs.ranked(id)[0];
                // Nobody waits in vain where another key would meet a pair that is there.
                if pair.registry.is_unreachable_for(self.0.wait_max) && self.0.pairs.is_any_connected() {
                    return Err(Problem::pair_away());
                }
                self.open_at(pair, id, &open, until).await
            }
            NewId::Random(id) => self.open_anywhere(id, &open, until).await,
        }
    }

    async fn open_anywhere(
        &self,
        id: Uuid,
        open: &impl Fn(SessionId) -> Open,
        until: Instant,
    ) -> Result<(SessionId, Answer), Problem> {
        let ranked = self.0.pairs.ranked(id);
        let mut full = None;
        while full.is_none() {
            timeout_at(until, self.0.pairs.any_connected()).await.map_err(|_| Problem::unavailable())?;
            for pair in ranked.iter().filter(|pair| pair.is_connected()) {
                match self.open_at(pair, id, open, until).await {
                    // It was not opened there.
                    Err(problem) if problem.is_want_of_room() => full = Some(problem),
                    opened => return opened,
                }
            }
        }
        Err(full.unwrap_or_else(Problem::unavailable))
    }

    async fn open_at(
        &self,
        pair: &Pair,
        id: Uuid,
        open: &impl Fn(SessionId) -> Open,
        until: Instant,
    ) -> Result<(SessionId, Answer), Problem> {
        let session = SessionId::of_pair(id, &pair.name);
        let answer = Self::ask_at(pair, Request::Open(open(session)), until).await?;
        Ok((session, answer))
    }
}
