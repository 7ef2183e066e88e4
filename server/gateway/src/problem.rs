//! Where refusals become HTTP statuses and WebSocket close codes; nothing else in the gateway knows either.
//!
//! A [`Problem`] is an RFC 9457 document. Its `code` is what programs decide by and is never renamed; `type` is the
//! path under which this gateway explains the code. An [`Ending`] is why the gateway ends a WebSocket.

use std::{borrow::Cow, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tandem_protocol::{Blocker, ErrorCode, Refusal, client::close};

/// What went wrong: an error code of every interface, or one that only HTTP has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A code that every interface of Tandem shares.
    Refused(ErrorCode),
    /// No route has this path.
    NoSuchRoute,
    /// The route has no such method.
    MethodNotAllowed,
    /// The body is not `application/json`.
    UnsupportedMediaType,
    /// The body is larger than is read.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// The page's origin may neither open WebSockets nor log in here.
    ForeignOrigin,
    /// The request to the WebSocket route is not a WebSocket handshake.
    UpgradeRequired,
    /// The handshake does not offer our subprotocol.
    SubprotocolRequired,
    /// Something is in the way of a switchover.
    SwitchoverBlocked,
    /// Something is in the way of a drill.
    DrillBlocked,
    /// A drill is under way.
    DrillRunning,
}

/// Every kind there is, for the explanations.
pub(crate) const KINDS: &[Kind] = &[
    Kind::Refused(ErrorCode::BadRequest),
    Kind::Refused(ErrorCode::Unauthorized),
    Kind::Refused(ErrorCode::Forbidden),
    Kind::Refused(ErrorCode::UnknownSession),
    Kind::Refused(ErrorCode::UnknownContact),
    Kind::Refused(ErrorCode::SessionClosed),
    Kind::Refused(ErrorCode::MessageTooLong),
    Kind::Refused(ErrorCode::Taken),
    Kind::Refused(ErrorCode::NoRoom),
    Kind::Refused(ErrorCode::SlowDown),
    Kind::Refused(ErrorCode::TooManyParticipants),
    Kind::Refused(ErrorCode::SessionFull),
    Kind::Refused(ErrorCode::LimitSessions),
    Kind::Refused(ErrorCode::LimitClients),
    Kind::Refused(ErrorCode::Busy),
    Kind::Refused(ErrorCode::NotSaved),
    Kind::Refused(ErrorCode::Unavailable),
    Kind::Refused(ErrorCode::Internal),
    Kind::NoSuchRoute,
    Kind::MethodNotAllowed,
    Kind::UnsupportedMediaType,
    Kind::BodyTooLarge,
    Kind::BodyTooSlow,
    Kind::ForeignOrigin,
    Kind::UpgradeRequired,
    Kind::SubprotocolRequired,
    Kind::SwitchoverBlocked,
    Kind::DrillBlocked,
    Kind::DrillRunning,
];

/// What a kind is on the wire: status, code, title. One table, so that no two places can differ.
impl Kind {
    fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Refused(code) => refused_row(code),
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "no_such_route", "There is nothing at this path"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not have this method")
            }
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body must be application/json")
            }
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large"),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "body_too_slow", "The body did not arrive in time"),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "foreign_origin", "Pages of this origin are not allowed"),
            Self::UpgradeRequired => {
                (StatusCode::UPGRADE_REQUIRED, "upgrade_required", "This path speaks WebSocket only")
            }
            Self::SubprotocolRequired => {
                (StatusCode::BAD_REQUEST, "subprotocol_required", "The subprotocol of the path must be offered")
            }
            Self::SwitchoverBlocked => {
                (StatusCode::CONFLICT, "switchover_blocked", "Something is in the way of a switchover")
            }
            Self::DrillBlocked => (StatusCode::CONFLICT, "drill_blocked", "Something is in the way of a drill"),
            Self::DrillRunning => (StatusCode::CONFLICT, "drill_running", "A drill is under way"),
        }
    }

    /// The stable code.
    pub(crate) fn code(self) -> &'static str {
        self.row().1
    }

    /// The same for every occurrence of the kind.
    pub(crate) fn title(self) -> &'static str {
        self.row().2
    }

    pub(crate) fn status(self) -> StatusCode {
        self.row().0
    }
}

fn refused_row(code: ErrorCode) -> (StatusCode, &'static str, &'static str) {
    match code {
        ErrorCode::BadRequest => (StatusCode::BAD_REQUEST, "bad_request", "The request is malformed"),
        ErrorCode::Unauthorized => {
            (StatusCode::UNAUTHORIZED, "unauthorized", "The token or password is missing or wrong")
        }
        ErrorCode::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "The participant may not do this"),
        ErrorCode::UnknownSession => (StatusCode::NOT_FOUND, "unknown_session", "There is no such session"),
        ErrorCode::UnknownContact => (StatusCode::NOT_FOUND, "unknown_contact", "There is no such contact"),
        ErrorCode::SessionClosed => (StatusCode::CONFLICT, "session_closed", "The session has ended"),
        ErrorCode::MessageTooLong => (StatusCode::PAYLOAD_TOO_LARGE, "message_too_long", "The text is too long"),
        ErrorCode::Taken => (StatusCode::CONFLICT, "taken", "Somebody else was faster"),
        ErrorCode::NoRoom => (StatusCode::CONFLICT, "no_room", "The agent has all the sessions he may have"),
        ErrorCode::SlowDown => (StatusCode::TOO_MANY_REQUESTS, "slow_down", "There were too many attempts"),
        ErrorCode::TooManyParticipants => {
            (StatusCode::CONFLICT, "too_many_participants", "The session has all the participants it may have")
        }
        ErrorCode::SessionFull => (StatusCode::CONFLICT, "session_full", "The session has all the events it may have"),
        ErrorCode::LimitSessions => {
            (StatusCode::SERVICE_UNAVAILABLE, "limit_sessions", "No further session can be opened now")
        }
        ErrorCode::LimitClients => {
            (StatusCode::SERVICE_UNAVAILABLE, "limit_clients", "No further client can be connected now")
        }
        ErrorCode::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many requests are waiting"),
        ErrorCode::NotSaved => (StatusCode::SERVICE_UNAVAILABLE, "not_saved", "It could not be saved"),
        ErrorCode::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "No engine answered in time"),
        ErrorCode::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something in Tandem is broken"),
    }
}

/// An error as every path of the gateway answers it: `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    retry_after_ms: Option<u64>,
    blockers: Vec<Blocker>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "<[Blocker]>::is_empty")]
    blockers: &'a [Blocker],
}

impl Problem {
    /// A problem; `detail` is one sentence on this very occurrence, without message text, tokens or names.
    pub(crate) fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), retry_after_ms: None, blockers: Vec::new() }
    }

    /// A malformed request; the sentence says where.
    pub(crate) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Refused(ErrorCode::BadRequest), detail)
    }

    /// No engine answered in time; the same request, repeated, is done once (D-3).
    pub(crate) fn unavailable() -> Self {
        Refusal::new(ErrorCode::Unavailable, "No chat engine answered in time; repeat the request unchanged.").into()
    }

    /// A key belongs to a pair that no engine has served for long.
    pub(crate) fn pair_away() -> Self {
        let message = "The engines to which this key belongs are away; repeat the request unchanged later, or with \
                       another key now.";
        Refusal::new(ErrorCode::Unavailable, message).into()
    }

    /// Nobody says who it is that asks.
    pub(crate) fn unvouched() -> Self {
        let message = "Who you are cannot be found out at the moment: the interaction server does not answer.";
        Refusal::new(ErrorCode::Unavailable, message).into()
    }

    /// All of these are in the way of a switchover; nothing was begun.
    pub(crate) fn blocked(blockers: Vec<Blocker>) -> Self {
        let sentence = format!("{}.", Blocker::listed(&blockers));
        Self { blockers, ..Self::new(Kind::SwitchoverBlocked, sentence) }
    }

    /// Something is broken; whoever calls this has logged what.
    pub(crate) fn internal() -> Self {
        Self::new(Kind::Refused(ErrorCode::Internal), "The gateway's log says what happened.")
    }

    /// The sentence on this occurrence.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Whether nothing was done for want of room, which somebody else may have.
    pub(crate) fn is_want_of_room(&self) -> bool {
        matches!(self.kind, Kind::Refused(ErrorCode::LimitSessions | ErrorCode::Busy))
    }

    /// What went wrong, for whoever decides by it.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            kind: Kind::Refused(refusal.code),
            detail: refusal.message.into(),
            retry_after_ms: refusal.retry_after_ms,
            blockers: Vec::new(),
        }
    }
}

/// A reader that REST started was ended.
impl From<Ending> for Problem {
    fn from(ending: Ending) -> Self {
        let code = match ending {
            Ending::Unauthorized => ErrorCode::Unauthorized,
            Ending::UnknownSession => ErrorCode::UnknownSession,
            Ending::Ended => ErrorCode::SessionClosed,
            Ending::Busy | Ending::SlowReader => ErrorCode::Busy,
            Ending::BadFrame | Ending::FrameTooLarge | Ending::NoHello => ErrorCode::BadRequest,
            Ending::GoingAway | Ending::Silent | Ending::Unavailable => ErrorCode::Unavailable,
        };
        Refusal::new(code, Kind::Refused(code).title()).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, title) = self.kind.row();
        let document = Document {
            r#type: format!("/api/v1/problems/{code}"),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            code,
            retry_after_ms: self.retry_after_ms,
            blockers: &self.blockers,
        };
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait_ms) = self.retry_after_ms {
            // Whole seconds (RFC 9110 §10.2.3), rounded up: coming back too early helps nobody.
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_ms.div_ceil(1_000)));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        response
    }
}

/// Why the gateway ends a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The gateway shuts down.
    GoingAway,
    /// More waited for the client than may.
    SlowReader,
    /// Nothing was heard from the client.
    Silent,
    /// No engine in time.
    Unavailable,
    /// A limit is reached.
    Busy,
    /// A frame was not understood.
    BadFrame,
    /// The token is wrong.
    Unauthorized,
    /// There is no such session.
    UnknownSession,
    /// All events were sent and there will be no more for this client.
    Ended,
    /// A frame was larger than the limit.
    FrameTooLarge,
    /// The first frame was late or not a hello.
    NoHello,
}

/// How long a client waits that came to a limit or found no engine: long enough for the reason to pass.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// See [`RETRY_MIN`]; the clients spread between the two.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// Within what a client comes back that was cut off for a reason of its own.
const RETURN_SPREAD: Duration = Duration::from_millis(500);

impl Ending {
    /// The close code.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::GoingAway => close::GOING_AWAY,
            Self::SlowReader => close::SLOW_READER,
            Self::Silent => close::SILENT,
            Self::Unavailable => close::UNAVAILABLE,
            Self::Busy => close::BUSY,
            Self::BadFrame => close::BAD_FRAME,
            Self::Unauthorized => close::UNAUTHORIZED,
            Self::UnknownSession => close::UNKNOWN_SESSION,
            Self::Ended => close::ENDED,
            Self::FrameTooLarge => close::FRAME_TOO_LARGE,
            Self::NoHello => close::NO_HELLO,
        }
    }

    /// Whether the client may come back: its reason passes.
    pub(crate) fn passes(self) -> bool {
        self.code() < close::BAD_FRAME
    }

    /// When the client may come back, drawn anew for each so that they do not all come at once; none when
    /// reconnecting would meet the same.
    pub(crate) fn reconnect(self, spread: Duration) -> Option<Duration> {
        let between = |least: Duration, most: Duration| {
            let (least, most) = (least.as_millis() as u64, most.as_millis() as u64);
            Some(Duration::from_millis(fastrand::u64(least..=most)))
        };
        match self {
            Self::GoingAway => between(Duration::ZERO, spread),
            Self::Unavailable | Self::Busy => between(RETRY_MIN, RETRY_MAX),
            Self::SlowReader | Self::Silent => between(Duration::ZERO, RETURN_SPREAD),
            _ => None,
        }
    }
}

impl From<ErrorCode> for Ending {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::Unauthorized | ErrorCode::Forbidden => Self::Unauthorized,
            ErrorCode::UnknownSession => Self::UnknownSession,
            ErrorCode::SessionClosed => Self::Ended,
            // A session's WebSocket asks for no contact.
            ErrorCode::BadRequest | ErrorCode::MessageTooLong | ErrorCode::UnknownContact => Self::BadFrame,
            ErrorCode::Unavailable | ErrorCode::Internal | ErrorCode::NotSaved => Self::Unavailable,
            ErrorCode::Busy
            | ErrorCode::SlowDown
            | ErrorCode::Taken
            | ErrorCode::NoRoom
            | ErrorCode::LimitSessions
            | ErrorCode::LimitClients
            | ErrorCode::SessionFull
            | ErrorCode::TooManyParticipants => Self::Busy,
        }
    }
}

#[cfg(test)]
mod tests;
