//! Frames to desks as text, ready to be written.

use std::{borrow::Cow, time::Duration};

use axum::extract::ws::Utf8Bytes;
use serde_json::value::RawValue;
use tandem_protocol::{
    ClientId, Refusal,
    desk::{DeskNotice, ServerFrame},
};

use crate::settings::GatewaySettings;

fn text(frame: &ServerFrame<'_>) -> Utf8Bytes {
    serde_json::to_string(frame).expect("a frame has only string keys and finite numbers").into()
}

/// The answer to a hello.
pub(crate) fn welcome(view: &RawValue, settings: &GatewaySettings) -> Utf8Bytes {
    text(&ServerFrame::Welcome { heartbeat_ms: settings.heartbeat.as_millis() as u64, view })
}

/// Something changed.
pub(crate) fn view(view: &RawValue) -> Utf8Bytes {
    text(&ServerFrame::View { view })
}

/// An action is done.
pub(crate) fn done(id: ClientId, result: &RawValue) -> Utf8Bytes {
    text(&ServerFrame::Done { id, result })
}

/// An action was not done.
pub(crate) fn refused(id: ClientId, refusal: &Refusal) -> Utf8Bytes {
    let Refusal { code, message, retry_after_ms } = refusal;
    text(&ServerFrame::Refused { id, code: *code, message: Cow::Borrowed(message), retry_after_ms: *retry_after_ms })
}

/// Alive.
pub(crate) fn heartbeat() -> Utf8Bytes {
    text(&ServerFrame::Heartbeat)
}

/// The way to the interaction server is interrupted.
pub(crate) fn connection_lost() -> Utf8Bytes {
    text(&ServerFrame::Notice(DeskNotice::ConnectionLost))
}

/// It is there again.
pub(crate) fn connection_restored(gap: Duration) -> Utf8Bytes {
    text(&ServerFrame::Notice(DeskNotice::ConnectionRestored { gap_ms: gap.as_millis() as u64 }))
}
