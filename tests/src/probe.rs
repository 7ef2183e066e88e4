//! Asks an engine what it is, as any link does: it says hello and reads the answer.
//!
//! So a test learns the roles from the engines themselves and not from a gateway that may be behind.

use std::time::Duration;

use tandem_link::{
    Credentials,
    connection::{ConnectionSettings, Dialled, dial},
};
use tandem_protocol::{
    Epoch, Pair, PairName, Speaks,
    link::{FromEngine, Hello, LinkRole},
};

/// How long an engine may take to answer a hello before it counts as silent; on a loaded machine it takes some ms.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// What an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It serves, and knows this pair.
    Primary(Pair),
    /// It stands by, and knows this pair, if any.
    Backup(Option<Pair>),
    /// It accepts no connection.
    Down,
    /// It accepts a connection and says nothing: it is stopped.
    Silent,
}

/// Asks the engine of this pair at an address, as one who can prove himself by these.
pub(crate) async fn ask(address: &str, pair: &PairName, credentials: &Credentials) -> Role {
    // Boxed: the handshake is large, and it is in every future that looks at an engine.
    match tokio::time::timeout(ANSWER_MAX, Box::pin(greet(address, pair, credentials))).await {
        Ok(role) => role.unwrap_or(Role::Down),
        Err(_) => Role::Silent,
    }
}

/// The whole exchange; none when the connection is refused or breaks, as it does when the engine dies meanwhile.
async fn greet(address: &str, pair: &PairName, credentials: &Credentials) -> Option<Role> {
    let hello = Hello::new(Speaks::ALL, pair.clone(), LinkRole::Control, "probe", Epoch::ZERO);
    let dialled = dial(address, hello, &ConnectionSettings::with(credentials.clone())).await;
    let Dialled { mut reader, outbox: _outbox, writer } = dialled.ok()?;
    let mut answered = std::pin::pin!(async {
        while let Ok(Some(word)) = reader.next().await {
            match word {
                FromEngine::Welcome(welcome) => return Some(Role::Primary(welcome.pair)),
                FromEngine::NotPrimary(pair) => return Some(Role::Backup(pair)),
                FromEngine::Refused(refusal) => panic!("the engine refuses the probe: {refusal}"),
                _ => {}
            }
        }
        None
    });
    tokio::select! {
        biased;
        role = &mut answered => role,
        // What the engine said before it closed may still be there to be read.
        () = writer.run() => answered.await,
    }
}
