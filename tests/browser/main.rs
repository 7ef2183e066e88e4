//! The sample, the workspace, the control page and the browser library in a real browser: Chromium, driven through chromedriver.
//!
//! The stories are told with what a visitor ([`page`]) or an agent ([`workspace`]) sees and does; kills and restarts come from the harness. Needs
//! Debian's `chromium` and `chromium-driver`, which `tests/run` installs. With `TANDEM_SCREENSHOTS=<folder>` the
//! stories leave pictures there.

mod browser;
mod driver;
mod page;
mod webdriver;
mod workspace;

mod agents;
mod archive;
mod control;
mod ending;
mod failover;
mod keyboard;
mod looks;
mod notices;
mod outbox;
mod tabs;
mod texts;
mod transcripts;
mod unit;
mod unsaved;
