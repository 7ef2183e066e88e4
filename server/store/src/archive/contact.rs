//! What becomes of a contact when somebody changes him, or makes one of two: the same on every backend.

use std::collections::{BTreeMap, BTreeSet};

use tandem_protocol::archive::{ATTRIBUTES_MAX, Amendment, Contact, IDENTITIES_MAX};

/// Why nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unchanged {
    /// There is no such contact, or he is being erased.
    #[error("there is no such contact")]
    Unknown,
    /// Another contact is known by one of the identities.
    #[error("another contact is known by that")]
    Taken,
    /// He would be known in too many ways.
    #[error("a contact is known by {IDENTITIES_MAX} identities at most")]
    Identities,
    /// He would have too many attributes.
    #[error("a contact has {ATTRIBUTES_MAX} attributes at most")]
    Attributes,
}

/// Changes a contact. Whether an identity is another contact's is for the caller to see.
pub(crate) fn amend(contact: &mut Contact, change: Amendment) -> Result<(), Unchanged> {
    if let Some(name) = change.name {
        contact.name = name;
    }
    for (key, value) in change.attributes {
        match value {
            Some(value) => drop(contact.attributes.insert(key, value)),
            None => drop(contact.attributes.remove(&key)),
        }
    }
    if let Some(identities) = change.identities {
        contact.identities = identities;
    }
    keep_order(contact);
    within_bounds(contact)
}

/// Makes `from` a part of `into`, who keeps what both have.
pub(crate) fn merge(into: &mut Contact, from: Contact) -> Result<(), Unchanged> {
    if into.name.is_empty() {
        into.name = from.name;
    }
    for (key, value) in from.attributes {
        into.attributes.entry(key).or_insert(value);
    }
    into.identities.extend(from.identities);
    into.since_ms = into.since_ms.min(from.since_ms);
    into.similar.extend(from.similar);
    into.similar.retain(|other| *other != into.contact && *other != from.contact);
    keep_order(into);
    within_bounds(into)
}

/// Attributes as a database keeps them.
pub(crate) fn stored_attributes(attributes: &BTreeMap<String, String>) -> String {
    serde_json::to_string(attributes).expect("a map of texts is JSON")
}

fn keep_order(contact: &mut Contact) {
    let identities: BTreeSet<_> = std::mem::take(&mut contact.identities).into_iter().collect();
    contact.identities = identities.into_iter().collect();
    let similar: BTreeSet<_> = std::mem::take(&mut contact.similar).into_iter().collect();
    contact.similar = similar.into_iter().collect();
}

fn within_bounds(contact: &Contact) -> Result<(), Unchanged> {
    match () {
        () if contact.identities.len() > IDENTITIES_MAX => Err(Unchanged::Identities),
        () if contact.attributes.len() > ATTRIBUTES_MAX => Err(Unchanged::Attributes),
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{ContactId, Timestamp, archive::Identity};

    use super::*;

    fn contact(number: u64) -> Contact {
        Contact {
            contact: ContactId(number),
            name: format!("name {number}"),
            identities: vec![Identity::Email(format!("{number}@example.org"))],
            attributes: BTreeMap::from([("tier".to_owned(), number.to_string())]),
            since_ms: Timestamp(number),
            chats: number,
            similar: Vec::new(),
            erasing: false,
        }
    }

    #[test]
    fn what_is_not_named_stays_and_null_removes() {
        let mut ana = contact(1);
        let attributes = BTreeMap::from([("tier".into(), None), ("city".into(), Some("Bonn".into()))]);
        amend(&mut ana, Amendment { attributes, ..Amendment::default() }).expect("fits");
        assert_eq!(ana.attributes, BTreeMap::from([("city".into(), "Bonn".into())]));
        assert_eq!((ana.name.as_str(), ana.identities.len()), ("name 1", 1));
    }

    #[test]
    fn who_stays_keeps_what_both_have_and_gets_the_rest() {
        let (mut into, mut from) = (contact(2), contact(1));
        from.attributes.insert("city".into(), "Bonn".into());
        from.similar = vec![ContactId(2), ContactId(3)];
        into.similar = vec![ContactId(1)];
        merge(&mut into, from).expect("fits");
        assert_eq!((into.name.as_str(), into.since_ms), ("name 2", Timestamp(1)));
        assert_eq!((into.attributes["tier"].as_str(), into.attributes["city"].as_str()), ("2", "Bonn"));
        assert_eq!(into.identities.len(), 2);
        assert_eq!(into.similar, [ContactId(3)]);
    }

    #[test]
    fn nobody_has_more_than_is_bounded() {
        let many = |count| (0..count).map(|at| Identity::Customer(format!("c-{at}"))).collect::<Vec<_>>();
        let change = |count| Amendment { identities: Some(many(count)), ..Amendment::default() };
        assert_eq!(amend(&mut contact(1), change(IDENTITIES_MAX)), Ok(()));
        assert_eq!(amend(&mut contact(1), change(IDENTITIES_MAX + 1)), Err(Unchanged::Identities));
        let attributes = (0..ATTRIBUTES_MAX).map(|at| (at.to_string(), Some(String::new()))).collect();
        let change = Amendment { attributes, ..Amendment::default() };
        assert_eq!(amend(&mut contact(1), change), Err(Unchanged::Attributes));
    }
}
