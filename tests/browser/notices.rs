//! Whether restore notices are shown is the page's and the visitor's choice.

use tandem_tests::{Primary, System};

use crate::browser::Browser;

const SWITCH: &str = "label[for='notices']";

#[tokio::test]
async fn notices_can_be_switched_off_and_the_choice_is_kept() {
    let mut system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts("Ana", "").await;
    page.clicks(SWITCH).await;

    let killed = system.kill(Primary).await;
    page.talks_with_echo("hello").await;
    page.until("the restoration is counted", "document.getElementById('fact-restored').textContent.startsWith('1×')")
        .await;
    assert!(page.notices().await.is_empty());

    page.reloads().await;
    page.is("connected").await;
    page.until("the choice is kept", "!document.getElementById('notices').checked").await;

    system.restart(killed).await;
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_site_decides_whether_notices_are_shown_at_first() {
    let system = System::builder().setting("gateway.sample-notices", false).start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    page.until("the switch is off", "!document.getElementById('notices').checked").await;
    browser.finish(&[]).await;
    system.finish().await;
}
