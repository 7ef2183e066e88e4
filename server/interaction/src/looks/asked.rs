//! Whether what somebody looks for or wants changed is within bounds, before the archive is asked.

use tandem_protocol::{
    ErrorCode, Refusal,
    archive::{ATTRIBUTES_MAX, Amendment, IDENTITIES_MAX, Identity, LOOK_MAX, SEARCH_CHARS_MAX, Search},
    limits::{NAME_CHARS_MAX, PROPERTY_KEY_BYTES_MAX, PROPERTY_VALUE_BYTES_MAX},
};
use tandem_store::{MessageId, Sought, Words};

use super::rights::Rights;

/// How many of a list somebody gets.
pub(super) fn limit(asked: u32) -> u32 {
    asked.clamp(1, LOOK_MAX)
}

/// A search as the archive takes it.
pub(super) fn sought(search: Search, rights: &Rights) -> Result<Sought, Refusal> {
    text(&search.text)?;
    let words = Words::of(&search.text).ok_or_else(|| bad("A search needs a letter or a digit."))?;
    let after = search.after.as_deref().map(MessageId::of);
    if after == Some(None) {
        return Err(bad("A search goes on after the `next` of an earlier answer."));
    }
    Ok(Sought {
        words,
        contact: search.contact,
        from: search.from_ms,
        until: search.until_ms,
        after: after.flatten(),
        limit: limit(search.limit),
        reach: rights.reach,
        sees: rights.sees,
    })
}

/// A text that is sought.
pub(super) fn text(text: &str) -> Result<(), Refusal> {
    if text.chars().count() > SEARCH_CHARS_MAX {
        return Err(bad(format!("What is sought has at most {SEARCH_CHARS_MAX} characters.")));
    }
    Ok(())
}

/// An identity in its normal form.
pub(super) fn identity(identity: &Identity) -> Result<Identity, Refusal> {
    identity.normal().ok_or_else(|| bad("This identifies nobody: an address has an @, a number five digits or more."))
}

/// A change with identities in their normal forms.
pub(super) fn amendment(change: Amendment) -> Result<Amendment, Refusal> {
    if change.name.as_ref().is_some_and(|name| name.chars().count() > NAME_CHARS_MAX) {
        return Err(bad(format!("A name has at most {NAME_CHARS_MAX} characters.")));
    }
    let is_key = |key: &String| (1..=PROPERTY_KEY_BYTES_MAX).contains(&key.len());
    if change.attributes.len() > 2 * ATTRIBUTES_MAX || !change.attributes.keys().all(is_key) {
        return Err(bad(format!("An attribute has a key of 1 to {PROPERTY_KEY_BYTES_MAX} bytes.")));
    }
    if change.attributes.values().flatten().any(|value| value.len() > PROPERTY_VALUE_BYTES_MAX) {
        return Err(bad(format!("An attribute's value has at most {PROPERTY_VALUE_BYTES_MAX} bytes.")));
    }
    if change.identities.as_ref().is_some_and(|identities| identities.len() > IDENTITIES_MAX) {
        return Err(bad(format!("A contact is known by {IDENTITIES_MAX} identities at most.")));
    }
    let identities = change.identities.map(|identities| identities.iter().map(identity).collect()).transpose()?;
    Ok(Amendment { identities, ..change })
}

fn bad(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::BadRequest, sentence)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tandem_protocol::{AgentId, desk::AgentRole};

    use super::*;

    fn searched(text: &str, after: Option<&str>) -> Result<Sought, ErrorCode> {
        let rights = Rights::of(AgentId(1), AgentRole::Supervisor).expect("has some");
        let search = Search {
            text: text.into(),
            contact: None,
            from_ms: None,
            until_ms: None,
            after: after.map(Into::into),
            limit: 10_000,
        };
        sought(search, &rights).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_search_without_a_word_or_with_too_many_letters_is_refused() {
        assert_eq!(searched("\"*\" -", None), Err(ErrorCode::BadRequest));
        assert_eq!(searched(&"é".repeat(SEARCH_CHARS_MAX + 1), None), Err(ErrorCode::BadRequest));
        assert_eq!(searched("hello", Some("yesterday")), Err(ErrorCode::BadRequest));
        let sought = searched(&"é".repeat(SEARCH_CHARS_MAX), Some("17")).expect("is fine");
        assert_eq!((sought.limit, sought.after), (LOOK_MAX, Some(MessageId(17))));
    }

    #[test]
    fn a_change_is_bounded_and_brings_identities_into_their_form() {
        let code = |change| amendment(change).map_err(|refusal| refusal.code);
        let attribute = |key: &str, value: &str| Amendment {
            attributes: BTreeMap::from([(key.to_owned(), Some(value.to_owned()))]),
            ..Amendment::default()
        };
        let known_by = |identities| Amendment { identities: Some(identities), ..Amendment::default() };
        let refused = [
            attribute("", "x"),
            attribute(&"k".repeat(PROPERTY_KEY_BYTES_MAX + 1), "x"),
            attribute("k", &"x".repeat(PROPERTY_VALUE_BYTES_MAX + 1)),
            known_by(vec![Identity::Email("nobody".into())]),
            known_by(vec![Identity::Customer("17".into()); IDENTITIES_MAX + 1]),
            Amendment { name: Some("x".repeat(NAME_CHARS_MAX + 1)), ..Amendment::default() },
        ];
        for change in refused {
            assert_eq!(code(change.clone()), Err(ErrorCode::BadRequest), "{change:?}");
        }
        let change = code(known_by(vec![Identity::Email("ANA@Example.org".into())])).expect("is fine");
        assert_eq!(change.identities, Some(vec![Identity::Email("ana@example.org".into())]));
        assert_eq!(code(attribute("tier", "gold")), Ok(attribute("tier", "gold")));
    }
}
