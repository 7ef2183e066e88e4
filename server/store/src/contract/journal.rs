//! What every backend of the journal promises, as stories that run on each of them from one body.
//!
//! A backend's tests say `holds_journal_contract!(TheBackend)`; a story that is missing in the list below is unused code
//! and fails the lint.

pub(crate) mod noting;
pub(crate) mod restoring;
pub(crate) mod story;

use crate::Journal;

/// A place for a journal to run a story on.
pub(crate) trait Backend {
    /// What opens it.
    type Journal: Journal + 'static;

    /// A place that nobody has used.
    async fn fresh() -> Self;

    /// Opens it, as another process would.
    fn open(&self) -> Self::Journal;
}

/// One test a story.
macro_rules! holds_journal_contract {
    ($backend:ty) => {
        $crate::contract::journal::holds_journal_contract! { $backend;
            noting: [
                before_anything_has_happened_there_is_nothing,
                what_is_noted_another_process_reads_as_it_was,
                what_is_noted_twice_stands_there_once_as_it_was_first,
                what_is_newest_comes_first_and_older_ones_follow_a_page_at_a_time,
                of_several_gaps_the_greatest_stays_and_one_may_come_before_its_takeover,
                each_pair_has_takeovers_and_drills_of_its_own,
                many_processes_that_note_at_once_lose_nothing,
            ],
            restoring: [
                what_was_done_to_a_session_is_told_oldest_first,
                of_a_session_that_was_restored_very_often_the_newest_are_told,
                what_is_old_is_forgotten_and_nothing_else,
            ],
        }
    };
    ($backend:ty; $($topic:ident: [$($story:ident),* $(,)?],)*) => { $($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $story() {
            let backend = <$backend as $crate::contract::journal::Backend>::fresh().await;
            $crate::contract::journal::$topic::$story(&backend).await;
        }
    )*)* };
}
pub(crate) use holds_journal_contract;
