//! The moment of an input. The runtime reads the clocks in one place and passes the result in.

use std::time::Duration;

use tandem_protocol::Timestamp;

/// A moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Now {
    /// Time since some fixed point of this process; never goes back. All timers use it.
    pub(crate) elapsed: Duration,
    /// The wall clock, for people, business hours and the ends of logins; it may jump.
    pub(crate) wall: Timestamp,
}
