//! Frames of the gateway as text, ready to be written: those to clients of sessions here, those to desks below.

pub(crate) mod desk;

use std::{borrow::Cow, time::Duration};

use axum::extract::ws::Utf8Bytes;
use tandem_protocol::{
    ClientId, ParticipantId, Place, RawEvent, Refusal, Seq, Timestamp,
    client::{Notice, ServerFrame},
    link::Page,
};

use crate::{problem::Ending, registry::Client, settings::GatewaySettings};

/// The frame as JSON. What several clients get is made once and shared.
pub(crate) fn text(frame: &ServerFrame<'_>) -> Utf8Bytes {
    serde_json::to_string(frame).expect("a frame has only string keys and finite numbers").into()
}

/// Events as they follow the event numbered `after`.
pub(crate) fn events(after: Seq, events: &[RawEvent]) -> Utf8Bytes {
    text(&ServerFrame::Events { after, events: events.iter().map(|event| event.event.clone()).collect() })
}

/// The answer to a hello, or the news that what the client has never was.
pub(crate) fn welcome(client: &Client, page: &Page, recovered: bool, settings: &GatewaySettings) -> Utf8Bytes {
    text(&ServerFrame::Welcome {
        session: client.session,
        participant: page.participant.or_else(|| client.participant()).unwrap_or_default(),
        head: page.head,
        recovered,
        state: Cow::Borrowed(&page.state),
        heartbeat_ms: settings.heartbeat.as_millis() as u64,
        message_bytes_max: settings.message_bytes_max,
    })
}

/// A message has its place and, where it is durable, is saved.
pub(crate) fn ack(client_id: ClientId, seq: Seq, at_ms: Timestamp, durable: bool) -> Utf8Bytes {
    text(&ServerFrame::Ack { client_id, seq, at_ms, durable })
}

/// A frame of the client was not done.
pub(crate) fn refused(client_id: Option<ClientId>, refusal: &Refusal) -> Utf8Bytes {
    text(&ServerFrame::Refused {
        client_id,
        code: refusal.code,
        message: Cow::Borrowed(&refusal.message),
        retry_after_ms: refusal.retry_after_ms,
    })
}

/// Another participant types.
pub(crate) fn typing(participant: ParticipantId, on: bool) -> Utf8Bytes {
    text(&ServerFrame::Typing { participant, on })
}

/// How far the waiting session has come.
pub(crate) fn queue(place: Place) -> Utf8Bytes {
    text(&ServerFrame::Queue(place))
}

/// Alive, and where the session stands.
pub(crate) fn heartbeat(head: Seq) -> Utf8Bytes {
    text(&ServerFrame::Heartbeat { head })
}

/// Something happened to the service behind the session.
pub(crate) fn notice(notice: Notice) -> Utf8Bytes {
    text(&ServerFrame::Notice(notice))
}

/// The engine is gone for now.
pub(crate) fn connection_lost() -> Utf8Bytes {
    notice(Notice::ConnectionLost)
}

/// The session goes on.
pub(crate) fn session_restored(gap: Duration, page: &Page) -> Utf8Bytes {
    let gap_ms = gap.as_millis() as u64;
    notice(Notice::SessionRestored { gap_ms, head: page.head, state: page.state.clone() })
}

/// The last frame of every connection that the gateway ends.
pub(crate) fn bye(ending: Ending, spread: Duration) -> Utf8Bytes {
    let reconnect_ms = ending.reconnect(spread).map(|wait| wait.as_millis() as u64);
    text(&ServerFrame::Bye { code: ending.code(), reconnect_ms })
}
