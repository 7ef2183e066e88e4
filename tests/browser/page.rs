//! One tab with the sample page: what a visitor does in it and what he sees.
//!
//! Every look waits until it sees what it looks for, with the harness's deadline.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use tandem_tests::eventually;

use crate::webdriver::WebDriver;

/// Keys as WebDriver names them.
pub(crate) mod keys {
    pub(crate) const ENTER: &str = "\u{E007}";
    pub(crate) const TAB: &str = "\u{E004}";
    pub(crate) const SPACE: &str = "\u{E00D}";
    pub(crate) const SHIFT: &str = "\u{E008}";
    pub(crate) const ALT: &str = "\u{E00A}";
    /// Lets go of what is held.
    pub(crate) const NULL: &str = "\u{E000}";
    /// Selects all that stands in a field.
    pub(crate) const CONTROL_A: &str = "\u{E009}a\u{E000}";
    pub(crate) const ESCAPE: &str = "\u{E00C}";
}

/// The conversation as it stands in the page, from top to bottom.
const LINES: &str = "
    return [...document.querySelectorAll('#lines > li, #outbox > li')].map((line) => ({
        kind: line.classList[1],
        text: (line.querySelector('.bubble') ?? line).textContent,
        sender: line.querySelector('.sender')?.textContent ?? null,
        state: line.dataset.state ?? null,
        is_visible: line.checkVisibility(),
    }));";

/// A line of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Line {
    /// `message`, `note`, `notice` or `day`.
    pub(crate) kind: String,
    pub(crate) text: String,
    /// None for the visitor's own messages and for what is no message.
    pub(crate) sender: Option<String>,
    /// `sending`, `saved` or `not_sent`, for the visitor's own messages.
    pub(crate) state: Option<String>,
    pub(crate) is_visible: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Page {
    web: WebDriver,
    window: String,
}

impl Page {
    pub(crate) fn new(web: WebDriver, window: String) -> Self {
        Self { web, window }
    }

    /// Loads a page, by day or by night.
    pub(crate) async fn shows(&self, is_dark: bool, url: &str) {
        self.front().await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.web.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        self.web.post("/url", json!({ "url": url })).await;
    }

    /// Brings the tab to the front; WebDriver acts on one at a time.
    async fn front(&self) {
        self.web.post("/window", json!({ "handle": self.window })).await;
    }

    /// Gives the tab the focus of its window, which a browser without a screen may not have.
    pub(crate) async fn has_windows_focus(&self) {
        self.front().await;
        self.web.devtools("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
    }

    /// Runs a function body in the tab.
    pub(crate) async fn run(&self, script: &str, arguments: Value) -> Value {
        self.front().await;
        self.web.run(script, arguments).await
    }

    /// Waits until an expression holds in the tab.
    pub(crate) async fn until(&self, what: &str, expression: &str) {
        let script = format!("return {expression};");
        eventually(what, async || self.run(&script, json!([])).await.as_bool()?.then_some(())).await;
    }

    /// Fills the form in and begins to chat, with an answering echo.
    pub(crate) async fn starts(&self, name: &str, subject: &str) {
        self.until("the start form is shown", "document.body.dataset.view === 'start'").await;
        // It stays as the visitor left it.
        if self.run("return document.getElementById('echo').checked;", json!([])).await == false {
            self.clicks("#echo").await;
        }
        self.begins(name, subject).await;
    }

    /// Begins to chat without an answering echo.
    pub(crate) async fn starts_alone(&self, name: &str) {
        self.begins(name, "").await;
    }

    async fn begins(&self, name: &str, subject: &str) {
        self.until("the start form is shown", "document.body.dataset.view === 'start'").await;
        self.presses_at("#name", name).await;
        self.presses_at("#about", subject).await;
        self.clicks("#start-button").await;
        self.is("connected").await;
    }

    pub(crate) async fn clicks(&self, selector: &str) {
        self.front().await;
        self.web.click(selector).await;
    }

    pub(crate) async fn presses_at(&self, selector: &str, keys: &str) {
        self.front().await;
        let element = self.web.find(selector).await;
        self.web.keys(&element, keys).await;
    }

    /// Presses keys wherever the focus is.
    pub(crate) async fn presses(&self, keys: &str) {
        self.front().await;
        let element = self.web.focused().await;
        self.web.keys(&element, keys).await;
    }

    pub(crate) async fn writes(&self, text: &str) {
        self.presses_at("#text", text).await;
    }

    /// Writes and sends.
    pub(crate) async fn says(&self, text: &str) {
        self.writes(&format!("{text}{}", keys::ENTER)).await;
    }

    pub(crate) async fn reloads(&self) {
        self.front().await;
        self.web.post("/refresh", json!({})).await;
    }

    /// Closes the tab; another one must be there.
    pub(crate) async fn closes(self) {
        self.front().await;
        self.web.delete("/window").await;
    }

    /// The conversation.
    pub(crate) async fn lines(&self) -> Vec<Line> {
        serde_json::from_value(self.run(LINES, json!([])).await).expect("the script returns lines")
    }

    /// The texts of all messages, from top to bottom.
    pub(crate) async fn messages(&self) -> Vec<String> {
        self.lines().await.into_iter().filter(|line| line.kind == "message").map(|line| line.text).collect()
    }

    /// The visible notices, from top to bottom.
    pub(crate) async fn notices(&self) -> Vec<String> {
        let lines = self.lines().await.into_iter();
        lines.filter(|line| line.kind == "notice" && line.is_visible).map(|line| line.text).collect()
    }

    /// Waits until the header says so: `connected`, `reconnecting`, `ended`…
    pub(crate) async fn is(&self, status: &str) {
        let expression = format!("document.getElementById('status').dataset.status === '{status}'");
        self.until(&format!("the page is {status}"), &expression).await;
    }

    /// Waits until a message of the visitor's is in this state.
    pub(crate) async fn is_in_state(&self, text: &str, state: &str) {
        eventually(&format!("{text:?} is {state}"), async || {
            let lines = self.lines().await;
            lines.iter().find(|line| line.text == text && line.state.as_deref() == Some(state)).map(drop)
        })
        .await;
    }

    pub(crate) async fn is_saved(&self, text: &str) {
        self.is_in_state(text, "saved").await;
    }

    pub(crate) async fn is_sending(&self, text: &str) {
        self.is_in_state(text, "sending").await;
    }

    /// Waits until a message of another is there.
    pub(crate) async fn reads(&self, text: &str) {
        eventually(&format!("{text:?} is read"), async || {
            self.lines().await.iter().find(|line| line.text == text && line.sender.is_some()).map(drop)
        })
        .await;
    }

    /// Says something, and waits until it is saved and the echo has answered.
    pub(crate) async fn talks_with_echo(&self, text: &str) {
        self.says(text).await;
        self.is_saved(text).await;
        self.reads(&format!("You said: {text}")).await;
    }

    /// What stands in an element.
    pub(crate) async fn text_of(&self, selector: &str) -> String {
        let text = self.run("return document.querySelector(arguments[0]).textContent;", json!([selector])).await;
        text.as_str().expect("an element has text").to_owned()
    }

    /// What stands in the field.
    pub(crate) async fn draft(&self) -> String {
        let text = self.run("return document.getElementById('text').value;", json!([])).await;
        text.as_str().expect("a field has a value").to_owned()
    }

    /// A picture of what is visible, as PNG.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        self.front().await;
        let picture = self.web.get("/screenshot").await;
        BASE64_STANDARD.decode(picture.as_str().expect("a picture is text")).expect("a picture is base64")
    }
}
