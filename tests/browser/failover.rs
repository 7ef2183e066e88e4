//! What a visitor lives through when a process is killed.

use tandem_tests::{Primary, System};

use crate::browser::Browser;

/// Chromium notes each WebSocket that cannot be opened, which is what a killed gateway is to a page.
const NO_GATEWAY: &str = "WebSocket connection to";

#[tokio::test]
async fn the_chat_goes_on_when_the_primary_is_killed() {
    let mut system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts("Ana", "Order 4711").await;
    page.talks_with_echo("before").await;

    let killed = system.kill(Primary).await;
    page.talks_with_echo("after").await;

    assert_eq!(page.messages().await, ["before", "You said: before", "after", "You said: after"], "D-2, D-3, D-4");
    let [lost, restored] = page.notices().await.try_into().expect("one loss, one restoration");
    assert_eq!(lost, "Connection to the chat was lost. You can keep typing; messages will be sent.");
    assert!(restored.starts_with("Connected again. The session was restored after "), "{restored}");
    assert!(restored.ends_with("s; nothing was lost."), "the gap is told: {restored}");
    browser.pictures(&page, "restored").await;

    system.restart(killed).await;
    browser.finish(&[]).await; // An empty console: no WebSocket of the page was closed by it.
    system.finish().await;
}

#[tokio::test]
async fn a_visitor_notices_nothing_of_a_planned_switchover() {
    let system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts("Ana", "").await;
    page.talks_with_echo("before").await;
    system.switches_over().await;
    page.talks_with_echo("after").await;
    assert_eq!(page.messages().await, ["before", "You said: before", "after", "You said: after"], "D-2, D-3, D-4");
    assert_eq!(page.notices().await, Vec::<String>::new());
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_visitor_types_on_while_both_engines_are_down() {
    let mut system = System::start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    page.says("before").await;
    page.is_saved("before").await;

    system.kill_both();
    page.is("reconnecting").await;
    for text in ["one", "two", "three"] {
        page.says(text).await;
        page.is_sending(text).await;
    }
    assert_eq!(page.text_of("#fact-waiting").await, "3");
    browser.pictures(&page, "waiting").await;

    system.restart(tandem_tests::Engine::A).await;
    for text in ["one", "two", "three"] {
        page.is_saved(text).await;
    }
    assert_eq!(page.messages().await, ["before", "one", "two", "three"], "D-2, D-3, D-4");

    system.restart(tandem_tests::Engine::B).await;
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn the_chat_goes_on_when_the_gateway_is_killed() {
    let mut system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts("Ana", "").await;
    page.talks_with_echo("before").await;

    system.kill_gateway();
    page.is("reconnecting").await;
    page.says("while it is down").await;
    page.is_sending("while it is down").await;
    system.restart_gateway().await;
    page.is_saved("while it is down").await;
    page.reads("You said: while it is down").await;

    assert_eq!(page.messages().await.len(), 4, "nothing is shown twice (D-3)");
    assert_eq!(page.notices().await.len(), 2);
    browser.finish(&[NO_GATEWAY]).await;
    system.finish().await;
}
