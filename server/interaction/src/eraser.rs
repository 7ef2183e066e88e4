//! Has the engines erase what is to be erased: the chats of contacts who are, and, where the operator wants it, all that
//! ended long enough ago.
//!
//! What is to be done stands in the archive and is struck off there when it is done, so that it goes on after whatever
//! dies. An engine may be asked twice; to erase what is erased changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tandem_protocol::{PairName, SessionId, Timestamp, link::Outcome};
use tandem_store::Archive;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{service::Service, trouble::Trouble};

/// Sessions of one pair whose erasure is asked for at a time (B-1): an engine has better things to do.
const ASKED_MAX: usize = 8;

/// Sessions that are read from the list at a time.
const LISTED_MAX: u32 = 64;

/// How often the list is read. What was refused is asked again then: a session is still open for its engine, or its
/// store could not do it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Answers that may wait: each is to a question, and more are not asked.
pub(crate) const ANSWERS_MAX: usize = 1_024;

/// The task.
pub(crate) struct Eraser {
    archive: Arc<dyn Archive>,
    service: Arc<Service>,
    answers: mpsc::Receiver<(SessionId, Outcome)>,
    /// Chats that ended longer ago are erased; none for never.
    retention: Option<Duration>,
    /// What is asked and not answered. The link keeps it until it is, however many failovers lie between.
    asked: BTreeMap<SessionId, PairName>,
    /// The last session of the list that was looked at; from there it goes on, and begins anew at its end.
    after: Option<SessionId>,
    /// Pairs of which the log has been told that they cannot be asked.
    not_linked: BTreeSet<PairName>,
    trouble: Trouble,
}

impl Eraser {
    pub(crate) fn new(
        archive: Arc<dyn Archive>,
        service: Arc<Service>,
        answers: mpsc::Receiver<(SessionId, Outcome)>,
        retention: Option<Duration>,
    ) -> Self {
        let (asked, not_linked) = (BTreeMap::new(), BTreeSet::new());
        let trouble = Trouble::new("the archive fails; what is to be erased is erased later", "erasing goes on");
        Self { archive, service, answers, retention, asked, after: None, not_linked, trouble }
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some((session, outcome)) = self.answers.recv() => self.answered(session, outcome).await,
                _ = look.tick() => self.look().await,
            }
        }
    }

    /// Asks for what is next in the list.
    async fn look(&mut self) {
        let closed_before = self.retention.map(|retention| {
            let retention_ms = u64::try_from(retention.as_millis()).unwrap_or(u64::MAX);
            Timestamp(self.service.wall().0.saturating_sub(retention_ms))
        });
        let listed = self.archive.to_erase(closed_before, self.after, LISTED_MAX).await;
        let Some(listed) = self.trouble.heeds(listed) else { return };
        self.after = (listed.len() == LISTED_MAX as usize).then(|| listed.last().map(|(_, last)| *last)).flatten();
        for (pair, session) in listed {
            let of_pair = self.asked.values().filter(|of| **of == pair).count();
            if of_pair >= ASKED_MAX || self.asked.contains_key(&session) {
                continue;
            }
            match self.service.erase(&pair, session) {
                Some(true) => drop(self.asked.insert(session, pair)),
                Some(false) => {}
                None => self.cannot_ask(pair),
            }
        }
    }

    /// Somebody waits for an erasure that nobody will do: a person must look, and once is enough.
    fn cannot_ask(&mut self, pair: PairName) {
        if !self.not_linked.contains(&pair) {
            warn!(%pair, "chats of this pair are to be erased, and it is none of those that are linked to");
            self.not_linked.insert(pair);
        }
    }

    async fn answered(&mut self, session: SessionId, outcome: Outcome) {
        self.asked.remove(&session);
        match outcome {
            Outcome::Done(_) => {
                let struck_off = self.archive.chat_erased(session).await;
                if self.trouble.heeds(struck_off).is_some() {
                    info!(%session, "a chat is erased");
                }
                // The next one need not wait for the clock, unless something is wrong.
                if !self.trouble.is_there() && self.asked.is_empty() {
                    self.look().await;
                }
            }
            Outcome::Refused(refusal) if refusal.code.is_retryable() => {
                debug!(%session, code = ?refusal.code, "a chat cannot be erased yet");
            }
            Outcome::Refused(refusal) => {
                warn!(%session, code = ?refusal.code, "an engine refuses to erase a chat; it is asked again");
            }
        }
    }
}
