//! Stories of how the log is read.

use tandem_protocol::{PairName, archive::PastChat};

use super::story::{
    added, ana, at, closes, comes, erased, learns, opened_by, pair, part, says, session, taken_by, who,
};
use crate::{
    Archive, Batch, Directory, LogPlace, Reach, TakenChat,
    contract::{
        archive::story::{places, sought},
        directory::{
            Backend,
            story::{filing, later},
        },
        story::all,
    },
};

pub(crate) async fn the_log_is_read_on_from_where_it_was_read_to(backend: &impl Backend) {
    let archive = backend.open().await;
    assert_eq!(archive.place(&pair()).await.expect("reads"), LogPlace::default());
    learns(&archive, vec![opened_by(1, &[ana()])]).await;
    assert_eq!(archive.place(&pair()).await.expect("reads"), LogPlace(7));
    drop(archive);
    let archive = backend.open().await;
    assert_eq!(archive.place(&pair()).await.expect("reads"), LogPlace(7));
    learns(&archive, vec![]).await;
    assert_eq!(archive.place(&pair()).await.expect("reads"), LogPlace(14), "a part that teaches nothing is read too");
}

pub(crate) async fn a_part_that_was_read_is_not_taken_in_again(backend: &impl Backend) {
    let (archive, other) = (backend.open().await, backend.open().await);
    let first = part(&archive, vec![opened_by(1, &[ana()]), says(1, 3, "hello")]).await;
    assert!(archive.learn(first.clone()).await.expect("writes"));
    assert!(!other.learn(first.clone()).await.expect("writes"));
    let gap = Batch { after: LogPlace(8), ..first };
    assert!(!other.learn(gap).await.expect("writes"));
    assert_eq!(archive.place(&pair()).await.expect("reads"), LogPlace(7));
    assert_eq!(who(&archive, &ana()).await.expect("is known").chats, 1);
    assert_eq!(places(&archive, sought("hello")).await, [(1, 3)]);
}

pub(crate) async fn each_pair_has_a_place_of_its_own(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[ana()])]).await;
    let other = PairName::new("other").expect("is a name");
    assert_eq!(archive.place(&other).await.expect("reads"), LogPlace::default());
    let lessons = vec![opened_by(2, &[ana()])];
    let first = Batch { pair: other, after: LogPlace::default(), through: LogPlace(1), lessons };
    assert!(archive.learn(first).await.expect("writes"));
    assert_eq!(who(&archive, &ana()).await.expect("is known").chats, 2);
}

pub(crate) async fn a_chat_is_listed_with_all_that_is_known_of_it(backend: &impl Backend) {
    let archive = backend.open().await;
    let [ann, ben] = [added(&archive, "ann").await.agent, added(&archive, "ben").await.agent];
    assert_eq!(archive.chat(session(1), Reach::All).await.expect("reads"), None);
    learns(&archive, vec![opened_by(1, &[ana()]), comes(1, "Ana"), taken_by(1, ben, "Ben")]).await;
    let mut expected = PastChat {
        session: session(1),
        opened_at_ms: at(1, 1),
        closed_at_ms: None,
        subject: Some("subject 1".into()),
        customer: "Ana".into(),
        contact: Some(who(&archive, &ana()).await.expect("is known").contact),
        agents: vec![ben],
        disposition: None,
        erased: false,
    };
    assert_eq!(archive.chat(session(1), Reach::All).await.expect("reads").as_ref(), Some(&expected));
    let mut second = taken_by(1, ann, "Ann");
    if let crate::Fact::Joined { participant, .. } = &mut second.fact {
        *participant = participant.next();
    }
    // Who joins again, unseen or seen by more, has still taken it once.
    let again = taken_by(1, ben, "Ben");
    learns(&archive, vec![second, again, closes(1)]).await;
    archive.take_chat(TakenChat { session: session(1), agent: ann }).await.expect("writes");
    archive.file_chat(filing(1, ann, "solved", later(9))).await.expect("writes");
    expected.agents = vec![ben, ann];
    expected.closed_at_ms = Some(at(1, 900));
    expected.disposition = Some("solved".into());
    assert_eq!(archive.chat(session(1), Reach::All).await.expect("reads"), Some(expected));
}

pub(crate) async fn who_reads_the_same_part_at_once_counts_it_once(backend: &impl Backend) {
    let handles = [backend.open().await, backend.open().await];
    for round in 0..10 {
        let batch = part(&handles[0], vec![opened_by(round, &[ana()])]).await;
        let took = all((0..2).map(|at| handles[at].learn(batch.clone())).collect()).await;
        let took = took.into_iter().filter(|took| *took.as_ref().expect("writes")).count();
        assert_eq!(took, 1, "round {round}");
    }
    assert_eq!(who(&handles[0], &ana()).await.expect("is known").chats, 10);
}

pub(crate) async fn a_log_that_was_copied_is_read_again_and_changes_nothing(backend: &impl Backend) {
    let archive = backend.open().await;
    let lessons = || vec![opened_by(1, &[ana()]), comes(1, "Ana"), says(1, 3, "hello"), closes(1)];
    learns(&archive, lessons()).await;
    let before = who(&archive, &ana()).await;
    let copied = PairName::new("copied").expect("is a name");
    let again = Batch { pair: copied, after: LogPlace::default(), through: LogPlace(4), lessons: lessons() };
    assert!(archive.learn(again).await.expect("writes"));
    assert_eq!(who(&archive, &ana()).await, before);
    assert_eq!(places(&archive, sought("hello")).await, [(1, 3)]);
}

pub(crate) async fn what_was_erased_before_it_was_read_is_known_as_that(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![erased(1, 1), comes(1, "Ana"), erased(1, 3), says(1, 4, "left over"), closes(1)]).await;
    let chat = archive.chat(session(1), Reach::All).await.expect("reads").expect("is known");
    assert!(chat.erased && chat.customer.is_empty() && chat.closed_at_ms == Some(at(1, 900)));
    assert_eq!(places(&archive, sought("left")).await, []);
}
