//! A value between two databases.

use super::table::Kind;

/// The values of one row, in the order of the table's columns.
pub type Row = Vec<Value>;

/// One value.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// See [`Kind::Integer`].
    Integer(i64),
    /// See [`Kind::Text`].
    Text(String),
    /// See [`Kind::Bytes`].
    Bytes(Vec<u8>),
    /// See [`Kind::Session`].
    Session([u8; 16]),
    /// See [`Kind::Truth`].
    Truth(bool),
}

/// Says what it is and not what stands in it: that may be what people have written, or a secret.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind() {
            Some(kind) => write!(f, "{kind:?}"),
            None => f.write_str("Null"),
        }
    }
}

impl Value {
    /// What it is; none for nothing.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Null => None,
            Self::Integer(_) => Some(Kind::Integer),
            Self::Text(_) => Some(Kind::Text),
            Self::Bytes(_) => Some(Kind::Bytes),
            Self::Session(_) => Some(Kind::Session),
            Self::Truth(_) => Some(Kind::Truth),
        }
    }

    /// A text. PostgreSQL holds no NUL in one, and its directory replaces it as this does; the JSON of an event has none.
    pub(crate) fn text(text: String) -> Self {
        Self::Text(if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text })
    }

    /// The text; empty if it is none.
    pub(crate) fn as_text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// The number, if it is one.
    pub(crate) fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// Its bytes as they are hashed: each kind and length reads differently.
    pub(crate) fn hash_into(&self, mut add: impl FnMut(&[u8])) {
        let mut with_length = |tag: u8, bytes: &[u8]| {
            add(&[tag]);
            add(&(bytes.len() as u64).to_be_bytes());
            add(bytes);
        };
        match self {
            Self::Null => with_length(0, &[]),
            Self::Integer(number) => with_length(1, &number.to_be_bytes()),
            Self::Text(text) => with_length(2, text.as_bytes()),
            Self::Bytes(bytes) => with_length(3, bytes),
            Self::Session(bytes) => with_length(4, bytes),
            Self::Truth(truth) => with_length(5, &[u8::from(*truth)]),
        }
    }
}
