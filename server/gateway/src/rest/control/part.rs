//! Which part of a long list is asked for.

use serde::Deserialize;
use tandem_protocol::{PairName, control::JOURNAL_LIMIT_MAX};

use crate::{problem::Problem, rest::moment::Moment};

/// Entries without a wish: what fits on a screen.
const LIMIT_DEFAULT: u32 = 50;

/// The query of what is listed newest first by its moment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Earlier {
    pub(super) pair: Option<PairName>,
    pub(super) before: Option<Moment>,
    limit: Option<u32>,
}

impl Earlier {
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        limit_of(self.limit, JOURNAL_LIMIT_MAX)
    }
}

/// The wish, which is within its bounds.
pub(super) fn limit_of(wish: Option<u32>, limit_max: u32) -> Result<u32, Problem> {
    let limit = wish.unwrap_or(LIMIT_DEFAULT);
    let is_allowed = (1..=limit_max).contains(&limit);
    is_allowed.then_some(limit).ok_or_else(|| Problem::bad_request(format!("limit must be 1 to {limit_max}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_kept_within_its_bounds() {
        assert_eq!(limit_of(None, 200), Ok(LIMIT_DEFAULT));
        assert_eq!(limit_of(Some(200), 200), Ok(200));
        for wrong in [0, 201] {
            assert!(limit_of(Some(wrong), 200).is_err(), "{wrong} was taken");
        }
    }
}
