//! `tandem gateway`: listens for browsers and links to its pairs until it is asked to end.

use std::sync::Arc;

use tandem_credentials::{Look, watch};
use tandem_gateway::{Gateway, Listener};
use tandem_link::LinkSettings;
use tandem_protocol::link::LinkRole;
use tokio::net::TcpListener;

use crate::{
    credentials,
    lifecycle::{
        failure::Failure,
        listen::listen,
        report::{Ready, Report},
        signals::EndSignals,
    },
    metrics::{Metrics, Shown},
    settings::{GatewaySection, LinksSection, MetricsSection, PairLink, PairSection, TracesSection, links},
    traces::Traces,
};

/// Serves until a signal asks to end.
pub(crate) async fn serve(
    pair: PairSection,
    gateway: GatewaySection,
    own: LinksSection,
    metrics: MetricsSection,
    traces: TracesSection,
) -> Result<(), Failure> {
    let mut signals = EndSignals::take().map_err(Failure::runtime)?;
    let credentials = credentials::of_links(&own).map_err(Failure::runtime)?;
    let place = gateway.place;
    let certificate = credentials::of_gateway(&place.tls).map_err(Failure::runtime)?;
    let to_watch = certificate.clone().map(|certificate| certificate as Arc<dyn Look>);
    let _watching = watch(credentials.to_watch().into_iter().chain(to_watch).collect());
    let listener = listen("the gateway", place.listen.0).map_err(Failure::runtime)?;
    let listener = TcpListener::from_std(listener).map_err(Failure::runtime)?;
    let listener = match certificate {
        Some(certificate) => Listener::encrypted(listener, certificate),
        None => listener.into(),
    };
    let speaks = pair.speaks();
    let links = links(&pair.name.0, place.primary.as_ref(), &place.pairs, place.pair_cache.as_ref());
    let links = links.into_iter().map(|PairLink { name, primary, cache }| {
        let link = LinkSettings::new(name, LinkRole::Gateway, "gateway", vec![primary]);
        LinkSettings { cache, speaks, credentials: credentials.clone(), ..link }
    });
    let traces = Traces::start(&traces, "gateway", &[]).map_err(Failure::runtime)?;
    let running = Gateway::start(gateway.service, listener, links.collect()).map_err(Failure::runtime)?;
    let address = Some(running.local_addr().to_string());
    let metrics = Metrics::show(&metrics, Shown::Gateway).map_err(Failure::runtime)?;
    let (role, shown, pid) = ("gateway".to_owned(), metrics.address(), std::process::id());
    Report::Ready(Ready { name: role.clone(), role, address, metrics: shown, pid }).print();
    signals.received().await;
    running.shutdown().await;
    traces.end().await;
    Ok(())
}
