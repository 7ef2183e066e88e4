//! Accepts HTTP connections and drives them, each on a task of its own, within bounds of number and time.

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
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long the head of a request may take, and how long a connection may wait for its next request.
const HEAD_MAX: Duration = Duration::from_secs(30);

/// The most that is buffered of a request or an answer: a body of the largest size in a few pieces.
const BUFFER_BYTES_MAX: usize = 16 * 1024;

/// The pause after a failed accept, which is nearly always a want of file descriptors: soon enough to go on, long
/// enough not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until `stopping`; then the connections there are finish their requests, on `tasks`.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    tasks: TaskTracker,
    stopping: CancellationToken,
) {
    let connections = Arc::new(Semaphore::new(connections_max));
    let mut failing = false;
    loop {
        // At the limit the kernel's queue holds newcomers back (B-1). A WebSocket has left its HTTP connection.
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = async {
                let permit = connections.clone().acquire_owned().await.expect("it is never closed");
                listener.accept().await.map(|(tcp, peer)| (tcp, peer, permit))
            } => accepted,
        };
        match accepted {
            Ok((tcp, peer, permit)) => {
                failing = false;
                let connection = drive(tcp, peer, router.clone(), stopping.clone());
                tasks.spawn(async move {
                    connection.await;
                    drop(permit);
                });
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

async fn drive(tcp: TcpStream, peer: SocketAddr, router: Router, stopping: CancellationToken) {
    // Without it small frames wait for the acknowledgement of others. It fails only when the peer is gone.
    let _ = tcp.set_nodelay(true);
    converse(tcp, peer, router, stopping).await;
}

/// Serves one connection, whatever it goes over.
pub(crate) async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: SocketAddr,
    router: Router,
    stopping: CancellationToken,
) {
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
