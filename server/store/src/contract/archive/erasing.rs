//! Stories of what is to be forgotten.

use tandem_protocol::{
    ContactId, SessionId, Timestamp,
    archive::{Amendment, Erasure},
};

use super::story::{
    added, ana, at, closes, comes, email, learns, number, opened_by, pair, places, says, session, sought, taken_by, who,
};
use crate::{
    Archive, Directory, Filing, Reach, TakenChat, Unchanged,
    contract::directory::{
        Backend,
        story::{filing, later},
    },
};

async fn erasure(archive: &impl Archive, contact: ContactId) -> Option<(u64, u64)> {
    let erasure = archive.erase_contact(contact).await.expect("writes");
    erasure.map(|Erasure { chats, erased }| (chats, erased))
}

async fn due(archive: &impl Archive, closed_before: Option<Timestamp>) -> Vec<SessionId> {
    listed(archive, closed_before, None, 9).await
}

async fn listed(
    archive: &impl Archive,
    closed_before: Option<Timestamp>,
    after: Option<SessionId>,
    limit: u32,
) -> Vec<SessionId> {
    let listed = archive.to_erase(closed_before, after, limit).await.expect("reads");
    assert!(listed.iter().all(|(of, _)| *of == pair()), "each is erased by its pair");
    listed.into_iter().map(|(_, session)| session).collect()
}

/// Ana has had two chats, and somebody else one.
async fn two_chats(archive: &impl Archive) -> ContactId {
    for number in [1, 2] {
        let text = format!("unmistakable{number} words");
        let lessons = vec![opened_by(number, &[ana()]), comes(number, "Ana"), says(number, 4, &text), closes(number)];
        learns(archive, lessons).await;
    }
    learns(archive, vec![opened_by(3, &[email("ben@example.org")]), says(3, 4, "other words"), closes(3)]).await;
    who(archive, &ana()).await.expect("is known").contact
}

pub(crate) async fn an_erased_contact_is_gone_after_his_last_chat(backend: &impl Backend) {
    let archive = backend.open().await;
    let contact = two_chats(&archive).await;
    assert_eq!(due(&archive, None).await, []);
    for _ in 0..2 {
        assert_eq!(erasure(&archive, contact).await, Some((2, 0)));
        assert_eq!(due(&archive, None).await, [1, 2].map(session));
    }
    assert_eq!(listed(&archive, None, Some(session(1)), 9).await, [session(2)]);
    assert_eq!(listed(&archive, None, None, 1).await, [session(1)]);
    let known = number(&archive, contact).await.expect("goes on");
    assert!(known.erasing && known.name.is_empty() && known.identities.is_empty() && known.chats == 2);
    assert_eq!(archive.amend(contact, Amendment::default()).await.expect("writes"), Err(Unchanged::Unknown));
    for _ in 0..2 {
        archive.chat_erased(session(1)).await.expect("writes");
        assert_eq!(erasure(&archive, contact).await, Some((2, 1)));
    }
    archive.chat_erased(session(2)).await.expect("writes");
    assert_eq!(number(&archive, contact).await, None);
    assert_eq!(erasure(&archive, contact).await, Some((2, 2)), "a repeat is answered the same");
    assert_eq!(due(&archive, None).await, []);
    assert_eq!(erasure(&archive, ContactId(999)).await, None);
}

pub(crate) async fn a_chat_that_goes_on_is_erased_when_it_has_ended(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[ana()]), comes(1, "Ana")]).await;
    let contact = who(&archive, &ana()).await.expect("is known").contact;
    assert_eq!(erasure(&archive, contact).await, Some((1, 0)));
    assert_eq!(due(&archive, None).await, []);
    learns(&archive, vec![says(1, 4, "goes on"), closes(1)]).await;
    assert_eq!(due(&archive, None).await, [session(1)]);
    archive.chat_erased(session(1)).await.expect("writes");
    assert_eq!(number(&archive, contact).await, None);
}

pub(crate) async fn who_comes_after_an_erasure_is_somebody_new(backend: &impl Backend) {
    let archive = backend.open().await;
    let contact = two_chats(&archive).await;
    erasure(&archive, contact).await;
    learns(&archive, vec![opened_by(4, &[ana()]), comes(4, "Ana"), closes(4)]).await;
    let new = who(&archive, &ana()).await.expect("is known");
    assert!(new.contact != contact && new.chats == 1 && !new.erasing);
    assert_eq!(due(&archive, None).await, [1, 2].map(session), "what he says from now on is his");
    for number in [1, 2] {
        archive.chat_erased(session(number)).await.expect("writes");
    }
    learns(&archive, vec![opened_by(5, &[email("next@example.org")])]).await;
    let next = who(&archive, &email("next@example.org")).await.expect("is known");
    assert!(next.contact > new.contact, "no number is given out again");
}

pub(crate) async fn nothing_of_an_erased_chat_is_left(backend: &impl Backend) {
    let archive = backend.open().await;
    let ben = added(&archive, "ben").await.agent;
    let contact = two_chats(&archive).await;
    learns(&archive, vec![taken_by(1, ben, "Ben")]).await;
    archive.take_chat(TakenChat { session: session(1), agent: ben }).await.expect("writes");
    let remark = Some("a remark".into());
    archive.file_chat(Filing { remark, ..filing(1, ben, "solved", later(9)) }).await.expect("writes");
    archive.chat_erased(session(1)).await.expect("writes");
    let chat = archive.chat(session(1), Reach::All).await.expect("reads").expect("stood there");
    assert!(chat.erased && chat.subject.is_none() && chat.customer.is_empty());
    assert_eq!((chat.agents, chat.disposition.as_deref()), (vec![ben], Some("solved")));
    let earlier = archive.earlier(session(2), &[], 9).await.expect("reads");
    assert_eq!((earlier[0].subject.clone(), earlier[0].remark.clone()), (None, None));
    assert_eq!(places(&archive, sought("unmistakable1")).await, []);
    assert_eq!(places(&archive, sought("words")).await, [(3, 4), (2, 4)], "the others are left");
    assert_eq!(number(&archive, contact).await.expect("is not erased").chats, 2);
}

pub(crate) async fn a_remark_on_an_erased_chat_is_not_kept(backend: &impl Backend) {
    let archive = backend.open().await;
    let ben = added(&archive, "ben").await.agent;
    two_chats(&archive).await;
    archive.chat_erased(session(1)).await.expect("writes");
    let remark = Some("a remark".into());
    archive.file_chat(Filing { remark, ..filing(1, ben, "solved", later(9)) }).await.expect("writes");
    let earlier = archive.earlier(session(2), &[], 9).await.expect("reads");
    assert_eq!((earlier[0].disposition.as_deref(), earlier[0].remark.clone()), (Some("solved"), None));
}

pub(crate) async fn chats_that_ended_before_a_moment_are_listed(backend: &impl Backend) {
    let archive = backend.open().await;
    two_chats(&archive).await;
    learns(&archive, vec![opened_by(0, &[])]).await;
    assert_eq!(due(&archive, Some(at(2, 900))).await, [session(1)], "one that goes on is none of them");
    assert_eq!(due(&archive, Some(at(3, 900))).await, [1, 2].map(session));
    archive.chat_erased(session(1)).await.expect("writes");
    assert_eq!(due(&archive, Some(at(3, 900))).await, [session(2)]);
    assert!(who(&archive, &ana()).await.is_some_and(|known| known.chats == 2), "the contact stays");
}

pub(crate) async fn a_contact_without_chats_is_gone_at_once(backend: &impl Backend) {
    let archive = backend.open().await;
    let contact = two_chats(&archive).await;
    for number in [1, 2] {
        archive.chat_erased(session(number)).await.expect("writes");
    }
    assert_eq!(erasure(&archive, contact).await, Some((2, 2)));
    assert_eq!(number(&archive, contact).await, None);
    assert_eq!(who(&archive, &ana()).await, None);
}
