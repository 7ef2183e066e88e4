//! The page on every screen: nothing sticks out, nothing is too pale to read, nothing makes a phone zoom.

use serde_json::{Value, json};
use tandem_tests::{Primary, System};

use crate::{
    browser::{Browser, Look, NARROW, WIDE},
    page::Page,
};

/// Returns what a visitor could not see well; the script says how it judges.
const FLAWS: &str = include_str!("flaws.js");

pub(crate) async fn is_flawless(page: &Page, browser: &Browser, name: &str) {
    browser.pictures(page, name).await;
    let flaws: Value = page.run(FLAWS, json!([])).await;
    assert_eq!(flaws, json!([]), "the page {name} has flaws");
}

async fn looks_well(look: Look) {
    let mut system = System::builder().echo().start().await;
    let browser = Browser::looking(look).await;
    let page = browser.opens(&system).await;
    page.until("the start form is shown", "document.body.dataset.view === 'start'").await;
    is_flawless(&page, &browser, "1-start").await;
    page.starts("Ana Müller", "Order 4711 arrived damaged").await;
    is_flawless(&page, &browser, "2-begun").await;
    page.talks_with_echo("Hello, one of the two lamps is broken: the glass is in many pieces.").await;
    let word = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(4);
    page.talks_with_echo(&word).await;
    let killed = system.kill(Primary).await;
    page.talks_with_echo("Are you still there?").await;
    is_flawless(&page, &browser, "3-restored").await;
    system.restart(killed).await;
    system.kill_both();
    page.is("reconnecting").await;
    page.says("This waits.").await;
    is_flawless(&page, &browser, "4-waiting").await;
    page.run("document.getElementById('details').open = true;", json!([])).await;
    is_flawless(&page, &browser, "5-details").await;
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn the_page_looks_well_on_a_laptop() {
    Box::pin(looks_well(WIDE)).await;
}

#[tokio::test]
async fn the_page_looks_well_on_a_laptop_at_night() {
    Box::pin(looks_well(WIDE.dark("wide-dark"))).await;
}

#[tokio::test]
async fn the_page_looks_well_on_a_phone() {
    Box::pin(looks_well(NARROW)).await;
}

#[tokio::test]
async fn the_page_looks_well_on_a_phone_at_night() {
    Box::pin(looks_well(NARROW.dark("narrow-dark"))).await;
}
