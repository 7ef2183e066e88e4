//! What crosses a wire of Tandem, and nothing else: identifiers, the events of a session, the frames between
//! gateway and engine ([`link`]), the frames between browser and gateway ([`client`]), error codes and limits.
//!
//! It exists so that every role and the browser library speak one language; it must never do I/O or know a
//! database. Every other crate uses it. `server/PROTOCOL.md` is the same in prose, with its glossary.

pub mod client;
mod error_code;
mod event;
mod ids;
pub mod limits;
pub mod link;
mod pair;
mod refusal;
mod state;

pub use error_code::ErrorCode;
pub use event::{ClosedReason, Event, EventBody, LeaveReason, ParticipantKind, RawEvent, Visibility};
pub use ids::{
    ClientId, EngineName, Epoch, InvalidId, PairName, ParticipantId, RequestId, Seq, SessionId, Timestamp, TokenHash,
};
pub use pair::{Pair, Peer};
pub use refusal::Refusal;
pub use state::{ParticipantState, SessionState, SessionStatus};
