//! The frames between a browser (or an integrator's program) and the gateway, subprotocol `tandem.v1`.
//!
//! JSON text frames; `type` names the variant. The first frame of the client is [`ClientFrame::Hello`], which carries
//! the session token (a token never stands in a URL). Unknown fields are ignored, unknown types refused with
//! [`close::BAD_FRAME`]. `server/PROTOCOL.md` shows each frame with an example.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    ClientId, ErrorCode, NoticeKind, ParticipantId, Place, Seq, SessionId, SessionState, Timestamp, Visibility,
};

/// What a client sends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Authenticates and resumes; always first, once.
    Hello {
        /// The session.
        session: SessionId,
        /// The participant's token.
        token: String,
        /// The last event the client has; 0 or absent for none.
        #[serde(default)]
        after: Seq,
        /// Whether the client wants `ucs_save` and `ucs_save_fail`, which there are with `transcript-auto-save = 2`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        save_notices: bool,
    },
    /// Says something. Answered by `ack` or `refused` with the same client id; repeat it until then.
    Message {
        /// The client's id for it (D-3).
        client_id: ClientId,
        /// What, as plain text.
        text: String,
        /// Who may read it; agents and supervisors may say what not everybody reads.
        #[serde(default, skip_serializing_if = "Visibility::is_all")]
        visibility: Visibility,
    },
    /// The participant types, or stopped. May be lost.
    Typing {
        /// Whether he types.
        on: bool,
    },
    /// The participant leaves. The events that follow from it are the answer.
    Leave,
    /// Asks for all events after this one: for a client that found a gap.
    Resume {
        /// The last event the client has.
        after: Seq,
    },
    /// Alive; answered by a heartbeat.
    Heartbeat,
}

/// What the gateway sends.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// The hello was accepted. The events after the client's `after` follow.
    Welcome {
        /// The session.
        session: SessionId,
        /// Who the token's holder is in it.
        participant: ParticipantId,
        /// The session's last event that this client may read, at this moment.
        head: Seq,
        /// False when the client named an event the session never had: it drops what it has and starts from 0 (R-2).
        recovered: bool,
        /// The current state.
        state: Cow<'a, SessionState>,
        /// The gateway sends a heartbeat this often; a client that hears nothing for twice as long reconnects.
        heartbeat_ms: u64,
        /// The longest text a message may have, in bytes of UTF-8.
        message_bytes_max: usize,
    },
    /// Events, in order.
    Events {
        /// The event before the first of these in what this client gets. A client whose last event is smaller has
        /// missed something and sends `resume`; events that it has already are skipped.
        after: Seq,
        /// The events; each the JSON of an [`crate::Event`], passed on as the engine wrote it.
        events: Vec<Arc<RawValue>>,
    },
    /// A message of this client has its place and, unless it says otherwise, is saved (D-1). A repeat is acknowledged as the first was (D-3).
    Ack {
        /// The client's id for it.
        client_id: ClientId,
        /// Its number in the session.
        seq: Seq,
        /// When it was numbered.
        at_ms: Timestamp,
        /// Whether it is on the disk; absent when it is.
        #[serde(skip_serializing_if = "Clone::clone")]
        durable: bool,
    },
    /// A frame of this client was not done.
    Refused {
        /// The message's id, where it was a message.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<ClientId>,
        /// For programs.
        code: ErrorCode,
        /// For people.
        message: Cow<'a, str>,
        /// When to try again, where that may help.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// Another participant types. May be lost.
    Typing {
        /// Who.
        participant: ParticipantId,
        /// Whether he types.
        on: bool,
    },
    /// How far the waiting session has come. May be lost; the state of a welcome says it too.
    Queue(Place),
    /// Alive; carries the session's last event, so that a client that missed something asks at once.
    Heartbeat {
        /// The last event that this client may read, as the gateway knows it.
        head: Seq,
    },
    /// Something happened to the service behind the session; whether a page shows it is the page's choice.
    Notice(Notice),
    /// The gateway ends this connection.
    Bye {
        /// The close code that follows.
        code: u16,
        /// For a code that allows it: wait this long before connecting again, chosen to spread clients out.
        #[serde(skip_serializing_if = "Option::is_none")]
        reconnect_ms: Option<u64>,
    },
}

/// See [`ServerFrame::Notice`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// The gateway lost the chat engine. Messages wait and will be sent.
    ConnectionLost,
    /// The session was restored on the other engine. Missed events came before this notice.
    SessionRestored {
        /// From the loss to the restoration of this session as the gateway measured it.
        gap_ms: u64,
        /// The session's last event.
        head: Seq,
        /// The current state (R-2).
        state: SessionState,
    },
    /// [`NoticeKind::IdleControlAlert`], where the transcript keeps no notices; else it is an event.
    #[serde(rename = "IDLE_CONTROL_ALERT")]
    IdleControlAlert {
        /// The operator's sentence.
        text: String,
    },
    /// [`NoticeKind::IdleControlClose`], where the transcript keeps no notices; the session's last events follow.
    #[serde(rename = "IDLE_CONTROL_CLOSE")]
    IdleControlClose {
        /// The operator's sentence.
        text: String,
    },
    /// All events up to this one, of those that the client may read, are on the disk. For clients who asked.
    UcsSave {
        /// The last event that the client was given.
        seq: Seq,
    },
    /// What came after the last `ucs_save` could not be saved: the session ends, or goes on unsaved. For clients who
    /// asked.
    UcsSaveFail,
}

impl Notice {
    /// What Tandem says in a session and no transcript keeps; none for what a client is told otherwise.
    #[must_use]
    pub fn said(notice: NoticeKind, text: String) -> Option<Self> {
        match notice {
            NoticeKind::IdleControlAlert => Some(Self::IdleControlAlert { text }),
            NoticeKind::IdleControlClose => Some(Self::IdleControlClose { text }),
            NoticeKind::Restored => None,
        }
    }
}

/// WebSocket close codes. 40xx: reconnect and resume. 45xx: stop, reconnecting would meet the same.
pub mod close {
    /// The gateway goes away; `bye` said when to come back.
    pub const GOING_AWAY: u16 = 4000;
    /// The client read too slowly; nothing is lost, it resumes.
    pub const SLOW_READER: u16 = 4001;
    /// Nothing was heard from the client for too long.
    pub const SILENT: u16 = 4002;
    /// No engine could be reached in time for the hello.
    pub const UNAVAILABLE: u16 = 4003;
    /// A limit is reached; try again later.
    pub const BUSY: u16 = 4004;
    /// A frame was not understood.
    pub const BAD_FRAME: u16 = 4500;
    /// The token is wrong.
    pub const UNAUTHORIZED: u16 = 4501;
    /// There is no such session.
    pub const UNKNOWN_SESSION: u16 = 4502;
    /// The session has ended and all its events were sent.
    pub const ENDED: u16 = 4503;
    /// A frame was larger than the limit.
    pub const FRAME_TOO_LARGE: u16 = 4504;
    /// The first frame did not come in time, or was not a hello.
    pub const NO_HELLO: u16 = 4505;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_reach_a_browser_as_the_engine_wrote_them() {
        let raw = RawValue::from_string(r#"{"seq":1,"type":"opened"}"#.into()).expect("is JSON");
        let frame = ServerFrame::Events { after: Seq::ZERO, events: vec![Arc::from(raw)] };
        let json = serde_json::to_string(&frame).expect("serialises");
        assert_eq!(json, r#"{"type":"events","after":0,"events":[{"seq":1,"type":"opened"}]}"#);
    }

    #[test]
    fn a_notice_names_itself_beside_the_frame_type() {
        let json = serde_json::to_string(&ServerFrame::Notice(Notice::ConnectionLost)).expect("serialises");
        assert_eq!(json, r#"{"type":"notice","notice":"connection_lost"}"#);
    }

    #[test]
    fn a_hello_without_a_position_starts_from_the_beginning() {
        let json = r#"{"type":"hello","session":"0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f","token":"t","new":1}"#;
        let frame: ClientFrame = serde_json::from_str(json).expect("parses");
        assert!(matches!(frame, ClientFrame::Hello { after: Seq::ZERO, .. }));
    }
}
