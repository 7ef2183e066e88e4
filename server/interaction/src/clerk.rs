//! Does what the directory is to do, one thing after the other, and notices when another process has written it.
//!
//! One after the other, so that what the core is told of logins and accounts never goes back in time.

use std::{sync::Arc, time::Duration};

use tandem_protocol::{ErrorCode, LoginName, Refusal, Timestamp};
use tandem_store::{Account, Archive, Directory, Login, PasswordHash, Reach, StoreError};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    logins::wrong,
    routing::{AskRef, Errand, Failed, Found, Input, Purpose, Staff},
    service::Service,
    stores::Stores,
};

/// Jobs that may wait (B-1): some seconds of a directory that is slow.
pub(crate) const JOBS_MAX: usize = 4_096;

/// How long the directory may take for one thing. One that another, stopped process has locked must not hold up agents
/// for ever.
pub(crate) const DIRECTORY_MAX: Duration = Duration::from_secs(2);

/// How long once it has failed: enough to notice that it works again, and no more, for accepted chats wait in a row.
const WHILE_FAILING_MAX: Duration = Duration::from_millis(100);

/// How often the directory is asked whether anybody has written it: an account that is disabled has no desk for longer.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long what is still to be kept may take at the end.
const DRAIN_MAX: Duration = Duration::from_secs(2);

/// Earlier chats of a customer that an agent gets.
const EARLIER_MAX: u32 = 50;

/// What the clerk does.
#[derive(Debug)]
pub(crate) enum Job {
    /// Something for the core.
    Run(Box<Errand>, Purpose),
    /// A login was accepted.
    KeepLogin {
        /// Who waits for it.
        ask: AskRef,
        /// The login.
        login: Login,
        /// Whose it is.
        account: Box<Account>,
        /// The password's hash, as it was when the login was judged by it.
        judged: PasswordHash,
    },
}

/// The task; see the module.
pub(crate) struct Clerk {
    pub(crate) stores: Stores,
    pub(crate) service: Arc<Service>,
    pub(crate) jobs: mpsc::Receiver<Job>,
    /// The version of the directory as last read.
    pub(crate) version: u64,
    /// The log has been told that the directory fails.
    pub(crate) is_failing: bool,
}

impl Clerk {
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(job) = self.jobs.recv() => self.does(job).await,
                _ = look.tick() => self.looks().await,
            }
        }
        let until = Instant::now() + DRAIN_MAX;
        while let Ok(job) = self.jobs.try_recv() {
            if timeout_at(until, self.does(job)).await.is_err() {
                warn!("ending although not everything is kept in the directory");
                break;
            }
        }
    }

    async fn does(&mut self, job: Job) {
        match job {
            Job::Run(errand, purpose) => {
                let ran = self.runs(*errand).await;
                self.service.tell(Input::Ran { purpose, ran });
            }
            Job::KeepLogin { ask, login, account, judged } => {
                let now = self.service.wall();
                let kept = self.asks(|directory| keep(directory, login, account.name, judged, now)).await;
                let verified = match kept {
                    Ok(Some(account)) => Ok((login, account)),
                    Ok(None) => Err(wrong()),
                    Err(Failed) => {
                        let sentence = "The login could not be kept. Please try again.";
                        Err(Refusal::new(ErrorCode::Unavailable, sentence))
                    }
                };
                self.service.tell(Input::Verified { ask, verified });
            }
        }
    }

    async fn runs(&mut self, errand: Errand) -> Result<Found, Failed> {
        let now = self.service.wall();
        let is_login = matches!(errand, Errand::Login(_));
        let archive = self.stores.archive.clone();
        let found = self.asks(|directory| run(directory, archive, errand, now)).await?;
        if is_login && found != Found::Login(None) {
            // Its account may be as new as the login.
            self.reads_staff().await;
        }
        Ok(found)
    }

    /// Whether anybody has written; then who there is is read anew.
    async fn looks(&mut self) {
        let Ok(version) = self.asks(|directory| async move { directory.version().await }).await else { return };
        if version != self.version && self.reads_staff().await.is_some() {
            // Not a newer one: what was written since may not be in what was read.
            self.version = version;
        }
    }

    async fn reads_staff(&mut self) -> Option<()> {
        let now = self.service.wall();
        let staff = self.asks(|directory| async move { read_staff(&*directory, now).await }).await.ok()?;
        self.service.tell(Input::Staff(staff));
        Some(())
    }

    /// Asks the directory. The log is told when it begins to fail and when it works again, and not each time between.
    async fn asks<T, F>(&mut self, ask: impl FnOnce(Arc<dyn Directory>) -> F) -> Result<T, Failed>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let patience = if self.is_failing { WHILE_FAILING_MAX } else { DIRECTORY_MAX };
        match timeout(patience, ask(self.stores.directory.clone())).await {
            Ok(Ok(found)) => {
                if std::mem::take(&mut self.is_failing) {
                    info!("the directory works again");
                }
                return Ok(found);
            }
            Ok(Err(error)) if !self.is_failing => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                warn!(%error, cause, "the directory fails; what agents choose and file away is not kept");
            }
            Err(_late) if !self.is_failing => warn!("the directory does not answer in time"),
            _ => {}
        }
        self.is_failing = true;
        Err(Failed)
    }
}

/// Who there is, as far as other processes may change it.
pub(crate) async fn read_staff(directory: &dyn Directory, now: Timestamp) -> Result<Staff, StoreError> {
    Ok(Staff { accounts: directory.accounts().await?, logins: directory.logins(now).await? })
}

async fn run(
    directory: Arc<dyn Directory>,
    archive: Arc<dyn Archive>,
    errand: Errand,
    now: Timestamp,
) -> Result<Found, StoreError> {
    match errand {
        Errand::Choose(chosen) => directory.choose(chosen).await?,
        Errand::Take(chat) => directory.take_chat(chat).await?,
        Errand::Release(session, agent) => directory.release_chat(session, agent).await?,
        Errand::File(filing) => directory.file_chat(filing).await?,
        Errand::EndLogin(token) => directory.end_login(token).await?,
        Errand::Login(token) => return Ok(Found::Login(directory.login(token, now).await?)),
        Errand::Earlier(session, identities) => {
            return Ok(Found::Earlier(archive.earlier(session, &identities, EARLIER_MAX).await?));
        }
        Errand::Reach(session, agent) => {
            return Ok(Found::Reach(archive.chat(session, Reach::Of(agent)).await?.is_some()));
        }
        Errand::Canned(agent) => return Ok(Found::Canned(directory.canned(agent).await?)),
        Errand::SaveCanned(agent, canned) => return Ok(Found::Possible(directory.save_canned(agent, canned).await?)),
        // Whether it was there does not matter to whoever wants it gone.
        Errand::DeleteCanned(agent, id, shared) => drop(directory.delete_canned(agent, &id, shared).await?),
    }
    Ok(Found::Done)
}

/// Keeps a login, unless the account has another password by now or is disabled: while the password was judged, which
/// takes its time, an operator may have changed it, which ends those logins only that are there.
async fn keep(
    directory: Arc<dyn Directory>,
    login: Login,
    name: LoginName,
    judged: PasswordHash,
    now: Timestamp,
) -> Result<Option<Account>, StoreError> {
    directory.add_login(login, now).await?;
    match directory.credentials(&name).await? {
        Some((account, hash)) if hash == judged => Ok(Some(account)),
        _ => {
            directory.end_login(login.token).await?;
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{TokenHash, desk::AgentRole};
    use tandem_store::{NewAccount, SqliteDirectory};

    use super::*;

    const NOW: Timestamp = Timestamp(1_764_000_000_000);

    #[tokio::test]
    async fn a_login_that_was_judged_by_a_password_of_yesterday_is_not_kept() {
        let folder = tempfile::tempdir().expect("is writable");
        let directory: Arc<dyn Directory> = Arc::new(SqliteDirectory::open(folder.path()).expect("opens"));
        let name = LoginName::new("ben").expect("is valid");
        let (old, new) = (PasswordHash("old".into()), PasswordHash("new".into()));
        let display = "Ben".to_owned();
        let (role, capacity, skills, password) = (AgentRole::Agent, 3, Vec::new(), old.clone());
        let account = NewAccount { name: name.clone(), display, role, capacity, skills, password };
        let ben = directory.add_account(account).await.expect("writes").expect("the name is free");
        let login = |token| Login { token: TokenHash([token; 32]), agent: ben.agent, expires_at: Timestamp(NOW.0 + 1) };
        let kept = async |token, judged: &PasswordHash| {
            keep(directory.clone(), login(token), name.clone(), judged.clone(), NOW).await.expect("writes").is_some()
        };
        assert!(kept(1, &old).await);
        directory.set_password(&name, new.clone()).await.expect("writes");
        assert!(!kept(2, &old).await, "it was changed while the old one was judged");
        assert!(kept(3, &new).await);
        directory.set_disabled(&name, true).await.expect("writes");
        assert!(!kept(4, &new).await, "it was disabled meanwhile");
        assert_eq!(directory.logins(NOW).await.expect("reads"), [], "nothing of it is left");
    }
}
