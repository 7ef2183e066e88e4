//! `tandem gateway`: listens for browsers and links to the pair until it is asked to end.

use tandem_gateway::Gateway;
use tandem_link::LinkSettings;
use tandem_protocol::link::LinkRole;
use tokio::net::TcpListener;

use crate::{
    lifecycle::{
        failure::Failure,
        listen::listen,
        report::{Ready, Report},
        signals::EndSignals,
    },
    settings::{GatewaySection, PairSection},
};

/// Serves until a signal asks to end.
pub(crate) async fn serve(pair: PairSection, gateway: GatewaySection) -> Result<(), Failure> {
    let mut signals = EndSignals::take().map_err(Failure::runtime)?;
    let place = gateway.place;
    let listener = listen("the gateway", place.listen.0).map_err(Failure::runtime)?;
    let listener = TcpListener::from_std(listener).map_err(Failure::runtime)?;
    let mut link = LinkSettings::new(pair.name.0, LinkRole::Gateway, "gateway", vec![place.primary.0.to_string()]);
    link.cache = place.pair_cache.map(|cache| cache.0.0);
    let running = Gateway::start(gateway.service, listener, vec![link]).map_err(Failure::runtime)?;
    let address = Some(running.local_addr().to_string());
    Report::Ready(Ready { role: "gateway".into(), name: "gateway".into(), address, pid: std::process::id() }).print();
    signals.received().await;
    running.shutdown().await;
    Ok(())
}
