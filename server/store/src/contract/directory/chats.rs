//! Stories of chats: who has to file one away, and what is known of it when the customer comes again.

use tandem_protocol::{AgentId, desk::EarlierChat};

use super::{
    Backend,
    story::{added, chat, filing, later, session},
};
use crate::{
    Directory, Filing,
    archive::Archive,
    contract::archive::story::{ana, learns, opened_by},
};

/// Ana's nth chat as an agent sees it later.
fn earlier(number: u16, agent: &str, disposition: Option<&str>) -> EarlierChat {
    EarlierChat {
        session: session(number),
        opened_at_ms: later(u64::from(number) * 1_000),
        subject: Some(format!("subject {number}")),
        agent: Some(agent.to_owned()),
        disposition: disposition.map(str::to_owned),
        remark: None,
    }
}

/// Ana's chats as seen from a session that is none of them.
async fn all_of_ana(archive: &impl Archive) -> Vec<EarlierChat> {
    archive.earlier(session(999), &[ana()], 100).await.expect("reads")
}

/// The archive has read these chats of Ana's.
async fn are_known(archive: &impl Archive, numbers: &[u16]) {
    learns(archive, numbers.iter().map(|number| opened_by(*number, &[ana()])).collect()).await;
}

async fn unfiled(directory: &impl Directory) -> Vec<(u128, AgentId)> {
    let mut unfiled = directory.unfiled().await.expect("reads");
    unfiled.sort();
    unfiled.into_iter().map(|(chat, agent)| (chat.0.as_u128() - session(0).0.as_u128(), agent)).collect()
}

pub(crate) async fn a_taken_chat_is_to_be_filed_until_it_is(backend: &impl Backend) {
    let directory = backend.open().await;
    let ann = added(&directory, "ann").await.agent;
    are_known(&directory, &[1, 2]).await;
    assert_eq!(unfiled(&directory).await, []);
    directory.take_chat(chat(1, ann)).await.expect("writes");
    directory.take_chat(chat(2, ann)).await.expect("writes");
    assert_eq!(unfiled(&directory).await, [(1, ann), (2, ann)]);
    assert_eq!(all_of_ana(&directory).await, [earlier(2, "ANN", None), earlier(1, "ANN", None)]);
    let filed = Filing { remark: Some("will call".into()), ..filing(1, ann, "solved", later(9)) };
    for _ in 0..2 {
        directory.file_chat(filed.clone()).await.expect("writes");
        assert_eq!(unfiled(&directory).await, [(2, ann)]);
    }
    let first = EarlierChat { remark: Some("will call".into()), ..earlier(1, "ANN", Some("solved")) };
    assert_eq!(all_of_ana(&directory).await, [earlier(2, "ANN", None), first]);
}

pub(crate) async fn a_chat_taken_twice_is_one_chat(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    are_known(&directory, &[1]).await;
    directory.take_chat(chat(1, ann)).await.expect("writes");
    directory.take_chat(chat(1, ben)).await.expect("writes");
    directory.take_chat(chat(1, ann)).await.expect("writes");
    assert_eq!(unfiled(&directory).await, [(1, ann), (1, ben)]);
    assert_eq!(all_of_ana(&directory).await, [earlier(1, "BEN", None)], "a repeat is no new taking");
}

pub(crate) async fn a_chat_that_was_passed_on_need_not_be_filed(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    directory.take_chat(chat(1, ann)).await.expect("writes");
    for _ in 0..2 {
        directory.release_chat(session(1), ann).await.expect("writes");
        assert_eq!(unfiled(&directory).await, []);
    }
    directory.release_chat(session(7), ben).await.expect("is no error");
    directory.take_chat(chat(1, ben)).await.expect("writes");
    assert_eq!(unfiled(&directory).await, [(1, ben)]);
}

pub(crate) async fn each_of_two_agents_files_a_chat_away(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    are_known(&directory, &[1]).await;
    directory.take_chat(chat(1, ann)).await.expect("writes");
    directory.take_chat(chat(1, ben)).await.expect("writes");
    directory.file_chat(filing(1, ben, "solved", later(10))).await.expect("writes");
    assert_eq!(unfiled(&directory).await, [(1, ann)]);
    directory.file_chat(filing(1, ann, "follow-up", later(20))).await.expect("writes");
    assert_eq!(unfiled(&directory).await, []);
    assert_eq!(all_of_ana(&directory).await, [earlier(1, "BEN", Some("follow-up"))]);
}

pub(crate) async fn what_is_filed_again_replaces_what_was_filed(backend: &impl Backend) {
    let directory = backend.open().await;
    let ann = added(&directory, "ann").await.agent;
    are_known(&directory, &[1]).await;
    directory.take_chat(chat(1, ann)).await.expect("writes");
    let first = Filing { remark: Some("a slip".into()), ..filing(1, ann, "spam", later(10)) };
    directory.file_chat(first).await.expect("writes");
    directory.file_chat(filing(1, ann, "solved", later(20))).await.expect("writes");
    assert_eq!(all_of_ana(&directory).await, [earlier(1, "ANN", Some("solved"))]);
}

pub(crate) async fn earlier_chats_come_newest_first_with_their_last_agent(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    // Taken in another order than opened.
    for number in [3, 1, 4, 2] {
        directory.take_chat(chat(number, ann)).await.expect("writes");
    }
    directory.take_chat(chat(2, ben)).await.expect("writes");
    directory.take_chat(chat(5, ann)).await.expect("writes");
    are_known(&directory, &[1, 2, 3, 4]).await;
    learns(&directory, vec![opened_by(5, &[]), opened_by(6, &[ana()])]).await;
    let untaken = EarlierChat { agent: None, ..earlier(6, "", None) };
    let expected = [untaken, earlier(4, "ANN", None), earlier(2, "BEN", None), earlier(1, "ANN", None)];
    let of = async |session, limit| directory.earlier(session, &[], limit).await.expect("reads");
    assert_eq!(of(session(3), 100).await, expected);
    assert_eq!(of(session(3), 2).await, expected[..2]);
    assert_eq!(of(session(3), 0).await, []);
    assert_eq!(of(session(5), 9).await, [], "a stranger");
    assert_eq!(of(session(99), 9).await, [], "not known");
}

pub(crate) async fn who_takes_a_chat_anew_is_its_last_agent_again(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    are_known(&directory, &[1]).await;
    directory.take_chat(chat(1, ann)).await.expect("writes");
    directory.release_chat(session(1), ann).await.expect("writes");
    directory.take_chat(chat(1, ben)).await.expect("writes");
    directory.release_chat(session(1), ben).await.expect("writes");
    assert_eq!(all_of_ana(&directory).await, [earlier(1, "BEN", None)]);
    directory.take_chat(chat(1, ann)).await.expect("writes");
    assert_eq!(all_of_ana(&directory).await, [earlier(1, "ANN", None)]);
    assert_eq!(unfiled(&directory).await, [(1, ann)]);
}

pub(crate) async fn who_took_a_chat_and_was_not_the_first_is_not_its_agent(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    are_known(&directory, &[1]).await;
    // Both are noted before it is decided; the one who did not get it is taken back.
    directory.take_chat(chat(1, ann)).await.expect("writes");
    directory.take_chat(chat(1, ben)).await.expect("writes");
    directory.release_chat(session(1), ben).await.expect("writes");
    assert_eq!(all_of_ana(&directory).await, [earlier(1, "ANN", None)]);
    directory.file_chat(filing(1, ann, "solved", later(10))).await.expect("writes");
    assert_eq!(all_of_ana(&directory).await, [earlier(1, "ANN", Some("solved"))]);
}

pub(crate) async fn a_chat_that_nobody_took_may_be_filed(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    are_known(&directory, &[1]).await;
    directory.file_chat(filing(1, ann, "spam", later(10))).await.expect("writes");
    assert_eq!(unfiled(&directory).await, []);
    directory.take_chat(chat(1, ben)).await.expect("writes");
    assert_eq!(all_of_ana(&directory).await, [earlier(1, "BEN", Some("spam"))]);
}
