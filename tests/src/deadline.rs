//! The only place in the tests where time passes: waiting for a condition with a deadline and a message.
//!
//! A test never sleeps and never asserts how long something took, so that it says the same on a busy machine as on an
//! idle one. `tests/tidy` refuses a `sleep` anywhere else.

use std::{future::Future, time::Duration};

/// How long anything may take that a test waits for. Far beyond what it takes, so that only a hang reaches it, and
/// beyond the sum of the system's own patience: lease expiry, link silence and a back-off.
pub const DEADLINE: Duration = Duration::from_secs(40);

/// How often a condition is looked at that cannot tell by itself when it changes.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Waits for a future; a test that waits in vain fails with `what`.
///
/// # Panics
/// When the deadline passes.
pub async fn within<F: Future>(what: &str, future: F) -> F::Output {
    before(DEADLINE, what, future).await
}

async fn before<F: Future>(deadline: Duration, what: &str, future: F) -> F::Output {
    match tokio::time::timeout(deadline, future).await {
        Ok(output) => output,
        Err(_) => panic!("not within {deadline:?}: {what}"),
    }
}

/// Waits until the condition gives something; a test that waits in vain fails with `what`.
///
/// # Panics
/// When the deadline passes.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            pause(LOOK_AGAIN).await;
        }
    })
    .await
}

/// Lets time pass in a client's own back-off or a load's own pace; never in a test.
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "not within 1ms: the moon is blue")]
    async fn a_wait_in_vain_says_what_for() {
        before(Duration::from_millis(1), "the moon is blue", std::future::pending::<()>()).await;
    }

    #[tokio::test]
    async fn a_condition_is_looked_at_until_it_holds() {
        let mut looks = 0;
        let found = eventually("the third look", async || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(found.await, 3);
    }
}
