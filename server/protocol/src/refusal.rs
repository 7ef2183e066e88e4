//! A refused request: a stable code for programs and a sentence for people.

use serde::{Deserialize, Serialize};

use crate::ErrorCode;

/// Why a request was not done. Sent over links, WebSockets and, as problem details, over REST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What a program decides by.
    pub code: ErrorCode,
    /// One sentence for a person; never contains message text or tokens, nor anybody's name but a colleague's to an
    /// agent.
    pub message: String,
    /// When to try again, in milliseconds, where that may help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// A refusal; a retryable code asks for a second's patience.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let retry_after_ms = code.is_retryable().then_some(1_000);
        Self { code, message: message.into(), retry_after_ms }
    }
}
