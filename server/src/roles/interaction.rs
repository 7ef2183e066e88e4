//! `tandem interaction`: opens the directory, the archive and the log, and links to its pairs, until it is asked to end.

use tandem_credentials::watch;
use tandem_interaction::Interaction;
use tandem_link::LinkSettings;
use tandem_protocol::link::LinkRole;

use crate::{
    credentials,
    lifecycle::{
        data_dir::DataDir,
        failure::Failure,
        report::{Ready, Report},
        signals::EndSignals,
    },
    metrics::{Metrics, Shown},
    settings::{InteractionSection, LinksSection, MetricsSection, PairLink, PairSection, StoreSection, links},
    store::Place,
};

/// Serves until a signal asks to end.
pub(crate) async fn serve(
    pair: PairSection,
    store: StoreSection,
    interaction: InteractionSection,
    own: LinksSection,
    metrics: MetricsSection,
) -> Result<(), Failure> {
    let mut signals = EndSignals::take().map_err(Failure::runtime)?;
    let credentials = credentials::of_links(&own).map_err(Failure::runtime)?;
    let _watching = watch(credentials.to_watch());
    let path = &interaction.data_dir.0.0;
    let place = Place::of(&store, path).map_err(Failure::runtime)?;
    let Some(opened) = signals.unless_received(place.open_stores()).await else { return Ok(()) };
    let stores = opened.map_err(Failure::runtime)?;
    let _lock = DataDir::at(path).and_then(|data| data.lock_interaction()).map_err(Failure::runtime)?;
    let settings = interaction.service();
    let speaks = pair.speaks();
    let pairs = links(&pair.name.0, interaction.primary.as_ref(), &interaction.pairs, interaction.pair_cache.as_ref());
    let links = pairs.into_iter().map(|PairLink { name, primary, cache }| {
        let link = LinkSettings::new(name, LinkRole::Interaction, "interaction", vec![primary]);
        LinkSettings { cache, speaks, credentials: credentials.clone(), ..link }
    });
    let mut running = Interaction::start(settings, stores, links.collect()).await.map_err(Failure::runtime)?;
    let metrics = Metrics::show(&metrics, Shown::Interaction).map_err(Failure::runtime)?;
    let (role, shown, pid) = ("interaction".to_owned(), metrics.address(), std::process::id());
    Report::Ready(Ready { name: role.clone(), role, address: None, metrics: shown, pid }).print();
    let failed = tokio::select! {
        () = signals.received() => None,
        error = running.failed() => Some(error),
    };
    match failed {
        None => running.shutdown().await.map_err(Failure::runtime),
        Some(error) => Err(Failure::runtime(error)),
    }
}
