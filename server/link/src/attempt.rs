//! One attempt at one address: connect, say hello, hear what the engine says to it. Bounded as a whole.

use std::pin::Pin;

use tandem_protocol::{
    Pair, Refusal,
    link::{FromEngine, Hello, Welcome},
};
use tokio::time::timeout;

use crate::{
    connection::{ConnectionError, ConnectionSettings, Dialled, Reader, dial},
    outbox::Outbox,
    settings::LinkSettings,
};

/// What an engine said to the hello.
pub(crate) enum Verdict {
    /// It is primary, as it believes.
    Welcome(Box<Welcomed>),
    /// It is not; who is, if it knows.
    NotPrimary(Option<Pair>),
    /// It will never serve this link.
    Refused(Refusal),
}

/// A connection that was welcomed.
pub(crate) struct Welcomed {
    pub(crate) welcome: Welcome,
    pub(crate) reader: Reader<FromEngine>,
    pub(crate) outbox: Outbox,
    /// The running writer, to be driven on.
    pub(crate) writing: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Dropping it closes the connection; nothing is left behind.
pub(crate) async fn attempt(
    address: String,
    hello: Hello,
    settings: &LinkSettings,
    connection: &ConnectionSettings,
) -> (String, Result<Verdict, ConnectionError>) {
    let verdict = timeout(settings.welcome_max, say_hello(&address, hello, connection)).await;
    (address, verdict.unwrap_or(Err(ConnectionError::Late)))
}

async fn say_hello(address: &str, hello: Hello, connection: &ConnectionSettings) -> Result<Verdict, ConnectionError> {
    let Dialled { mut reader, outbox, writer } = dial(address, hello, connection).await?;
    let mut writing: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(writer.run());
    let first = tokio::select! {
        biased;
        first = reader.next() => first,
        // What the engine said before it closed may still be there to be read.
        () = &mut writing => reader.next().await,
    };
    match first? {
        Some(FromEngine::Welcome(welcome)) => {
            Ok(Verdict::Welcome(Box::new(Welcomed { welcome, reader, outbox, writing })))
        }
        Some(FromEngine::NotPrimary(pair)) => Ok(Verdict::NotPrimary(pair)),
        Some(FromEngine::Refused(refusal)) => Ok(Verdict::Refused(refusal)),
        Some(_) | None => Err(ConnectionError::OutOfTurn),
    }
}
