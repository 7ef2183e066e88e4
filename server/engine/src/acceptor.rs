//! Accepts links and reads their frames; what they mean is the service's business.

use tandem_link::connection::{Accepted, ConnectionSettings, accept};
use tandem_protocol::link::ToEngine;
use tandem_session::LinkId;
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};
use tracing::{debug, warn};

use crate::service::Input;

/// Links at one time, those that have not said hello yet included (B-1). A pair has a handful of gateways; the rest
/// is room for their reconnects.
const LINKS_MAX: usize = 1_024;

/// Accepts until the service is gone.
pub(crate) async fn run(listener: TcpListener, inputs: mpsc::Sender<Input>) {
    let mut links = JoinSet::new();
    let mut next = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, peer)) if links.len() < LINKS_MAX => {
                    next += 1;
                    links.spawn(serve(LinkId(next), tcp, inputs.clone()));
                    debug!(%peer, link = next, "a connection is there");
                }
                Ok((_, peer)) => warn!(%peer, links_max = LINKS_MAX, "turned away: too many links"),
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    // Out of file descriptors, most likely: leave those who hold them time to end.
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            },
            Some(_ended) = links.join_next() => {}
            () = inputs.closed() => break,
        }
    }
    // Each ends by itself once the service has dropped its outbox.
    links.shutdown().await;
}

/// One link from its handshake to its end.
async fn serve(link: LinkId, tcp: tokio::net::TcpStream, inputs: mpsc::Sender<Input>) {
    let Accepted { hello, peer, mut reader, outbox, writer } = match accept(tcp, &ConnectionSettings::default()).await {
        Ok(accepted) => accepted,
        Err(error) => return debug!(%error, "not a link"),
    };
    let (name, role) = (hello.name.clone(), hello.role.clone());
    if inputs.send(Input::LinkUp { link, hello, outbox }).await.is_err() {
        return;
    }
    let reading = async {
        loop {
            let mut frames: Vec<ToEngine> = Vec::new();
            match reader.next_batch(&mut frames).await {
                Ok(true) => {}
                Ok(false) => return debug!(%peer, name, ?role, "the link ended"),
                Err(error) => return debug!(%peer, name, ?role, %error, "the link broke"),
            }
            // Full when the service is behind: the link then waits, and TCP makes the other side wait.
            if inputs.send(Input::Frames { link, frames }).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(reading, writer.run());
    // The service may have ended first; then nobody needs to know.
    let _ = inputs.send(Input::LinkDown { link }).await;
}
