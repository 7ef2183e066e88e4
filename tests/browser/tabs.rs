//! Two tabs of one visitor are one participant.

use tandem_tests::{Engine, System};

use crate::browser::Browser;

#[tokio::test]
async fn two_tabs_show_the_same_session_in_step() {
    let system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let first = browser.opens(&system).await;
    let second = browser.opens_another_tab(&system).await;
    first.starts("Ana", "Order 4711").await;
    second.is("connected").await;

    first.talks_with_echo("from the first").await;
    second.talks_with_echo("from the second").await;
    first.is_saved("from the second").await;
    first.reads("You said: from the second").await;

    let shown = first.messages().await;
    assert_eq!(shown.len(), 4, "nothing is shown twice (D-3): {shown:?}");
    assert_eq!(shown, second.messages().await);
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_message_of_a_closed_tab_is_sent_by_the_other() {
    let mut system = System::start().await;
    let browser = Browser::start().await;
    let first = browser.opens(&system).await;
    first.starts_alone("Ana").await;
    let second = browser.opens_another_tab(&system).await;
    second.is("connected").await;

    system.kill_both();
    first.is("reconnecting").await;
    first.says("left behind").await;
    second.is_sending("left behind").await;
    first.closes().await;
    system.restart(Engine::A).await;
    second.is_saved("left behind").await;
    assert_eq!(second.messages().await, ["left behind"]);

    system.restart(Engine::B).await;
    browser.finish(&[]).await;
    system.finish().await;
}
