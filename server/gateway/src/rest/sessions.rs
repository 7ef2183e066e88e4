//! `/api/v1/sessions`.

pub(super) mod close;
pub(super) mod contact;
pub(super) mod create;
pub(super) mod leave;
pub(super) mod show;
pub(super) mod transcript;
