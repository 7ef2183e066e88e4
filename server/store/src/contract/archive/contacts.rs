//! Stories of contacts: who is whom, and what is known of him.

use std::collections::BTreeMap;

use tandem_protocol::{
    AgentId, ContactId,
    archive::{Amendment, Contact, IDENTITIES_MAX, Identity},
};

use super::story::{ana, at, comes, customer, email, learns, number, opened_by, phone, session, taken_by, who};
use crate::{Archive, Reach, Unchanged, contract::directory::Backend};

fn named(name: &str) -> Amendment {
    Amendment { name: Some(name.into()), ..Amendment::default() }
}

fn known_by(identities: &[Identity]) -> Amendment {
    Amendment { identities: Some(identities.to_vec()), ..Amendment::default() }
}

pub(crate) async fn a_customer_who_comes_again_is_the_same_contact(backend: &impl Backend) {
    let archive = backend.open().await;
    assert_eq!(who(&archive, &ana()).await, None);
    learns(&archive, vec![opened_by(1, &[ana()]), comes(1, "Ana")]).await;
    let first = who(&archive, &ana()).await.expect("is known");
    let expected = Contact {
        contact: first.contact,
        name: "Ana".into(),
        identities: vec![ana()],
        attributes: BTreeMap::new(),
        since_ms: at(1, 1),
        chats: 1,
        similar: Vec::new(),
        erasing: false,
    };
    assert_eq!(first, expected);
    learns(&archive, vec![opened_by(2, &[ana()]), opened_by(3, &[email("ben@example.org")])]).await;
    assert_eq!(who(&archive, &ana()).await, Some(Contact { chats: 2, ..expected }));
    assert_eq!(
        archive.chat(session(2), Reach::All).await.expect("reads").expect("is known").contact,
        Some(first.contact)
    );
    assert_ne!(who(&archive, &email("ben@example.org")).await.expect("is known").contact, first.contact);
}

pub(crate) async fn a_stranger_is_no_contact(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[]), comes(1, "Nobody"), opened_by(2, &[])]).await;
    assert_eq!(archive.chat(session(1), Reach::All).await.expect("reads").expect("is known").contact, None);
    assert_eq!(archive.contacts("", Reach::All, 9).await.expect("reads"), []);
}

pub(crate) async fn the_strongest_identity_decides_and_the_others_are_similar(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[customer("17")]), opened_by(2, &[ana()])]).await;
    let [seventeen, ana_] =
        [who(&archive, &customer("17")).await.expect("is known"), who(&archive, &ana()).await.expect("is known")];
    assert_ne!(seventeen.contact, ana_.contact);
    learns(&archive, vec![opened_by(3, &[customer("17"), ana(), phone("12345")])]).await;
    let seventeen = number(&archive, seventeen.contact).await.expect("is known");
    assert_eq!((seventeen.chats, seventeen.similar.as_slice()), (2, &[ana_.contact][..]));
    assert_eq!(seventeen.identities, [customer("17"), phone("12345")], "what was nobody's is his");
    let ana_ = number(&archive, ana_.contact).await.expect("is known");
    assert_eq!((ana_.chats, ana_.similar.as_slice()), (1, &[seventeen.contact][..]), "nobody is merged by himself");
}

pub(crate) async fn new_identities_are_added_up_to_a_bound(backend: &impl Backend) {
    let archive = backend.open().await;
    let lessons = (0..40).map(|at| opened_by(at, &[ana(), phone(&format!("{}", 10_000 + at))])).collect();
    learns(&archive, lessons).await;
    let known = who(&archive, &ana()).await.expect("is known");
    assert_eq!((known.chats, known.identities.len()), (40, IDENTITIES_MAX));
    assert_eq!(who(&archive, &phone("10039")).await, None, "it stays nobody's");
}

pub(crate) async fn what_he_first_calls_himself_is_his_name_until_it_is_changed(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[ana()]), comes(1, "Ana"), opened_by(2, &[ana()]), comes(2, "A.")]).await;
    let known = who(&archive, &ana()).await.expect("is known");
    assert_eq!(known.name, "Ana");
    archive.amend(known.contact, named("Ana Lopez")).await.expect("writes").expect("is known");
    learns(&archive, vec![opened_by(3, &[ana()]), comes(3, "Anna")]).await;
    assert_eq!(who(&archive, &ana()).await.expect("is known").name, "Ana Lopez");
    assert_eq!(archive.chat(session(2), Reach::All).await.expect("reads").expect("is known").customer, "A.");
}

pub(crate) async fn a_contact_is_changed_as_asked_and_only_so(backend: &impl Backend) {
    let archive = backend.open().await;
    learns(&archive, vec![opened_by(1, &[ana()]), comes(1, "Ana")]).await;
    let before = who(&archive, &ana()).await.expect("is known");
    let attributes: BTreeMap<_, _> = [("tier", Some("gold")), ("note", Some("likes \"quotes\" & ünïcode"))]
        .map(|(key, value)| (key.into(), value.map(Into::into)))
        .into();
    let change = Amendment { attributes, ..Amendment::default() };
    for _ in 0..2 {
        let after = archive.amend(before.contact, change.clone()).await.expect("writes").expect("is known");
        assert_eq!((after.name.as_str(), after.attributes["tier"].as_str(), after.chats), ("Ana", "gold", 1));
        assert_eq!(number(&archive, before.contact).await, Some(after));
    }
    let change =
        Amendment { attributes: BTreeMap::from([("tier".into(), None)]), ..known_by(&[phone("12345"), ana()]) };
    let after = archive.amend(before.contact, change).await.expect("writes").expect("is known");
    assert_eq!(after.attributes.len(), 1);
    assert_eq!(after.identities, [ana(), phone("12345")]);
    archive.amend(before.contact, known_by(&[phone("12345")])).await.expect("writes").expect("is known");
    assert_eq!(who(&archive, &ana()).await, None);
    assert_eq!(who(&archive, &phone("12345")).await.map(|known| known.contact), Some(before.contact));
    let unknown = archive.amend(ContactId(999), named("x")).await.expect("writes");
    assert_eq!(unknown, Err(Unchanged::Unknown));
}

pub(crate) async fn an_identity_of_another_is_refused(backend: &impl Backend) {
    let archive = backend.open().await;
    let ben = email("ben@example.org");
    learns(&archive, vec![opened_by(1, &[ana()]), opened_by(2, std::slice::from_ref(&ben))]).await;
    let known = who(&archive, &ana()).await.expect("is known");
    let refused = archive.amend(known.contact, known_by(&[ana(), ben.clone()])).await.expect("writes");
    assert_eq!(refused, Err(Unchanged::Taken));
    assert_eq!(who(&archive, &ana()).await, Some(known));
}

pub(crate) async fn contacts_are_found_by_a_part_of_name_or_identity(backend: &impl Backend) {
    let archive = backend.open().await;
    let zoe = email("zoe@example.org");
    learns(&archive, vec![opened_by(1, &[ana()]), comes(1, "Ana"), opened_by(2, &[zoe]), comes(2, "Zoë_%")]).await;
    let found = async |text: &str| {
        let found = archive.contacts(text, Reach::All, 9).await.expect("reads");
        found.into_iter().map(|known| known.name).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["Zoë_%", "Ana"]);
    assert_eq!(found("EXAMPLE.org").await, ["Zoë_%", "Ana"]);
    assert_eq!(found(" zoe ").await, ["Zoë_%"]);
    assert_eq!(found("ana@").await, ["Ana"]);
    assert_eq!(found("%").await, ["Zoë_%"], "signs mean themselves");
    assert_eq!(found("nobody").await, [] as [&str; 0]);
    assert_eq!(archive.contacts("", Reach::All, 1).await.expect("reads").len(), 1);
}

pub(crate) async fn an_agent_sees_the_contacts_whose_chats_he_took(backend: &impl Backend) {
    let archive = backend.open().await;
    let (ann, ben) = (AgentId(1), AgentId(2));
    learns(&archive, vec![opened_by(1, &[ana()]), taken_by(1, ann, "Ann"), opened_by(2, &[ana()])]).await;
    learns(&archive, vec![opened_by(3, &[]), opened_by(4, &[])]).await;
    let known = who(&archive, &ana()).await.expect("is known");
    for (agent, sees) in [(ann, true), (ben, false)] {
        let reach = Reach::Of(agent);
        assert_eq!(archive.contact(known.contact, reach).await.expect("reads").is_some(), sees);
        assert_eq!(archive.contact_by(&ana(), reach).await.expect("reads").is_some(), sees);
        assert_eq!(archive.contacts("", reach, 9).await.expect("reads").len(), usize::from(sees));
        assert_eq!(archive.chat(session(1), reach).await.expect("reads").is_some(), sees);
        assert_eq!(archive.chat(session(2), reach).await.expect("reads").is_some(), sees, "the customer's other chat");
        assert_eq!(archive.chat(session(3), reach).await.expect("reads"), None, "strangers are not one customer");
    }
}

pub(crate) async fn a_contacts_chats_come_newest_first(backend: &impl Backend) {
    let archive = backend.open().await;
    let ben = email("ben@example.org");
    learns(&archive, [2, 1, 3].map(|number| opened_by(number, &[ana()])).into()).await;
    learns(&archive, vec![opened_by(4, &[ben])]).await;
    let contact = who(&archive, &ana()).await.expect("is known").contact;
    let chats = async |before, limit| {
        let chats = archive.chats(contact, before, limit).await.expect("reads");
        chats.into_iter().map(|chat| chat.session).collect::<Vec<_>>()
    };
    assert_eq!(chats(None, 9).await, [3, 2, 1].map(session));
    assert_eq!(chats(None, 2).await, [3, 2].map(session));
    assert_eq!(chats(Some(at(2, 1)), 9).await, [1].map(session));
    assert_eq!(archive.chats(ContactId(99), None, 9).await.expect("reads"), []);
}
