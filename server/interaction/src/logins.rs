//! Logins: sees whether a password is right, slowly for those who guess, and has the login kept.
//!
//! Whatever is wrong is refused with the same words and after the same time, so that nobody learns which names exist.

mod throttle;

use std::{sync::Arc, time::Duration};

use tandem_protocol::{ErrorCode, Refusal, Timestamp};
use tandem_store::{Account, Directory, Login, PasswordHash};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use self::throttle::Throttle;
use crate::{
    clerk::{DIRECTORY_MAX, Job},
    password,
    routing::{Input, LoginAsk},
    service::Service,
};

/// Passwords verified at one time: each costs tens of milliseconds of a processor and as many megabytes.
const VERIFYING_MAX: usize = 2;

/// Logins that may wait for that (B-1); all agents of a shift who log in within a second or two.
pub(crate) const LOGINS_MAX: usize = 64;

/// The task that sees to logins.
pub(crate) struct Logins {
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) service: Arc<Service>,
    pub(crate) asked: mpsc::Receiver<Box<LoginAsk>>,
    /// Where accepted logins go, in order with everything else that the directory does.
    pub(crate) clerk: mpsc::Sender<Job>,
    pub(crate) lifetime: Duration,
}

/// What became of an attempt.
enum Verified {
    /// With the hash by which it was judged.
    Accepted(Box<Account>, PasswordHash),
    Wrong,
    Unknown(Refusal),
}

impl Logins {
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut throttle = Throttle::default();
        let mut verifying: JoinSet<(Box<LoginAsk>, Verified)> = JoinSet::new();
        let room = Arc::new(Semaphore::new(VERIFYING_MAX));
        let Some(nobody) = hashed_for_nobody().await else { return };
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(asked) = self.asked.recv() => match self.admit(&mut throttle, &asked, verifying.len()) {
                    Ok(()) => {
                        let verify = verify(self.directory.clone(), room.clone(), nobody.clone(), asked);
                        verifying.spawn(verify);
                    }
                    Err(refusal) => self.refuse(&asked, refusal),
                },
                Some(verified) = verifying.join_next() => match verified {
                    Ok((asked, verified)) => self.verified(&mut throttle, &asked, verified).await,
                    // Its desk asks again; the panic itself is in the log already.
                    Err(panicked) => error!(%panicked, "a login could not be verified"),
                },
            }
        }
        verifying.shutdown().await;
    }

    fn admit(&self, throttle: &mut Throttle, asked: &LoginAsk, verifying: usize) -> Result<(), Refusal> {
        if verifying >= LOGINS_MAX {
            return Err(too_many());
        }
        throttle.begin(self.service.elapsed(), &asked.name, &asked.from).map_err(|wait| {
            info!(from = asked.from, "a login must wait after too many attempts");
            let retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            Refusal { retry_after_ms, ..Refusal::new(ErrorCode::SlowDown, "Too many attempts. Please wait a little.") }
        })
    }

    async fn verified(&self, throttle: &mut Throttle, asked: &LoginAsk, verified: Verified) {
        match verified {
            Verified::Accepted(account, judged) => {
                throttle.succeeded(&asked.name, &asked.from);
                info!(agent = %account.agent, "an agent logs in");
                let login = self.login(asked, &account);
                // The clerk takes jobs until it is stopped, and then nobody waits for this one.
                let _ = self.clerk.send(Job::KeepLogin { ask: asked.ask, login, account, judged }).await;
            }
            Verified::Wrong => {
                info!(from = asked.from, "a login was refused");
                self.refuse(asked, wrong());
            }
            Verified::Unknown(refusal) => self.refuse(asked, refusal),
        }
    }

    fn login(&self, asked: &LoginAsk, account: &Account) -> Login {
        let lifetime_ms = u64::try_from(self.lifetime.as_millis()).unwrap_or(u64::MAX);
        let expires_at = Timestamp(self.service.wall().0.saturating_add(lifetime_ms));
        Login { token: asked.token, agent: account.agent, expires_at }
    }

    fn refuse(&self, asked: &LoginAsk, refusal: Refusal) {
        self.service.tell(Input::Verified { ask: asked.ask, verified: Err(refusal) });
    }
}

/// What is said of a name that there is not, and of a password that is not its.
pub(crate) fn wrong() -> Refusal {
    Refusal::new(ErrorCode::Unauthorized, "The name or the password is wrong.")
}

/// What is said when more want to log in than can wait.
pub(crate) fn too_many() -> Refusal {
    Refusal::new(ErrorCode::Busy, "Too many log in at the moment. Please try again.")
}

/// A hash that no password has, to be compared where there is no account.
async fn hashed_for_nobody() -> Option<PasswordHash> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).expect("Linux always has random bytes once it has started");
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    tokio::task::spawn_blocking(move || password::hash(&text)).await.ok()
}

async fn verify(
    directory: Arc<dyn Directory>,
    room: Arc<Semaphore>,
    nobody: PasswordHash,
    asked: Box<LoginAsk>,
) -> (Box<LoginAsk>, Verified) {
    let unavailable =
        || Verified::Unknown(Refusal::new(ErrorCode::Unavailable, "The login could not be checked. Please try again."));
    let found = match timeout(DIRECTORY_MAX, directory.credentials(&asked.name)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            error!(%error, "the directory could not be asked for an account");
            return (asked, unavailable());
        }
        Err(_late) => return (asked, unavailable()),
    };
    let (account, hash) = match found {
        Some((account, hash)) => (Some(account), hash),
        None => (None, nobody),
    };
    let _permit = room.acquire_owned().await.expect("the semaphore is never closed");
    let (password, judged) = (asked.password.clone(), hash.clone());
    let is_right = tokio::task::spawn_blocking(move || password::verify(password.reveal(), &hash)).await;
    let verified = match (is_right, account) {
        (Ok(true), Some(account)) => Verified::Accepted(Box::new(account), judged),
        (Ok(_), _) => Verified::Wrong,
        (Err(panicked), _) => std::panic::resume_unwind(panicked.into_panic()),
    };
    (asked, verified)
}
