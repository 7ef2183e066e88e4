//! A browser: a WebSocket of a session's client or of a desk, as bare as can be.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tandem_gateway::Gateway;
use tandem_protocol::SessionId;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{ClientRequestBuilder, Error, Message},
};

use crate::{session, within};

/// The token of all browsers in these stories.
pub(crate) const TOKEN: &str = "a token";

pub(crate) struct Browser {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Browser {
    pub(crate) async fn connects(gateway: &Gateway) -> Self {
        Self::tries(gateway, "/api/v1/ws", Some("tandem.v1"), None).await.expect("is let in")
    }

    /// One that shows a workspace, or a bot.
    pub(crate) async fn connects_desk(gateway: &Gateway) -> Self {
        Self::tries(gateway, "/api/v1/desk", Some("tandem.desk.v1"), None).await.expect("is let in")
    }

    /// A handshake with these headers.
    pub(crate) async fn tries(
        gateway: &Gateway,
        path: &str,
        protocol: Option<&str>,
        origin: Option<&str>,
    ) -> Result<Self, Error> {
        let uri = format!("ws://{}{path}", gateway.local_addr()).parse().expect("is a URI");
        let mut request = ClientRequestBuilder::new(uri);
        if let Some(protocol) = protocol {
            request = request.with_sub_protocol(protocol);
        }
        if let Some(origin) = origin {
            request = request.with_header("Origin", origin);
        }
        connect_async(request).await.map(|(socket, _)| Self { socket })
    }

    pub(crate) async fn hello(&mut self, after: u64) {
        self.hello_to(session(), after).await;
    }

    pub(crate) async fn hello_to(&mut self, session: SessionId, after: u64) {
        self.says(json!({"type": "hello", "session": session, "token": TOKEN, "after": after})).await;
    }

    /// As of a desk.
    pub(crate) async fn desk_hello(&mut self) {
        self.says(json!({"type": "hello", "token": TOKEN})).await;
    }

    pub(crate) async fn says(&mut self, frame: Value) {
        self.sends(Message::text(frame.to_string())).await;
    }

    /// Says a message of which only the id matters.
    pub(crate) async fn messages(&mut self, client_id: &str) {
        self.says(json!({"type": "message", "client_id": client_id, "text": "hi"})).await;
    }

    /// Chooses at a desk to be ready.
    pub(crate) async fn does(&mut self, id: &str) {
        self.says(json!({"type": "do", "id": id, "do": "state", "state": "ready"})).await;
    }

    pub(crate) async fn sends(&mut self, message: Message) {
        within("room to write", self.socket.send(message)).await.expect("the gateway is there");
    }

    /// The next frame.
    pub(crate) async fn hears(&mut self) -> Value {
        loop {
            match within("a frame", self.socket.next()).await.expect("it is connected").expect("reads") {
                Message::Text(text) => return serde_json::from_str(&text).expect("is JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("expected a frame, not {other:?}"),
            }
        }
    }

    /// The next frame, which is of this type.
    pub(crate) async fn hears_of(&mut self, kind: &str) -> Value {
        let frame = self.hears().await;
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// The numbers of the events that come next.
    pub(crate) async fn hears_events(&mut self) -> Vec<u64> {
        seqs(&self.hears_of("events").await)
    }

    /// Reads on to the end: all frames before it, the `bye`, and the code of the close frame, which agree.
    pub(crate) async fn is_ended(&mut self) -> (Vec<Value>, Value, u16) {
        let mut frames = Vec::new();
        loop {
            match within("the end", self.socket.next()).await.expect("a close frame comes first").expect("reads") {
                Message::Text(text) => frames.push(serde_json::from_str::<Value>(&text).expect("is JSON")),
                Message::Close(close) => {
                    let bye = frames.pop().expect("a bye comes before the close frame");
                    let code = u16::from(close.expect("it has a code").code);
                    assert_eq!((&bye["type"], &bye["code"]), (&json!("bye"), &json!(code)), "{bye}");
                    // Reading on sends our own close frame, for which the gateway waits.
                    while let Some(Ok(_)) = within("the end", self.socket.next()).await {}
                    return (frames, bye, code);
                }
                _ => {}
            }
        }
    }

    /// The code with which it is ended.
    pub(crate) async fn is_ended_with(&mut self) -> u16 {
        self.is_ended().await.2
    }

    /// Goes without a word.
    pub(crate) fn vanishes(self) {}
}

pub(crate) fn seqs(frame: &Value) -> Vec<u64> {
    let events = frame["events"].as_array().expect("has events");
    events.iter().map(|event| event["seq"].as_u64().expect("is a number")).collect()
}
