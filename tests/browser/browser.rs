//! A browser of a test: its own process, profile and looks. [`Browser::finish`] judges what it complained of.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tandem_tests::System;

use crate::{driver::Driver, page::Page, webdriver::WebDriver};

/// How a visitor looks at the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) name: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// A phone: touch instead of a mouse, and its own idea of a viewport.
    is_phone: bool,
    is_dark: bool,
}

/// A laptop.
pub(crate) const WIDE: Look = Look { name: "wide", width: 1280, height: 860, is_phone: false, is_dark: false };

/// A phone.
pub(crate) const NARROW: Look = Look { name: "narrow", width: 390, height: 844, is_phone: true, is_dark: false };

impl Look {
    /// The same at night.
    pub(crate) const fn dark(self, name: &'static str) -> Self {
        Self { name, is_dark: true, ..self }
    }

    fn capabilities(self, profile: &str) -> Value {
        let size = format!("--window-size={},{}", self.width, self.height);
        let mut options = json!({ "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
            "--disable-component-update", "--disable-sync", "--hide-scrollbars", size, format!("--user-data-dir={profile}"),
        ] });
        if self.is_phone {
            let metrics = json!({ "width": self.width, "height": self.height, "pixelRatio": 2, "touch": true });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        })
    }
}

/// A running browser.
#[derive(Debug)]
pub(crate) struct Browser {
    web: WebDriver,
    look: Look,
    /// The browser's process, to be ended by itself when a test fails before [`Browser::finish`].
    process: Option<Pid>,
    // In the order in which they may go: the profile last, when nobody writes to it any more.
    _driver: Driver,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// A browser as on a laptop.
    pub(crate) async fn start() -> Self {
        Self::looking(WIDE).await
    }

    pub(crate) async fn looking(look: Look) -> Self {
        let profile =
            tempfile::Builder::new().prefix("tandem-browser-").tempdir().expect("the temp folder is writable");
        let driver = Driver::start().await;
        let folder = profile.path().to_str().expect("the temp folder's name is text");
        let (web, about) = WebDriver::start(&driver.url, look.capabilities(folder)).await;
        let process = about["goog:processID"].as_i64().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        Self { web, look, process, _driver: driver, _profile: profile }
    }

    /// Opens the sample in the first tab.
    pub(crate) async fn opens(&self, system: &System) -> Page {
        self.visits(&format!("http://{}/sample", system.gateway_address())).await
    }

    /// Opens any page in the first tab.
    pub(crate) async fn visits(&self, url: &str) -> Page {
        let window = self.web.get("/window").await;
        self.page(&window, url).await
    }

    /// Opens the sample in one more tab, beside those there are.
    pub(crate) async fn opens_another_tab(&self, system: &System) -> Page {
        let window = self.web.post("/window/new", json!({ "type": "tab" })).await["handle"].clone();
        self.page(&window, &format!("http://{}/sample", system.gateway_address())).await
    }

    async fn page(&self, window: &Value, url: &str) -> Page {
        let window = window.as_str().expect("a tab has a name").to_owned();
        let page = Page::new(self.web.clone(), window);
        page.shows(self.look.is_dark, url).await;
        page
    }

    /// From now on puts what somebody saves into this folder.
    pub(crate) async fn saves_to(&self, folder: &Path) {
        let folder = folder.to_str().expect("the temp folder's name is text");
        let behaviour = json!({ "behavior": "allow", "downloadPath": folder });
        self.web.devtools("Browser.setDownloadBehavior", behaviour).await;
    }

    /// From now on asks with this bearer token, as a program does.
    pub(crate) async fn asks_with(&self, token: &str) {
        self.web.devtools("Network.enable", json!({})).await;
        let headers = json!({ "headers": { "Authorization": format!("Bearer {token}") } });
        self.web.devtools("Network.setExtraHTTPHeaders", headers).await;
    }

    /// Leaves a picture of the page where `TANDEM_SCREENSHOTS` says, if it does.
    pub(crate) async fn pictures(&self, page: &Page, name: &str) {
        let Some(folder) = std::env::var_os("TANDEM_SCREENSHOTS").map(PathBuf::from) else { return };
        fs::create_dir_all(&folder).expect("the folder for screenshots can be made");
        let file = folder.join(format!("{}-{name}.png", self.look.name));
        fs::write(file, page.picture().await).expect("the folder for screenshots is writable");
    }

    /// Ends the browser; fails if its console has errors, as of a violated Content-Security-Policy, other than those
    /// that contain one of these texts.
    pub(crate) async fn finish(mut self, expected: &[&str]) {
        let log = self.web.post("/se/log", json!({ "type": "browser" })).await;
        let errors = log.as_array().expect("the log is a list").iter().filter(|entry| entry["level"] == "SEVERE");
        let texts = errors.filter_map(|entry| entry["message"].as_str());
        let unexpected: Vec<_> = texts.filter(|text| !expected.iter().any(|known| text.contains(known))).collect();
        self.web.delete("").await;
        self.process = None;
        assert!(unexpected.is_empty(), "the browser's console has errors:\n{}", unexpected.join("\n"));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A killed chromedriver leaves its browser behind. Its process id cannot be another's yet: chromedriver,
        // its parent, has not ended it.
        if let Some(process) = self.process {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}
