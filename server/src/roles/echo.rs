//! `tandem echo`: the participant that answers each message of a customer once, until there are agents.
//!
//! It is an ordinary link client and no part of the engine. [`dialogue`] decides in one session, [`sessions`] over all
//! of them; here their decisions meet the link. It keeps nothing on disk: a new life finds in each history how far
//! the answers go.

mod dialogue;
mod sessions;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use tandem_credentials::watch;
use tandem_link::{Incoming, Link, LinkSettings, Owner};
use tandem_protocol::link::{LinkRole, Outcome};

use self::sessions::{Do, REQUESTS_MAX, Sessions, Tag};
use crate::{
    credentials,
    lifecycle::{
        failure::Failure,
        report::{Ready, Report},
        signals::EndSignals,
    },
    metrics::{Metrics, Shown},
    settings::{EchoSection, LinksSection, MetricsSection, PairSection},
};

/// How long a refused step rests before it is tried again; the patience that a retryable refusal asks for.
const REST: Duration = Duration::from_secs(1);

/// Serves until a signal asks to end.
pub(crate) async fn serve(
    pair: PairSection,
    echo: EchoSection,
    links: LinksSection,
    metrics: MetricsSection,
) -> Result<(), Failure> {
    let mut signals = EndSignals::take().map_err(Failure::runtime)?;
    let speaks = pair.speaks();
    let mut settings = LinkSettings::new(pair.name.0, LinkRole::External, "echo", vec![echo.primary.0.to_string()]);
    settings.cache = echo.pair_cache.map(|cache| cache.0.0);
    settings.unacked_max = REQUESTS_MAX;
    settings.speaks = speaks;
    settings.credentials = credentials::of_links(&links).map_err(Failure::runtime)?;
    let _watching = watch(settings.credentials.to_watch());
    let participant = Arc::new(Participant::default());
    let (link, task) = Link::start(settings, participant.clone());
    assert!(participant.link.set(link.clone()).is_ok(), "the link is started once");
    let metrics = Metrics::show(&metrics, Shown::Echo).map_err(Failure::runtime)?;
    let (role, shown, pid) = ("echo".to_owned(), metrics.address(), std::process::id());
    let ready = Ready { name: role.clone(), role, address: None, metrics: shown, pid };
    Report::Ready(ready).print();
    let mut rests = tokio::time::interval(REST);
    loop {
        tokio::select! {
            () = signals.received() => break,
            _ = rests.tick() => participant.on_time(),
        }
    }
    link.stop();
    task.await.map_err(Failure::runtime)
}

/// The owner of the link.
#[derive(Default)]
struct Participant {
    /// Held for each decision and its submits, so that they reach the link in the order in which they were decided.
    /// The link's own locks are taken after it.
    sessions: Mutex<Sessions>,
    /// Set right after the link is started.
    link: OnceLock<Link<Participant>>,
}

impl Owner for Participant {
    type Tag = Tag;

    fn on(&self, incoming: Incoming<Tag>) {
        self.decide(|sessions| sessions.on(incoming));
    }
}

impl Participant {
    fn on_time(&self) {
        self.decide(Sessions::on_time);
    }

    fn decide(&self, decide: impl FnOnce(&mut Sessions) -> Vec<Do>) {
        // The link may speak before its start has returned; it does so from another thread.
        let link = self.link.wait();
        let mut sessions = self.sessions.lock().expect("no decision panics while it holds the lock");
        let mut to_do = VecDeque::from(decide(&mut sessions));
        while let Some(next) = to_do.pop_front() {
            match next {
                Do::Detach(session) => link.detach(session, None),
                Do::Ask(request, tag) => {
                    if let Err(full) = link.submit(request, tag) {
                        let outcome = Outcome::Refused(full.refusal);
                        to_do.extend(sessions.on(Incoming::Answered { tag: full.tag, outcome }));
                    }
                }
            }
        }
    }
}
