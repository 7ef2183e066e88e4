//! The identifiers and counters of Tandem, one type each, so that none can be taken for another.
//!
//! All are checked when they are read from a wire: a value of one of these types is always well formed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not a valid identifier. The text itself is not repeated: it may be anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct InvalidId {
    what: &'static str,
    rule: &'static str,
}

/// A chat session's public id, a UUID of version 7 written with hyphens. It is not a secret: the token is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub uuid::Uuid);

impl SessionId {
    /// A new session's id: this random or derived UUID, whose last 16 bits say to which pair the session belongs. So
    /// whoever links to several pairs knows from the id alone whom to ask.
    #[must_use]
    pub fn of_pair(uuid: uuid::Uuid, pair: &PairName) -> Self {
        let mut bytes = uuid.into_bytes();
        bytes[14..].copy_from_slice(&pair.tag().0.to_be_bytes());
        Self(uuid::Uuid::from_bytes(bytes))
    }

    /// The pair it belongs to, as the id says.
    #[must_use]
    pub fn pair_tag(&self) -> PairTag {
        let bytes = self.0.as_bytes();
        PairTag(u16::from_be_bytes([bytes[14], bytes[15]]))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for SessionId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { what: "a session id", rule: "a UUID, such as 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f" };
        uuid::Uuid::try_parse(text).map(Self).map_err(|_| invalid)
    }
}

/// A pair as the ids of its sessions name it. Two pairs may have the same; those that are used together may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PairTag(pub u16);

impl PairName {
    /// Its tag: FNV-1a of 32 bits, folded to 16. Stored ids rely on it.
    #[must_use]
    pub fn tag(&self) -> PairTag {
        let hash = self
            .as_str()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let [a, b, c, d] = hash.to_be_bytes();
        PairTag(u16::from_be_bytes([a ^ c, b ^ d]))
    }
}

/// One page of a workspace at one pair; made by the gateway. A page that goes over to another pair is another desk there.
/// Whatever is pushed to it names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeskId(pub uuid::Uuid);

impl fmt::Display for DeskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The value before the first one.
            pub const ZERO: Self = Self(0);

            /// The value after this one. Panics at the end of the range, which counting never reaches; a value from a
            /// wire may stand there and is compared before it is counted on.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter! {
    /// An event's number in its session: 1, 2, 3… without gap or repeat (D-4). 0 stands for "before the first".
    Seq(u64)
}
counter! {
    /// How often the pair's lease has changed hands; raised by every takeover (F-1).
    Epoch(u64)
}
counter! {
    /// A participant's number in its session: 1, 2, 3…; 0 is the service itself, which joins nothing.
    ParticipantId(u32)
}
counter! {
    /// A request's number on one link, chosen by the side that asks; unique for the life of that side's process.
    RequestId(u64)
}
counter! {
    /// An account's number: who works at a desk, in whichever session. Given once, never reused.
    AgentId(u32)
}
counter! {
    /// A contact's number: one customer, however often he comes. Never reused.
    ContactId(u64)
}
counter! {
    /// What a gateway asks of the interaction server, as the engine between them numbers it.
    AskId(u64)
}
counter! {
    /// One link of a gateway, as the engine numbers it; never used twice by one engine process.
    GatewayLink(u64)
}

/// A moment in milliseconds since 1970-01-01T00:00:00Z. For people and transcripts, never for safety or order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// 1970; stands for "not known".
    pub const ZERO: Self = Self(0);
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks the text.
            pub fn new(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.into())) } else { Err(InvalidId { what: $what, rule: $rule }) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into_string()
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Lower-case letters, digits, `-` and `_`, as safe in a file name as in a log line.
fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}

text_id! {
    /// The id that a sender gives to what it sends, so that a repeat is known as one (D-3).
    ClientId, "a client id", "1 to 64 visible ASCII characters",
    |text| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
text_id! {
    /// The name of one engine of a pair, such as `a`.
    EngineName, "an engine name", "1 to 32 of a-z, 0-9, '-' and '_'", is_name
}
text_id! {
    /// The name of a pair of engines, such as `main`. Every stored row belongs to one.
    PairName, "a pair name", "1 to 32 of a-z, 0-9, '-' and '_'", is_name
}
text_id! {
    /// The name of a queue, such as `default`.
    QueueName, "a queue name", "1 to 32 of a-z, 0-9, '-' and '_'", is_name
}
text_id! {
    /// What an agent logs in with. Not shown to customers.
    LoginName, "a login name", "1 to 64 of a-z, 0-9, '.', '-', '_' and '@'",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_@".contains(&b))
}

/// SHA-256 of a participant's session token. Engines and the store see only this, never the token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// Compares in constant time, so that a guess learns nothing from how long the answer takes.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> String {
        hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<String> for TokenHash {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let invalid = InvalidId { what: "a token hash", rule: "64 hexadecimal digits" };
        if text.len() != 64 || !text.is_ascii() {
            return Err(invalid);
        }
        let mut hash = [0; 32];
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).expect("the text is ASCII");
            *byte = u8::from_str_radix(digits, 16).map_err(|_| invalid.clone())?;
        }
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_checked_when_it_is_read() {
        assert!(serde_json::from_str::<ClientId>("\"m-1\"").is_ok());
        assert!(serde_json::from_str::<ClientId>("\"\"").is_err());
        assert!(serde_json::from_str::<ClientId>("\"two words\"").is_err());
        assert!(serde_json::from_str::<ClientId>(&format!("\"{}\"", "x".repeat(65))).is_err());
    }

    #[test]
    fn a_token_hash_survives_the_wire_and_is_not_printed() {
        let hash = TokenHash(std::array::from_fn(|at| at as u8 * 7));
        let text = serde_json::to_string(&hash).expect("serialises");
        assert_eq!(serde_json::from_str::<TokenHash>(&text).expect("reads back"), hash);
        assert_eq!(format!("{hash:?}"), "TokenHash(…)");
        assert!(serde_json::from_str::<TokenHash>(&format!("\"{}\"", "zz".repeat(32))).is_err());
        assert!(serde_json::from_str::<TokenHash>(&format!("\"{}\"", "é".repeat(32))).is_err());
    }

    #[test]
    fn the_id_of_a_session_says_to_which_pair_it_belongs() {
        let [main, other] = ["main", "other"].map(|name| PairName::new(name).expect("is a name"));
        let uuid = uuid::Uuid::from_u128(0x0198_c5a2_7b1e_7c3d_9f00_3a5b_8c9d_0e1f);
        let session = SessionId::of_pair(uuid, &main);
        assert_eq!(session.pair_tag(), main.tag());
        assert_ne!(session.pair_tag(), other.tag());
        assert_eq!(session.to_string(), "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0898", "stored ids rely on it");
        assert_eq!(session.to_string().parse(), Ok(session));
    }
}
