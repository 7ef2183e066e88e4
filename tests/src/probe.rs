//! Asks an engine what it is, as any link does: it says hello and reads the answer.
//!
//! So a test learns the roles from the engines themselves and not from a gateway that may be behind.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tandem_protocol::{
    Epoch, Pair, PairName, Speaks,
    limits::LINK_SUBPROTOCOL,
    link::{FromEngine, Hello, LinkRole, ToEngine},
};
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};

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

/// Asks the engine of this pair at an address.
pub(crate) async fn ask(address: &str, pair: &PairName) -> Role {
    // Boxed: the handshake is large, and it is in every future that looks at an engine.
    match tokio::time::timeout(ANSWER_MAX, Box::pin(greet(address, pair))).await {
        Ok(role) => role.unwrap_or(Role::Down),
        Err(_) => Role::Silent,
    }
}

/// The whole exchange; none when the connection is refused or breaks, as it does when the engine dies meanwhile.
async fn greet(address: &str, pair: &PairName) -> Option<Role> {
    let uri = format!("ws://{address}/").parse().expect("an address makes a URI");
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(LINK_SUBPROTOCOL);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.ok()?;
    let hello = Hello::new(Speaks::ALL, pair.clone(), LinkRole::Control, "probe", Epoch::ZERO);
    let hello = serde_json::to_string(&ToEngine::Hello(hello)).expect("a frame serialises");
    socket.send(Message::text(hello)).await.ok()?;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        match serde_json::from_str(&text).expect("an engine speaks the link protocol") {
            FromEngine::Welcome(welcome) => return Some(Role::Primary(welcome.pair)),
            FromEngine::NotPrimary(pair) => return Some(Role::Backup(pair)),
            FromEngine::Refused(refusal) => panic!("the engine refuses the probe: {refusal}"),
            _ => {}
        }
    }
    None
}
