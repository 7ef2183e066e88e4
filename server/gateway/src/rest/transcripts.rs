//! `/api/v1/transcripts`.

pub(super) mod answer;
pub(super) mod form;
mod pen;
pub(super) mod search;
pub(super) mod show;
pub(super) mod source;
