//! Accepts HTTP connections and drives them, each on a task of its own, within bounds of number and time.

mod doorway;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Semaphore,
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use doorway::Certificate;
use doorway::Doorway;

/// How long the head of a request may take, and how long a connection may wait for its next request.
const HEAD_MAX: Duration = Duration::from_secs(30);

/// The most that is buffered of a request or an answer: a body of the largest size in a few pieces.
const BUFFER_BYTES_MAX: usize = 16 * 1024;

/// The pause after a failed accept, which is nearly always a want of file descriptors: soon enough to go on, long
/// enough not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where a gateway listens, and whether it encrypts.
pub struct Listener {
    tcp: TcpListener,
    certificate: Option<Certificate>,
}

impl Listener {
    /// HTTPS and secure WebSockets, with a certificate that may change meanwhile.
    #[must_use]
    pub fn encrypted(tcp: TcpListener, certificate: Certificate) -> Self {
        Self { tcp, certificate: Some(certificate) }
    }

    pub(crate) fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.certificate.is_some()
    }
}

/// Plain HTTP.
impl From<TcpListener> for Listener {
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, certificate: None }
    }
}

/// Accepts until `stopping`; then the connections there are finish their requests, on `tasks`.
pub(crate) async fn serve(
    listener: Listener,
    router: Router,
    connections_max: usize,
    tasks: TaskTracker,
    stopping: CancellationToken,
) {
    let connections = Arc::new(Semaphore::new(connections_max));
    let Listener { tcp: listener, certificate } = listener;
    let mut doorway = certificate.map(|certificate| Doorway::new(certificate, connections.clone()));
    let is_plain = doorway.is_none();
    let mut failing = false;
    loop {
        // At the limit the kernel's queue holds newcomers back (B-1). A WebSocket has left its HTTP connection. An encrypted
        // connection counts from the end of its handshake.
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = async {
                let permit = connections.clone().acquire_owned();
                let permit = if is_plain { Some(permit.await.expect("it is never closed")) } else { None };
                listener.accept().await.map(|(tcp, peer)| (tcp, peer, permit))
            } => accepted,
        };
        match accepted {
            Ok((tcp, peer, permit)) => {
                failing = false;
                // Without it small frames wait for the acknowledgement of others. It fails only when the peer is gone.
                let _ = tcp.set_nodelay(true);
                let (router, stopping) = (router.clone(), stopping.clone());
                match &mut doorway {
                    None => drop(tasks.spawn(async move {
                        converse(tcp, peer, router, stopping).await;
                        drop(permit);
                    })),
                    Some(doorway) => {
                        let entering = doorway.enter(tcp, peer);
                        tasks.spawn(async move {
                            let entered = stopping.run_until_cancelled(entering).await.flatten();
                            let Some((tls, permit)) = entered else { return };
                            converse(tls, peer, router, stopping).await;
                            drop(permit);
                        });
                    }
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "connections cannot be accepted for now");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection, whatever it goes over.
pub(crate) async fn converse<S>(stream: S, peer: SocketAddr, router: Router, stopping: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).max_buf_size(BUFFER_BYTES_MAX);
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        // Handlers that need it extract it.
        request.extensions_mut().insert(ConnectInfo(peer));
        service.call(request)
    });
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection broke");
    }
}
