//! The handle of a running interaction server.

use std::{fmt, sync::Arc};

use tandem_link::{Link, LinkSettings, LinkStatus};
use tandem_protocol::PairName;
use tandem_store::{Directory, StoreError};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    InteractionSettings, Stores,
    archivist::{Archivist, Reading},
    clerk::{Clerk, JOBS_MAX, read_staff},
    clock::Clock,
    eraser::{ANSWERS_MAX, Eraser},
    error::{InteractionError, StartError},
    logins::{LOGINS_MAX, Logins},
    looks::{LOOKS_MAX, Looks},
    pulse::Pulse,
    routing::{Core, Kept, Now, PairIndex},
    service::{Beside, Ear, Service},
    settings::check_pairs,
    token::ChatTokens,
};

/// A running interaction server. Dropping it ends it where it stands; [`Interaction::shutdown`] ends it in order.
pub struct Interaction {
    /// With the name of its pair each.
    links: Vec<(PairName, Link<Ear>)>,
    stop: CancellationToken,
    service: Arc<Service>,
    /// Each runs until it is stopped; one that ends before has panicked.
    tasks: JoinSet<()>,
}

impl Interaction {
    /// Reads the directory, then begins to link to the pairs that `links` names, the first of which has the sessions
    /// whose ids name none. Must be called within a tokio runtime.
    pub async fn start(
        settings: InteractionSettings,
        stores: Stores,
        links: Vec<LinkSettings>,
    ) -> Result<Self, StartError> {
        settings.check()?;
        let pairs: Vec<PairName> = links.iter().map(|link| link.pair.clone()).collect();
        check_pairs(&pairs)?;
        let directory = stores.directory.clone();
        let clock = Clock::start();
        let tokens = ChatTokens::new(directory.secret().await?);
        let life = directory.begin_life().await?;
        // Before the rest, so that what is written meanwhile is noticed.
        let version = directory.version().await?;
        let kept = read(&*directory, life, clock.now()).await?;
        let (lifetime, retention) = (settings.login_lifetime, settings.transcript_retention);
        let core = Core::new(clock.now(), settings, tokens, pairs.clone(), kept);
        let (to_clerk, jobs) = mpsc::channel(JOBS_MAX);
        let (to_logins, asked) = mpsc::channel(LOGINS_MAX);
        let (to_looks, looked) = mpsc::channel(LOOKS_MAX);
        let (erased, answers) = mpsc::channel(ANSWERS_MAX);
        let reading = Arc::new(Reading::default());
        let beside = Beside {
            pairs: pairs.clone(),
            jobs: to_clerk.clone(),
            logins: to_logins,
            looks: to_looks,
            reading: reading.clone(),
            erased,
        };
        let service = Arc::new(Service::new(core, clock, beside));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let links = link(links, &service, &mut tasks);
        let clerk = Clerk { stores: stores.clone(), service: service.clone(), jobs, version, is_failing: false };
        let logins = Logins { directory, service: service.clone(), asked, clerk: to_clerk, lifetime };
        tasks.spawn(clerk.run(stop.clone()));
        let archivist = Archivist::new(stores.clone(), reading.clone());
        let eraser = Eraser::new(stores.archive.clone(), service.clone(), answers, retention);
        let looks = Looks { stores, reading, service: service.clone(), asked: looked };
        tasks.spawn(logins.run(stop.clone()));
        tasks.spawn(archivist.run(stop.clone()));
        tasks.spawn(looks.run(stop.clone()));
        tasks.spawn(eraser.run(stop.clone()));
        tasks.spawn({
            let (service, stop) = (service.clone(), stop.clone());
            async move { service.keep_counts(stop).await }
        });
        tasks.spawn({
            let (service, stop) = (service.clone(), stop.clone());
            async move { service.keep_time(stop).await }
        });
        Ok(Self { links: pairs.into_iter().zip(links).collect(), stop, service, tasks })
    }

    /// How its link to each pair stands, in the order in which they were given.
    #[must_use]
    pub fn link_statuses(&self) -> Vec<(PairName, LinkStatus)> {
        self.links.iter().map(|(pair, link)| (pair.clone(), link.status())).collect()
    }

    /// By which one may ask whether it goes on.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        Pulse::of(self.service.clone())
    }

    /// Ends it: what is to be kept is kept, the links are closed.
    pub async fn shutdown(mut self) -> Result<(), InteractionError> {
        self.stop.cancel();
        self.links.iter().for_each(|(_, link)| link.stop());
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(|_| InteractionError::Panicked)?;
        }
        Ok(())
    }

    /// Waits until it ends without having been told to, which only a panic does.
    pub async fn failed(&mut self) -> InteractionError {
        // Its tasks run until they are stopped, and `shutdown` takes the server.
        let _ = self.tasks.join_next().await;
        InteractionError::Panicked
    }
}

impl Drop for Interaction {
    fn drop(&mut self) {
        self.stop.cancel();
        // Their tasks belong to nobody once the set of tasks is gone.
        self.links.iter().for_each(|(_, link)| link.stop());
    }
}

impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interaction").field("links", &self.links).finish_non_exhaustive()
    }
}

/// Starts a link to each pair, in the core's order. Without a pause between, so that none speaks for long before all can
/// be spoken to.
fn link(settings: Vec<LinkSettings>, service: &Arc<Service>, tasks: &mut JoinSet<()>) -> Vec<Link<Ear>> {
    let mut links = Vec::new();
    for (pair, settings) in PairIndex::all(settings.len()).zip(settings) {
        let (link, linking) = Link::start(settings, Arc::new(Ear { pair, service: service.clone() }));
        tasks.spawn(async move {
            if let Err(ended) = linking.await
                && ended.is_panic()
            {
                std::panic::resume_unwind(ended.into_panic());
            }
        });
        links.push(link);
    }
    service.linked(links.clone());
    links
}

async fn read(directory: &dyn Directory, life: u64, now: Now) -> Result<Kept, StoreError> {
    let staff = read_staff(directory, now.wall).await?;
    let (chosen, unfiled) = (directory.chosen().await?, directory.unfiled().await?);
    Ok(Kept { life, staff, chosen, unfiled })
}
