//! The wall clock, read in one place: for what people see, never for order or safety.

use std::time::{SystemTime, UNIX_EPOCH};

use tandem_protocol::Timestamp;

/// Now.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
