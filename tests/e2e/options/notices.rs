//! `transcript-save-notices`.

use tandem_protocol::{EventBody, NoticeKind, client::Notice};
use tandem_tests::{Customer, History, Primary, Store, System, check, customer::View};
use test_case::test_case;

use super::idleness;

fn is_notice(body: &EventBody) -> bool {
    matches!(body, EventBody::Notice { .. })
}

/// Whoever is there is told all the same.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn notices_that_are_not_kept_are_told_and_stand_in_no_transcript(store: Store) {
    let system = idleness::system(store).setting("engine.settings.transcript-save-notices", "none").start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    let said = |view: &View| match &view.notices[..] {
        [Notice::IdleControlAlert { text: alert }, Notice::IdleControlClose { text: close }] => {
            Some((alert.clone(), close.clone()))
        }
        _ => None,
    };
    let (alert, close) = customer.waits_for("both notices of idleness", said).await;
    assert!(!alert.is_empty() && !close.is_empty());
    let end = customer.waits_for("the session is closed for idleness", |view| view.find(idleness::ended)).await;
    customer.reads_up_to(end).await;
    let transcript = system.rest().transcript(customer.ticket()).await;
    assert!(transcript.iter().all(|event| !is_notice(&event.parse().expect("parses").body)));
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

/// Every reader and the transcript have it between what was before and what came after.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_restoration_stands_in_the_transcript_where_all_notices_are_kept(store: Store) {
    let mut system =
        System::builder().on(store).setting("engine.settings.transcript-save-notices", "all").start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    let before = customer.says("hi").await;
    let dead = system.kill(Primary).await;
    let after = customer.says("still there?").await;
    customer.reads_up_to(after).await;
    let is_restored = |body: &EventBody| matches!(body, EventBody::Notice { notice: NoticeKind::Restored, text: None });
    let restored = customer.view(|view| view.find(is_restored)).expect("it is told");
    assert!(before < restored && restored < after);
    assert_eq!(check(&History::of([customer.history()])), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}
