//! Text is text, whatever it looks like, and only what is new is read aloud.

use serde_json::json;
use tandem_tests::System;

use crate::{browser::Browser, page::keys};

#[tokio::test]
async fn markup_is_shown_as_text() {
    let system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts("<b>Ana</b>", "<script>document.title = 'bad'</script>").await;
    let texts = [
        "<img src=x onerror=\"document.title='bad'\">",
        "<script>document.title = 'bad'</script>",
        "[a](javascript:alert(1)) javascript:alert(1)",
        "&lt;b&gt; {{ 7 * 7 }}",
    ];
    for text in texts {
        page.talks_with_echo(text).await;
    }
    let elements = "return document.querySelectorAll('.log img, .log script, .log b, .log a, .bar b').length;";
    assert_eq!(page.run(elements, json!([])).await, 0, "data became markup");
    assert!(!page.text_of("title").await.contains("bad"));
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_text_is_laid_out_in_its_own_direction_with_its_own_lines() {
    let system = System::start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    page.says("مرحبا، شكرا لك").await;
    page.is_saved("مرحبا، شكرا لك").await;
    let newline = format!("{}{}{}", keys::SHIFT, keys::ENTER, keys::SHIFT);
    page.says(&format!("one{newline}two")).await;
    page.is_saved("one\ntwo").await;
    let directions =
        "return [...document.querySelectorAll('.bubble')].map((text) => getComputedStyle(text).direction);";
    assert_eq!(page.run(directions, json!([])).await, json!(["rtl", "ltr"]));
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_screen_reader_is_given_what_is_new_and_never_the_history() {
    let system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts("Ana", "").await;
    page.talks_with_echo("hello").await;
    let spoken = page.text_of("#announcer").await;
    assert!(spoken.contains("Echo: You said: hello"), "{spoken:?}");

    page.reloads().await;
    page.reads("You said: hello").await;
    assert_eq!(page.text_of("#announcer").await, "");
    page.talks_with_echo("again").await;
    assert_eq!(page.text_of("#announcer").await, "Echo: You said: again");
    browser.finish(&[]).await;
    system.finish().await;
}
