//! Accepts links and reads their frames; what they mean is the service's business.

use std::time::Duration;

use tandem_link::{
    Credentials, Place, Room,
    connection::{Accepted, ConnectionError, ConnectionSettings, accept},
};
use tandem_protocol::link::ToEngine;
use tandem_session::LinkId;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tracing::{debug, warn};

use crate::service::{Input, Line};

/// Links at one time, those that have not said hello yet included (B-1). A pair has a handful of gateways; the rest
/// is room for their reconnects.
const LINKS_MAX: usize = 1_024;

/// Of those, the ones that have not said hello, or not proven who they are. One more takes the place of the one that has
/// taken longest, so that strangers who say nothing keep no link out.
const HELLOS_MAX: usize = 256;

/// How long links may take to read their last frame when the engine ends; whoever is slower sees the end of the stream.
const GOODBYES_MAX: Duration = Duration::from_secs(1);

/// How long to wait after the system refused to accept: most likely it is out of file descriptors, and those who hold
/// them need time to end.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until the service is gone.
pub(crate) async fn run(listener: TcpListener, inputs: mpsc::Sender<Input>, credentials: Credentials) {
    let settings = ConnectionSettings::with(credentials);
    let mut links = JoinSet::new();
    let mut room = Room::new(HELLOS_MAX);
    let mut next = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, peer)) if links.len() < LINKS_MAX => {
                    next += 1;
                    links.spawn(serve(LinkId(next), tcp, room.enter(), settings.clone(), inputs.clone()));
                    debug!(%peer, link = next, "a connection is there");
                }
                Ok((_, peer)) => warn!(%peer, links_max = LINKS_MAX, "turned away: too many links"),
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_RETRY_PAUSE).await;
                }
            },
            Some(_ended) = links.join_next() => {}
            () = inputs.closed() => break,
        }
    }
    // Each ends by itself once its last frame is out, which says where to go next.
    let goodbyes = async { while links.join_next().await.is_some() {} };
    if timeout(GOODBYES_MAX, goodbyes).await.is_err() {
        links.shutdown().await;
    }
}

/// One link from its handshake to its end.
async fn serve(link: LinkId, tcp: TcpStream, place: Place, settings: ConnectionSettings, inputs: mpsc::Sender<Input>) {
    let Ok(peer) = tcp.peer_addr() else { return };
    let Some(accepted) = place.meanwhile(accept(tcp, &settings)).await else {
        return debug!(%peer, "sent away before its hello: others want to say theirs");
    };
    let Accepted { hello, mut reader, outbox, writer, .. } = match accepted {
        Ok(accepted) => accepted,
        Err(ConnectionError::Unproven(unproven)) => return settings.credentials.complain(peer, &unproven),
        Err(error) => return debug!(%error, "not a link"),
    };
    let (name, role) = (hello.name.clone(), hello.role.clone());
    let line = Line { peer, heard: reader.heard() };
    if inputs.send(Input::LinkUp { link, hello, outbox, line }).await.is_err() {
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
            if inputs.send(Input::Frames { link, frames, arrived: Instant::now() }).await.is_err() {
                // The service has ended and said its last word, which unread bytes would take back.
                return reader.discard().await;
            }
        }
    };
    // To the end: the last frame of a primary says where to go.
    tokio::join!(reading, writer.run_to_the_end());
    // The service may have ended first; then nobody needs to know.
    let _ = inputs.send(Input::LinkDown { link }).await;
}
