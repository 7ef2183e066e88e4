//! `tandem interaction`: opens the directory and links to the pair, until it is asked to end.

use tandem_interaction::Interaction;
use tandem_link::LinkSettings;
use tandem_protocol::link::LinkRole;

use crate::{
    lifecycle::{
        data_dir::DataDir,
        failure::Failure,
        report::{Ready, Report},
        signals::EndSignals,
    },
    settings::{InteractionSection, PairSection, StoreSection},
    store::Place,
};

/// Serves until a signal asks to end.
pub(crate) async fn serve(
    pair: PairSection,
    store: StoreSection,
    interaction: InteractionSection,
) -> Result<(), Failure> {
    let mut signals = EndSignals::take().map_err(Failure::runtime)?;
    let path = &interaction.data_dir.0.0;
    let place = Place::of(&store, path).map_err(Failure::runtime)?;
    let Some(opened) = signals.unless_received(place.open_stores()).await else { return Ok(()) };
    let stores = opened.map_err(Failure::runtime)?;
    let _lock = DataDir::at(path).and_then(|data| data.lock_interaction()).map_err(Failure::runtime)?;
    let (settings, primary) = (interaction.service(), interaction.primary.0.to_string());
    let mut link = LinkSettings::new(pair.name.0, LinkRole::Interaction, "interaction", vec![primary]);
    link.cache = interaction.pair_cache.map(|cache| cache.0.0);
    let mut running = Interaction::start(settings, stores, link).await.map_err(Failure::runtime)?;
    let (role, name) = ("interaction".to_owned(), "interaction".to_owned());
    Report::Ready(Ready { role, name, address: None, pid: std::process::id() }).print();
    let failed = tokio::select! {
        () = signals.received() => None,
        error = running.failed() => Some(error),
    };
    match failed {
        None => running.shutdown().await.map_err(Failure::runtime),
        Some(error) => Err(Failure::runtime(error)),
    }
}
