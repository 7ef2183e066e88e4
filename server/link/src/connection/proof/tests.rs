//! Links with a shared key, and everybody who has none or another, or only heard those who have one.

use tandem_credentials::Watched;
use tandem_protocol::{
    Epoch, PairName, Speaks,
    limits::LINK_SUBPROTOCOL,
    link::{Hello, LinkRole, ToEngine},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async, client_async,
    tungstenite::{
        ClientRequestBuilder,
        handshake::server::{Request, Response},
        http::header::SEC_WEBSOCKET_PROTOCOL,
    },
};

use super::*;
use crate::{
    Credentials,
    connection::{Accepted, ConnectionSettings, Dialled, accept, dial},
};

const OLD: &str = "an old key, long enough to be one";
const NEW: &str = "a new key, long enough to be one too";

fn hello() -> Hello {
    let pair = PairName::new("main").unwrap();
    Hello::new(Speaks::ALL, pair, LinkRole::Gateway, "gateway", Epoch(7))
}

/// With these keys, the first of which is used; without any where the text is empty.
fn with(keys: &str) -> ConnectionSettings {
    let keys = (!keys.is_empty()).then(|| Watched::fixed("the key", Keys::of(keys).unwrap()));
    ConnectionSettings::with(Credentials::new(keys, None))
}

/// What becomes of a link between one who dials and an engine, each with his keys.
async fn link(
    dialling: &str,
    accepting: &str,
) -> (Result<Dialled, ConnectionError>, Result<Accepted, ConnectionError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let settings = with(accepting);
    let engine = tokio::spawn(async move { accept(listener.accept().await.unwrap().0, &settings).await });
    // A hello without a key goes out when the writer runs.
    let dialled = match dial(&address, hello(), &with(dialling)).await {
        Ok(Dialled { reader, outbox, writer }) if dialling.is_empty() => {
            outbox.end(None).unwrap();
            writer.run().await;
            drop(reader);
            Err(ConnectionError::Cut)
        }
        other => other,
    };
    (dialled, engine.await.unwrap())
}

/// As [`link`], where it fails: the sentence of each side.
async fn refused(dialling: &str, accepting: &str) -> [String; 2] {
    let (dialled, accepted) = link(dialling, accepting).await;
    [dialled.unwrap_err().to_string(), accepted.map(|_| ()).unwrap_err().to_string()]
}

#[tokio::test]
async fn two_with_the_same_key_make_a_link() {
    let (dialled, accepted) = link(OLD, OLD).await;
    let (mut dialled, accepted) = (dialled.unwrap(), accepted.unwrap());
    assert_eq!(accepted.hello.name, "gateway");
    let writing = tokio::spawn(accepted.writer.run());
    accepted.outbox.end(Some(frame(&tandem_protocol::link::FromEngine::NotPrimary(None)))).unwrap();
    assert!(dialled.reader.next().await.unwrap().is_some());
    writing.await.unwrap();
}

#[tokio::test]
async fn a_key_is_replaced_while_both_are_valid() {
    let [both, both_the_new_first] = [format!("{OLD}\n{NEW}"), format!("{NEW}\n{OLD}")];
    // First all accept the new one, then each uses it, then the old one goes.
    for (dialling, accepting) in [
        (OLD, &*both),
        (&both, OLD),
        (&both_the_new_first, &both),
        (&both, &both_the_new_first),
        (NEW, &both_the_new_first),
        (&both_the_new_first, NEW),
    ] {
        let (dialled, accepted) = link(dialling, accepting).await;
        assert!(dialled.is_ok() && accepted.is_ok(), "{dialled:?}, {accepted:?}");
    }
}

#[tokio::test]
async fn whoever_has_another_key_or_none_is_refused_and_both_sides_say_why() {
    let [here, there] = refused(OLD, NEW).await;
    assert!(here.starts_with("the engine does not have the shared key of this side"), "{here}");
    assert!(there.starts_with("whoever connects does not have the shared key of this engine"), "{there}");
    let [here, there] = refused("", NEW).await;
    assert!(here.starts_with("the engine asks for a shared key and this side has none"), "{here}");
    assert!(there.starts_with("whoever connects has no shared key"), "{there}");
    let [here, there] = refused(OLD, "").await;
    assert!(here.starts_with("this side has a shared key and the engine has none"), "{here}");
    assert!(there.starts_with("whoever connects has a shared key and this engine has none"), "{there}");
}

/// Somebody who speaks as a link does, and as he likes.
async fn stranger(address: &str, nonce: Nonce) -> (WebSocketStream<TcpStream>, Nonce) {
    let request = ClientRequestBuilder::new(format!("ws://{address}/").parse().unwrap())
        .with_sub_protocol(LINK_SUBPROTOCOL)
        .with_header(NONCE.as_str(), nonce.text());
    let (socket, response) = client_async(request, TcpStream::connect(address).await.unwrap()).await.unwrap();
    (socket, Nonce::of(response.headers()).unwrap())
}

/// An engine with the old key, and what it says of who connects next.
async fn engine() -> (String, tokio::task::JoinHandle<Result<Accepted, ConnectionError>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let settings = with(OLD);
    (address, tokio::spawn(async move { accept(listener.accept().await.unwrap().0, &settings).await }))
}

/// Says these two frames to an engine, which believes neither.
async fn says_in_vain(said: [Utf8Bytes; 2], nonce: Nonce) {
    let (address, engine) = engine().await;
    let (mut socket, _) = stranger(&address, nonce).await;
    for text in said {
        socket.send(Message::Text(text)).await.unwrap();
    }
    let answer = socket.next().await.unwrap().unwrap();
    let Message::Close(Some(close)) = answer else { panic!("{answer:?}") };
    assert_eq!(u16::from(close.code), UNPROVEN);
    let _ = socket.close(None).await;
    drop(socket);
    let refused = engine.await.unwrap().map(|_| ()).unwrap_err();
    assert!(matches!(refused, ConnectionError::Unproven(Unproven::WrongKey)), "{refused:?}");
}

#[tokio::test]
async fn a_proof_that_was_overheard_is_of_no_use_in_another_connection_or_for_another_hello() {
    let key = Keys::of(OLD).unwrap();
    let (address, engine) = engine().await;
    let nonce = Nonce::new();
    let (mut socket, engines) = stranger(&address, nonce).await;
    let nonces = Nonces { dialler: nonce, engine: engines };
    let said = frame(&ToEngine::Hello(hello()));
    let proven = proof(key.first(), &nonces.parts(DIALS, &said));
    // Here it fits.
    socket.send(Message::Text(proven.clone())).await.unwrap();
    socket.send(Message::Text(said.clone())).await.unwrap();
    assert!(engine.await.unwrap().is_ok());
    // The engine's nonce is another each time.
    says_in_vain([proven, said.clone()], nonce).await;

    let (address, engine) = self::engine().await;
    let (mut socket, engines) = stranger(&address, nonce).await;
    let nonces = Nonces { dialler: nonce, engine: engines };
    let other = frame(&ToEngine::Hello(Hello { role: LinkRole::Control, ..hello() }));
    socket.send(Message::Text(proof(key.first(), &nonces.parts(DIALS, &said)))).await.unwrap();
    socket.send(Message::Text(other)).await.unwrap();
    assert!(matches!(socket.next().await.unwrap().unwrap(), Message::Close(Some(_))));
    drop(socket);
    assert!(matches!(engine.await.unwrap(), Err(ConnectionError::Unproven(Unproven::WrongKey))));
}

#[tokio::test]
async fn what_is_no_proof_is_refused() {
    let said = frame(&ToEngine::Hello(hello()));
    for odd in ["{\"proof\":\"\"}", "{\"proof\":\"?\"}", "{}", "", "\"heartbeat\"", &said] {
        says_in_vain([odd.into(), said.clone()], Nonce::new()).await;
    }
}

#[tokio::test]
async fn a_stranger_is_not_listened_to_for_long() {
    let (address, engine) = engine().await;
    let (mut socket, _) = stranger(&address, Nonce::new()).await;
    let long = "x".repeat(2 * crate::connection::stream::UNPROVEN_BYTES_MAX);
    // It may be cut in the middle.
    let _ = socket.send(Message::Text(long.into())).await;
    assert!(engine.await.unwrap().is_err());
}

/// What answers has no key, and sends back what it is told.
#[tokio::test]
async fn an_impostor_who_sends_the_proof_back_is_not_believed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let impostor = tokio::spawn(async move {
        #[expect(clippy::result_large_err, reason = "the WebSocket library asks for this type")]
        let shake = |request: &Request, mut response: Response| {
            let nonce = request.headers()[NONCE].clone();
            response.headers_mut().insert(NONCE, nonce);
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(LINK_SUBPROTOCOL));
            Ok(response)
        };
        let mut socket = accept_hdr_async(listener.accept().await.unwrap().0, shake).await.unwrap();
        let proven = socket.next().await.unwrap().unwrap();
        socket.send(proven).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    });
    let refused = dial(&address, hello(), &with(OLD)).await.unwrap_err();
    assert!(matches!(refused, ConnectionError::Unproven(Unproven::Impostor)), "{refused:?}");
    impostor.await.unwrap();
}

/// The same values stand in PROTOCOL.md, for whoever writes another side of a link.
#[test]
fn the_proofs_are_those_of_the_protocols_page() {
    let key = Keys::of("0123456789abcdefghijklmnopqrstuv").unwrap();
    let nonces = Nonces { dialler: Nonce([1; 32]), engine: Nonce([2; 32]) };
    let hello = r#"{"hello":{"version":1,"pair":"main","role":"gateway","name":"gateway","epoch_seen":7}}"#;
    let page = include_str!("../../../../PROTOCOL.md");
    for (label, whose) in [(DIALS, "who dials"), (ACCEPTS, "the engine")] {
        let proof = proof(key.first(), &nonces.parts(label, hello)).to_string();
        assert!(page.contains(&proof), "the page does not have {proof} of {whose}");
    }
    for nonce in [nonces.dialler, nonces.engine] {
        assert!(page.contains(&nonce.text()), "the page does not have {}", nonce.text());
    }
    assert!(page.contains(hello));
}
