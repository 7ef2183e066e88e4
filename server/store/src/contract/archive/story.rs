//! The words in which the stories of the archive are told. The nth session begins n seconds after the beginning, and its
//! events follow a millisecond after the other.

use tandem_protocol::{
    AgentId, ContactId, PairName, ParticipantId, Seq, Timestamp, Visibility,
    archive::{Contact, Hits, Identity},
};

pub(crate) use crate::contract::directory::story::{added, later, session};
use crate::{Archive, Batch, Fact, Lesson, LogPlace, Reach, Sought, Words};

/// The customer of most stories.
pub(crate) fn ana() -> Identity {
    email("ana@example.org")
}

pub(crate) fn email(address: &str) -> Identity {
    Identity::Email(address.into())
}

pub(crate) fn phone(number: &str) -> Identity {
    Identity::Phone(number.into())
}

pub(crate) fn customer(id: &str) -> Identity {
    Identity::Customer(id.into())
}

/// The pair of most stories.
pub(crate) fn pair() -> PairName {
    PairName::new("main").expect("is a name")
}

/// When an event of a session was numbered.
pub(crate) fn at(number: u16, seq: u64) -> Timestamp {
    later(u64::from(number) * 1_000 + seq - 1)
}

fn lesson(number: u16, seq: u64, fact: Fact) -> Lesson {
    Lesson { session: session(number), seq: Seq(seq), at: at(number, seq), fact }
}

/// A session begins.
pub(crate) fn opened_by(number: u16, identities: &[Identity]) -> Lesson {
    let subject = Some(format!("subject {number}"));
    lesson(number, 1, Fact::Opened { subject, identities: identities.to_vec() })
}

/// Its customer joins as participant 1.
pub(crate) fn comes(number: u16, name: &str) -> Lesson {
    let (participant, name) = (ParticipantId(1), name.to_owned());
    lesson(number, 2, Fact::Joined { participant, name, is_customer: true, takes: None })
}

/// An agent takes it as participant 2.
pub(crate) fn taken_by(number: u16, agent: AgentId, name: &str) -> Lesson {
    let (participant, name) = (ParticipantId(2), name.to_owned());
    lesson(number, 3, Fact::Joined { participant, name, is_customer: false, takes: Some(agent) })
}

/// The customer says something.
pub(crate) fn says(number: u16, seq: u64, text: &str) -> Lesson {
    hidden(number, seq, text, Visibility::All)
}

/// Somebody says something for some.
pub(crate) fn hidden(number: u16, seq: u64, text: &str, visibility: Visibility) -> Lesson {
    let participant = ParticipantId(if visibility.is_all() { 1 } else { 2 });
    lesson(number, seq, Fact::Said { participant, visibility, text: text.into() })
}

/// It ends.
pub(crate) fn closes(number: u16) -> Lesson {
    lesson(number, 900, Fact::Closed)
}

/// What stood there was erased.
pub(crate) fn erased(number: u16, seq: u64) -> Lesson {
    lesson(number, seq, Fact::Erased)
}

/// The next part of the log has this to teach.
pub(crate) async fn learns(archive: &impl Archive, lessons: Vec<Lesson>) {
    assert!(archive.learn(part(archive, lessons).await).await.expect("writes"), "nobody was faster");
}

/// The next part of the log.
pub(crate) async fn part(archive: &impl Archive, lessons: Vec<Lesson>) -> Batch {
    let after = archive.place(&pair()).await.expect("reads");
    // Places have gaps.
    Batch { pair: pair(), after, through: LogPlace(after.0 + 7), lessons }
}

/// Who is known by this.
pub(crate) async fn who(archive: &impl Archive, identity: &Identity) -> Option<Contact> {
    archive.contact_by(identity, Reach::All).await.expect("reads")
}

/// The contact of this number.
pub(crate) async fn number(archive: &impl Archive, contact: ContactId) -> Option<Contact> {
    archive.contact(contact, Reach::All).await.expect("reads")
}

/// A search for whatever may be read.
pub(crate) fn sought(text: &str) -> Sought {
    Sought {
        words: Words::of(text).expect("has words"),
        contact: None,
        from: None,
        until: None,
        after: None,
        limit: 100,
        reach: Reach::All,
        sees: Visibility::Vip,
    }
}

pub(crate) async fn finds(archive: &impl Archive, sought: Sought) -> Hits {
    archive.search(sought).await.expect("searches")
}

/// What was found, as session and event.
pub(crate) async fn places(archive: &impl Archive, sought: Sought) -> Vec<(u16, u64)> {
    of(&finds(archive, sought).await)
}

/// The session and event of each.
pub(crate) fn of(hits: &Hits) -> Vec<(u16, u64)> {
    let number = |hit: &tandem_protocol::archive::Hit| {
        u16::try_from(hit.chat.session.0.as_u128() - session(0).0.as_u128()).expect("is a story's")
    };
    hits.hits.iter().map(|hit| (number(hit), hit.seq.0)).collect()
}
