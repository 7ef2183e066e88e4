//! Stories of two contacts who are one person.

use std::collections::BTreeMap;

use tandem_protocol::{
    ContactId,
    archive::{ATTRIBUTES_MAX, Amendment, Contact},
};

use super::story::{ana, at, comes, customer, email, learns, number, opened_by, phone, who};
use crate::{Archive, Reach, Unchanged, contract::directory::Backend};

/// Ana by her address, and by the integrator's id; each is known to be like the other.
async fn two(archive: &impl Archive) -> (Contact, Contact) {
    learns(archive, vec![opened_by(1, &[ana()]), comes(1, "Ana"), opened_by(2, &[customer("17")])]).await;
    learns(archive, vec![opened_by(3, &[customer("17"), ana()])]).await;
    (who(archive, &customer("17")).await.expect("is known"), who(archive, &ana()).await.expect("is known"))
}

fn attributes(of: &[(&str, &str)]) -> Amendment {
    let attributes: BTreeMap<_, _> = of.iter().map(|(key, value)| ((*key).into(), Some((*value).into()))).collect();
    Amendment { attributes, ..Amendment::default() }
}

pub(crate) async fn one_contact_of_two_has_all_that_both_had(backend: &impl Backend) {
    let archive = backend.open().await;
    let (into, from) = two(&archive).await;
    archive.amend(into.contact, attributes(&[("tier", "gold")])).await.expect("writes").expect("is known");
    archive
        .amend(from.contact, attributes(&[("tier", "old"), ("city", "Bonn")]))
        .await
        .expect("writes")
        .expect("is known");
    let whole = archive.merge(into.contact, from.contact).await.expect("writes").expect("are known");
    let expected = Contact {
        contact: into.contact,
        name: "Ana".into(),
        identities: vec![customer("17"), ana()],
        attributes: BTreeMap::from([("city".into(), "Bonn".into()), ("tier".into(), "gold".into())]),
        since_ms: at(1, 1),
        chats: 3,
        similar: Vec::new(),
        erasing: false,
    };
    assert_eq!(whole, expected);
    assert_eq!(number(&archive, into.contact).await, Some(expected));
    assert_eq!(archive.chats(into.contact, None, 9).await.expect("reads").len(), 3);
    assert_eq!(archive.contacts("", Reach::All, 9).await.expect("reads").len(), 1);
}

pub(crate) async fn an_old_number_answers_as_the_whole(backend: &impl Backend) {
    let archive = backend.open().await;
    let (into, from) = two(&archive).await;
    learns(&archive, vec![opened_by(4, &[phone("12345")])]).await;
    let third = who(&archive, &phone("12345")).await.expect("is known");
    archive.merge(into.contact, from.contact).await.expect("writes").expect("are known");
    archive.merge(third.contact, from.contact).await.expect("writes").expect("are known");
    for old in [into.contact, from.contact, third.contact] {
        let known = number(&archive, old).await.expect("is known");
        assert_eq!((known.contact, known.chats), (third.contact, 4));
        assert_eq!(archive.chats(old, None, 9).await.expect("reads").len(), 4);
        let amended = archive.amend(old, attributes(&[("by", "number")])).await.expect("writes").expect("is known");
        assert_eq!(amended.contact, third.contact);
    }
}

pub(crate) async fn merging_twice_is_merging_once(backend: &impl Backend) {
    let archive = backend.open().await;
    let (into, from) = two(&archive).await;
    let first = archive.merge(into.contact, from.contact).await.expect("writes").expect("are known");
    let again = archive.merge(into.contact, from.contact).await.expect("writes").expect("are known");
    assert_eq!(again, first);
    let other_way = archive.merge(from.contact, into.contact).await.expect("writes").expect("are known");
    assert_eq!(other_way, first);
    let unknown = archive.merge(into.contact, ContactId(999)).await.expect("writes");
    assert_eq!(unknown, Err(Unchanged::Unknown));
}

pub(crate) async fn what_would_be_too_much_is_not_merged(backend: &impl Backend) {
    let archive = backend.open().await;
    let (into, from) = two(&archive).await;
    for (contact, letter) in [(into.contact, 'a'), (from.contact, 'b')] {
        let keys: Vec<String> = (0..ATTRIBUTES_MAX).map(|at| format!("{letter}{at}")).collect();
        let many: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "")).collect();
        archive.amend(contact, attributes(&many)).await.expect("writes").expect("is known");
    }
    let refused = archive.merge(into.contact, from.contact).await.expect("writes");
    assert_eq!(refused, Err(Unchanged::Attributes));
    assert_eq!(number(&archive, from.contact).await.expect("is as he was").chats, 1);
}

pub(crate) async fn a_merged_contact_is_found_by_every_identity(backend: &impl Backend) {
    let archive = backend.open().await;
    let (into, from) = two(&archive).await;
    archive.merge(into.contact, from.contact).await.expect("writes").expect("are known");
    learns(&archive, vec![opened_by(5, &[ana()]), opened_by(6, &[customer("17"), email("new@example.org")])]).await;
    for identity in [ana(), customer("17"), email("new@example.org")] {
        let known = who(&archive, &identity).await.expect("is known");
        assert_eq!((known.contact, known.chats), (into.contact, 5));
    }
}
