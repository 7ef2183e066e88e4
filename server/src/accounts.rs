//! The accounts of those who work here, as an operator keeps them: made, listed, disabled, given another password.
//!
//! It works on the directory, whether an interaction server runs on it or not; that one notices. A password is
//! a [`Secret`] from where it is read to where it is hashed and is never printed but where it was just made up.
//! `tandem agent` calls it, and `tandem run` for the account to try the workspace with.

pub(crate) mod password;

use std::sync::Arc;

use tandem_protocol::{LoginName, Secret, control::ActKind, desk::AgentRole, limits::NAME_CHARS_MAX};
use tandem_store::{Account, Directory, NewAccount, PasswordHash, StoreError};

use crate::{
    audit::Audit,
    store::{Place, PlaceError},
};

/// The accounts of one place.
pub(crate) struct Accounts {
    directory: Arc<dyn Directory>,
    place: Place,
    audit: Audit,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewAgent {
    /// What it logs in with.
    pub(crate) name: LoginName,
    /// What customers see.
    pub(crate) display: DisplayName,
    /// What it may do.
    pub(crate) role: AgentRole,
    /// How many chats it may have at a time.
    pub(crate) capacity: u32,
    /// What it can.
    pub(crate) skills: Vec<String>,
}

/// Why something is not done to an account.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountsError {
    /// The directory cannot be opened.
    #[error(transparent)]
    Open(#[from] PlaceError),
    /// The directory cannot be read or written.
    #[error("the accounts in {place} cannot be read or written")]
    Store {
        /// Where they are kept.
        place: String,
        /// Why.
        source: StoreError,
    },
    /// Somebody has the name.
    #[error(
        "{name} has an account already; choose another name, or `tandem agent password {name}` to change its password"
    )]
    Taken {
        /// The name.
        name: LoginName,
    },
    /// Nobody has the name.
    #[error("{name} has no account in {place}; `tandem agent list` shows who has")]
    Unknown {
        /// The name.
        name: LoginName,
        /// Where he has none.
        place: String,
    },
}

impl Accounts {
    /// Opens the accounts of a place, creating it where missing. Blocks while a data directory is opened. What is done to
    /// them is written down as done by whoever has called `command`.
    pub(crate) async fn open(place: Place, command: &str) -> Result<Self, AccountsError> {
        let directory = place.open_directory().await?;
        Ok(Self::of(directory, place, command))
    }

    /// As [`Accounts::open`]; none, and nothing is created, where there are no accounts yet.
    pub(crate) async fn open_existing(place: Place, command: &str) -> Result<Option<Self>, AccountsError> {
        let directory = place.open_existing_directory().await?;
        Ok(directory.map(|directory| Self::of(directory, place, command)))
    }

    fn of(directory: Arc<dyn Directory>, place: Place, command: &str) -> Self {
        Self { directory, audit: Audit::new(place.open_journal(), command), place: place.absolute() }
    }

    /// Where they are kept; a path is absolute.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// All accounts, disabled ones too, by number.
    pub(crate) async fn all(&self) -> Result<Vec<Account>, AccountsError> {
        self.directory.accounts().await.map_err(|source| self.failed(source))
    }

    /// The account of this name.
    pub(crate) async fn get(&self, name: &LoginName) -> Result<Account, AccountsError> {
        let found = self.all().await?.into_iter().find(|account| account.name == *name);
        self.known(name, found)
    }

    /// Refuses a name that somebody has, before a password is asked for.
    pub(crate) async fn refuse_taken(&self, name: &LoginName) -> Result<(), AccountsError> {
        match self.get(name).await {
            Ok(_) => Err(AccountsError::Taken { name: name.clone() }),
            Err(AccountsError::Unknown { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes an account.
    pub(crate) async fn add(&self, agent: NewAgent, password: Secret) -> Result<Account, AccountsError> {
        let NewAgent { name, display, role, capacity, skills } = agent;
        let password = hash(password).await;
        let account = NewAccount { name: name.clone(), display: display.0, role, capacity, skills, password };
        let added = self.directory.add_account(account).await.map_err(|source| self.failed(source))?;
        let added = added.ok_or(AccountsError::Taken { name })?;
        self.audit.done(ActKind::AccountAdd, &added.name).await;
        Ok(added)
    }

    /// Lets an account log in, or no longer, which ends its logins.
    pub(crate) async fn set_disabled(&self, name: &LoginName, disabled: bool) -> Result<Account, AccountsError> {
        let changed = self.directory.set_disabled(name, disabled).await.map_err(|source| self.failed(source))?;
        let changed = self.known(name, changed)?;
        self.audit.done(if disabled { ActKind::AccountDisable } else { ActKind::AccountEnable }, name).await;
        Ok(changed)
    }

    /// Changes a password, which ends the account's logins.
    pub(crate) async fn set_password(&self, name: &LoginName, password: Secret) -> Result<Account, AccountsError> {
        let password = hash(password).await;
        let changed = self.directory.set_password(name, password).await.map_err(|source| self.failed(source))?;
        let changed = self.known(name, changed)?;
        self.audit.done(ActKind::AccountPassword, name).await;
        Ok(changed)
    }

    fn failed(&self, source: StoreError) -> AccountsError {
        AccountsError::Store { place: self.place.to_string(), source }
    }

    fn known(&self, name: &LoginName, found: Option<Account>) -> Result<Account, AccountsError> {
        found.ok_or_else(|| AccountsError::Unknown { name: name.clone(), place: self.place.to_string() })
    }
}

/// Takes long on purpose, and therefore a thread of its own.
async fn hash(password: Secret) -> PasswordHash {
    let hashed = tokio::task::spawn_blocking(move || tandem_interaction::password::hash(password.reveal()));
    hashed.await.expect("hashing does not panic, and the runtime ends after its callers")
}

/// A name that customers see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DisplayName(String);

/// Why a text is none.
#[derive(Debug, thiserror::Error)]
#[error("a display name must be 1 to {NAME_CHARS_MAX} characters, none of them a control character")]
pub(crate) struct InvalidDisplayName;

impl DisplayName {
    /// Checks the text.
    pub(crate) fn new(text: &str) -> Result<Self, InvalidDisplayName> {
        let text = text.trim();
        let is_fit = !text.is_empty() && text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control);
        if is_fit { Ok(Self(text.to_owned())) } else { Err(InvalidDisplayName) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ben() -> NewAgent {
        NewAgent {
            name: LoginName::new("ben").expect("is a login name"),
            display: DisplayName::new("Ben Ny").expect("is a name"),
            role: AgentRole::Agent,
            capacity: 3,
            skills: vec!["german".into()],
        }
    }

    #[tokio::test]
    async fn an_account_is_made_disabled_enabled_and_given_another_password() {
        let dir = tempfile::tempdir().expect("a directory");
        let accounts = Accounts::open(Place::Embedded(dir.path().into()), "agent").await.expect("opens");
        let name = ben().name;
        accounts.refuse_taken(&name).await.expect("is free");
        let made = accounts.add(ben(), Secret::new("correct horse battery")).await.expect("is made");
        assert_eq!((made.agent.0, made.display.as_str(), made.disabled), (1, "Ben Ny", false));
        let password_is = async |password: &str| {
            let (_, hash) = accounts.directory.credentials(&name).await.expect("reads").expect("may log in");
            tandem_interaction::password::verify(password, &hash)
        };
        assert!(password_is("correct horse battery").await);
        accounts.set_password(&name, Secret::new("another password")).await.expect("is changed");
        assert!(password_is("another password").await);
        assert!(!password_is("correct horse battery").await);
        assert!(accounts.set_disabled(&name, true).await.expect("is changed").disabled);
        assert_eq!(accounts.directory.credentials(&name).await.expect("reads"), None);
        assert!(!accounts.set_disabled(&name, false).await.expect("is changed").disabled);
        assert_eq!(accounts.all().await.expect("reads"), [made]);
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_said_in_one_sentence() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().canonicalize().expect("is there");
        let looked = Accounts::open_existing(Place::Embedded(dir.path().into()), "agent").await.expect("looks");
        assert!(looked.is_none());
        assert_eq!(std::fs::read_dir(&path).expect("reads").count(), 0, "looking makes nothing");
        let accounts = Accounts::open(Place::Embedded(dir.path().into()), "agent").await.expect("opens");
        let name = ben().name;
        let unknown = accounts.set_disabled(&name, true).await.expect_err("is unknown").to_string();
        let expected = format!("ben has no account in {}; `tandem agent list` shows who has", path.display());
        assert_eq!(unknown, expected);
        accounts.add(ben(), Secret::new("correct horse battery")).await.expect("is made");
        let expected =
            "ben has an account already; choose another name, or `tandem agent password ben` to change its password";
        for refused in [
            accounts.add(ben(), Secret::new("correct horse battery")).await.map(drop),
            accounts.refuse_taken(&name).await,
        ] {
            assert_eq!(refused.expect_err("is taken").to_string(), expected);
        }
    }

    #[test]
    fn a_display_name_is_a_line_that_can_be_shown() {
        assert_eq!(DisplayName::new(" Ana Ø ").expect("is a name").0, "Ana Ø");
        for bad in ["", "  ", "two\nlines", "bell\u{7}", &"x".repeat(129)] {
            assert!(DisplayName::new(bad).is_err(), "{bad:?}");
        }
    }
}
