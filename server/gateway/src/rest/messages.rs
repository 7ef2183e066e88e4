//! `/api/v1/sessions/{session}/messages`.

pub(super) mod post;
