//! The kinds of settings that are lists, each bounded, refusing as [`super::values`] does.

use std::fmt;
use std::marker::PhantomData;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, SeqAccess, Visitor},
};

/// A list of so many entries, inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Items<T, const MIN: usize, const MAX: usize>(pub(crate) Vec<T>);

impl<T, const MIN: usize, const MAX: usize> Default for Items<T, MIN, MAX> {
    fn default() -> Self {
        const { assert!(MIN == 0, "a list without entries is no default of this one") };
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Deserialize<'de> for Items<T, MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor::<T, MIN, MAX>(PhantomData))
    }
}

struct ItemsVisitor<T, const MIN: usize, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Visitor<'de> for ItemsVisitor<T, MIN, MAX> {
    type Value = Items<T, MIN, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {MIN} to {MAX} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = entries.next_element()? {
            items.push(item);
        }
        if (MIN..=MAX).contains(&items.len()) {
            Ok(Items(items))
        } else {
            Err(A::Error::invalid_length(items.len(), &self))
        }
    }
}

/// The most texts that one is chosen of: more is no choice, and every desk carries them.
const CHOICES_MAX: usize = 50;

/// Characters of such a text: it has to fit onto a button.
const CHOICE_CHARS_MAX: usize = 64;

/// Texts of which a person chooses one; at least so many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Choices<const MIN: usize>(pub(crate) Vec<String>);

impl<'de, const MIN: usize> Deserialize<'de> for Choices<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ChoicesVisitor::<MIN>)
    }
}

struct ChoicesVisitor<const MIN: usize>;

impl<'de, const MIN: usize> Visitor<'de> for ChoicesVisitor<MIN> {
    type Value = Choices<MIN>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {MIN} to {CHOICES_MAX} different texts of 1 to {CHOICE_CHARS_MAX} characters")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut texts: Vec<String> = Vec::new();
        while let Some(text) = entries.next_element::<String>()? {
            let is_fit = !text.trim().is_empty() && !text.chars().any(char::is_control);
            if !is_fit || text.chars().count() > CHOICE_CHARS_MAX || texts.contains(&text) {
                return Err(A::Error::invalid_length(texts.len(), &self));
            }
            texts.push(text);
        }
        if (MIN..=CHOICES_MAX).contains(&texts.len()) {
            Ok(Choices(texts))
        } else {
            Err(A::Error::invalid_length(texts.len(), &self))
        }
    }
}
