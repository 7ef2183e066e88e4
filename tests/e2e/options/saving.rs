//! `transcript-auto-save`. What happens when the store fails is in the `fault` target.

use tandem_protocol::{ClosedReason, EventBody, Seq, client::Notice, client::close};
use tandem_tests::{Customer, History, Primary, Store, System, check, customer::View, eventually};
use test_case::test_case;

fn saves(view: &View) -> Vec<Seq> {
    let seq = |notice: &Notice| match notice {
        Notice::UcsSave { seq } => Some(*seq),
        _ => None,
    };
    view.notices.iter().filter_map(seq).collect()
}

/// 2: whoever did not ask hears nothing of it.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn each_save_is_told_to_those_who_asked_and_to_nobody_else(store: Store) {
    let mut system = System::builder().on(store).setting("engine.settings.transcript-auto-save", 2).start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let bot = Customer::asking_for_saves(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    customer.is_connected().await;
    bot.is_connected().await;
    let first = customer.says("hi").await;
    bot.waits_for("the first save", |view| saves(view).contains(&first).then_some(())).await;
    let dead = system.kill(Primary).await;
    let second = customer.says("still there?").await;
    bot.waits_for("the save at the other engine", |view| saves(view).contains(&second).then_some(())).await;
    customer.reads_up_to(second).await;
    assert_eq!(customer.view(saves), []);
    assert_eq!(check(&History::of([customer.history(), bot.history()])), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// 1: nobody is told of saves, whoever asks: an acknowledgement says it.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn saves_are_not_told_where_they_are_not_to_be(store: Store) {
    let system = System::builder().on(store).start().await;
    let rest = system.rest();
    let customer = Customer::asking_for_saves(&rest, rest.open("Ann").await, "Ann");
    let last = customer.says("hi").await;
    customer.reads_up_to(last).await;
    assert_eq!(customer.view(saves), []);
    system.finish().await;
}

/// 0: acknowledgements say that nothing is on the disk, the whole transcript is after the end, and the log says what
/// does not hold.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_transcript_is_saved_when_its_session_has_ended(store: Store) {
    let mut system = System::builder().on(store).setting("engine.settings.transcript-auto-save", 0).start().await;
    system.expect_log("transcript-auto-save = 0");
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let id = customer.writes("hi");
    let seq = customer.is_told_unsaved(&id).await;
    customer.reads_up_to(seq).await;
    let reply = rest.say(customer.ticket(), &id, "hi").await;
    assert_eq!(reply.done::<serde_json::Value>()["durable"], false, "a repeat says it too");
    customer.leaves();
    assert_eq!(customer.is_stopped().await, close::ENDED);
    let told = customer.view(|view| view.events.len());
    // Another engine knows only what is on the disk. A kill before the save would have taken it all.
    let saved = eventually("the transcript is saved", async || {
        let reply = rest.say(customer.ticket(), &id, "hi").await;
        reply.done::<serde_json::Value>().get("durable").is_none().then_some(())
    });
    saved.await;
    let dead = system.kill(Primary).await;
    let transcript = rest.transcript(customer.ticket()).await;
    assert_eq!(transcript.len(), told);
    assert_eq!(check(&History::of([customer.history()])), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// 0: nothing is restored. A session that died unsaved never was; one that an orderly stop has saved is closed.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn what_is_not_saved_dies_with_a_kill_and_an_orderly_stop_saves_it(store: Store) {
    let mut system = System::builder().on(store).setting("engine.settings.transcript-auto-save", 0).start().await;
    system.expect_log("transcript-auto-save = 0");
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let id = customer.writes("hi");
    customer.is_told_unsaved(&id).await;
    let dead = system.kill(Primary).await;
    assert_eq!(customer.is_stopped().await, close::UNKNOWN_SESSION);
    system.restart(dead).await;
    system.is_complete().await;
    let other = Customer::start(&rest, "Bob").await;
    let id = other.writes("hello");
    other.is_told_unsaved(&id).await;
    let stopped = system.shut_down(Primary).await;
    let ended = |body: &EventBody| *body == EventBody::Closed { reason: ClosedReason::NotRestored };
    other.waits_for("the session is closed as not restored", |view| view.find(ended)).await;
    let transcript = rest.transcript(other.ticket()).await;
    let says_hello = |body: EventBody| matches!(body, EventBody::Message { text, .. } if text == "hello");
    assert!(transcript.iter().any(|event| says_hello(event.parse().expect("parses").body)));
    system.restart(stopped).await;
    system.is_complete().await;
    system.finish().await;
}
