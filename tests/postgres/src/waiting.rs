//! Waiting for a condition with a deadline and a message, and never for time.

use std::time::Duration;

use tokio::time::timeout;

/// How long anything may take that a test waits for; only a hang reaches it.
const DEADLINE: Duration = Duration::from_secs(40);

/// Waits for a future; a test that waits in vain fails with `what`.
///
/// # Panics
/// When the deadline passes.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// Asks again until the condition gives something. Each question goes to a server or to another task, so that others
/// run.
///
/// # Panics
/// When the deadline passes.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}
