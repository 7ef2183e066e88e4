//! The control page: an administrator sees the pair, follows a failover without a reload, and switches over.

use serde_json::json;
use tandem_protocol::desk::AgentRole;
use tandem_tests::{Account, Engine, Primary, System};

use crate::{
    browser::{Browser, Look, NARROW, WIDE},
    looks::is_flawless,
    page::{Page, keys},
};

/// Chromium notes each request that fails, which is what a killed gateway is to a page.
const NO_ANSWER: &str = "Failed to load resource";

/// Opens the control page and logs in with a new account.
async fn logs_in(browser: &Browser, system: &System, role: AgentRole) -> Page {
    let account = Account::agent("ada").role(role);
    system.add(&account);
    let page = browser.visits(&format!("http://{}/control", system.gateway_address())).await;
    page.until("the login form is shown", "document.body.dataset.view === 'login'").await;
    page.presses_at("#login-name", &account.name).await;
    page.presses_at("#login-password", &format!("{}{}", account.password, keys::ENTER)).await;
    page
}

async fn opens(browser: &Browser, system: &System) -> Page {
    let page = logs_in(browser, system, AgentRole::Administrator).await;
    page.until("the page is shown", "document.body.dataset.view === 'control'").await;
    // From here on a reload would be noticed.
    page.run("globalThis.isTheSame = true;", json!([])).await;
    page
}

/// Waits until an engine is shown in a role.
async fn shows(page: &Page, engine: &str, role: &str) {
    let node = format!("#map-engines .node[data-key=\"{engine}\"]");
    let expression = format!("document.querySelector('{node}')?.dataset.role === '{role}'");
    page.until(&format!("engine {engine} is shown as {role}"), &expression).await;
}

async fn is_in_state(page: &Page, state: &str) {
    let expression = format!("document.getElementById('hero').dataset.state === '{state}'");
    page.until(&format!("the pair is shown as {state}"), &expression).await;
}

#[tokio::test]
async fn an_administrator_follows_the_death_of_the_primary_without_a_reload() {
    let mut system = System::builder().agents().start().await;
    let browser = Browser::start().await;
    let page = opens(&browser, &system).await;
    shows(&page, "a", "primary").await;
    shows(&page, "b", "backup").await;
    is_in_state(&page, "well").await;
    page.until("the interaction server is shown", "document.querySelectorAll('#map-links .node').length === 2").await;

    let killed = system.kill(Primary).await;
    shows(&page, "b", "primary").await;
    shows(&page, "a", "gone").await;
    is_in_state(&page, "unsafe").await;
    let said = "document.getElementById('announcer').textContent.includes('Engine b is the primary now, epoch 2.')";
    page.until("it is read aloud", said).await;
    browser.pictures(&page, "control-alone").await;

    system.restart(killed).await;
    shows(&page, "a", "backup").await;
    is_in_state(&page, "well").await;
    assert_eq!(page.run("return globalThis.isTheSame;", json!([])).await, json!(true), "the page was not loaded again");
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn an_administrator_switches_over_without_a_mouse() {
    let system = System::builder().agents().start().await;
    let browser = Browser::start().await;
    let page = opens(&browser, &system).await;
    is_in_state(&page, "well").await;
    system.may_switch_over().await;
    page.run("document.getElementById('switch-over').focus({ focusVisible: true });", json!([])).await;
    page.presses(keys::ENTER).await;
    page.until("nothing is in the way", "document.activeElement.id === 'switch-yes'").await;
    browser.pictures(&page, "control-switchover").await;
    page.presses(keys::ENTER).await;
    let is_told = "document.getElementById('switch-text').textContent.startsWith('Engine b took over from engine a')";
    page.until("the outcome is told", is_told).await;
    page.presses(keys::ENTER).await;
    page.until("the focus is back", "document.activeElement.id === 'switch-over'").await;
    shows(&page, "b", "primary").await;
    shows(&page, "a", "backup").await;
    assert_eq!(system.which(Primary).await, Engine::B);
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn nobody_but_an_administrator_gets_in() {
    let system = System::builder().agents().start().await;
    let browser = Browser::start().await;
    let page = logs_in(&browser, &system, AgentRole::Supervisor).await;
    page.until("the reason is told", "!document.getElementById('login-notice').hidden").await;
    assert_eq!(
        page.text_of("#login-notice").await,
        "This account is not an administrator’s. Please log in with one that is."
    );
    browser.pictures(&page, "control-refused").await;
    browser.finish(&[]).await;
    system.finish().await;
}

async fn looks_well(look: Look) {
    let mut system = System::builder().agents().echo().start().await;
    let ticket = system.rest().open_with_echo("Ana").await;
    let browser = Browser::looking(look).await;
    let page = opens(&browser, &system).await;
    is_in_state(&page, "well").await;
    page.until("sessions are listed", "document.querySelector('#session-rows tr') !== null").await;
    is_flawless(&page, &browser, "control-1-well").await;
    system.may_switch_over().await;
    page.clicks("#switch-over").await;
    page.until("nothing is in the way", "!document.getElementById('switch-yes').hidden").await;
    is_flawless(&page, &browser, "control-2-switchover").await;
    page.clicks("#switch-close").await;
    let killed = system.kill(Primary).await;
    shows(&page, "b", "primary").await;
    is_in_state(&page, "unsafe").await;
    is_flawless(&page, &browser, "control-3-alone").await;
    system.restart(killed).await;
    shows(&page, "a", "backup").await;
    system.kill_both();
    is_in_state(&page, "lost").await;
    is_flawless(&page, &browser, "control-4-lost").await;
    system.kill_gateway();
    page.until("the silence is told", "!document.getElementById('banner').hidden").await;
    is_flawless(&page, &browser, "control-5-silence").await;
    for engine in [Engine::A, Engine::B] {
        system.restart(engine).await;
    }
    system.restart_gateway().await;
    is_in_state(&page, "well").await;
    system.kill_interaction();
    let gone = "document.querySelectorAll('#map-links .node[data-role=\"gone\"]').length";
    page.until("the interaction server is shown as gone", &format!("{gone} === 1")).await;
    is_flawless(&page, &browser, "control-6-link-gone").await;
    system.restart_interaction().await;
    page.until("it is there again", &format!("{gone} === 0")).await;
    system.rest().close(&ticket).await.is_done();
    browser.finish(&[NO_ANSWER]).await;
    system.finish().await;
}

#[tokio::test]
async fn the_control_page_looks_well_on_a_laptop() {
    Box::pin(looks_well(WIDE)).await;
}

#[tokio::test]
async fn the_control_page_looks_well_on_a_laptop_at_night() {
    Box::pin(looks_well(WIDE.dark("wide-dark"))).await;
}

#[tokio::test]
async fn the_control_page_looks_well_on_a_phone() {
    Box::pin(looks_well(NARROW)).await;
}

#[tokio::test]
async fn the_control_page_looks_well_on_a_phone_at_night() {
    Box::pin(looks_well(NARROW.dark("narrow-dark"))).await;
}
