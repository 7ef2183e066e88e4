//! Traces: what becomes of one message, from the gateway to the store, as spans under each other.
//!
//! Only where somebody has asked for them ([`start`]) and only for a few messages; otherwise every way in here is one
//! look at a static. A span is told to whoever exports it when it is dropped. It carries numbers and ids and never what
//! anybody said.

use std::{
    sync::OnceLock,
    time::{Instant, SystemTime},
};

use tandem_protocol::TraceParent;

static TRACER: OnceLock<Tracer> = OnceLock::new();

struct Tracer {
    sample: f64,
    sink: Box<dyn Fn(Ended) + Send + Sync>,
}

/// From now on spans are told to `sink`, which must not wait. Of all messages the part `sample`, from 0 to 1, is traced.
/// Once a process; later calls change nothing.
pub fn start(sample: f64, sink: impl Fn(Ended) + Send + Sync + 'static) {
    let _ = TRACER.set(Tracer { sample, sink: Box::new(sink) });
}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An id or a word.
    Text(String),
    /// A number.
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// Whom a span works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Works {
    /// Somebody who asked from outside this process.
    ForAnother,
    /// What it is a part of.
    Within,
}

/// What a process does for a message, from its making to its drop.
#[derive(Debug)]
pub struct Span(Box<Ended>);

/// A span as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The span itself.
    pub own: TraceParent,
    /// The span that caused it.
    pub parent: Option<u64>,
    /// Whom it works for.
    pub works: Works,
    /// What is done.
    pub name: &'static str,
    /// When that began.
    pub began: SystemTime,
    /// And ended.
    pub ended: SystemTime,
    /// Ids and numbers.
    pub attributes: Vec<(&'static str, Value)>,
    /// What happened meanwhile.
    pub events: Vec<Event>,
    /// Why it is not what was wanted.
    pub failure: Option<String>,
}

/// Something that happened during a span.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What.
    pub name: &'static str,
    /// When.
    pub at: SystemTime,
    /// Ids and numbers.
    pub attributes: Vec<(&'static str, Value)>,
}

impl Span {
    /// A trace begins, for one in so many messages.
    #[must_use]
    pub fn root(name: &'static str) -> Option<Self> {
        let tracer = TRACER.get()?;
        let is_chosen = fastrand::f64() < tracer.sample;
        is_chosen.then(|| Self::new(fastrand::u128(1..), None, name, Works::ForAnother))
    }

    /// A part of what another process traces.
    #[must_use]
    pub fn for_another(parent: TraceParent, name: &'static str) -> Option<Self> {
        TRACER.get().map(|_| Self::new(parent.trace, Some(parent.span), name, Works::ForAnother))
    }

    /// A part of this one.
    #[must_use]
    pub fn within(&self, name: &'static str) -> Self {
        Self::new(self.0.own.trace, Some(self.0.own.span), name, Works::Within)
    }

    fn new(trace: u128, parent: Option<u64>, name: &'static str, works: Works) -> Self {
        let now = SystemTime::now();
        let own = TraceParent { trace, span: fastrand::u64(1..) };
        let (attributes, events) = (Vec::new(), Vec::new());
        Self(Box::new(Ended { own, parent, works, name, began: now, ended: now, attributes, events, failure: None }))
    }

    /// The span, for whoever does a part of it.
    #[must_use]
    pub fn context(&self) -> TraceParent {
        self.0.own
    }

    /// It began at another moment than its making.
    #[must_use]
    pub fn since(mut self, began: Instant) -> Self {
        self.0.began = SystemTime::now().checked_sub(began.elapsed()).unwrap_or(self.0.began);
        self
    }

    /// Says something of it.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.attributes.push((name, value.into()));
    }

    /// Something happens.
    pub fn event(&mut self, name: &'static str, attributes: Vec<(&'static str, Value)>) {
        self.0.events.push(Event { name, at: SystemTime::now(), attributes });
    }

    /// It does not come to what was wanted.
    pub fn fail(&mut self, why: impl Into<String>) {
        self.0.failure = Some(why.into());
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(tracer) = TRACER.get() {
            self.0.ended = SystemTime::now();
            (tracer.sink)((*self.0).clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// One test, since there is one tracer a process.
    #[test]
    fn nothing_is_traced_until_somebody_asks_and_then_spans_are_told_as_they_end() {
        let elsewhere = TraceParent { trace: 7, span: 9 };
        assert!(Span::root("message").is_none());
        assert!(Span::for_another(elsewhere, "engine").is_none());
        let told: Arc<Mutex<Vec<Ended>>> = Arc::default();
        let kept = told.clone();
        start(1.0, move |ended| kept.lock().expect("no test panics with it").push(ended));
        let mut root = Span::root("message").expect("every one is traced");
        root.event("resent", vec![("epoch", 2_u64.into())]);
        let parent = root.context();
        let part = root.within("store");
        drop(part);
        drop(root);
        drop(Span::for_another(elsewhere, "engine"));
        let told = told.lock().expect("no test panics with it");
        let seen: Vec<_> = told.iter().map(|ended| (ended.name, ended.own.trace, ended.parent)).collect();
        let wanted =
            [("store", parent.trace, Some(parent.span)), ("message", parent.trace, None), ("engine", 7, Some(9))];
        assert_eq!(seen, wanted);
        assert_eq!(told[1].events[0].name, "resent");
        assert!(told.iter().all(|ended| ended.began <= ended.ended));
    }
}
