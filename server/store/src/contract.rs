//! What every backend promises, as stories that run on each of them from one body.
//!
//! It exists so that SQLite and PostgreSQL cannot drift apart. A backend's tests say `holds_contract!(TheBackend)`; a
//! story that is missing in the list below is unused code and fails the lint.

pub(crate) mod appending;
pub(crate) mod archive;
pub(crate) mod checking;
pub(crate) mod directory;
pub(crate) mod erasing;
pub(crate) mod journal;
pub(crate) mod leasing;
pub(crate) mod reading;
pub(crate) mod sessions;
pub(crate) mod story;
pub(crate) mod transcripts;

use crate::{Store, Transcripts};

/// A database to run a story on.
pub(crate) trait Backend {
    /// What opens it.
    type Store: Store + 'static;

    /// What looks back at it.
    type Transcripts: Transcripts + 'static;

    /// A database that nobody has used.
    async fn fresh() -> Self;

    /// Opens the part of a pair, as another process would.
    async fn open(&self, pair: &str) -> Self::Store;

    /// Looks back at all pairs' parts, as another process would.
    async fn transcripts(&self) -> Self::Transcripts;
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
            erasing: [
                an_erased_session_says_nothing_and_its_chain_still_holds,
                an_erasure_may_be_repeated_and_of_an_unknown_session_there_is_nothing,
                a_session_that_is_open_is_not_erased,
                a_deposed_engine_erases_nothing,
                what_others_said_is_not_erased,
                saving_goes_on_while_a_long_session_is_erased,
                an_erasure_that_races_a_takeover_is_done_or_refused_and_can_be_repeated,
                an_erased_session_stays_erased_for_the_next_primary,
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
            transcripts: [
                before_anybody_has_written_there_is_nothing,
                an_event_is_read_back_with_all_that_is_stored_with_it,
                a_log_is_read_along_in_pages_of_any_size,
                who_reads_along_misses_nothing_while_others_write_and_take_over,
                a_chain_goes_on_across_takeovers_and_restarts,
                what_was_refused_leaves_no_trace_in_the_chain,
                events_that_are_alike_have_other_leaves,
                sessions_are_listed_by_their_ids_open_or_closed,
                each_pair_has_a_log_of_its_own,
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
