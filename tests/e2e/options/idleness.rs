//! `[engine.inactivity-control]`.

use tandem_protocol::{ClosedReason, EventBody, LeaveReason, NoticeKind, client::close};
use tandem_tests::{Customer, History, Primary, Store, System, check, customer::View, system::Builder};
use test_case::test_case;

/// Short, and long enough for what has to happen between an alert and the end.
pub(super) fn system(store: Store) -> Builder {
    System::builder()
        .on(store)
        .setting("engine.inactivity-control.enabled", true)
        .setting("engine.inactivity-control.timeout-alert", "2 s")
        .setting("engine.inactivity-control.timeout-close", "4 s")
}

fn alerts(view: &View) -> usize {
    let is_alert = |body: &EventBody| matches!(body, EventBody::Notice { notice: NoticeKind::IdleControlAlert, .. });
    view.bodies().filter(|(_, body)| is_alert(body)).count()
}

pub(super) fn ended(body: &EventBody) -> bool {
    *body == EventBody::Closed { reason: ClosedReason::Idle }
}

/// Each alert can be answered; the one that is not is followed by the end.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn an_idle_session_is_warned_goes_on_when_somebody_writes_and_ends_when_nobody_does(store: Store) {
    let system = system(store).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.waits_for("the first alert", |view| (alerts(view) == 1).then_some(())).await;
    customer.says("I am still here").await;
    customer.waits_for("the second alert", |view| (alerts(view) == 2).then_some(())).await;
    customer.waits_for("the session is closed for idleness", |view| view.find(ended)).await;
    assert_eq!(customer.is_stopped().await, close::ENDED);
    customer.view(|view| {
        let is_close =
            |body: &EventBody| matches!(body, EventBody::Notice { notice: NoticeKind::IdleControlClose, .. });
        let left = |body: &EventBody| matches!(body, EventBody::Left { reason: LeaveReason::Idle, .. });
        assert!(view.find(is_close) < view.find(left), "the notice, then the leaving with reason 7");
        assert!(view.find(is_close).is_some());
    });
    let transcript = system.rest().transcript(customer.ticket()).await;
    customer.reads_up_to(transcript.last().expect("there are events").seq).await;
    assert_eq!(check(&History::of([customer.history()])), []);
    system.finish().await;
}

/// The time begins anew at the new primary: nobody is ended for having been without an engine.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn idleness_is_measured_anew_after_a_kill(store: Store) {
    let mut system = system(store).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.waits_for("the first alert", |view| (alerts(view) == 1).then_some(())).await;
    let dead = system.kill(Primary).await;
    customer.waits_for("the session is closed for idleness", |view| view.find(ended)).await;
    assert_eq!(customer.view(alerts), 2, "it was warned again before");
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}
