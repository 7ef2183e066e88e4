//! A customer's connection: connects, says hello, carries frames both ways, and connects again after a pause.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tandem_protocol::{client::ClientFrame, limits::CLIENT_SUBPROTOCOL};
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior, interval, interval_at, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{ClientRequestBuilder, Error, Message, protocol::WebSocketConfig},
};

use super::{Customer, Order};
use crate::transport::{Gateway, Stream};

/// Where a gateway takes customers.
const PATH: &str = "/api/v1/ws";

/// The pause before he connects again, plus as much again by chance; a gateway may ask for another.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause that he agrees to: the drill has an end.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(5);

/// How long connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// How often he says that he is alive; a gateway gives up one who is silent for much longer.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// A small read buffer: there may be a thousand customers.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// The code under which RFC 6455 §7.4.1 files a connection that ended without a close frame.
const BROKEN: u16 = 1006;

type Socket = WebSocketStream<Box<dyn Stream>>;

/// His times: when it is his turn to speak, and when to give a sign of life.
struct Times {
    turn: Interval,
    heartbeat: Interval,
}

pub(super) async fn keep(
    customer: &Customer,
    gateway: &dyn Gateway,
    every: Duration,
    first_in: Duration,
    mut orders: watch::Receiver<Order>,
) {
    let mut turn = interval_at(tokio::time::Instant::now() + first_in, every);
    // A turn that was missed is not made up for: a person does not speak twice as fast afterwards.
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Times { turn, heartbeat: interval(HEARTBEAT) };
    while *orders.borrow() != Order::End {
        let code = match timeout(CONNECT_MAX, connect(customer, gateway)).await {
            Ok(Ok(socket)) => carry(customer, socket, &mut times, &mut orders).await,
            Ok(Err(_)) | Err(_) => BROKEN,
        };
        if *orders.borrow() == Order::End {
            return;
        }
        let asked = customer.with(|page| {
            page.on_closed(code);
            page.come_back_ms.take()
        });
        if customer.with(|page| page.stopped.is_some()) {
            return;
        }
        let pause = asked.map_or(RECONNECT_PAUSE.mul_f64(1.0 + fastrand::f64()), Duration::from_millis);
        sleep(pause.min(RECONNECT_PAUSE_MAX)).await;
    }
}

async fn connect(customer: &Customer, gateway: &dyn Gateway) -> Result<Socket, Error> {
    let stream = gateway.connect().await?;
    let uri = format!("ws://{}{PATH}", gateway.authority()).parse()?;
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(CLIENT_SUBPROTOCOL);
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let after = customer.with(super::Page::on_open);
    let (session, token) = (customer.session, customer.token.clone());
    say(&mut socket, &[ClientFrame::Hello { session, token, after, save_notices: false }]).await?;
    Ok(socket)
}

/// Carries frames until the connection ends; the close code.
async fn carry(customer: &Customer, mut socket: Socket, times: &mut Times, orders: &mut watch::Receiver<Order>) -> u16 {
    loop {
        match turn(customer, &mut socket, times, orders).await {
            Ok(None) => {}
            Ok(Some(code)) => return code,
            Err(_) => return BROKEN,
        }
    }
}

/// Waits for one thing and does what follows from it; the close code when the connection is over.
async fn turn(
    customer: &Customer,
    socket: &mut Socket,
    times: &mut Times,
    orders: &mut watch::Receiver<Order>,
) -> Result<Option<u16>, Error> {
    // Every arm is cancel safe: a frame is read whole or not at all, and ticks and orders stay until they are taken.
    let mut frames = tokio::select! {
        message = socket.next() => match message {
            Some(message) => match on_message(customer, message?) {
                Ok(frames) => frames,
                Err(code) => return Ok(Some(code)),
            },
            None => return Ok(Some(BROKEN)),
        },
        _ = times.turn.tick() => {
            customer.with(|page| {
                page.tries_again();
                if *orders.borrow() == Order::Speak {
                    page.says(Instant::now());
                }
            });
            Vec::new()
        }
        _ = times.heartbeat.tick() => vec![ClientFrame::Heartbeat],
        changed = orders.changed() => {
            // Whoever gave the orders is gone: there is nobody to live for.
            if changed.is_err() || *orders.borrow() == Order::End {
                socket.close(None).await?;
                return Ok(Some(BROKEN));
            }
            Vec::new()
        }
    };
    frames.extend(customer.with(super::Page::due));
    say(socket, &frames).await?;
    Ok(None)
}

/// What a frame is answered with; the close code where it ends the connection.
fn on_message(customer: &Customer, message: Message) -> Result<Vec<ClientFrame>, u16> {
    match message {
        Message::Text(text) => {
            let answer = customer.with(|page| page.on_frame(&text, Instant::now()));
            // What nobody understands breaks the connection, and is counted as that.
            answer.map(|answer| answer.into_iter().collect()).map_err(|_| BROKEN)
        }
        Message::Close(close) => Err(close.map_or(BROKEN, |frame| frame.code.into())),
        _ => Ok(Vec::new()),
    }
}

/// Writes all frames, then flushes once.
async fn say(socket: &mut Socket, frames: &[ClientFrame]) -> Result<(), Error> {
    for frame in frames {
        let json = serde_json::to_string(frame).expect("has only string keys");
        socket.feed(Message::text(json)).await?;
    }
    if frames.is_empty() { Ok(()) } else { socket.flush().await }
}
