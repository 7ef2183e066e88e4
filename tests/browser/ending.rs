//! The end of a chat and the beginning of the next.

use tandem_tests::System;

use crate::browser::Browser;

#[tokio::test]
async fn an_end_is_confirmed_and_the_next_chat_starts_clean() {
    let system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts("Ana", "Order 4711").await;
    page.talks_with_echo("hello").await;

    page.clicks("#end").await;
    browser.pictures(&page, "question").await;
    page.clicks("#ask .quiet").await;
    page.talks_with_echo("still here").await;
    page.clicks("#end").await;
    page.clicks("#ask .danger").await;
    page.is("ended").await;
    assert_eq!(page.text_of("#over-text").await, "The chat has ended.");
    assert_eq!(page.messages().await.len(), 4, "it can still be read");
    browser.pictures(&page, "ended").await;

    page.clicks("#again").await;
    page.starts("Bo", "").await;
    page.talks_with_echo("next").await;
    assert_eq!(page.messages().await, ["next", "You said: next"], "nothing of the last chat is left");
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn an_ended_chat_is_still_shown_as_ended_after_a_reload() {
    let system = System::start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    page.says("hello").await;
    page.is_saved("hello").await;
    page.clicks("#end").await;
    page.clicks("#ask .danger").await;
    page.is("ended").await;

    page.reloads().await;
    page.is("ended").await;
    page.is_saved("hello").await;
    browser.finish(&[]).await;
    system.finish().await;
}
