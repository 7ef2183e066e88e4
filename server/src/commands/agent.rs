//! `tandem agent`: the accounts of agents, supervisors, administrators and bots.

use std::{io::Write, path::PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use tandem_protocol::{LoginName, Secret, desk::AgentRole};
use tandem_store::Account;

use super::{Global, StoreArgs, path_value};
use crate::{
    accounts::{
        Accounts, AccountsError, DisplayName, NewAgent,
        password::{PasswordError, Source},
    },
    lifecycle::failure::Failure,
    settings::{Flag, Loaded, SkillName},
    store::Place,
    telemetry,
};

/// Chats that a person has at a time where nothing else is said.
const PERSON_CAPACITY: u32 = 3;

/// Chats that a bot has at a time where nothing else is said.
const BOT_CAPACITY: u32 = 100;

/// Skills of one account; a queue asks for few.
const SKILLS_MAX: usize = 32;

/// Keep the accounts of agents: add, list, disable, enable, change passwords.
///
/// Works on the data directory, or on the database that is used instead, whether Tandem runs on it or not; what runs heeds
/// it at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem agent add ana@example.org --display Ana --skill german
  tandem agent add helper --role bot --generate
  tandem agent list --json
  tandem agent password ana@example.org --password-stdin < secret.txt

A password is never an argument: every process on the machine can read those.")]
pub(super) struct AgentArgs {
    #[command(subcommand)]
    action: Action,
    /// The data directory with the accounts. [default: tandem-data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an account.
    Add(AddArgs),
    /// Show all accounts.
    List(ListArgs),
    /// Let an account no longer log in, and end its logins. Its chats go on to others.
    Disable(NameArgs),
    /// Let a disabled account log in again.
    Enable(NameArgs),
    /// Change the password of an account, which ends its logins.
    Password(PasswordArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    #[command(flatten)]
    account: NameArgs,
    /// What customers see. [default: the name]
    #[arg(long, value_name = "TEXT")]
    display: Option<String>,
    /// What it may do.
    #[arg(long, value_enum, default_value_t = Role::Agent)]
    role: Role,
    /// How many chats it may have at a time. [default: 3, and 100 for a bot]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    capacity: Option<u32>,
    /// What it can, such as german; queues may ask for it. May be repeated.
    #[arg(long, value_name = "SKILL")]
    skill: Vec<String>,
    #[command(flatten)]
    password: SourceArgs,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// As one JSON list instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct PasswordArgs {
    #[command(flatten)]
    account: NameArgs,
    #[command(flatten)]
    password: SourceArgs,
}

#[derive(Debug, Args)]
struct NameArgs {
    /// What the account logs in with: 1 to 64 of a-z, 0-9, '.', '-', '_' and '@'.
    name: String,
}

/// Without either, the password is asked for.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct SourceArgs {
    /// Read the password from stdin instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
    /// Make a password up and print it, this once.
    #[arg(long)]
    generate: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Takes chats.
    Agent,
    /// As an agent; also sees all chats, watches, whispers and takes over.
    Supervisor,
    /// As a supervisor; also the control page.
    Administrator,
    /// A program that takes chats from the queues for bots.
    Bot,
    /// A program that reads transcripts, searches them and changes contacts. It has no desk.
    Integrator,
}

/// Somebody asked for what cannot be.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the name {0:?} is refused; {1}")]
    Name(String, tandem_protocol::InvalidId),
    #[error("the skill {0:?} is refused; it must be 1 to 32 of a-z, 0-9, '-' and '_'")]
    Skill(String),
    #[error("{0} skills are refused; an account has at most {SKILLS_MAX}")]
    Skills(usize),
}

impl AgentArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let data = Flag::of("--data", "interaction.data-dir", path_value(self.data.as_ref()));
        let Loaded { settings, .. } = global.load([data, self.store.flag()])?;
        telemetry::start("agent", &settings.log);
        let place = Place::of(&settings.store, &settings.interaction.data_dir.0.0).map_err(Failure::runtime)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::runtime)?;
        let said = runtime.block_on(self.action.act(place))?;
        std::io::stdout().write_all(said.as_bytes()).map_err(Failure::runtime)
    }
}

impl Action {
    /// Does it; returns what is to be said.
    async fn act(self, place: Place) -> Result<String, Failure> {
        match self {
            Self::Add(args) => args.add(place).await,
            Self::List(args) => args.list(place).await,
            Self::Disable(args) => args.set_disabled(place, true).await,
            Self::Enable(args) => args.set_disabled(place, false).await,
            Self::Password(args) => args.change(place).await,
        }
    }
}

impl AddArgs {
    async fn add(self, place: Place) -> Result<String, Failure> {
        let name = self.account.name()?;
        let display = DisplayName::new(self.display.as_deref().unwrap_or(name.as_str())).map_err(Failure::usage)?;
        let role = AgentRole::from(self.role);
        let capacity = if role == AgentRole::Bot { BOT_CAPACITY } else { PERSON_CAPACITY };
        let capacity = self.capacity.unwrap_or(capacity);
        let agent = NewAgent { name: name.clone(), display, role, capacity, skills: skills(&self.skill)? };
        let accounts = Accounts::open(place, "agent add").await?;
        accounts.refuse_taken(&name).await?;
        let password = self.password.get(&name)?;
        let account = accounts.add(agent, password.clone()).await?;
        let (number, role, place) = (account.agent, role_name(role), accounts.place());
        Ok(format!("{name} is account {number}, role {role}, in {place}\n") + &self.password.shown(&password))
    }
}

impl ListArgs {
    async fn list(self, place: Place) -> Result<String, Failure> {
        let shown = place.to_string();
        let accounts = match Accounts::open_existing(place, "agent list").await? {
            Some(accounts) => accounts.all().await?,
            None => Vec::new(),
        };
        if self.json {
            let rows: Vec<Row<'_>> = accounts.iter().map(Row::of).collect();
            return Ok(serde_json::to_string(&rows).expect("a row has only string keys") + "\n");
        }
        if accounts.is_empty() {
            return Ok(format!("there are no accounts in {shown}; `tandem agent add NAME` makes one\n"));
        }
        Ok(table(&accounts))
    }
}

impl NameArgs {
    fn name(&self) -> Result<LoginName, Failure> {
        let refused = |invalid| Failure::usage(Refused::Name(self.name.clone(), invalid));
        LoginName::new(&self.name).map_err(refused)
    }

    async fn set_disabled(self, place: Place, disabled: bool) -> Result<String, Failure> {
        let name = self.name()?;
        let command = if disabled { "agent disable" } else { "agent enable" };
        existing(place, &name, command).await?.set_disabled(&name, disabled).await?;
        Ok(if disabled {
            format!("{name} is disabled; all logins of this account have ended\n")
        } else {
            format!("{name} is enabled and may log in\n")
        })
    }
}

impl PasswordArgs {
    async fn change(self, place: Place) -> Result<String, Failure> {
        let name = self.account.name()?;
        let accounts = existing(place, &name, "agent password").await?;
        accounts.get(&name).await?;
        let password = self.password.get(&name)?;
        accounts.set_password(&name, password.clone()).await?;
        let said = format!("the password of {name} is changed; all logins of this account have ended\n");
        Ok(said + &self.password.shown(&password))
    }
}

impl SourceArgs {
    fn source(&self) -> Source {
        match self {
            Self { password_stdin: true, .. } => Source::Stdin,
            Self { generate: true, .. } => Source::Chance,
            _ => Source::Terminal,
        }
    }

    fn get(&self, name: &LoginName) -> Result<Secret, Failure> {
        self.source().password(name).map_err(Failure::from)
    }

    /// The password as it is said, which is only where nobody knows it yet.
    fn shown(&self, password: &Secret) -> String {
        match self.source() {
            Source::Chance => format!("password, shown only now: {}\n", password.reveal()),
            Source::Terminal | Source::Stdin => String::new(),
        }
    }
}

/// The accounts among which the name is; without making a place for them, where there is none.
async fn existing(place: Place, name: &LoginName, command: &str) -> Result<Accounts, Failure> {
    let unknown = AccountsError::Unknown { name: name.clone(), place: place.to_string() };
    Ok(Accounts::open_existing(place, command).await?.ok_or(unknown)?)
}

fn skills(given: &[String]) -> Result<Vec<String>, Failure> {
    let mut skills: Vec<String> = Vec::new();
    for skill in given {
        skill.parse::<SkillName>().map_err(|()| Failure::usage(Refused::Skill(skill.clone())))?;
        if !skills.contains(skill) {
            skills.push(skill.clone());
        }
    }
    if skills.len() > SKILLS_MAX { Err(Failure::usage(Refused::Skills(skills.len()))) } else { Ok(skills) }
}

/// An account as JSON; the names do not change.
#[derive(Debug, Serialize)]
struct Row<'a> {
    agent: u32,
    name: &'a str,
    display: &'a str,
    role: AgentRole,
    capacity: u32,
    skills: &'a [String],
    disabled: bool,
}

impl<'a> Row<'a> {
    fn of(account: &'a Account) -> Self {
        Self {
            agent: account.agent.0,
            name: account.name.as_str(),
            display: &account.display,
            role: account.role,
            capacity: account.capacity,
            skills: &account.skills,
            disabled: account.disabled,
        }
    }
}

fn table(accounts: &[Account]) -> String {
    let heading = ["ACCOUNT", "NAME", "DISPLAY", "ROLE", "CAPACITY", "SKILLS", "STATE"].map(str::to_owned);
    let row = |account: &Account| {
        let state = if account.disabled { "disabled" } else { "enabled" };
        let skills = if account.skills.is_empty() { "-".to_owned() } else { account.skills.join(",") };
        [
            account.agent.to_string(),
            account.name.to_string(),
            account.display.clone(),
            role_name(account.role).to_owned(),
            account.capacity.to_string(),
            skills,
            state.to_owned(),
        ]
    };
    let rows: Vec<[String; 7]> = std::iter::once(heading).chain(accounts.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn role_name(role: AgentRole) -> &'static str {
    match role {
        AgentRole::Agent => "agent",
        AgentRole::Supervisor => "supervisor",
        AgentRole::Administrator => "administrator",
        AgentRole::Bot => "bot",
        AgentRole::Integrator => "integrator",
    }
}

impl From<Role> for AgentRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Agent => Self::Agent,
            Role::Supervisor => Self::Supervisor,
            Role::Administrator => Self::Administrator,
            Role::Bot => Self::Bot,
            Role::Integrator => Self::Integrator,
        }
    }
}

impl From<AccountsError> for Failure {
    fn from(error: AccountsError) -> Self {
        Self::runtime(error)
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        if error.is_about_the_password() { Self::usage(error) } else { Self::runtime(error) }
    }
}

#[cfg(test)]
mod tests;
