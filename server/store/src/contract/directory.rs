//! What every backend of the directory promises, as stories that run on each of them from one body.
//!
//! A backend's tests say `holds_directory_contract!(TheBackend)`; a story that is missing in the list below is unused
//! code and fails the lint.

pub(crate) mod accounts;
pub(crate) mod chats;
pub(crate) mod logins;
pub(crate) mod replies;
pub(crate) mod sharing;
pub(crate) mod story;

use crate::{Archive, Directory};

/// A place for a directory to run a story on.
pub(crate) trait Backend {
    /// What opens it.
    type Directory: Directory + Archive + 'static;

    /// A place that nobody has used.
    async fn fresh() -> Self;

    /// Opens it, as another process would.
    async fn open(&self) -> Self::Directory;
}

/// One test a story.
macro_rules! holds_directory_contract {
    ($backend:ty) => {
        $crate::contract::directory::holds_directory_contract! { $backend;
            accounts: [
                an_account_reads_back_as_it_was_made,
                accounts_are_numbered_in_their_order,
                a_name_is_given_once,
                a_disabled_account_is_still_known_and_has_no_credentials,
                a_changed_password_is_the_only_one,
                a_name_that_nobody_has_is_not_found,
                what_was_chosen_last_is_kept,
            ],
            chats: [
                a_taken_chat_is_to_be_filed_until_it_is,
                a_chat_taken_twice_is_one_chat,
                a_chat_that_was_passed_on_need_not_be_filed,
                each_of_two_agents_files_a_chat_away,
                what_is_filed_again_replaces_what_was_filed,
                earlier_chats_come_newest_first_with_their_last_agent,
                who_takes_a_chat_anew_is_its_last_agent_again,
                who_took_a_chat_and_was_not_the_first_is_not_its_agent,
                a_chat_that_nobody_took_may_be_filed,
            ],
            logins: [
                a_login_is_good_until_it_ends,
                a_login_expires_to_the_millisecond,
                expired_logins_are_forgotten,
                the_same_token_again_changes_nothing,
                a_disabled_account_has_no_logins_then_or_later,
                a_changed_password_ends_the_logins_of_its_account_only,
            ],
            replies: [
                own_and_shared_replies_are_listed_by_shortcut,
                a_reply_is_changed_by_its_id,
                a_shortcut_means_one_reply_in_a_list,
                nobody_changes_or_deletes_the_reply_of_another,
                a_shared_reply_is_deleted_only_by_who_may,
                a_reply_goes_from_one_list_to_the_other,
            ],
            sharing: [
                the_secret_is_made_once_and_is_the_same_ever_after,
                each_life_has_a_greater_number_than_the_one_before,
                what_one_handle_writes_another_reads_at_once,
                the_version_tells_of_every_writer,
                everything_is_there_after_everyone_has_gone,
                writers_at_once_lose_nothing_and_give_no_number_twice,
                of_many_who_want_one_name_one_gets_it,
            ],
        }
    };
    ($backend:ty; $($topic:ident: [$($story:ident),* $(,)?],)*) => { $($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $story() {
            let backend = <$backend as $crate::contract::directory::Backend>::fresh().await;
            $crate::contract::directory::$topic::$story(&backend).await;
        }
    )*)* };
}
pub(crate) use holds_directory_contract;
