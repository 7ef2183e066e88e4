//! Settings that are one of a few words, each of which stands for something in the code.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
};
use tandem_session::{KeptNotices, OnSaveError, Restoration};

/// What one of a few words can stand for.
pub(crate) trait Choice: Copy + PartialEq + 'static {
    /// Each word and what it stands for; two words at least.
    const EACH: &'static [(&'static str, Self)];
}

/// Wraps a [`Choice`] for serde.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

impl<T: Choice> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (word, _) = T::EACH.iter().find(|(_, meaning)| *meaning == self.0).expect("each meaning has its word");
        serializer.serialize_str(word)
    }
}

impl<'de, T: Choice> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(WordVisitor(PhantomData))
    }
}

struct WordVisitor<T>(PhantomData<T>);

impl<T: Choice> Visitor<'_> for WordVisitor<T> {
    type Value = Word<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (word, _)) in T::EACH.iter().enumerate() {
            let before = match at {
                0 => "",
                at if at + 1 == T::EACH.len() => " or ",
                _ => ", ",
            };
            write!(f, "{before}\"{word}\"")?;
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let known = T::EACH.iter().find(|(word, _)| *word == text);
        known.map(|(_, meaning)| Word(*meaning)).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl Choice for Restoration {
    const EACH: &'static [(&'static str, Self)] = &[("none", Self::None), ("simple", Self::Simple)];
}

impl Choice for KeptNotices {
    const EACH: &'static [(&'static str, Self)] = &[("none", Self::None), ("major", Self::Major), ("all", Self::All)];
}

impl Choice for OnSaveError {
    const EACH: &'static [(&'static str, Self)] = &[("close", Self::Close), ("continue", Self::Continue)];
}
