//! A customer at the sample and an agent at the workspace, each in a browser of his own.

use serde_json::{Value, json};
use tandem_protocol::desk::AgentRole;
use tandem_tests::{Account, Customer, Primary, System};

use crate::{
    browser::{Browser, Look, NARROW, WIDE},
    page::keys,
    workspace::Workspace,
};

/// Returns what an agent could not see well; the script says how it judges.
const FLAWS: &str = include_str!("flaws.js");

async fn title_has(workspace: &Workspace, text: &str) {
    workspace.page.until(&format!("the title has {text}"), &format!("document.title.includes('{text}')")).await;
}

/// R-3, D-2, D-3, D-4: both sides go on after the primary is killed, are told of it, and miss nothing.
#[tokio::test]
async fn customer_and_agent_chat_on_when_the_primary_is_killed() {
    let mut system = System::builder().agents().start().await;
    let (street, office) = (Browser::start().await, Browser::start().await);
    let agent = Workspace::logs_in(&office, &system, &Account::agent("ben")).await;
    agent.is_ready().await;
    let customer = street.opens(&system).await;
    customer.starts_alone("Ana").await;
    customer.says("hello").await;
    agent.accepts().await;
    agent.reads("hello").await;
    agent.says("good day").await;
    customer.reads("good day").await;

    let killed = system.kill(Primary).await;
    customer.says("are you still there?").await;
    agent.reads("are you still there?").await;
    agent.says("I am").await;
    customer.reads("I am").await;

    let spoken = ["hello", "good day", "are you still there?", "I am"];
    assert_eq!(customer.messages().await, spoken);
    assert_eq!(agent.messages().await.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), spoken);
    let [_, restored] = customer.notices().await.try_into().expect("one loss, one restoration");
    assert!(restored.contains("nothing was lost"), "{restored}");
    let notices =
        "[...document.querySelectorAll('#conversation-log .notice')].some((line) => /restored/.test(line.textContent))";
    agent.page.until("the agent is told of the restoration", notices).await;
    agent.is("connected").await;
    office.pictures(&agent.page, "workspace-restored").await;

    system.restart(killed).await;
    street.finish(&[]).await; // Empty consoles: no WebSocket of either page was closed by it.
    office.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_note_is_marked_as_one_and_never_reaches_the_customers_page() {
    let system = System::builder().agents().start().await;
    let (street, office) = (Browser::start().await, Browser::start().await);
    let agent = Workspace::logs_in(&office, &system, &Account::agent("ben")).await;
    agent.is_ready().await;
    let customer = street.opens(&system).await;
    customer.starts_alone("Ana").await;
    agent.accepts().await;
    agent.notes("she has called twice").await;
    agent.says("how can I help?").await;
    customer.reads("how can I help?").await;
    agent
        .page
        .until(
            "both stand there, one of them marked",
            "document.querySelectorAll('#conversation-log .bubble').length === 2",
        )
        .await;
    let messages = agent.messages().await;
    assert_eq!(messages, [("she has called twice".to_owned(), true), ("how can I help?".to_owned(), false)]);
    assert_eq!(customer.messages().await, ["how can I help?"]);
    let page = customer.run("return document.documentElement.outerHTML;", json!([])).await.to_string();
    assert!(!page.contains("called twice"), "it is somewhere in the customer's page");
    street.finish(&[]).await;
    office.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn an_offer_cannot_be_missed_and_is_answered_without_a_mouse() {
    let system = System::builder().agents().start().await;
    let office = Browser::start().await;
    let agent = Workspace::logs_in(&office, &system, &Account::agent("ben")).await;
    let icon = "document.getElementById('favicon').href";
    let plain = agent.page.run(&format!("return {icon};"), json!([])).await;
    agent.page.presses(&chord("r")).await;
    agent.page.until("he is ready", "document.getElementById('presence-text').textContent === 'Ready'").await;
    let customer = Customer::start(&system.rest(), "Ana").await;
    agent.is_offered().await;
    title_has(&agent, "(1) Offer: Ana").await;
    let badged = agent.page.run(&format!("return {icon};"), json!([])).await;
    assert_ne!(plain, badged, "the icon shows nothing");
    agent.page.presses(&chord(keys::ENTER)).await;
    agent.has_a_chat_open().await;
    agent.page.presses(&format!("hello{}", keys::ENTER)).await;
    customer.reads("hello").await;
    office.finish(&[]).await;
    system.finish().await;
}

/// A key with Alt, which is let go at the end.
fn chord(key: &str) -> String {
    format!("{}{key}{}", keys::ALT, keys::NULL)
}

#[tokio::test]
async fn a_wrong_password_and_a_revoked_login_are_told() {
    let system = System::builder().agents().start().await;
    let office = Browser::start().await;
    let account = Account::agent("ben");
    system.add(&account);
    let agent = Workspace::opens(&office, &system).await;
    agent.fills_in("ben", "not the password").await;
    agent.page.until("it is told", "!document.getElementById('login-problem').hidden").await;
    agent.page.presses_at("#login-password", &format!("{}{}", keys::CONTROL_A, account.password)).await;
    agent.page.presses(keys::ENTER).await;
    agent.page.until("the desk is shown", "document.body.dataset.view === 'desk'").await;
    agent.is("connected").await;
    agent.page.reloads().await;
    agent.page.until("the login outlives a reload", "document.body.dataset.view === 'desk'").await;
    agent.is("connected").await;
    system.agent_command(&["disable", "ben"], "").done();
    agent.page.until("the login form is back", "document.body.dataset.view === 'login'").await;
    let notice = agent.page.text_of("#login-notice").await;
    assert!(!notice.is_empty(), "he is told why");
    // The gateway's 401 and the closed desk are what the console has.
    office.finish(&["401", "WebSocket"]).await;
    system.finish().await;
}

#[tokio::test]
async fn a_chat_is_passed_on_in_the_workspace() {
    let system = System::builder().agents().start().await;
    let office = Browser::start().await;
    let agent = Workspace::logs_in(&office, &system, &Account::agent("ben")).await;
    agent.is_ready().await;
    let customer = Customer::start(&system.rest(), "Ana").await;
    agent.accepts().await;
    let other = system.agent("eva").await;
    agent.presses_button("transfer").await;
    let pick = format!("#transfer-picks [data-agent='{}']", other.id());
    agent
        .page
        .until("the other agent can be picked", &format!("document.querySelector(\"{pick} :enabled\") !== null"))
        .await;
    agent.page.presses_at("#transfer-search", "eva").await;
    agent.page.clicks(&pick).await;
    agent.page.presses_at("#transfer-note", "a note for eva").await;
    office.pictures(&agent.page, "workspace-transfer").await;
    agent.page.clicks("#transfer-submit").await;
    let page = other.takes().await;
    assert_eq!(page.ticket().session, customer.ticket().session);
    page.reads("a note for eva").await;
    agent.page.until("the chat is gone", "document.querySelector('.chat-item') === null").await;
    office.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn an_ended_chat_is_filed_away_and_found_again_as_an_earlier_one() {
    let system = System::builder().agents().start().await;
    let rest = system.rest();
    let office = Browser::start().await;
    let agent = Workspace::logs_in(&office, &system, &Account::agent("ben")).await;
    agent.is_ready().await;
    let visit = async |text: &str| {
        let ticket = rest.open_with("Ana", json!({ "email": "ana@example.org" })).await;
        let customer = Customer::with_ticket(&rest, ticket, "Ana");
        customer.says(text).await;
        customer
    };
    let first = visit("the first time").await;
    agent.accepts().await;
    agent.reads("the first time").await;
    first.leaves();
    agent.page.until("it has ended", "document.getElementById('wrap-up').checkVisibility()").await;
    agent.page.clicks("#wrap-up .ending-fields label").await;
    agent.page.clicks("#wrap-up [data-action='file']").await;
    agent.page.until("it is filed away", "document.querySelector('.chat-item') === null").await;
    let _second = visit("the second time").await;
    agent.accepts().await;
    let earlier = "document.querySelectorAll('#earlier li').length === 1";
    agent.page.until("the earlier chat is listed", earlier).await;
    agent.page.clicks("#earlier button").await;
    let read = "document.getElementById('transcript-lines').textContent.includes('the first time')";
    agent.page.until("it can be read", read).await;
    office.finish(&[]).await;
    system.finish().await;
}

async fn is_flawless(workspace: &Workspace, browser: &Browser, name: &str) {
    browser.pictures(&workspace.page, &format!("workspace-{name}")).await;
    let flaws: Value = workspace.page.run(FLAWS, json!([])).await;
    assert_eq!(flaws, json!([]), "the workspace {name} has flaws");
}

async fn looks_well(look: Look) {
    let mut system = System::builder().agents().start().await;
    let rest = system.rest();
    let office = Browser::looking(look).await;
    let account = Account::agent("sue").role(AgentRole::Supervisor);
    system.add(&account);
    let agent = Workspace::opens(&office, &system).await;
    is_flawless(&agent, &office, "1-login").await;
    agent.fills_in(&account.name, &account.password).await;
    agent.is("connected").await;
    is_flawless(&agent, &office, "2-idle").await;
    agent.is_ready().await;
    let properties = json!({ "email": "ana@example.org", "order": "4711", "plan": "Business, since 2019" });
    let body = json!({ "name": "Ana Müller", "subject": "Order 4711 arrived damaged", "properties": properties });
    let ana = rest.try_open(body).await.done();
    let ana = Customer::with_ticket(&rest, ana, "Ana Müller");
    ana.says("Hello, one of the two lamps is broken: the glass is in many pieces.").await;
    agent.is_offered().await;
    is_flawless(&agent, &office, "3-offer").await;
    agent.accepts().await;
    agent.says("I am sorry to hear that. May I send you another one?").await;
    ana.reads("I am sorry to hear that. May I send you another one?").await;
    agent.notes("Second parcel this month that broke.").await;
    ana.says(&"Donaudampfschifffahrtsgesellschaftskapitän".repeat(4)).await;
    let bob = Customer::start(&rest, "Bob").await;
    bob.says("hi").await;
    agent.is_offered().await;
    let killed = system.kill(Primary).await;
    ana.says("Yes, please.").await;
    agent.reads("Yes, please.").await;
    agent.is("connected").await;
    let is_at_end = "document.getElementById('conversation-log').checkVisibility() && \
                     ![...document.querySelectorAll('.newer')].some((button) => button.checkVisibility())";
    agent.page.until("the end stays in view as messages arrive", is_at_end).await;
    is_flawless(&agent, &office, "4-chat").await;
    ana.leaves();
    agent.page.until("it has ended", "document.getElementById('wrap-up').checkVisibility()").await;
    is_flawless(&agent, &office, "5-ended").await;
    system.restart(killed).await;
    system.is_complete().await;
    office.finish(&[]).await;
    system.finish().await;
}

#[tokio::test]
async fn the_workspace_looks_well_on_a_laptop() {
    Box::pin(looks_well(WIDE)).await;
}

#[tokio::test]
async fn the_workspace_looks_well_on_a_laptop_at_night() {
    Box::pin(looks_well(WIDE.dark("wide-dark"))).await;
}

#[tokio::test]
async fn the_workspace_looks_well_on_a_phone() {
    Box::pin(looks_well(NARROW)).await;
}

#[tokio::test]
async fn the_workspace_looks_well_on_a_phone_at_night() {
    Box::pin(looks_well(NARROW.dark("narrow-dark"))).await;
}
