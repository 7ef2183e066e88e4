//! A chat from its start to its end without a mouse.

use serde_json::json;
use tandem_tests::System;

use crate::{
    browser::Browser,
    page::{Page, keys},
};

/// Fails unless this element has the focus and shows it.
async fn has_focus(page: &Page, id: &str) {
    let script = "const { activeElement: at } = document;
        return [at.id || at.value || at.tagName, getComputedStyle(at).outlineStyle !== 'none'];";
    assert_eq!(page.run(script, json!([])).await, json!([id, true]), "the focus is elsewhere or not visible");
}

#[tokio::test]
async fn a_chat_needs_no_mouse() {
    let system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.has_windows_focus().await;
    page.until("the start form is shown", "document.body.dataset.view === 'start'").await;
    has_focus(&page, "name").await;
    page.presses(keys::ENTER).await;
    page.until("the missing name is told", "!document.getElementById('name-problem').hidden").await;
    page.presses(&format!("Ana{}", keys::TAB)).await;
    has_focus(&page, "about").await;
    page.presses(&format!("Order{}", keys::TAB)).await;
    has_focus(&page, "echo").await;
    page.presses(keys::SPACE).await;
    page.presses(keys::TAB).await;
    page.presses(keys::ENTER).await;

    page.is("connected").await;
    has_focus(&page, "text").await;
    page.presses(&format!("hello{}", keys::ENTER)).await;
    page.reads("You said: hello").await;
    has_focus(&page, "text").await;

    page.run("document.getElementById('end').focus({ focusVisible: true });", json!([])).await;
    page.presses(keys::ENTER).await;
    has_focus(&page, "keep").await;
    page.presses(keys::ESCAPE).await;
    has_focus(&page, "end").await;
    page.presses(keys::SPACE).await;
    page.presses(keys::TAB).await;
    page.presses(keys::ENTER).await;
    page.is("ended").await;
    has_focus(&page, "again").await;
    page.presses(keys::ENTER).await;
    has_focus(&page, "name").await;
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn everything_that_can_be_used_has_a_name() {
    let system = System::start().await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    page.says("hello").await;
    page.is_saved("hello").await;
    let script = "
        const used = [...document.querySelectorAll('button, input, textarea, summary, [role=log], dialog')];
        const named = (element) => element.labels?.length > 0 || element.ariaLabel || element.textContent.trim()
            || element.getAttribute('aria-labelledby');
        const references = [...document.querySelectorAll('[aria-describedby], [aria-labelledby]')]
            .flatMap((element) => [element.getAttribute('aria-describedby'), element.getAttribute('aria-labelledby')])
            .filter(Boolean);
        return [used.filter((element) => !named(element)).map((element) => element.outerHTML),
            references.filter((id) => !document.getElementById(id))];";
    assert_eq!(page.run(script, json!([])).await, json!([[], []]), "without a name; described by nothing");
    browser.finish(&[]).await;
    system.finish().await;
}
