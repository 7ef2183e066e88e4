//! Whatever is done to a store behind Tandem's back is found.

use super::{
    Backend,
    story::{closing, message, messages, session, take_over},
};
use crate::{
    Breach, Store,
    check::{Checked, Finding, Inspect, check},
};

/// A backend on which somebody can be at work behind Tandem's back.
pub(crate) trait Altered: Backend {
    /// What is checked.
    type Source: Inspect;

    /// Adds an event behind the last one of every session.
    const FORGE: &str;

    async fn source(&self) -> Self::Source;

    /// Runs a statement of somebody who may do everything.
    async fn alter(&self, sql: &str);
}

/// One test a story.
macro_rules! holds_checking_contract {
    ($backend:ty) => {
        $crate::contract::checking::holds_checking_contract! { $backend;
            a_sound_store_has_no_findings,
            an_altered_body_is_found,
            an_altered_moment_is_found,
            a_link_that_was_made_up_is_found,
            a_missing_event_is_found,
            an_added_event_is_found,
            events_without_a_lease_are_found,
            what_was_erased_is_sound,
        }
    };
    ($backend:ty; $($story:ident),* $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $story() {
            let backend = <$backend as $crate::contract::Backend>::fresh().await;
            $crate::contract::checking::$story(&backend).await;
        }
    )* };
}
pub(crate) use holds_checking_contract;

/// Two sessions of 300 events, one of which is over, and one of another pair.
async fn fill(backend: &impl Altered) {
    let (main, other) = (backend.open("main").await, backend.open("other").await);
    let (epoch, other_epoch) = (take_over(&main).await, take_over(&other).await);
    for seq in 1..=300 {
        let second = if seq == 300 { closing(session(2), seq) } else { message(session(2), seq) };
        main.append(epoch, vec![message(session(1), seq), second]).await.expect("writes");
    }
    other.append(other_epoch, messages(session(3), 1, 3)).await.expect("writes");
}

async fn checked(backend: &impl Altered) -> Checked {
    let mut told = Vec::new();
    let checked = check(&mut backend.source().await, &mut |rows| told.push(rows)).await;
    assert!(told.is_sorted(), "{told:?}");
    checked
}

/// What was found in transcripts, as session and event, after the alteration.
async fn found(backend: &impl Altered, sql: &str) -> Vec<(String, u64, Breach)> {
    fill(backend).await;
    backend.alter(sql).await;
    let findings = checked(backend).await.findings;
    let mut found: Vec<_> = findings
        .into_iter()
        .filter_map(|finding| match finding {
            Finding::Transcript { session, broken, .. } => Some((session.to_string(), broken.seq.0, broken.why)),
            _ => None,
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

pub(crate) async fn a_sound_store_has_no_findings(backend: &impl Altered) {
    fill(backend).await;
    let checked = checked(backend).await;
    assert_eq!(checked.findings, []);
    assert_eq!((checked.events, checked.transcripts, checked.unchained), (603, 3, 0));
}

pub(crate) async fn an_altered_body_is_found(backend: &impl Altered) {
    let sql = "UPDATE events SET body = replace(body, 'message 7 ', 'massage 7 ') WHERE seq = 7";
    let expected = [1, 2].map(|number| (session(number).to_string(), 7, Breach::Altered));
    assert_eq!(found(backend, sql).await, expected);
}

pub(crate) async fn an_altered_moment_is_found(backend: &impl Altered) {
    let sql = "UPDATE events SET at = at + 1 WHERE pair = 'other' AND seq = 3";
    assert_eq!(found(backend, sql).await, [(session(3).to_string(), 3, Breach::Altered)]);
}

pub(crate) async fn a_link_that_was_made_up_is_found(backend: &impl Altered) {
    let sql = "UPDATE events SET link = proof WHERE pair = 'other' AND seq = 2";
    fill(backend).await;
    backend.alter(sql).await;
    let findings = checked(backend).await.findings;
    assert!(matches!(&findings[0], Finding::Row { table: "events", .. }), "{findings:?}");
    assert!(matches!(&findings[1], Finding::Transcript { broken, .. } if broken.seq.0 == 2), "{findings:?}");
}

pub(crate) async fn a_missing_event_is_found(backend: &impl Altered) {
    let sql = "DELETE FROM events WHERE pair = 'other' AND seq = 2";
    assert_eq!(found(backend, sql).await, [(session(3).to_string(), 2, Breach::Missing)]);
}

pub(crate) async fn an_added_event_is_found<B: Altered>(backend: &B) {
    let expected = [
        (session(1).to_string(), 301, Breach::Unchained),
        (session(2).to_string(), 301, Breach::BehindTheEnd),
        (session(3).to_string(), 4, Breach::Unchained),
    ];
    assert_eq!(found(backend, B::FORGE).await, expected);
}

pub(crate) async fn events_without_a_lease_are_found(backend: &impl Altered) {
    fill(backend).await;
    backend.alter("DELETE FROM leases WHERE pair = 'other'").await;
    let findings = checked(backend).await.findings;
    assert!(findings.contains(&Finding::Stray(3)), "{findings:?}");
}

pub(crate) async fn what_was_erased_is_sound(backend: &impl Altered) {
    fill(backend).await;
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    store.erase(epoch, session(2)).await.expect("is over");
    let checked = checked(backend).await;
    assert_eq!((checked.findings, checked.events), (Vec::new(), 603));
}
