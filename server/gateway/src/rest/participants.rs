//! `/api/v1/sessions/{session}/participants`.

pub(super) mod add;
