//! The kinds of values that settings are made of, each refusing what is out of its bounds and saying what is allowed.
//!
//! Every refusal goes through a visitor's `expecting`, so that [`super::refusal`] can say "must be …" in one form for
//! all of them. A value may come as a string wherever it has a string form: environment variables have no other.

use std::{fmt, marker::PhantomData, net::SocketAddr, str::FromStr, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
};

/// A duration between two bounds in milliseconds, inclusive; written `"500 ms"`, `"60 s"`, `"1h 30m"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span<const MIN_MS: u64, const MAX_MS: u64>(pub(crate) Duration);

impl<const MIN_MS: u64, const MAX_MS: u64> Serialize for Span<MIN_MS, MAX_MS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl<'de, const MIN_MS: u64, const MAX_MS: u64> Deserialize<'de> for Span<MIN_MS, MAX_MS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SpanVisitor::<MIN_MS, MAX_MS>)
    }
}

struct SpanVisitor<const MIN_MS: u64, const MAX_MS: u64>;

impl<const MIN_MS: u64, const MAX_MS: u64> Visitor<'_> for SpanVisitor<MIN_MS, MAX_MS> {
    type Value = Span<MIN_MS, MAX_MS>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [min, max] = [MIN_MS, MAX_MS].map(|ms| humantime::format_duration(Duration::from_millis(ms)).to_string());
        write!(f, "a duration from {min} to {max}, such as \"500 ms\" or \"60 s\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let refuse = || E::invalid_value(Unexpected::Str(text), &self);
        let span = humantime::parse_duration(text).map_err(|_| refuse())?;
        let bounds = Duration::from_millis(MIN_MS)..=Duration::from_millis(MAX_MS);
        if bounds.contains(&span) { Ok(Span(span)) } else { Err(refuse()) }
    }

    // A bare 0 needs no unit, where it is in the bounds.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let is_zero = number == 0 && MIN_MS == 0;
        if is_zero { Ok(Span(Duration::ZERO)) } else { Err(E::invalid_value(Unexpected::Unsigned(number), &self)) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

/// A duration between two bounds in milliseconds, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanOrOff<const MIN_MS: u64, const MAX_MS: u64>(pub(crate) Option<Duration>);

impl<const MIN_MS: u64, const MAX_MS: u64> Serialize for SpanOrOff<MIN_MS, MAX_MS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(span) => Span::<MIN_MS, MAX_MS>(span).serialize(serializer),
            None => serializer.serialize_str(OFF),
        }
    }
}

impl<'de, const MIN_MS: u64, const MAX_MS: u64> Deserialize<'de> for SpanOrOff<MIN_MS, MAX_MS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SpanOrOffVisitor::<MIN_MS, MAX_MS>)
    }
}

/// Stands for no duration.
const OFF: &str = "off";

struct SpanOrOffVisitor<const MIN_MS: u64, const MAX_MS: u64>;

impl<const MIN_MS: u64, const MAX_MS: u64> Visitor<'_> for SpanOrOffVisitor<MIN_MS, MAX_MS> {
    type Value = SpanOrOff<MIN_MS, MAX_MS>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{OFF}\", or ")?;
        SpanVisitor::<MIN_MS, MAX_MS>.expecting(f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text == OFF {
            return Ok(SpanOrOff(None));
        }
        let span = SpanVisitor::<MIN_MS, MAX_MS>.visit_str(text);
        span.map(|Span(span)| SpanOrOff(Some(span))).map_err(|_: E| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A whole number between two bounds, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Count<const MIN: u64, const MAX: u64>(pub(crate) u64);

impl<const MIN: u64, const MAX: u64> Count<MIN, MAX> {
    /// The number as a size in memory.
    pub(crate) fn as_usize(self) -> usize {
        usize::try_from(self.0).expect("every bound in use is far below 2^32")
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Count<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(CountVisitor::<MIN, MAX>)
    }
}

struct CountVisitor<const MIN: u64, const MAX: u64>;

impl<const MIN: u64, const MAX: u64> Visitor<'_> for CountVisitor<MIN, MAX> {
    type Value = Count<MIN, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {MIN} to {MAX}")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let refuse = || E::invalid_value(Unexpected::Unsigned(number), &self);
        if (MIN..=MAX).contains(&number) { Ok(Count(number)) } else { Err(refuse()) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

/// A whole number that may be negative, between two bounds, inclusive; 0 when it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Rank<const MIN: i32, const MAX: i32>(pub(crate) i32);

impl<'de, const MIN: i32, const MAX: i32> Deserialize<'de> for Rank<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(RankVisitor::<MIN, MAX>)
    }
}

struct RankVisitor<const MIN: i32, const MAX: i32>;

impl<const MIN: i32, const MAX: i32> Visitor<'_> for RankVisitor<MIN, MAX> {
    type Value = Rank<MIN, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {MIN} to {MAX}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let rank = i32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        rank.map(Rank).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let number = i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))?;
        self.visit_i64(number)
    }
}

/// A text for people, of at least one byte and at most so many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Sentence<const BYTES_MAX: usize>(pub(crate) String);

impl<'de, const BYTES_MAX: usize> Deserialize<'de> for Sentence<BYTES_MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SentenceVisitor::<BYTES_MAX>)
    }
}

struct SentenceVisitor<const BYTES_MAX: usize>;

impl<const BYTES_MAX: usize> Visitor<'_> for SentenceVisitor<BYTES_MAX> {
    type Value = Sentence<BYTES_MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of 1 to {BYTES_MAX} bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let is_fit = (1..=BYTES_MAX).contains(&text.len());
        if is_fit { Ok(Sentence(text.to_owned())) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
    }
}

/// A type that is written as a string and says itself why a text is none, where that may be one of many reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reasoned<T>(pub(crate) T);

impl<T: fmt::Display> Serialize for Reasoned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Reasoned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A type that is written as a string in settings.
pub(crate) trait Written: FromStr + fmt::Display {
    /// What is allowed, to follow "must be".
    const ALLOWED: &'static str;
}

/// Wraps a [`Written`] type for serde.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T: Written> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: Written> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: Written> Visitor<'_> for TextVisitor<T> {
    type Value = Text<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::ALLOWED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(Text).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    // The environment cannot tell the engine named 1 from the number 1.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.visit_str(&number.to_string())
    }
}

impl Written for SocketAddr {
    const ALLOWED: &'static str = "an IP address and a port, such as \"127.0.0.1:8080\"";
}

impl Written for tandem_protocol::EngineName {
    const ALLOWED: &'static str = "1 to 32 of a-z, 0-9, '-' and '_'";
}

impl Written for tandem_protocol::PairName {
    const ALLOWED: &'static str = "1 to 32 of a-z, 0-9, '-' and '_'";
}

impl Written for tandem_protocol::QueueName {
    const ALLOWED: &'static str = "1 to 32 of a-z, 0-9, '-' and '_'";
}

/// `host:port` of another process; the host may be a name, which is looked up at each connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPort(String);

impl FromStr for HostPort {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (host, port) = text.rsplit_once(':').ok_or(())?;
        let port: u16 = port.parse().map_err(|_| ())?;
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-_.:[]%".contains(c);
        if host.is_empty() || port == 0 || !host.chars().all(is_host) { Err(()) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Written for HostPort {
    const ALLOWED: &'static str = "a host and a port, such as \"chat-1.example.net:7301\"";
}

/// A path of a file or directory; a relative one is taken from where the process was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePath(pub(crate) std::path::PathBuf);

impl FromStr for FilePath {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.is_empty() || text.contains('\0') { Err(()) } else { Ok(Self(text.into())) }
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl Written for FilePath {
    const ALLOWED: &'static str = "a path, such as \"/var/lib/tandem\"";
}

/// What an agent can and a queue asks for, such as `german`. Sessions list skills with commas between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SkillName(String);

impl FromStr for SkillName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let is_skill = (1..=32).contains(&text.len()) && text.bytes().all(is_allowed);
        if is_skill { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for SkillName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Written for SkillName {
    const ALLOWED: &'static str = "1 to 32 of a-z, 0-9, '-' and '_'";
}
