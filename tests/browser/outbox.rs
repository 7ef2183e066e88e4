//! What is written is not lost by what happens to the page.

use tandem_tests::{Engine, System};

use crate::browser::Browser;

#[tokio::test]
async fn a_message_not_sent_yet_and_a_draft_survive_a_reload() {
    let mut system = System::start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    page.says("saved").await;
    page.is_saved("saved").await;

    system.kill_both();
    page.is("reconnecting").await;
    page.says("on its way").await;
    page.is_sending("on its way").await;
    page.writes("still being written").await;
    page.reloads().await;
    page.is_sending("on its way").await;
    assert_eq!(page.draft().await, "still being written");

    system.restart(Engine::A).await;
    page.is_saved("on its way").await;
    assert_eq!(page.messages().await, ["saved", "on its way"], "once, in order (D-3, D-4)");

    system.restart(Engine::B).await;
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_text_that_is_too_long_stays_with_its_writer() {
    let system = System::builder().setting("engine.settings.message-bytes-max", 64).start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    let long = "too long ".repeat(10);
    page.says(&long).await;
    page.until("the page says so", "document.querySelector('#composer-note.problem') !== null").await;
    assert_eq!(page.draft().await, long);
    assert!(page.messages().await.is_empty());
    browser.finish(&[]).await;
    system.finish().await;
}
