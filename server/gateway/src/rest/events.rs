//! `/api/v1/sessions/{session}/events`.

pub(super) mod list;
