//! Answers `GET /metrics`, and nothing else. A few may read at a time and each has to be quick: who watches must not become
//! a load.

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tandem_telemetry::Exposition;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::process;

/// Connections at a time: two Prometheus servers and somebody with curl. Further ones wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 8;

/// How long one connection may take for its one request.
const CONNECTION_MAX: Duration = Duration::from_secs(10);

/// The pause after a failed accept, which is nearly always a want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers for as long as it is polled.
pub(super) async fn answer(listener: TcpListener, exposition: Exposition) {
    let (exposition, places) = (Arc::new(exposition), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    let mut connections = JoinSet::new();
    loop {
        let place = places.clone().acquire_owned().await.expect("it is never closed");
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((tcp, _)) => {
                let served = serve(tcp, exposition.clone());
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a connection to the metrics cannot be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(tcp: TcpStream, exposition: Arc<Exposition>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = respond(&request, &exposition);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    // One request a connection: whoever reads every few seconds loses nothing, and nobody keeps a place.
    http.keep_alive(false).timer(TokioTimer::new());
    let served = timeout(CONNECTION_MAX, http.serve_connection(TokioIo::new(tcp), service)).await;
    if let Ok(Err(error)) = served {
        tracing::debug!(%error, "a connection to the metrics broke");
    }
}

fn respond(request: &Request<Incoming>, exposition: &Exposition) -> Response<String> {
    if request.uri().path() != "/metrics" {
        return refused(StatusCode::NOT_FOUND, "There is nothing here but /metrics.\n");
    }
    if request.method() != Method::GET {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "/metrics is only read.\n");
    }
    process::look();
    let mut response = Response::new(exposition.text());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Exposition::CONTENT_TYPE));
    response
}

fn refused(status: StatusCode, why: &str) -> Response<String> {
    let mut response = Response::new(why.to_owned());
    *response.status_mut() = status;
    response
}
