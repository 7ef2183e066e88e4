//! One tab with the workspace: what an agent does in it and what he sees.

use serde_json::json;
use tandem_tests::{Account, System, eventually};

use crate::{
    browser::Browser,
    page::{Page, keys},
};

/// The messages of the open chat, from top to bottom, each with whom it is for.
const MESSAGES: &str = "
    return [...document.querySelectorAll('#conversation-log .line')]
        .filter((line) => line.checkVisibility() && line.querySelector('.bubble'))
        .map((line) => [line.querySelector('.bubble').textContent, line.querySelector('.whom') !== null]);";

/// See the module.
pub(crate) struct Workspace {
    pub(crate) page: Page,
}

impl Workspace {
    /// Opens the workspace, which asks for a login.
    pub(crate) async fn opens(browser: &Browser, system: &System) -> Self {
        let page = browser.visits(&format!("http://{}/workspace", system.gateway_address())).await;
        page.until("the login form is shown", "document.body.dataset.view === 'login'").await;
        Self { page }
    }

    /// Logs in with a new account.
    pub(crate) async fn logs_in(browser: &Browser, system: &System, account: &Account) -> Self {
        system.add(account);
        let workspace = Self::opens(browser, system).await;
        workspace.fills_in(&account.name, &account.password).await;
        workspace.page.until("the desk is shown", "document.body.dataset.view === 'desk'").await;
        workspace.is("connected").await;
        workspace
    }

    /// Fills the login form in and sends it by the keyboard.
    pub(crate) async fn fills_in(&self, name: &str, password: &str) {
        self.page.presses_at("#login-name", name).await;
        self.page.presses_at("#login-password", &format!("{password}{}", keys::ENTER)).await;
    }

    /// Wants chats.
    pub(crate) async fn is_ready(&self) {
        self.page.clicks("#idle-ready").await;
        self.page.until("the agent is ready", "document.getElementById('presence-text').textContent === 'Ready'").await;
    }

    /// Waits until the desk's own connection is so.
    pub(crate) async fn is(&self, status: &str) {
        let expression = format!("document.getElementById('desk-status').dataset.status === '{status}'");
        self.page.until(&format!("the desk is {status}"), &expression).await;
    }

    /// Waits for an offer.
    pub(crate) async fn is_offered(&self) {
        self.page.until("an offer is shown", "document.querySelector('.offer') !== null").await;
    }

    /// Takes the offer that is there, and waits until its chat is open.
    pub(crate) async fn accepts(&self) {
        self.is_offered().await;
        self.page.clicks(".offer [data-action='accept']").await;
        self.has_a_chat_open().await;
    }

    pub(crate) async fn has_a_chat_open(&self) {
        self.page.until("a chat is open", "document.getElementById('composer-text').checkVisibility()").await;
    }

    /// Writes to the customer and sends.
    pub(crate) async fn says(&self, text: &str) {
        self.page.presses_at("#composer-text", &format!("{text}{}", keys::ENTER)).await;
    }

    /// Writes a note for the staff and sends it; the composer is then back at the customer.
    pub(crate) async fn notes(&self, text: &str) {
        self.page.clicks("label[data-action='note']").await;
        self.says(text).await;
        self.reads(text).await;
        self.page.clicks("label[data-action='reply']").await;
    }

    /// The open chat's messages, each with whether it is marked as not for the customer.
    pub(crate) async fn messages(&self) -> Vec<(String, bool)> {
        serde_json::from_value(self.page.run(MESSAGES, json!([])).await).expect("the script returns messages")
    }

    /// Waits until a message stands in the open chat.
    pub(crate) async fn reads(&self, text: &str) {
        eventually(&format!("{text:?} is read in the workspace"), async || {
            self.messages().await.iter().any(|(read, _)| read == text).then_some(())
        })
        .await;
    }

    /// Does what a button of the open chat does.
    pub(crate) async fn presses_button(&self, action: &str) {
        self.page.clicks(&format!("#chat [data-action='{action}']")).await;
    }
}
