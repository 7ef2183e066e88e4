//! What becomes of one message, as OpenTelemetry shows it: one trace from the gateway to the store, over a kill too.

mod collector;

use tandem_tests::{Customer, Primary, Store, System, check, eventually};

use collector::{Collector, Seen};

/// A system of whose messages every one is traced.
async fn traced(collector: &Collector) -> System {
    traced_on(collector, Store::Files).await
}

async fn traced_on(collector: &Collector, store: Store) -> System {
    let builder = System::builder().on(store);
    builder.setting("traces.endpoint", collector.endpoint()).setting("traces.sample", 1.0).start().await
}

/// The only span of this name in a trace.
fn only<'a>(trace: &'a [Seen], name: &str) -> &'a Seen {
    let mut found = trace.iter().filter(|span| span.name == name);
    let first = found.next().unwrap_or_else(|| panic!("no {name} in {trace:?}"));
    assert!(found.next().is_none(), "{name} is there once: {trace:?}");
    first
}

#[tokio::test]
async fn one_message_is_one_trace_from_the_gateway_to_the_store() {
    let collector = Collector::start().await;
    let system = traced(&collector).await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    let secret = "what nobody but Bob may read";
    let seq = customer.says(secret).await;
    let trace = collector.has_trace_of(3).await;
    let (message, engine, store) =
        (only(&trace, "message"), only(&trace, "engine.request"), only(&trace, "store.append"));
    assert_eq!((message.parent.as_str(), &engine.parent, &store.parent), ("", &message.span, &engine.span));
    assert!(message.began <= engine.began && engine.began <= store.began, "{trace:?}");
    assert!(store.ended <= engine.ended && engine.ended <= message.ended, "{trace:?}");
    assert_eq!((message.service.as_str(), engine.service.as_str()), ("tandem-gateway", "tandem-engine"));
    let session = customer.ticket().session.to_string();
    for span in [message, engine] {
        assert_eq!(span.attributes["tandem.session"], session);
        assert_eq!(span.attributes["tandem.seq"], seq.0.to_string());
    }
    assert_eq!(store.attributes["tandem.batch_events"], "1");
    assert_eq!(engine.attributes["tandem.epoch"], "1");
    assert!(trace.iter().all(|span| span.failure.is_none()));
    assert!(!collector.texts().iter().any(|text| text.contains(secret) || text.contains("Ann")), "no text, no name");
    system.finish().await;
}

#[tokio::test]
async fn a_message_that_a_kill_delays_is_one_trace_that_shows_where_it_was_sent_again() {
    let collector = Collector::start().await;
    // On files a primary that is stopped while it writes is killed by its successor, and would not go on.
    let mut system = traced_on(&collector, Store::Postgres).await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    collector.has_trace_of(3).await;
    // It is asked for an answer that it cannot give any more.
    let hung = system.stop(Primary).await;
    let waiting = customer.writes("meanwhile");
    customer.is_saved(&waiting).await;
    let is_resent = |trace: &[Seen]| trace.iter().any(|span| span.events.iter().any(|event| event == "resent"));
    let trace = eventually("the delayed message is told whole", async || {
        let traces = collector.traces();
        traces.into_iter().find(|trace| is_resent(trace) && trace.len() == 3)
    })
    .await;
    let (message, engine, store) =
        (only(&trace, "message"), only(&trace, "engine.request"), only(&trace, "store.append"));
    assert_eq!((&engine.parent, &store.parent), (&message.span, &engine.span));
    assert_eq!(engine.attributes["tandem.epoch"], "2", "the successor answers, under the parent of the first sending");
    system.expect_log("deposed");
    system.cont(hung).await;
    system.is_complete().await;
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

/// Whoever watches is no part of what is watched.
#[tokio::test]
async fn a_collector_that_is_not_there_is_told_once_and_harms_nobody() {
    let gone = Collector::start().await;
    let endpoint = gone.endpoint();
    drop(gone);
    let builder = System::builder().setting("traces.endpoint", endpoint).setting("traces.sample", 1);
    let mut system = builder.watched().start().await;
    system.expect_log("traces are not taken");
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("hi").await;
    for watched in [tandem_tests::Watched::Gateway, tandem_tests::Watched::Engine(Primary)] {
        system.shows_that(watched, "tandem_trace_spans_lost_total", &[], |lost| lost >= 1.0).await;
    }
    customer.says("still there?").await;
    system.finish().await;
}
