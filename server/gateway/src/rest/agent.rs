//! `/api/v1/agent`.

pub(super) mod login;
pub(super) mod logout;
