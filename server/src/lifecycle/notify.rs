//! What a service manager is told of this process, as `sd_notify(3)` has it: that it serves, what it is at the moment,
//! that it ends, and, where a watchdog is wanted, that it still works.
//!
//! Without a manager nothing is said. A sign of life is never sent for the process's mere existence: the role is asked
//! first, and one that does not answer in time is silent, so that the manager starts it again.

use std::{
    pin::pin,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Signs of life in the time after which the watchdog bites: one that is late is no hang yet.
const SIGNS: u32 = 3;

/// Answers missed in a row before the log tells: one is a moment's load.
const MISSED_TOLD: u32 = 2;

/// The least pause between two of them, however short a time the manager sets.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// What may wait for a manager that does not listen, beside what the kernel keeps for it; what comes after is dropped.
const STATES_MAX: usize = 16;

/// How long an end is held up by a manager that does not listen.
const STOPPING_MAX: Duration = Duration::from_millis(200);

/// The manager, or nobody. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Notifier {
    /// How long it takes silence for; none without a watchdog.
    watchdog: Option<Duration>,
    /// To the thread that tells it; none without a manager.
    states: Option<SyncSender<State>>,
}

/// What a manager is told.
#[derive(Debug)]
enum State {
    Ready(String),
    Status(String),
    /// With what is told once it has been said.
    Stopping(SyncSender<()>),
    Alive,
}

impl Notifier {
    /// Whom the environment of this process names.
    pub(crate) fn of_this_process() -> Self {
        let watchdog = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero());
        let states = std::env::var_os("NOTIFY_SOCKET").map(|_| {
            let (states, told) = sync_channel(STATES_MAX);
            // A send waits while the manager does not listen: that must hold up nobody whom the role serves. The thread
            // ends with the last notifier, or with the process.
            std::thread::spawn(move || tell(&told));
            states
        });
        Self { watchdog, states }
    }

    /// The process serves; this is what it is.
    pub(crate) fn ready(&self, status: &str) {
        self.say(State::Ready(status.to_owned()));
    }

    /// What it is from now on.
    pub(crate) fn status(&self, status: &str) {
        self.say(State::Status(status.to_owned()));
    }

    /// It has begun to end. Blocks until that is said, within [`STOPPING_MAX`].
    pub(crate) fn stopping(&self) {
        let (said, heard) = sync_channel(1);
        self.say(State::Stopping(said));
        // Else the process could be over before. Without a manager there is nobody to wait for, and no wait.
        let _ = heard.recv_timeout(STOPPING_MAX);
    }

    /// Sends a sign of life each time that the role answers; never returns. The caller drops it when the process ends.
    pub(crate) async fn watch(self, answers: impl AsyncFn() -> bool) {
        let Some(limit) = self.watchdog else { return std::future::pending().await };
        signs(limit, answers, || self.say(State::Alive)).await;
    }

    fn say(&self, state: State) {
        if let Some(states) = &self.states
            && states.try_send(state).is_err()
        {
            tracing::debug!("the service manager does not listen");
        }
    }
}

/// Tells the manager one thing after the other.
fn tell(states: &Receiver<State>) {
    for state in states {
        let told = match &state {
            State::Ready(status) => sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(status)]),
            State::Status(status) => sd_notify::notify(&[NotifyState::Status(status)]),
            State::Stopping(_) => sd_notify::notify(&[NotifyState::Stopping]),
            State::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
        };
        if let Err(error) = told {
            tracing::debug!(%error, "the service manager could not be told");
        }
        if let State::Stopping(said) = state {
            // Whoever waited may have waited long enough.
            let _ = said.send(());
        }
    }
}

/// See [`Notifier::watch`].
async fn signs(limit: Duration, answers: impl AsyncFn() -> bool, send: impl Fn()) {
    let pause = (limit / SIGNS).max(PAUSE_MIN);
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut missed = 0;
    loop {
        ticks.tick().await;
        if timeout(pause, pin!(answers())).await.unwrap_or(false) {
            send();
            if std::mem::take(&mut missed) >= MISSED_TOLD {
                tracing::info!("this process does its work again");
            }
        } else {
            missed += 1;
            if missed == MISSED_TOLD {
                let limit_ms = limit.as_millis();
                tracing::error!(limit_ms, "this process does not do its work; the service manager is about to end it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    };

    use super::*;

    /// Short, so that the tests see many of them.
    const LIMIT: Duration = Duration::from_millis(30);

    /// Questions by which a sign that was due would have been sent.
    const MANY: u32 = 20;

    /// A role that can be made to hang, and what its notifier did.
    #[derive(Default)]
    struct Role {
        hangs: AtomicBool,
        says_no: AtomicBool,
        asked: AtomicU32,
        signs: AtomicU32,
    }

    impl Role {
        async fn answers(&self) -> bool {
            self.asked.fetch_add(1, Relaxed);
            if self.hangs.load(Relaxed) {
                std::future::pending().await
            }
            !self.says_no.load(Relaxed)
        }

        /// Waits until a count has grown by so much, and says where it is.
        async fn grows(count: &AtomicU32, by: u32) -> u32 {
            let from = count.load(Relaxed);
            let grown = async {
                while count.load(Relaxed) < from + by {
                    tokio::task::yield_now().await;
                }
                count.load(Relaxed)
            };
            timeout(Duration::from_secs(20), grown).await.expect("it goes on")
        }
    }

    fn watched(role: &Arc<Role>) -> tokio::task::JoinHandle<()> {
        let (asked, told) = (role.clone(), role.clone());
        let send = move || {
            told.signs.fetch_add(1, Relaxed);
        };
        tokio::spawn(signs(LIMIT, async move || asked.answers().await, send))
    }

    #[tokio::test]
    async fn a_role_that_hangs_gives_no_sign_of_life_until_it_goes_on() {
        let role = Arc::new(Role::default());
        let watching = watched(&role);
        Role::grows(&role.signs, SIGNS).await;
        role.hangs.store(true, Relaxed);
        // One may have been on its way.
        Role::grows(&role.asked, 1).await;
        let before = role.signs.load(Relaxed);
        Role::grows(&role.asked, MANY).await;
        assert_eq!(role.signs.load(Relaxed), before, "silence while it hangs");
        role.hangs.store(false, Relaxed);
        Role::grows(&role.signs, SIGNS).await;
        watching.abort();
    }

    #[tokio::test]
    async fn a_role_that_has_failed_gives_no_sign_of_life() {
        let role = Arc::new(Role::default());
        role.says_no.store(true, Relaxed);
        let watching = watched(&role);
        Role::grows(&role.asked, MANY).await;
        assert_eq!(role.signs.load(Relaxed), 0);
        watching.abort();
    }
}
