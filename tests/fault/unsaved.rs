//! A store that takes nothing until a person has seen to it (`transcript-save-on-error`). With `continue` everybody is told
//! that nothing is on the disk, and either it gets there under the same numbers or readers are told that it was lost;
//! with `close` the sessions concerned end, and nothing is told as saved that is not.

use tandem_protocol::{ClosedReason, EventBody, LeaveReason, client::Notice, client::close};
use tandem_tests::{
    Customer, History, Primary, System, check,
    customer::View,
    eventually,
    store::{Cause, FailingStore},
};
use test_case::test_case;

/// A system on a store that can be made to fail, which goes on when it does.
async fn on(store: &FailingStore) -> System {
    let mut system = store
        .builder()
        .setting("engine.settings.transcript-save-on-error", "continue")
        .setting("engine.settings.transcript-auto-save", 2)
        .start()
        .await;
    store.is_expected_by(&mut system);
    system
}

/// Says long things until one is acknowledged as not on the disk.
async fn says_until_unsaved(customer: &Customer) {
    let text = "x".repeat(8_000);
    let is_unsaved = async || {
        let id = customer.writes(&text);
        let answered =
            |view: &View| view.outbox.is_empty().then(|| view.unsaved_acks.iter().any(|(acked, _)| *acked == id));
        customer.waits_for("a long message is acknowledged", answered).await.then_some(())
    };
    eventually("a message is told unsaved", is_unsaved).await;
}

fn has_failed(view: &View) -> Option<()> {
    view.notices.contains(&Notice::UcsSaveFail).then_some(())
}

/// Two customers, of whom one has asked to be told, on one session each; both of them go on.
#[test_case(Cause::DiskFull; "on_a_full_disk")]
#[test_case(Cause::RightsRevoked; "with_rights_revoked")]
#[test_case(Cause::TableGone; "without_its_table")]
#[tokio::test]
async fn what_was_said_while_the_store_failed_is_there_once_it_works(cause: Cause) {
    // D-3, D-4
    let store = FailingStore::of(cause).await;
    let mut system = on(&store).await;
    let rest = system.rest();
    let customer = Customer::asking_for_saves(&rest, rest.open("Ann").await, "Ann");
    let bot = Customer::with_ticket(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    customer.says("before").await;
    store.fails().await;
    says_until_unsaved(&customer).await;
    customer.waits_for("the failure is told to who asked", has_failed).await;
    let id = customer.writes("into the void");
    let unsaved = customer.is_told_unsaved(&id).await;
    bot.reads("into the void").await;
    store.works().await;
    let is_saved = |view: &View| {
        let saved = |notice: &Notice| matches!(notice, Notice::UcsSave { seq } if *seq >= unsaved);
        view.notices.iter().any(saved).then_some(())
    };
    customer.waits_for("the saving is told to who asked", is_saved).await;
    let last = customer.says("after").await;
    assert_eq!(last, unsaved.next(), "nothing was numbered twice");
    let dead = system.kill(Primary).await;
    let transcript = rest.transcript(customer.ticket()).await;
    assert_eq!(transcript.last().expect("there are events").seq, last, "it is really on the disk");
    for reader in [&customer, &bot] {
        reader.reads_up_to(last).await;
        assert_eq!(reader.view(|view| view.not_recovered), 0);
    }
    assert_eq!(check(&History::of([customer.history(), bot.history()])), []);
    assert_eq!(bot.view(has_failed), None, "it did not ask");
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// what died with the engine was seen; nobody keeps it beside what comes in its place.
#[test_case(Cause::DiskFull; "on_a_full_disk")]
#[test_case(Cause::RightsRevoked; "with_rights_revoked")]
#[test_case(Cause::TableGone; "without_its_table")]
#[tokio::test]
async fn readers_are_told_that_what_was_never_saved_has_died_with_its_engine(cause: Cause) {
    let store = FailingStore::of(cause).await;
    let mut system = on(&store).await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    customer.says("before").await;
    store.fails().await;
    says_until_unsaved(&customer).await;
    let id = customer.writes("into the void");
    let unsaved = customer.is_told_unsaved(&id).await;
    customer.reads_up_to(unsaved).await;
    let dead = system.kill(Primary).await;
    store.works().await;
    let last = customer.says("at the other engine").await;
    assert!(last <= unsaved, "numbers beyond the disk are given anew");
    customer.waits_for("the page starts anew", |view| (view.not_recovered == 1).then_some(())).await;
    let transcript = rest.transcript(customer.ticket()).await;
    customer.reads_up_to(last).await;
    customer.view(|view| {
        let [seen, there] = [&view.events, &transcript]
            .map(|events| events.iter().map(|event| event.event.get().to_owned()).collect::<Vec<_>>());
        assert_eq!(seen, there, "a reader has exactly what is there");
    });
    assert_eq!(check(&History::of([customer.history()])), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// D-1: nothing of what could not be saved is told as saved, and the end is said to everybody with its reason. Whoever
/// comes once the store works is served.
#[test_case(Cause::DiskFull; "on_a_full_disk")]
#[test_case(Cause::RightsRevoked; "with_rights_revoked")]
#[test_case(Cause::TableGone; "without_its_table")]
#[tokio::test]
async fn a_session_that_cannot_be_saved_is_closed(cause: Cause) {
    let store = FailingStore::of(cause).await;
    let mut system = store.builder().start().await;
    store.is_expected_by(&mut system);
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let before = customer.says("before").await;
    store.fails().await;
    let long = "x".repeat(8_000);
    let is_refused = async || {
        let id = customer.writes(&long);
        let refusal = |view: &View| view.refused.iter().any(|refused| refused.client_id.as_ref() == Some(&id));
        let answered = |view: &View| view.outbox.is_empty().then(|| refusal(view));
        customer.waits_for("a long message is answered", answered).await.then_some(())
    };
    eventually("a message is refused", is_refused).await;
    store.works().await;
    let other = Customer::start(&rest, "Bob").await;
    other.says("it works again").await;
    assert_eq!(customer.is_stopped().await, close::ENDED);
    customer.view(|view| {
        let left = |body: &EventBody| matches!(body, EventBody::Left { reason: LeaveReason::Server, .. });
        let ended = |body: &EventBody| *body == EventBody::Closed { reason: ClosedReason::NotSaved };
        assert!(view.find(left) < view.find(ended) && view.find(left).is_some(), "reason 5, then the end and why");
        assert_eq!(view.unsaved_acks, [], "nothing is acknowledged that is not on the disk");
    });
    let transcript = rest.transcript(customer.ticket()).await;
    assert!(transcript.len() as u64 >= before.0 + 2, "what was acknowledged, the leaving, the end");
    customer.reads_up_to(transcript.last().expect("there are events").seq).await;
    for history in [customer.history(), other.history()] {
        assert_eq!(check(&History::of([history])), []);
    }
    system.finish().await;
}
