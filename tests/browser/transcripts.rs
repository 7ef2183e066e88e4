//! A customer takes his chat along as a file, and what that file looks like wherever he opens it.

use std::{fs, path::Path};

use reqwest::Method;
use serde_json::json;
use tandem_tests::{Customer, Primary, System, eventually};

use crate::browser::{Browser, Look, NARROW, WIDE};

/// Returns what somebody could not see well; the script says how it judges.
const FLAWS: &str = include_str!("flaws.js");

/// Waits until the browser has saved a file of this kind, and returns what is in it and where it is.
async fn saved(folder: &Path, ending: &str) -> (String, String) {
    eventually(&format!("a file .{ending} is saved"), async || {
        let files = fs::read_dir(folder).expect("the folder is there").map(|file| file.expect("is readable").path());
        let file = files.into_iter().find(|file| file.extension().is_some_and(|kind| kind == ending))?;
        let text = fs::read_to_string(&file).ok().filter(|text| !text.is_empty())?;
        Some((text, format!("file://{}", file.display())))
    })
    .await
}

#[tokio::test]
async fn a_chat_is_saved_as_a_file_while_it_goes_on_and_after_its_end() {
    let mut system = System::builder().echo().start().await;
    let browser = Browser::start().await;
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let page = browser.opens(&system).await;
    browser.saves_to(folder.path()).await;
    page.starts("Ana", "Order <17>").await;
    page.talks_with_echo("is it <b>really</b> there?").await;
    let killed = system.kill(Primary).await;
    page.clicks("#details [data-format='text']").await;
    let (text, _) = saved(folder.path(), "txt").await;
    assert!(text.starts_with("Order <17>\nSession: "), "{text}");
    assert!(text.contains(" Ana (customer):\n    is it <b>really</b> there?\n"), "{text}");
    assert!(text.contains("Ended: not yet"), "{text}");
    page.clicks("#end").await;
    page.clicks("#ask .danger").await;
    page.is("ended").await;
    page.clicks("#over [data-format='html']").await;
    let (html, url) = saved(folder.path(), "html").await;
    assert!(html.contains("is it &#60;b&#62;really&#60;/b&#62; there?"), "{html}");
    let file = browser.visits(&url).await;
    assert_eq!(file.text_of("h1").await, "Order <17>");
    let ended = file.text_of("dl").await;
    assert!(!ended.contains("Not yet"), "it says when it ended: {ended}");
    system.restart(killed).await;
    system.is_complete().await;
    browser.finish(&[]).await;
    system.finish().await;
}

async fn looks_well(look: Look) {
    let system = System::start().await;
    let rest = system.rest();
    let ticket = rest.open("Ana Müller").await;
    let ana = Customer::with_ticket(&rest, ticket.clone(), "Ana Müller");
    let bot = Customer::with_ticket(&rest, rest.join(&ticket, "Ben").await, "Ben");
    ana.says("Hello, one of the two lamps is broken:\nthe glass is in many pieces.").await;
    bot.says("I am sorry to hear that. May I send you another one?").await;
    ana.says(&"Donaudampfschifffahrtsgesellschaftskapitän".repeat(4)).await;
    let path = format!("/api/v1/sessions/{}/transcript?format=html", ticket.session);
    let html = rest.request(Method::GET, &path).bearer_auth(&ticket.token).send().await.expect("the gateway answers");
    let html = html.text().await.expect("is text");
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    let file = folder.path().join("chat.html");
    fs::write(&file, html).expect("the temp folder is writable");
    let browser = Browser::looking(look).await;
    let page = browser.visits(&format!("file://{}", file.display())).await;
    browser.pictures(&page, "transcript").await;
    assert_eq!(page.run(FLAWS, json!([])).await, json!([]), "the transcript has flaws");
    let radius = "return getComputedStyle(document.querySelector('.said')).borderRadius;";
    assert_eq!(page.run(radius, json!([])).await, json!("10px"), "its style holds in a file");
    browser.asks_with(&ticket.token).await;
    let served = browser.visits(&format!("http://{}{path}", system.gateway_address())).await;
    assert_eq!(served.run(radius, json!([])).await, json!("10px"), "and under the policy it is served with");
    browser.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_saved_chat_looks_well_on_a_laptop() {
    looks_well(WIDE).await;
    looks_well(WIDE.dark("wide-dark")).await;
}

#[tokio::test]
async fn a_saved_chat_looks_well_on_a_phone() {
    looks_well(NARROW).await;
    looks_well(NARROW.dark("narrow-dark")).await;
}
