//! How a person gets into the workspace and the control page: with an account that is made for a first look, or with one there is.
//!
//! An account that nobody asked for, with a password on a screen, is made only where nobody has one yet and where no
//! other machine can reach it.

use std::env;

use tandem_protocol::{LoginName, Secret, desk::AgentRole};

use super::{Plan, fact::Login};
use crate::{
    accounts::{Accounts, AccountsError, DisplayName, NewAgent, password::made_up},
    lifecycle::failure::Failure,
    settings::Settings,
    store::Place,
};

/// What the account for a first look is called.
const DEMO: &str = "demo";

/// Chats that it has at a time: side by side, as somebody wants to see them who tries the workspace.
const DEMO_CAPACITY: u32 = 3;

/// Finds out how one logs in, and makes the account for a first look where it belongs.
pub(super) async fn login(plan: &Plan, accounts: &Accounts) -> Result<Login, Failure> {
    let name = LoginName::new(DEMO).expect("is a login name");
    let known = accounts.all().await?;
    let settings = &plan.settings;
    let is_wanted = settings.run.demo_agent && settings.gateway.place.listen.0.ip().is_loopback();
    let program = Program::this(plan, accounts.place());
    if known.iter().any(|account| account.name == name && !account.disabled) {
        return Ok(Login::Known { hint: program.agent(&format!("password {name}")), name });
    }
    if !known.is_empty() {
        return Ok(Login::Own { hint: program.agent("list") });
    }
    if !is_wanted {
        return Ok(Login::Nobody { hint: program.agent("add NAME") });
    }
    let password = made_up().map_err(Failure::runtime)?;
    make(accounts, name.clone(), password.clone()).await?;
    Ok(Login::Made { name, password })
}

/// An administrator, so that everything can be tried with one login: taking chats, watching and taking over those of
/// others, and the control page. Nobody but who is on this machine reaches it.
async fn make(accounts: &Accounts, name: LoginName, password: Secret) -> Result<(), AccountsError> {
    let display = DisplayName::new("Demo agent").expect("is a name");
    let (role, capacity, skills) = (AgentRole::Administrator, DEMO_CAPACITY, Vec::new());
    accounts.add(NewAgent { name, display, role, capacity, skills }, password).await.map(drop)
}

/// This program as a reader types it.
struct Program {
    called: String,
    /// What leads it to the place where this run keeps its accounts, where it does not go there by itself.
    options: String,
}

impl Program {
    fn this(plan: &Plan, place: &Place) -> Self {
        let called = env::args_os().next().map_or_else(|| "tandem".to_owned(), |name| name.to_string_lossy().into());
        let default = &Settings::default().interaction.data_dir.0.0;
        let option = |name: &str, value: &str| format!(" {name} {}", quoted(value));
        let options = match place {
            Place::Embedded(data) if default.canonicalize().is_ok_and(|default| default == *data) => String::new(),
            Place::Embedded(data) => option("--data", &data.to_string_lossy()),
            // The file may have the address, and where its password is. The environment needs no word.
            Place::Database(_) => {
                let config = plan.config.as_ref().map(|config| option("--config", &config.to_string_lossy()));
                let store = plan.store.as_ref().map(|store| option("--store", store));
                [config, store].into_iter().flatten().collect()
            }
        };
        Self { called: quoted(&called), options }
    }

    fn agent(&self, words: &str) -> String {
        format!("{} agent {words}{}", self.called, self.options)
    }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(change: impl FnOnce(&mut Settings)) -> Plan {
        let mut settings = Settings::default();
        change(&mut settings);
        Plan { config: None, store: None, settings, json: false }
    }

    async fn accounts() -> (tempfile::TempDir, Accounts) {
        let dir = tempfile::tempdir().expect("a directory");
        let accounts = Accounts::open(Place::Embedded(dir.path().into()), "run").await.expect("opens");
        (dir, accounts)
    }

    async fn told(plan: &Plan, accounts: &Accounts) -> Login {
        login(plan, accounts).await.expect("is told")
    }

    #[tokio::test]
    async fn a_first_run_makes_an_account_and_a_later_one_only_names_it() {
        let (dir, accounts) = accounts().await;
        let Login::Made { name, password } = told(&plan(|_| {}), &accounts).await else { panic!("is a first run") };
        assert_eq!(name.as_str(), "demo");
        assert_eq!(password.reveal().len(), 19);
        let made = accounts.all().await.expect("reads");
        assert_eq!((made.len(), made[0].role, made[0].display.as_str()), (1, AgentRole::Administrator, "Demo agent"));
        let later = told(&plan(|_| {}), &accounts).await;
        let Login::Known { name, hint } = later else { panic!("is a later run: {later:?}") };
        let path = dir.path().canonicalize().expect("is there");
        assert_eq!(name.as_str(), "demo");
        assert!(hint.ends_with(&format!(" agent password demo --data {}", path.display())), "{hint}");
        assert_eq!(accounts.all().await.expect("reads"), made);
    }

    #[tokio::test]
    async fn where_others_reach_the_gateway_or_nobody_wants_it_no_account_is_made() {
        let (_dir, accounts) = accounts().await;
        let open = plan(|settings| settings.gateway.place.listen.0 = "0.0.0.0:8080".parse().expect("is an address"));
        let unwanted = plan(|settings| settings.run.demo_agent = false);
        for plan in [open, unwanted] {
            let told = told(&plan, &accounts).await;
            assert!(matches!(&told, Login::Nobody { hint } if hint.contains(" agent add NAME")), "{told:?}");
        }
        assert_eq!(accounts.all().await.expect("reads"), []);
    }

    #[tokio::test]
    async fn who_has_accounts_gets_none_made() {
        let (_dir, accounts) = accounts().await;
        let name = LoginName::new("ben").expect("is a login name");
        make(&accounts, name, Secret::new("correct horse battery")).await.expect("is made");
        let told = told(&plan(|_| {}), &accounts).await;
        assert!(matches!(&told, Login::Own { hint } if hint.contains(" agent list")), "{told:?}");
        assert_eq!(accounts.all().await.expect("reads").len(), 1);
    }

    #[test]
    fn who_has_the_database_from_the_command_line_or_a_file_is_told_so() {
        let place = Place::Database("postgres://u:hunter2@h/d".parse().expect("is an address"));
        let hint = |plan: &Plan| Program::this(plan, &place).agent("list");
        let (of_nothing, mut of_both) = (plan(|_| {}), plan(|_| {}));
        assert!(hint(&of_nothing).ends_with(" agent list"), "{}", hint(&of_nothing));
        (of_both.config, of_both.store) = (Some("/etc/tandem.toml".into()), Some("postgres://u@h/d?host=a&b".into()));
        let expected = " agent list --config /etc/tandem.toml --store 'postgres://u@h/d?host=a&b'";
        assert!(hint(&of_both).ends_with(expected), "{}", hint(&of_both));
    }

    #[test]
    fn a_path_is_one_word_to_a_shell() {
        assert_eq!(quoted("/srv/tandem-data"), "/srv/tandem-data");
        assert_eq!(quoted("/srv/it's here"), r"'/srv/it'\''s here'");
        assert_eq!(quoted(""), "''");
    }
}
