//! What every backend of the archive promises, as stories that run on each of them from one body.
//!
//! A backend's tests say `holds_archive_contract!(TheBackend)`; a story that is missing in the list below is unused
//! code and fails the lint.

pub(crate) mod contacts;
pub(crate) mod erasing;
pub(crate) mod learning;
pub(crate) mod merging;
pub(crate) mod searching;
pub(crate) mod story;

/// One test a story.
macro_rules! holds_archive_contract {
    ($backend:ty) => {
        $crate::contract::archive::holds_archive_contract! { $backend;
            learning: [
                the_log_is_read_on_from_where_it_was_read_to,
                a_part_that_was_read_is_not_taken_in_again,
                each_pair_has_a_place_of_its_own,
                a_chat_is_listed_with_all_that_is_known_of_it,
                who_reads_the_same_part_at_once_counts_it_once,
                a_log_that_was_copied_is_read_again_and_changes_nothing,
                what_was_erased_before_it_was_read_is_known_as_that,
            ],
            contacts: [
                a_customer_who_comes_again_is_the_same_contact,
                a_stranger_is_no_contact,
                the_strongest_identity_decides_and_the_others_are_similar,
                new_identities_are_added_up_to_a_bound,
                what_he_first_calls_himself_is_his_name_until_it_is_changed,
                a_contact_is_changed_as_asked_and_only_so,
                an_identity_of_another_is_refused,
                contacts_are_found_by_a_part_of_name_or_identity,
                an_agent_sees_the_contacts_whose_chats_he_took,
                a_contacts_chats_come_newest_first,
            ],
            merging: [
                one_contact_of_two_has_all_that_both_had,
                an_old_number_answers_as_the_whole,
                merging_twice_is_merging_once,
                what_would_be_too_much_is_not_merged,
                a_merged_contact_is_found_by_every_identity,
            ],
            searching: [
                all_words_must_be_in_one_message,
                the_last_word_may_be_a_beginning,
                accents_and_case_make_no_difference,
                the_newest_come_first_page_by_page,
                messages_of_one_millisecond_are_all_found_in_order,
                a_search_keeps_to_a_contact_and_a_time,
                notes_are_found_only_by_those_who_may_read_them,
                an_agent_finds_what_was_said_in_his_chats_and_to_his_customers,
                nothing_that_people_type_is_an_error,
                a_hit_shows_where_the_words_stand,
            ],
            erasing: [
                an_erased_contact_is_gone_after_his_last_chat,
                a_chat_that_goes_on_is_erased_when_it_has_ended,
                who_comes_after_an_erasure_is_somebody_new,
                nothing_of_an_erased_chat_is_left,
                a_remark_on_an_erased_chat_is_not_kept,
                chats_that_ended_before_a_moment_are_listed,
                a_contact_without_chats_is_gone_at_once,
            ],
        }
    };
    ($backend:ty; $($topic:ident: [$($story:ident),* $(,)?],)*) => { $($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $story() {
            let backend = <$backend as $crate::contract::directory::Backend>::fresh().await;
            $crate::contract::archive::$topic::$story(&backend).await;
        }
    )*)* };
}
pub(crate) use holds_archive_contract;
