//! Stories of one connection over loopback TCP, both ends in this process.

use std::{collections::VecDeque, time::Duration};

use futures_util::SinkExt;
use tandem_protocol::{
    Epoch, ErrorCode, PairName, Refusal, SessionId, Speaks,
    limits::LINK_SUBPROTOCOL,
    link::{FromEngine, Hello, LinkRole, ToEngine},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{ClientRequestBuilder, Message},
};

use super::*;

fn hello() -> Hello {
    let pair = PairName::new("main").unwrap();
    Hello::new(Speaks::ALL, pair, LinkRole::Gateway, "gateway-1", Epoch(7))
}

fn opened(at: u128) -> FromEngine {
    FromEngine::Opened(vec![SessionId(uuid::Uuid::from_u128(at))])
}

/// A connection whose two writers run.
struct Ends {
    to_client: Outbox,
    from_client: Reader<ToEngine>,
    to_engine: Outbox,
    from_engine: Reader<FromEngine>,
    writers: VecDeque<JoinHandle<()>>,
}

async fn connect(engine_settings: ConnectionSettings, client_settings: ConnectionSettings) -> Ends {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let accepting = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        accept(tcp, &engine_settings).await.unwrap()
    });
    let client = dial(&address, hello(), &client_settings).await.unwrap();
    let client_writes = tokio::spawn(client.writer.run());
    let engine = accepting.await.unwrap();
    assert_eq!(engine.hello.epoch_seen, Epoch(7));
    let engine_writes = tokio::spawn(engine.writer.run());
    Ends {
        to_client: engine.outbox,
        from_client: engine.reader,
        to_engine: client.outbox,
        from_engine: client.reader,
        writers: [client_writes, engine_writes].into(),
    }
}

fn quick() -> ConnectionSettings {
    let (heartbeat, silence_max) = (Duration::from_millis(10), Duration::from_millis(200));
    ConnectionSettings { heartbeat, silence_max, ..ConnectionSettings::default() }
}

#[tokio::test]
async fn frames_arrive_in_order_and_many_at_a_time() {
    let mut ends = connect(ConnectionSettings::default(), ConnectionSettings::default()).await;
    ends.to_client.push_all((0..5_000).map(|at| frame(&opened(at)))).unwrap();
    let (mut batch, mut batches) = (Vec::new(), 0);
    while batch.len() < 5_000 {
        assert!(ends.from_engine.next_batch(&mut batch).await.unwrap());
        batches += 1;
    }
    let names = batch.into_iter().map(|frame| match frame {
        FromEngine::Opened(sessions) => sessions[0].0.as_u128(),
        other => panic!("{other:?}"),
    });
    assert!(names.eq(0..5_000));
    assert!(batches < 1_000, "{batches} batches");
}

#[tokio::test]
async fn a_last_frame_is_read_and_then_the_end() {
    let mut ends = connect(ConnectionSettings::default(), ConnectionSettings::default()).await;
    ends.to_client.end(Some(frame(&FromEngine::NotPrimary(None)))).unwrap();
    assert!(matches!(ends.from_engine.next().await.unwrap(), Some(FromEngine::NotPrimary(None))));
    assert!(ends.from_engine.next().await.unwrap().is_none());
    assert!(ends.from_engine.next().await.unwrap().is_none(), "the end stays the end");
    ends.to_engine.until_cut().await;
    drop(ends.from_engine);
    assert!(!matches!(ends.from_client.next().await, Ok(Some(_))));
    for writer in ends.writers {
        writer.await.unwrap();
    }
}

/// Closing a TCP connection while bytes arrive takes back what the other side has not read yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_frame_arrives_although_the_other_side_writes_all_the_time() {
    for _ in 0..5 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let engine = tokio::spawn(async move {
            let settings = ConnectionSettings::default();
            let Accepted { mut reader, outbox, writer, .. } =
                accept(listener.accept().await.unwrap().0, &settings).await.unwrap();
            outbox.push_all((0..20_000).map(|at| frame(&opened(at)))).unwrap();
            outbox.end(Some(frame(&FromEngine::NotPrimary(None)))).unwrap();
            let reading = async { while let Ok(Some(_)) = reader.next().await {} };
            tokio::join!(writer.run_to_the_end(), reading);
        });
        let client = dial(&address, hello(), &ConnectionSettings::default()).await.unwrap();
        let Dialled { mut reader, outbox, writer } = client;
        let writes = tokio::spawn(writer.run());
        let chatters = outbox.clone();
        let chatter = tokio::spawn(async move {
            while chatters.push(frame(&ToEngine::Places(Vec::new()))).is_ok() {
                tokio::task::yield_now().await;
            }
        });
        let last = loop {
            match reader.next().await {
                Ok(Some(FromEngine::Opened(_))) => {}
                other => break other,
            }
        };
        assert!(matches!(last, Ok(Some(FromEngine::NotPrimary(None)))), "{last:?}");
        outbox.cut();
        drop(reader);
        for task in [engine, writes, chatter] {
            task.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_quiet_side_sends_heartbeats() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let engine = tokio::spawn(async move {
        // However slow this machine is, only the heartbeats matter here.
        let patient = ConnectionSettings { silence_max: Duration::from_secs(3_600), ..quick() };
        let Accepted { mut reader, outbox, writer, .. } =
            accept(listener.accept().await.unwrap().0, &patient).await.unwrap();
        // The outbox is held open until the other side has seen enough.
        let reading = async { while let Ok(Some(_)) = reader.next().await {} };
        tokio::join!(writer.run(), reading, outbox.until_cut());
    });
    let request = ClientRequestBuilder::new(format!("ws://{address}/").parse().unwrap());
    let tcp = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = client_async(request.with_sub_protocol(LINK_SUBPROTOCOL), tcp).await.unwrap();
    socket.send(Message::Text(frame(&ToEngine::Hello(hello())))).await.unwrap();
    for _ in 0..3 {
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::Text(super::frame::HEARTBEAT));
        // Alive, so that the engine does not leave.
        socket.send(Message::Text(super::frame::HEARTBEAT)).await.unwrap();
    }
    drop(socket);
    engine.await.unwrap();
}

#[tokio::test]
async fn heartbeats_are_signs_of_life_only() {
    let mut ends = connect(ConnectionSettings::default(), ConnectionSettings::default()).await;
    let heartbeat = super::frame::HEARTBEAT;
    ends.to_client.push_all([heartbeat.clone(), heartbeat, frame(&opened(1))]).unwrap();
    assert!(matches!(ends.from_engine.next().await.unwrap(), Some(FromEngine::Opened(_))));
}

#[tokio::test]
async fn a_silent_peer_is_left() {
    let silent = ConnectionSettings { heartbeat: Duration::from_secs(3_600), ..quick() };
    let mut ends = connect(silent, quick()).await;
    assert!(matches!(ends.from_engine.next().await, Err(ConnectionError::Silent)));
    ends.to_engine.until_cut().await;
}

#[tokio::test]
async fn a_slow_reader_overflows_and_is_cut_while_the_write_is_stuck() {
    let outbox = OutboxBounds { frames_max: 1_000_000, bytes_max: 16 * 1024 * 1024 };
    let mut ends = connect(ConnectionSettings { outbox, ..Default::default() }, Default::default()).await;
    let text = frame(&FromEngine::Opened(vec![SessionId(uuid::Uuid::nil()); 20_000]));
    // Nobody reads at the other end; the sockets' own buffers are far smaller than the bound.
    while ends.to_client.push(text.clone()).is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(ends.from_client.next().await, Err(ConnectionError::Cut)));
    ends.writers.pop_back().unwrap().await.unwrap();
}

#[tokio::test]
async fn what_is_no_frame_ends_the_connection_without_being_repeated() {
    let mut ends = connect(ConnectionSettings::default(), ConnectionSettings::default()).await;
    ends.to_client.push_all([frame(&opened(1)), "{\"opened\":\"my secret\"}".into()]).unwrap();
    assert!(matches!(ends.from_engine.next().await.unwrap(), Some(FromEngine::Opened(_))));
    let error = ends.from_engine.next().await.unwrap_err();
    assert!(matches!(error, ConnectionError::BadFrame { .. }));
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn an_engine_turns_a_link_away_with_a_last_word() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let engine = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let refusal = Refusal::new(ErrorCode::BadRequest, "This is another pair.");
        accept(tcp, &ConnectionSettings::default()).await.unwrap().turn_away(&FromEngine::Refused(refusal)).await;
    });
    let mut client = dial(&address, hello(), &ConnectionSettings::default()).await.unwrap();
    let writes = tokio::spawn(client.writer.run());
    assert!(matches!(client.reader.next().await.unwrap(), Some(FromEngine::Refused(_))));
    assert!(client.reader.next().await.unwrap().is_none());
    drop((client.reader, client.outbox));
    engine.await.unwrap();
    writes.await.unwrap();
}

/// What an engine answers to a handshake with these header lines.
async fn handshake_answer(headers: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let engine = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        accept(tcp, &ConnectionSettings::default()).await.map(|_| ())
    });
    let request = format!(
        "GET / HTTP/1.1\r\nHost: engine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{headers}\r\n"
    );
    tcp.write_all(request.as_bytes()).await.unwrap();
    assert!(engine.await.unwrap().is_err());
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_web_page_cannot_speak_to_an_engine() {
    let page = "Origin: https://example.com\r\nSec-WebSocket-Protocol: tandem.link.v1\r\n";
    assert!(handshake_answer(page).await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_handshake_without_the_subprotocol_is_refused() {
    assert!(handshake_answer("").await.starts_with("HTTP/1.1 400"));
    assert!(handshake_answer("Sec-WebSocket-Protocol: tandem.v1\r\n").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn whoever_connects_and_says_nothing_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (tcp, _) = listener.accept().await.unwrap();
    let hasty = ConnectionSettings { handshake_max: Duration::from_millis(20), ..Default::default() };
    assert!(matches!(accept(tcp, &hasty).await, Err(ConnectionError::Late)));
}

#[tokio::test]
async fn a_stopped_engine_that_still_accepts_is_left() {
    // Never accepted by anyone: the kernel completes the TCP handshake alone, as for a stopped process.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let hasty = ConnectionSettings { handshake_max: Duration::from_millis(20), ..Default::default() };
    assert!(matches!(dial(&address, hello(), &hasty).await, Err(ConnectionError::Late)));
}
