//! What every backend promises, as stories that run on each of them from one body.
//!
//! It exists so that SQLite and PostgreSQL cannot drift apart. A backend's tests say `holds_contract!(TheBackend)`; a
//! story that is missing in the list below is unused code and fails the lint.

pub(crate) mod appending;
pub(crate) mod directory;
pub(crate) mod leasing;
pub(crate) mod reading;
pub(crate) mod sessions;
pub(crate) mod story;

use crate::Store;

/// A database to run a story on.
pub(crate) trait Backend {
    /// What opens it.
    type Store: Store + 'static;

    /// A database that nobody has used.
    async fn fresh() -> Self;

    /// Opens the part of a pair, as another process would.
    async fn open(&self, pair: &str) -> Self::Store;
}

/// One test a story.
macro_rules! holds_contract {
    ($backend:ty) => {
        $crate::contract::holds_contract! { $backend;
            appending: [
                an_appended_event_reads_back_byte_for_byte,
                an_answered_append_is_seen_by_every_reader,
                a_call_that_leaves_a_gap_is_refused_whole,
                a_refused_call_does_not_spoil_those_that_wait_with_it,
                calls_that_wait_together_are_stored_in_their_order,
                many_callers_at_once_keep_their_own_order,
                nothing_follows_the_event_that_closes,
            ],
            leasing: [
                the_first_taker_holds_epoch_one,
                of_two_takers_that_saw_the_same_epoch_one_wins,
                a_holder_renews_and_releases,
                a_switchover_gives_the_lease_to_the_other_engine,
                a_deposed_engine_is_refused_everything,
                an_append_that_races_a_takeover_is_stored_or_refused,
                without_a_lease_nobody_writes,
            ],
            reading: [
                a_page_holds_as_many_events_as_asked,
                a_page_holds_no_more_bytes_than_asked_but_one_event,
                pages_of_a_long_session_join_to_the_whole,
                what_is_not_known_has_no_events,
                histories_come_in_the_order_asked,
                histories_go_on_after_the_events_named,
                a_backup_reads_beginnings_and_the_rest_in_an_epoch_of_its_own,
            ],
            sessions: [
                an_open_session_is_listed_until_it_is_closed,
                a_closed_session_can_still_be_read,
                a_new_primary_finds_every_session_and_goes_on,
                an_engine_that_restarts_finds_every_session_and_goes_on,
                pairs_in_one_database_do_not_touch_each_other,
            ],
        }
    };
    ($backend:ty; $($topic:ident: [$($story:ident),* $(,)?],)*) => { $($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $story() {
            let backend = <$backend as $crate::contract::Backend>::fresh().await;
            $crate::contract::$topic::$story(&backend).await;
        }
    )*)* };
}
pub(crate) use holds_contract;
