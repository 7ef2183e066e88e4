//! Restorations, which are many and are forgotten after a while.

use tandem_protocol::control::{Noted, RestoredHow};

use super::{
    Backend,
    story::{act, drill, epochs, later, notes, pair, restoration, restored, session, takeover},
};
use crate::{
    Journal,
    journal::{FORGOTTEN_MAX, RESTORATIONS_TOLD_MAX},
};

pub(crate) async fn what_was_done_to_a_session_is_told_oldest_first(backend: &impl Backend) {
    let journal = backend.open();
    let (mut prepared, asked) = (restoration(1, 2, 5), restoration(1, 3, 9));
    prepared.how = RestoredHow::Prepared;
    notes(&journal, vec![Noted::Restorations(vec![asked.clone(), restoration(2, 3, 9)])]).await;
    // Once more, as by whoever does not know whether he has said it.
    notes(&journal, vec![Noted::Restorations(vec![prepared.clone(), asked.clone()])]).await;
    assert_eq!(journal.restorations(session(1)).await.expect("reads"), [prepared, asked]);
}

pub(crate) async fn of_a_session_that_was_restored_very_often_the_newest_are_told(backend: &impl Backend) {
    let journal = backend.open();
    let often = u64::from(RESTORATIONS_TOLD_MAX) + 5;
    notes(&journal, vec![Noted::Restorations((1..=often).map(|ms| restoration(1, ms, ms)).collect())]).await;
    assert_eq!(restored(&journal, session(1)).await, (6..=often).collect::<Vec<_>>());
}

pub(crate) async fn what_is_old_is_forgotten_and_nothing_else(backend: &impl Backend) {
    let journal = backend.open();
    let many = u16::try_from(FORGOTTEN_MAX).expect("is small") + 7;
    let old = (0..many).map(|number| restoration(number, 2, 10));
    let new = (0..3).map(|number| restoration(number, 3, 11));
    notes(&journal, vec![Noted::Restorations(old.chain(new).collect())]).await;
    notes(&journal, vec![Noted::Takeover(takeover(1)), Noted::Act(act(1)), Noted::Drill(drill(1))]).await;
    assert_eq!(journal.forget_restorations(later(11)).await.expect("writes"), u64::from(many));
    assert_eq!(restored(&journal, session(1)).await, [11]);
    assert!(restored(&journal, session(many - 1)).await.is_empty());
    assert_eq!(epochs(&journal, None, 9).await, [(1, None)]);
    assert_eq!(journal.acts(None, 9).await.expect("reads"), [act(1)]);
    assert_eq!(journal.drills(&pair("main"), None, 9).await.expect("reads"), [drill(1)]);
}
