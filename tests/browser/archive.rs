//! Who the customer is, and what was said before: the contact beside a chat, and the search through all chats.

use std::fs;

use serde_json::{Value, json};
use tandem_protocol::{EventBody, desk::AgentRole};
use tandem_tests::{Account, Customer, Rest, System, eventually};

use crate::{
    browser::{Browser, Look, NARROW, WIDE},
    page::keys,
    workspace::Workspace,
};

/// Returns what an agent could not see well; the script says how it judges.
const FLAWS: &str = include_str!("flaws.js");

/// A customer who says something and leaves before anybody is there.
async fn has_been_here(rest: &Rest, name: &str, properties: Value, text: &str) {
    let body = json!({ "name": name, "subject": "Order 4711 arrived damaged", "properties": properties });
    let customer = Customer::with_ticket(rest, rest.try_open(body).await.done(), name);
    customer.says(text).await;
    leaves(&customer).await;
}

/// He leaves, and with him his chat ends.
async fn leaves(customer: &Customer) {
    customer.leaves();
    let is_closed = |body: &EventBody| matches!(body, EventBody::Closed { .. });
    customer.waits_for("the end", |view| view.find(is_closed)).await;
}

/// A customer comes whom two contacts may be; his chat is taken.
async fn comes_again(rest: &Rest, workspace: &Workspace) -> Customer {
    let properties = json!({ "customer": "c-9", "email": "ana@example.org" });
    let customer = Customer::with_ticket(rest, rest.open_with("Ana Müller", properties).await, "Ana Müller");
    customer.says("it is me again").await;
    workspace.accepts().await;
    customer
}

async fn shows_contact(workspace: &Workspace) {
    let page = &workspace.page;
    // Where there is no room for all, the customer is in front when he is wanted.
    let wanted = "if (!document.getElementById('customer').checkVisibility()) {
        document.querySelector('#chat-menu [data-action=\"customer\"]').click();
    }";
    page.run(wanted, json!([])).await;
    page.until("the contact is shown", "document.getElementById('contact-body').checkVisibility()").await;
}

async fn has_text(workspace: &Workspace, selector: &str, text: &str) {
    let expression = format!("document.querySelector(\"{selector}\").textContent.includes({})", json!(text));
    workspace.page.until(&format!("{selector} has {text:?}"), &expression).await;
}

async fn merges(workspace: &Workspace) {
    workspace.page.clicks("[data-deed='contact-merge']").await;
    workspace.page.clicks("#confirm-yes").await;
    has_text(workspace, "[data-deed='contact-chats']", "All 3 chats").await;
    workspace.page.until("nobody is like him any more", "document.getElementById('similar').hidden").await;
}

async fn searches(workspace: &Workspace, words: &str) {
    workspace.page.presses_at("#search-words", &format!("{}{words}{}", keys::CONTROL_A, keys::ENTER)).await;
}

/// How many messages a search finds, once it has an answer.
async fn found(workspace: &Workspace, words: &str) -> usize {
    searches(workspace, words).await;
    let answered = "!document.getElementById('search-state').textContent.startsWith('Looking')";
    workspace.page.until("there is an answer", answered).await;
    let found = workspace.page.run("return document.querySelectorAll('.found-item').length;", json!([])).await;
    found.as_u64().expect("is a number") as usize
}

/// Waits until a search finds as many messages.
async fn finds(workspace: &Workspace, words: &str, count: usize) {
    eventually(&format!("{count} are found for {words:?}"), async || {
        (Box::pin(found(workspace, words)).await == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_contacts_are_seen_to_be_one_person_are_merged_changed_and_erased() {
    let system = System::builder().agents().start().await;
    let rest = system.rest();
    has_been_here(&rest, "Ana", json!({ "email": "Ana@Example.org" }), "the red lamp is broken").await;
    has_been_here(&rest, "A. Müller", json!({ "customer": "c-9" }), "where is my parcel?").await;
    let office = Browser::start().await;
    let boss = Account::agent("sue").role(AgentRole::Administrator);
    let agent = Workspace::logs_in(&office, &system, &boss).await;
    agent.is_ready().await;
    let ana = comes_again(&rest, &agent).await;
    shows_contact(&agent).await;
    has_text(&agent, "#contact-identities", "c-9").await;
    has_text(&agent, "#similar-list", "ana@example.org").await;
    merges(&agent).await;
    has_text(&agent, "#contact-identities", "ana@example.org").await;

    agent.page.clicks("[data-deed='contact-edit']").await;
    agent.page.clicks("#attribute-add").await;
    agent.page.presses(&format!("plan{}gold{}", keys::TAB, keys::ENTER)).await;
    has_text(&agent, "#contact-attributes", "gold").await;

    agent.page.clicks("[data-deed='contact-chats']").await;
    agent.page.until("all his chats are listed", "document.querySelectorAll('.found-item').length === 3").await;
    finds(&agent, "red lam", 1).await;
    agent.page.clicks(".found-item").await;
    has_text(&agent, "#found-lines", "the red lamp is broken").await;
    let pointed = agent.page.text_of("#found-lines .pointed .bubble").await;
    assert_eq!(pointed, "the red lamp is broken", "the message that was found is pointed at");
    let folder = tempfile::tempdir().expect("the temp folder is writable");
    office.saves_to(folder.path()).await;
    agent.page.clicks("#found-save").await;
    eventually("the chat is saved as a page", async || {
        let files = fs::read_dir(folder.path()).expect("the folder is there");
        let mut texts = files.filter_map(|file| fs::read_to_string(file.expect("is readable").path()).ok());
        texts.find(|text| text.contains("the red lamp is broken</p>"))
    })
    .await;
    agent.page.clicks("#search-dialog [data-close]").await;

    agent.page.clicks("[data-deed='contact-erase']").await;
    agent.page.clicks("#confirm-yes").await;
    agent.page.until("it is being erased", "!document.getElementById('contact-erasing').hidden").await;
    leaves(&ana).await;
    agent.page.clicks("[data-action='search']").await;
    finds(&agent, "red lam", 0).await;
    office.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn an_agent_changes_a_contact_and_neither_erases_it_nor_says_by_what_it_is_known() {
    let system = System::builder().agents().start().await;
    let rest = system.rest();
    let office = Browser::start().await;
    let agent = Workspace::logs_in(&office, &system, &Account::agent("ben")).await;
    agent.is_ready().await;
    let ana = comes_again(&rest, &agent).await;
    shows_contact(&agent).await;
    agent.page.clicks("[data-deed='contact-edit']").await;
    let hidden = "['#identity-fields', '[data-deed=\"contact-erase\"]']
        .every((selector) => !document.querySelector(selector).checkVisibility())";
    agent.page.until("what he may not is not offered", hidden).await;
    agent.page.presses(&format!("{}Ana M.{}", keys::CONTROL_A, keys::ENTER)).await;
    has_text(&agent, "#contact-name", "Ana M.").await;
    agent.page.clicks("[data-deed='contact-chats']").await;
    agent.page.until("his chat is listed", "document.querySelectorAll('.found-item').length === 1").await;
    agent.page.clicks(".found-item").await;
    has_text(&agent, "#found-lines", "it is me again").await;
    ana.says("still here").await;
    office.finish(&[]).await;
    system.finish().await;
}

async fn is_flawless(workspace: &Workspace, browser: &Browser, name: &str) {
    browser.pictures(&workspace.page, &format!("archive-{name}")).await;
    assert_eq!(workspace.page.run(FLAWS, json!([])).await, json!([]), "{name} has flaws");
}

async fn looks_well(look: Look) {
    let system = System::builder().agents().start().await;
    let rest = system.rest();
    let long = json!({ "email": "ana.mueller@a-long-domain-of-a-company.example", "customer": "c-9" });
    has_been_here(&rest, "Ana Müller", long, "One of the two red lamps is broken: the glass is in many pieces.").await;
    has_been_here(&rest, "A. Müller", json!({ "email": "ana@example.org" }), "Is there a red lamp, too?").await;
    let office = Browser::looking(look).await;
    let boss = Account::agent("sue").role(AgentRole::Administrator);
    let agent = Workspace::logs_in(&office, &system, &boss).await;
    agent.is_ready().await;
    comes_again(&rest, &agent).await;
    shows_contact(&agent).await;
    has_text(&agent, "#similar-list", "ana@example.org").await;
    is_flawless(&agent, &office, "1-contact").await;
    agent.page.clicks("[data-deed='contact-edit']").await;
    agent.page.clicks("#attribute-add").await;
    is_flawless(&agent, &office, "2-edit").await;
    agent.page.clicks("#contact-dialog [data-close]").await;
    agent.page.clicks("[data-deed='contact-merge']").await;
    is_flawless(&agent, &office, "3-merge").await;
    agent.page.clicks("#confirm-dialog [value='no']").await;
    agent.page.clicks("[data-deed='contact-chats']").await;
    agent.page.until("his chats are listed", "document.querySelectorAll('.found-item').length === 2").await;
    is_flawless(&agent, &office, "4-chats").await;
    agent.page.clicks("#search-contact-clear").await;
    finds(&agent, "red lam", 2).await;
    is_flawless(&agent, &office, "5-hits").await;
    agent.page.clicks(".found-item").await;
    agent.page.until("it is read", "document.querySelector('#found-lines .pointed') !== null").await;
    is_flawless(&agent, &office, "6-read").await;
    office.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn contacts_and_search_look_well_on_a_laptop() {
    Box::pin(looks_well(WIDE)).await;
}

#[tokio::test]
async fn contacts_and_search_look_well_on_a_laptop_at_night() {
    Box::pin(looks_well(WIDE.dark("wide-dark"))).await;
}

#[tokio::test]
async fn contacts_and_search_look_well_on_a_phone() {
    Box::pin(looks_well(NARROW)).await;
}

#[tokio::test]
async fn contacts_and_search_look_well_on_a_phone_at_night() {
    Box::pin(looks_well(NARROW.dark("narrow-dark"))).await;
}
