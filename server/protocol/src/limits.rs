//! The bounds that every side of a wire relies on (B-1), each with its reason.

use std::time::Duration;

/// The WebSocket subprotocol of browsers and integrators.
pub const CLIENT_SUBPROTOCOL: &str = "tandem.v1";

/// The WebSocket subprotocol of an agent's workspace.
pub const DESK_SUBPROTOCOL: &str = "tandem.desk.v1";

/// The WebSocket subprotocol between a role and an engine.
pub const LINK_SUBPROTOCOL: &str = "tandem.link.v1";

/// The largest frame on a link: room for the states of a full attach, each with all the properties and participants
/// it may have, every byte escaped. Nothing is reserved for it.
pub const LINK_FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Sessions in one attach request: large enough that 10,000 sessions are few requests, small enough that the first
/// of them are served while the last are still being read from the store.
pub const ATTACH_SESSIONS_MAX: usize = 64;

/// Events in one page of a session's history; with [`PAGE_BYTES_MAX`] whichever comes first.
pub const PAGE_EVENTS_MAX: usize = 500;

/// Bytes of event JSON in one page of a session's history. A single larger event still makes a page.
pub const PAGE_BYTES_MAX: usize = 256 * 1024;

/// Participants that may ever join one session; a chat with more is a chat room, which this is not. Half of them are
/// kept for those with an account, so that what customers bring leaves room for who is to answer.
pub const PARTICIPANTS_MAX: usize = 64;

/// Events of one session. A session remembers every client id (D-3), so its length must end somewhere; a day of
/// chatting without a pause stays far below.
pub const SESSION_EVENTS_MAX: u64 = 100_000;

/// Characters of a participant's name and of a subject.
pub const NAME_CHARS_MAX: usize = 128;

/// Bytes of a note that goes with a transfer, and of a canned reply's text.
pub const NOTE_BYTES_MAX: usize = 4096;

/// Bytes of a sentence for a waiting customer.
pub const QUEUE_TEXT_BYTES_MAX: usize = 1024;

/// Entries of a session's properties.
pub const PROPERTIES_MAX: usize = 32;

/// Bytes of a property's key, and of its value.
pub const PROPERTY_KEY_BYTES_MAX: usize = 64;
/// See [`PROPERTY_KEY_BYTES_MAX`].
pub const PROPERTY_VALUE_BYTES_MAX: usize = 1024;

/// How often each side of a link sends a heartbeat when it has nothing else to say.
pub const LINK_HEARTBEAT: Duration = Duration::from_millis(500);

/// How long a link may be silent before its other side counts as hung; six heartbeats, as the lease's six renewals.
pub const LINK_SILENCE_MAX: Duration = Duration::from_secs(3);
