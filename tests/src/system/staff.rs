//! The people of a system: its interaction server, accounts, and agents at their desks.

use rustix::process::Signal;
use tandem_protocol::desk::AgentRole;

use super::System;
use crate::{
    agent::{Account, Agent},
    command::{Ran, run},
    deadline::eventually,
    looker::Looker,
    part::Part,
};

impl System {
    /// Makes an account, as an operator does.
    ///
    /// # Panics
    /// When that is refused.
    pub fn add(&self, account: &Account) {
        let capacity = account.capacity.to_string();
        let mut arguments = vec!["add", &account.name, "--role", role(account.role), "--capacity", &capacity];
        arguments.extend(account.skills.iter().flat_map(|skill| ["--skill", skill]));
        arguments.push("--password-stdin");
        self.agent_command(&arguments, &format!("{}\n", account.password)).done();
    }

    /// `tandem agent …` on the system's accounts.
    #[must_use]
    pub fn agent_command(&self, arguments: &[&str], stdin: &str) -> Ran {
        let data = self.data().to_str().expect("a temp folder's name is text");
        let place = match &self.store {
            Some(store) => ["--store", store],
            None => ["--data", data],
        };
        let whole: Vec<&str> = ["agent"].into_iter().chain(arguments.iter().copied()).chain(place).collect();
        run(whole, stdin)
    }

    /// An agent with a new account, who is ready.
    ///
    /// # Panics
    /// When he cannot come.
    pub async fn agent(&self, name: &str) -> Agent {
        self.staff(&Account::agent(name)).await
    }

    /// Somebody with a new account, who is ready.
    ///
    /// # Panics
    /// When he cannot come.
    pub async fn staff(&self, account: &Account) -> Agent {
        self.add(account);
        Agent::comes(&self.rest(), account).await
    }

    /// Somebody with a new account who looks things up.
    ///
    /// # Panics
    /// When he cannot come.
    pub async fn looker(&self, account: &Account) -> Looker {
        self.add(account);
        self.looks_as(account).await
    }

    /// Somebody who has an account already, and looks things up.
    ///
    /// # Panics
    /// When he cannot come.
    pub async fn looks_as(&self, account: &Account) -> Looker {
        Looker::comes(self.engines.iter().map(|engine| engine.address.clone()).collect(), account).await
    }

    /// `kill -9` of the interaction server.
    pub fn kill_interaction(&mut self) {
        self.interaction_mut().kill();
    }

    /// Starts the interaction server again and waits until it is linked.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart_interaction(&mut self) {
        let linked = "welcomed by the primary";
        let before = self.interaction_log(linked).len();
        self.interaction_mut().start().await;
        let is_linked = async || (self.interaction_log(linked).len() > before).then_some(());
        eventually("the interaction server is linked again", is_linked).await;
    }

    /// SIGSTOP of the interaction server: it hangs.
    pub fn stop_interaction(&mut self) {
        self.interaction_mut().running().signal(Signal::STOP);
    }

    /// The lines of the interaction server's log that contain a text.
    ///
    /// # Panics
    /// When the system has none.
    #[must_use]
    pub fn interaction_log(&self, text: &str) -> Vec<String> {
        self.interaction.as_ref().expect("the system has an interaction server").logs.matching(text)
    }

    fn interaction_mut(&mut self) -> &mut Part {
        self.interaction.as_mut().expect("the system has an interaction server")
    }
}

fn role(role: AgentRole) -> &'static str {
    match role {
        AgentRole::Integrator => "integrator",
        AgentRole::Bot => "bot",
        AgentRole::Agent => "agent",
        AgentRole::Supervisor => "supervisor",
        AgentRole::Administrator => "administrator",
    }
}
