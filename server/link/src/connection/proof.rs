//! How the two sides prove that they share a key, without a round trip more: `server/PROTOCOL.md`, "Proof of a shared key".
//!
//! Whoever dials names a nonce in the handshake's request and the engine one in its answer. Before its hello the dialling side
//! signs both and the hello, and the engine signs the same, with another label, before it says anything. So a proof is
//! good for one connection, one hello and one direction: it cannot be replayed, moved to another pair, role or name, or
//! sent back to who made it. What follows is neither encrypted nor signed: who can change it on its way needs TLS.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tandem_credentials::{Key, Keys};
use tandem_protocol::link::Proof;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    self, Message, Utf8Bytes,
    http::{HeaderMap, HeaderName, HeaderValue},
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{ConnectionError, Unproven, frame};

/// The header with a side's nonce.
pub(super) const NONCE: HeaderName = HeaderName::from_static("tandem-nonce");

/// The engine's close code when a proof does not do: the link stops until somebody changes a key.
pub(super) const UNPROVEN: u16 = 4501;

/// How long whoever has another key may take to read that: less than a handshake.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// What whoever dials signs begins with this, …
const DIALS: &[u8] = b"tandem.link.v1 dials\n";
/// … and what the engine signs with this.
const ACCEPTS: &[u8] = b"tandem.link.v1 accepts\n";

/// A number that is used for one connection only, so that no proof of another one fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nonce([u8; 32]);

impl Nonce {
    pub(super) fn new() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has random numbers");
        Self(bytes)
    }

    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::try_from(self.text()).expect("base64 is fit for a header")
    }

    pub(super) fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// That of a request or an answer. One that is malformed is none.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(headers.get(NONCE)?).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

/// Both nonces of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nonces {
    pub(super) dialler: Nonce,
    pub(super) engine: Nonce,
}

impl Nonces {
    /// All parts but the last have a length of their own, so that no two lists read the same.
    fn parts<'a>(&'a self, label: &'a [u8], hello: &'a str) -> [&'a [u8]; 4] {
        [label, &self.dialler.0, &self.engine.0, hello.as_bytes()]
    }
}

fn proof(key: &Key, parts: &[&[u8]]) -> Utf8Bytes {
    frame(&Proof { proof: URL_SAFE_NO_PAD.encode(key.sign(parts)) })
}

fn signed(text: &str) -> Option<Vec<u8>> {
    let Proof { proof } = serde_json::from_str(text).ok()?;
    URL_SAFE_NO_PAD.decode(proof).ok()
}

/// The dialling side, right after the handshake: says proof and hello, and has the engine prove itself.
pub(super) async fn prove<S>(socket: &mut S, key: &Key, nonces: Nonces, hello: Utf8Bytes) -> Result<(), ConnectionError>
where
    S: Sink<Message, Error = tungstenite::Error> + Stream<Item = Result<Message, tungstenite::Error>> + Unpin,
{
    socket.feed(Message::Text(proof(key, &nonces.parts(DIALS, &hello)))).await?;
    socket.feed(Message::Text(hello.clone())).await?;
    socket.flush().await?;
    match socket.next().await {
        Some(Ok(Message::Text(text))) => {
            let is_signed = signed(&text).is_some_and(|it| key.has_signed(&nonces.parts(ACCEPTS, &hello), &it));
            if is_signed { Ok(()) } else { Err(Unproven::Impostor.into()) }
        }
        Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == UNPROVEN => Err(Unproven::KeyRefused.into()),
        Some(Err(error)) => Err(error.into()),
        _ => Err(ConnectionError::OutOfTurn),
    }
}

/// The engine's side: hears proof and hello, proves itself, and returns the hello, which is believed now. Whoever proves
/// nothing is told so, and nothing else.
pub(super) async fn demand<S>(socket: &mut S, keys: &Keys, nonces: Nonces) -> Result<Utf8Bytes, ConnectionError>
where
    S: Sink<Message, Error = tungstenite::Error> + Stream<Item = Result<Message, tungstenite::Error>> + Unpin,
{
    let proven = text(socket).await?;
    let hello = text(socket).await?;
    let signer = signed(&proven).and_then(|it| keys.signer(&nonces.parts(DIALS, &hello), &it));
    let Some(key) = signer else {
        let reason = "This engine has another shared key.".into();
        let goodbye = async {
            let close = Message::Close(Some(CloseFrame { code: CloseCode::from(UNPROVEN), reason }));
            // Until the other side has read it and answers, or is gone.
            if socket.send(close).await.is_ok() {
                while let Some(Ok(_)) = socket.next().await {}
            }
        };
        // Whoever does not take it is told of in the log all the same.
        let _ = timeout(GOODBYE_MAX, goodbye).await;
        return Err(Unproven::WrongKey.into());
    };
    socket.send(Message::Text(proof(key, &nonces.parts(ACCEPTS, &hello)))).await?;
    Ok(hello)
}

async fn text<S>(socket: &mut S) -> Result<Utf8Bytes, ConnectionError>
where
    S: Stream<Item = Result<Message, tungstenite::Error>> + Unpin,
{
    match socket.next().await {
        Some(Ok(Message::Text(text))) => Ok(text),
        Some(Err(error)) => Err(error.into()),
        _ => Err(ConnectionError::OutOfTurn),
    }
}

#[cfg(test)]
mod tests;
