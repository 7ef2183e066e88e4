//! The traces of messages that pass this engine: a span from a request's arrival to its answer, and in it one for the time
//! that its record was at the store.
//!
//! Nothing of it decides anything. Where nobody asks for traces no request carries one, and all of this is a look at an
//! empty map.

use std::collections::HashMap;

use tandem_protocol::{
    Epoch, RequestId, SessionId, TraceParent,
    link::{Answer, Outcome, Request},
};
use tandem_session::{LinkId, Record};
use tandem_telemetry::trace::Span;

/// Requests whose traces are followed at a time; further ones are done without (B-1).
const FOLLOWED_MAX: usize = 4_096;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Traces(HashMap<(LinkId, RequestId), Followed>);

#[derive(Debug)]
struct Followed {
    span: Span,
    session: SessionId,
    /// Its client id as it stands in the event.
    quoted_id: String,
    /// While its record is at the store.
    at_store: Option<Span>,
}

impl Traces {
    /// A request comes that is traced elsewhere.
    pub(super) fn begin(&mut self, epoch: Epoch, asked: (LinkId, RequestId), body: &Request, parent: TraceParent) {
        let Request::Send(send) = body else { return };
        if self.0.len() >= FOLLOWED_MAX {
            return;
        }
        let Some(mut span) = Span::for_another(parent, "engine.request") else { return };
        span.set("tandem.session", send.session.to_string());
        span.set("tandem.epoch", epoch.0);
        let quoted_id = format!("\"{}\"", send.client_id.as_str());
        self.0.insert(asked, Followed { span, session: send.session, quoted_id, at_store: None });
    }

    /// A batch goes to the store.
    pub(super) fn saves(&mut self, batch: &[Record]) {
        if self.0.is_empty() {
            return;
        }
        let mut by_session: HashMap<SessionId, Vec<&mut Followed>> = HashMap::new();
        for followed in self.0.values_mut() {
            by_session.entry(followed.session).or_default().push(followed);
        }
        for record in batch.iter().filter(|record| record.says) {
            let of_session = by_session.get_mut(&record.session).into_iter().flatten();
            // The event is kept as the bytes that are stored, with the id as it came.
            let event = record.event.event.get();
            if let Some(followed) = of_session.into_iter().find(|followed| event.contains(&followed.quoted_id)) {
                let mut span = followed.span.within("store.append");
                span.set("tandem.batch_events", batch.len() as u64);
                span.set("tandem.seq", record.event.seq.0);
                followed.at_store = Some(span);
            }
        }
    }

    /// The batch comes back.
    pub(super) fn saved(&mut self, outcome: &'static str) {
        for followed in self.0.values_mut() {
            if let Some(mut span) = followed.at_store.take()
                && outcome != "saved"
            {
                span.fail(outcome);
            }
        }
    }

    /// A request is answered.
    pub(super) fn answered(&mut self, asked: (LinkId, RequestId), outcome: &Outcome) {
        if self.0.is_empty() {
            return;
        }
        let Some(mut followed) = self.0.remove(&asked) else { return };
        match outcome {
            Outcome::Done(Answer::Saved { seq, .. }) => followed.span.set("tandem.seq", seq.0),
            Outcome::Done(_) => {}
            Outcome::Refused(refusal) => followed.span.fail(format!("{:?}", refusal.code)),
        }
    }

    /// This engine serves no longer: what it was asked is asked of the next primary.
    pub(super) fn leave(&mut self) {
        for (_, mut followed) in self.0.drain() {
            followed.span.fail("not answered by this engine");
        }
    }
}
