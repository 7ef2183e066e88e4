//! How many hits, contacts or chats one answer brings.

use tandem_protocol::archive::LOOK_MAX;

use crate::problem::Problem;

/// Without a wish: what fits on a screen.
const LIMIT_DEFAULT: u32 = 25;

/// The wish, which is within its bounds.
pub(super) fn limit_of(wish: Option<u32>) -> Result<u32, Problem> {
    let limit = wish.unwrap_or(LIMIT_DEFAULT);
    let is_allowed = (1..=LOOK_MAX).contains(&limit);
    is_allowed.then_some(limit).ok_or_else(|| Problem::bad_request(format!("limit must be 1 to {LOOK_MAX}.")))
}
