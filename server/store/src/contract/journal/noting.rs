//! Takeovers, acts and drills: each stands there once, and stays.

use std::sync::Arc;

use tandem_protocol::control::{Noted, TakeoverCause};

use super::{
    Backend,
    story::{act, drill, epochs, gap, later, notes, pair, session, takeover},
};
use crate::Journal;

pub(crate) async fn before_anything_has_happened_there_is_nothing(backend: &impl Backend) {
    let journal = backend.open();
    assert_eq!(epochs(&journal, None, 9).await, []);
    assert_eq!(journal.acts(None, 9).await.expect("reads"), []);
    assert_eq!(journal.drills(&pair("main"), None, 9).await.expect("reads"), []);
    assert_eq!(journal.restorations(session(1)).await.expect("reads"), []);
    notes(&journal, Vec::new()).await;
}

pub(crate) async fn what_is_noted_another_process_reads_as_it_was(backend: &impl Backend) {
    let (journal, other) = (backend.open(), backend.open());
    let (first, second) = (takeover(1), takeover(2));
    let noted = [Noted::Takeover(first.clone()), Noted::Takeover(second.clone()), Noted::Act(act(3))];
    notes(&journal, noted.into_iter().chain([Noted::Drill(drill(4))]).collect()).await;
    assert_eq!(other.takeovers(&pair("main"), None, 9).await.expect("reads"), [second, first]);
    assert_eq!(other.acts(None, 9).await.expect("reads"), [act(3)]);
    assert_eq!(other.drills(&pair("main"), None, 9).await.expect("reads"), [drill(4)]);
    drop((journal, other));
    assert_eq!(backend.open().acts(None, 9).await.expect("reads"), [act(3)], "everybody has gone in between");
}

pub(crate) async fn what_is_noted_twice_stands_there_once_as_it_was_first(backend: &impl Backend) {
    let journal = backend.open();
    let noted = || vec![Noted::Takeover(takeover(1)), Noted::Act(act(1)), Noted::Drill(drill(1))];
    notes(&journal, noted()).await;
    let (mut later_takeover, mut later_act, mut later_drill) = (takeover(1), act(1), drill(1));
    later_takeover.cause = TakeoverCause::Silent;
    later_act.outcome = "given up".into();
    later_drill.lost = 1;
    let changed = [Noted::Takeover(later_takeover), Noted::Act(later_act), Noted::Drill(later_drill)];
    notes(&journal, noted().into_iter().chain(changed).collect()).await;
    assert_eq!(journal.takeovers(&pair("main"), None, 9).await.expect("reads"), [takeover(1)]);
    assert_eq!(journal.acts(None, 9).await.expect("reads"), [act(1)]);
    assert_eq!(journal.drills(&pair("main"), None, 9).await.expect("reads"), [drill(1)]);
}

pub(crate) async fn what_is_newest_comes_first_and_older_ones_follow_a_page_at_a_time(backend: &impl Backend) {
    let journal = backend.open();
    for number in [2, 4, 1, 3] {
        let noted = [Noted::Takeover(takeover(number)), Noted::Act(act(number)), Noted::Drill(drill(number))];
        notes(&journal, noted.into()).await;
    }
    assert_eq!(epochs(&journal, None, 2).await, [(4, None), (3, None)]);
    assert_eq!(epochs(&journal, Some(3), 2).await, [(2, None), (1, None)]);
    assert_eq!(journal.acts(None, 2).await.expect("reads"), [act(4), act(3)]);
    assert_eq!(journal.acts(Some(later(3)), 9).await.expect("reads"), [act(2), act(1)]);
    assert_eq!(journal.drills(&pair("main"), None, 2).await.expect("reads"), [drill(4), drill(3)]);
    assert_eq!(journal.drills(&pair("main"), Some(later(2)), 9).await.expect("reads"), [drill(1)]);
}

pub(crate) async fn of_several_gaps_the_greatest_stays_and_one_may_come_before_its_takeover(backend: &impl Backend) {
    let journal = backend.open();
    notes(&journal, vec![gap(2, 80), gap(2, 120)]).await;
    assert_eq!(epochs(&journal, None, 9).await, []);
    notes(&journal, vec![Noted::Takeover(takeover(1)), Noted::Takeover(takeover(2))]).await;
    assert_eq!(epochs(&journal, None, 9).await, [(2, Some(120)), (1, None)]);
    notes(&journal, vec![gap(2, 100), gap(1, 0)]).await;
    assert_eq!(epochs(&journal, None, 9).await, [(2, Some(120)), (1, Some(0))]);
}

pub(crate) async fn each_pair_has_takeovers_and_drills_of_its_own(backend: &impl Backend) {
    let journal = backend.open();
    let (mut other_takeover, mut other_drill) = (takeover(1), drill(2));
    other_takeover.pair = pair("west");
    other_drill.pair = pair("west");
    notes(&journal, vec![Noted::Takeover(takeover(1)), Noted::Takeover(other_takeover.clone())]).await;
    notes(&journal, vec![Noted::Drill(drill(1)), Noted::Drill(other_drill.clone()), gap(1, 5)]).await;
    assert_eq!(epochs(&journal, None, 9).await, [(1, Some(5))]);
    assert_eq!(journal.takeovers(&pair("west"), None, 9).await.expect("reads"), [other_takeover]);
    assert_eq!(journal.drills(&pair("west"), None, 9).await.expect("reads"), [other_drill]);
    assert_eq!(journal.drills(&pair("main"), None, 9).await.expect("reads"), [drill(1)]);
}

pub(crate) async fn many_processes_that_note_at_once_lose_nothing(backend: &impl Backend) {
    let journals: Vec<_> = (0..3).map(|_| Arc::new(backend.open())).collect();
    let mut noting = tokio::task::JoinSet::new();
    for (process, journal) in (0..).zip(journals) {
        noting.spawn(async move {
            for number in 0..10 {
                let own = act(process * 10 + number);
                journal.note(vec![Noted::Act(own), gap(1, process * 10 + number)]).await.expect("writes");
            }
        });
    }
    noting.join_all().await;
    assert_eq!(backend.open().acts(None, 99).await.expect("reads").len(), 30);
    notes(&backend.open(), vec![Noted::Takeover(takeover(1))]).await;
    assert_eq!(epochs(&backend.open(), None, 9).await, [(1, Some(29))]);
}
