//! What crosses a wire of Tandem, and nothing else: identifiers, the events of a session, the frames between
//! gateway and engine ([`link`], [`routing`]), the frames between browser and gateway ([`client`], [`desk`]), error
//! codes and limits.
//!
//! It exists so that every role and the browser library speak one language; it must never do I/O or know a
//! database. Every other crate uses it. `server/PROTOCOL.md` is the same in prose, with its glossary.

pub mod archive;
pub mod client;
pub mod control;
pub mod desk;
mod error_code;
mod event;
mod ids;
pub mod limits;
pub mod link;
mod pair;
pub mod properties;
mod refusal;
pub mod routing;
mod secret;
mod state;
mod switchover;
mod trace;
mod versions;

pub use error_code::ErrorCode;
pub use event::{
    ClosedReason, Event, EventBody, InvitationEnd, LeaveReason, NoticeKind, ParticipantKind, QueueCause, RawEvent,
    Visibility,
};
pub use ids::{
    AgentId, AskId, ClientId, ContactId, DeskId, EngineName, Epoch, GatewayLink, InvalidId, LoginName, PairName,
    PairTag, ParticipantId, QueueName, RequestId, Seq, SessionId, Timestamp, TokenHash,
};
pub use pair::{Pair, Peer};
pub use refusal::Refusal;
pub use secret::Secret;
pub use state::{InvitationState, ParticipantState, Place, QueueState, SessionState, SessionStatus};
pub use switchover::{Blocker, GivenUp, Switched, Switchover, SwitchoverOutcome};
pub use trace::TraceParent;
pub use versions::{LinkVersion, Speaks, too_old};
