//! The WebSocket itself: who is let in, what ends a connection, and with which published code.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tandem_protocol::client::close;
use tandem_tests::{System, rest::Ticket, within};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{ClientRequestBuilder, Error, Message},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(system: &System, origin: Option<&str>) -> Result<Socket, Error> {
    let uri = format!("ws://{}/api/v1/ws", system.gateway_address()).parse().expect("a URI");
    let request = ClientRequestBuilder::new(uri).with_sub_protocol("tandem.v1");
    let request = origin.into_iter().fold(request, |request, origin| request.with_header("Origin", origin));
    connect_async(request).await.map(|(socket, _)| socket)
}

async fn send(socket: &mut Socket, frame: &Value) {
    socket.send(Message::text(frame.to_string())).await.expect("the socket is open");
}

/// The frames until the connection is closed, and the close code.
async fn until_closed(socket: &mut Socket) -> (Vec<Value>, u16) {
    let mut frames = Vec::new();
    let read = async {
        while let Some(message) = socket.next().await {
            match message.expect("the connection is closed in order") {
                Message::Text(text) => frames.push(serde_json::from_str(&text).expect("frames are JSON")),
                Message::Close(close) => return close.map_or(1005, |close| close.code.into()),
                _ => {}
            }
        }
        1006
    };
    let code = within("the gateway closes", read).await;
    (frames, code)
}

fn hello(ticket: &Ticket) -> Value {
    json!({ "type": "hello", "session": ticket.session, "token": ticket.token })
}

#[tokio::test]
async fn each_wrong_first_frame_has_its_close_code() {
    let system = System::start().await;
    let ticket = system.rest().open("Ann").await;
    let wrong_token = Ticket { token: "x".repeat(43), ..ticket.clone() };
    let unknown = Ticket { session: "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("a UUID"), ..ticket };
    let cases = [
        (hello(&wrong_token), close::UNAUTHORIZED),
        (hello(&unknown), close::UNKNOWN_SESSION),
        (json!({ "type": "heartbeat" }), close::NO_HELLO),
        (json!({ "type": "frobnicate" }), close::BAD_FRAME),
        (json!([1, 2, 3]), close::BAD_FRAME),
    ];
    for (first, wanted) in cases {
        let mut socket = connect(&system, None).await.expect("connects");
        send(&mut socket, &first).await;
        let (frames, code) = until_closed(&mut socket).await;
        assert_eq!(code, wanted, "{first}");
        assert_eq!(frames.last().map(|frame| frame["type"].clone()), Some(json!("bye")), "{first}");
    }
    system.finish().await;
}

#[tokio::test]
async fn whoever_says_nothing_first_is_not_waited_for() {
    let system = System::builder().setting("gateway.hello-max", "200 ms").start().await;
    let mut silent = connect(&system, None).await.expect("connects");
    assert_eq!(until_closed(&mut silent).await.1, close::NO_HELLO);
    system.finish().await;
}

#[tokio::test]
async fn a_bad_frame_and_a_huge_one_end_the_connection_with_their_codes() {
    let system = System::start().await;
    let ticket = system.rest().open("Ann").await;
    let huge = json!({ "type": "message", "client_id": "m-1", "text": "x".repeat(200_000) });
    for (frame, wanted) in [(json!({ "type": "frobnicate" }), close::BAD_FRAME), (huge, close::FRAME_TOO_LARGE)] {
        let mut socket = connect(&system, None).await.expect("connects");
        send(&mut socket, &hello(&ticket)).await;
        // The gateway may close before all of a huge frame is written; what it says is what counts.
        let _ = socket.send(Message::text(frame.to_string())).await;
        let (frames, code) = until_closed(&mut socket).await;
        assert_eq!(code, wanted);
        assert_eq!(frames[0]["type"], "welcome");
    }
    assert_eq!(system.rest().transcript(&ticket).await.len(), 2, "nothing of it was recorded");
    system.finish().await;
}

/// B-1: half-open connections are noticed by the gateway too.
#[tokio::test]
async fn a_client_that_is_never_heard_is_disconnected() {
    let builder = System::builder().setting("gateway.heartbeat", "200 ms").setting("gateway.silence-max", "600 ms");
    let system = builder.start().await;
    let ticket = system.rest().open("Ann").await;
    let mut socket = connect(&system, None).await.expect("connects");
    send(&mut socket, &hello(&ticket)).await;
    let (frames, code) = until_closed(&mut socket).await;
    assert_eq!(code, close::SILENT);
    let heartbeat = frames.iter().find(|frame| frame["type"] == "heartbeat").expect("the gateway says that it lives");
    assert_eq!(heartbeat["head"], 2, "a heartbeat carries the head");
    system.finish().await;
}

#[tokio::test]
async fn pages_of_foreign_origins_and_clients_without_the_subprotocol_are_refused() {
    let system =
        System::builder().setting("gateway.allowed-origins", vec!["https://shop.example".to_owned()]).start().await;
    let own = format!("http://{}", system.gateway_address());
    for origin in [own.as_str(), "https://shop.example"] {
        connect(&system, Some(origin)).await.expect("is let in");
    }
    for origin in ["https://evil.example", "null", "http://shop.example"] {
        assert!(matches!(connect(&system, Some(origin)).await, Err(Error::Http(reply)) if reply.status() == 403));
    }
    let bare = connect_async(format!("ws://{}/api/v1/ws", system.gateway_address())).await;
    assert!(matches!(bare, Err(Error::Http(reply)) if reply.status() == 400));
    system.finish().await;
}

/// a page that knows events that never were is told to forget them.
#[tokio::test]
async fn a_position_that_never_was_is_not_recovered() {
    let system = System::start().await;
    let ticket = system.rest().open("Ann").await;
    let mut socket = connect(&system, None).await.expect("connects");
    let mut frame = hello(&ticket);
    frame["after"] = json!(99);
    send(&mut socket, &frame).await;
    let mut events = Vec::new();
    let mut recovered = Value::Null;
    while events.len() < 2 {
        let message = within("a frame", socket.next()).await.expect("the connection stays").expect("frames");
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
        if frame["type"] == "welcome" {
            recovered = frame["recovered"].clone();
        }
        events.extend(frame["events"].as_array().cloned().unwrap_or_default());
    }
    assert_eq!(recovered, json!(false));
    assert_eq!(events[0]["seq"], 1, "the whole history follows");
    system.finish().await;
}
