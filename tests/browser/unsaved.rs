//! What a page says of messages that everybody is told and that are not on the disk: nothing that does not hold.

use serde_json::json;
use tandem_tests::{Customer, Primary, System, customer::View, disk::Disk, eventually, rest::Ticket};

use crate::{
    browser::{Browser, NARROW},
    page::Page,
};

/// Room for a fresh store and some chatting, and soon full.
const DISK_BYTES: u64 = 16 * 1024 * 1024;

/// A system on a disk that can be filled, which goes on when it is.
async fn on(disk: &Disk) -> System {
    let mut system = System::builder()
        .data(disk.path())
        .engines_through(&disk.prefix())
        .setting("engine.settings.transcript-save-on-error", "continue")
        // On a full disk no lease is renewed, and the backup would be right to take it.
        .setting("engine.lease.expiry", "10 min")
        .start()
        .await;
    for trouble in ["not saved", "write-ahead log could not be copied", "the lease", "lost the primary"] {
        system.expect_log(trouble);
    }
    system
}

/// A bot in the visitor's session, with whom the disk is filled until the session goes on unsaved.
async fn a_bot_makes_the_session_unsaved(system: &System, page: &Page, disk: &Disk) -> Customer {
    let kept = page.run("return JSON.parse(localStorage.getItem('tandem.v1.session'));", json!([])).await;
    let mut kept = kept;
    kept["seq"] = json!(2);
    let visitor: Ticket = serde_json::from_value(kept).expect("the page keeps its credentials");
    let rest = system.rest();
    let bot = Customer::with_ticket(&rest, rest.join(&visitor, "Bot").await, "Bot");
    bot.says("before").await;
    disk.fill();
    let text = "x".repeat(8_000);
    eventually("a message is told unsaved", async || {
        let id = bot.writes(&text);
        let answered =
            |view: &View| view.outbox.is_empty().then(|| view.unsaved_acks.iter().any(|(acked, _)| *acked == id));
        bot.waits_for("a long message is acknowledged", answered).await.then_some(())
    })
    .await;
    bot
}

async fn mark_of(page: &Page, text: &str) -> String {
    let script = "const bubble = [...document.querySelectorAll('.mine .bubble')].find((each) => each.textContent === arguments[0]);
        return document.getElementById(bubble.getAttribute('aria-describedby')).querySelector('.mark').textContent;";
    page.run(script, json!([text])).await.as_str().expect("it has a mark").to_owned()
}

/// D-1: a message is called saved when it is on the disk, and only then.
#[tokio::test]
async fn a_message_that_is_not_saved_is_said_to_be_so_until_it_is() {
    let disk = Disk::of_bytes(DISK_BYTES);
    let mut system = on(&disk).await;
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    page.says("on the disk").await;
    page.is_saved("on the disk").await;
    let bot = a_bot_makes_the_session_unsaved(&system, &page, &disk).await;
    for text in ["into the void", "and more"] {
        page.says(text).await;
        page.is_in_state(text, "unsaved").await;
        bot.reads(text).await;
    }
    assert_eq!(mark_of(&page, "into the void").await, "Sent, not saved yet");
    assert_eq!(mark_of(&page, "on the disk").await, "Saved");
    let said = page.text_of("#announcer").await;
    assert!(said.contains("not saved yet"), "nobody who sees no marks is told: {said:?}");
    browser.pictures(&page, "unsaved").await;
    disk.make_room();
    page.is_saved("and more").await;
    page.is_saved("into the void").await;
    let said = page.text_of("#announcer").await;
    assert!(said.contains("are saved"), "nor that it is mended: {said:?}");
    let mine: Vec<_> = page.lines().await.into_iter().filter(|line| line.state.is_some()).collect();
    assert_eq!(
        mine.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(),
        ["on the disk", "into the void", "and more"]
    );
    let dead = system.kill(Primary).await;
    page.says("after").await;
    page.is_saved("after").await;
    system.restart(dead).await;
    system.is_complete().await;
    browser.finish(&[]).await;
    system.finish().await;
}

/// R-2, D-3: the page does not keep what died with the engine as if it were there; its own messages it sends again.
#[tokio::test]
async fn what_was_only_told_is_sent_again_when_its_engine_is_gone() {
    let disk = Disk::of_bytes(DISK_BYTES);
    let mut system = on(&disk).await;
    let browser = Browser::looking(NARROW.dark("narrow-dark")).await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    let bot = a_bot_makes_the_session_unsaved(&system, &page, &disk).await;
    for text in ["one", "two"] {
        page.says(text).await;
        page.is_in_state(text, "unsaved").await;
        bot.reads(text).await;
    }
    browser.pictures(&page, "unsaved").await;
    let dead = system.kill(Primary).await;
    disk.make_room();
    page.is_saved("two").await;
    page.is_saved("one").await;
    let lines = page.lines().await;
    let mine: Vec<_> = lines.iter().filter(|line| line.state.is_some()).map(|line| line.text.as_str()).collect();
    assert_eq!(mine, ["one", "two"], "each once, in order (D-3, D-4)");
    system.restart(dead).await;
    system.is_complete().await;
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_chat_that_is_saved_at_its_end_says_so_then() {
    let mut system = System::builder().setting("engine.settings.transcript-auto-save", 0).start().await;
    system.expect_log("transcript-auto-save = 0");
    let browser = Browser::start().await;
    let page = browser.opens(&system).await;
    page.starts_alone("Ana").await;
    page.says("hello").await;
    page.is_in_state("hello", "unsaved").await;
    page.clicks("#end").await;
    page.clicks("#ask [value='end']").await;
    page.is("ended").await;
    page.is_saved("hello").await;
    browser.finish(&[]).await;
    system.finish().await;
}
