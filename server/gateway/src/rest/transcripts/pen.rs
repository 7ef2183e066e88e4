//! How a transcript is written in each form: a head, its events in pieces, a foot.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use serde_json::value::RawValue;
use tandem_protocol::{ParticipantId, RawEvent, Seq, archive::PastChat};
use tandem_web::{
    PageError,
    transcript::{self, Writer},
};

use super::{form::Form, source::Part};
use crate::problem::Problem;

/// See the module.
pub(super) enum Pen {
    /// The events are an array.
    Json {
        /// Whether one is written already.
        has_events: bool,
    },
    Page(Box<Writer>),
}

/// What stands before the events in JSON.
#[derive(Serialize)]
struct Head<'a> {
    chat: &'a PastChat,
    head: Seq,
    names: &'a BTreeMap<ParticipantId, String>,
    events: [(); 0],
}

impl Pen {
    pub(super) fn new(form: Form, chat: &PastChat) -> Self {
        let page = |form| Self::Page(Box::new(Writer::new(form, chat.into())));
        match form {
            Form::Json => Self::Json { has_events: false },
            Form::Text => page(transcript::Form::Text),
            Form::Html => page(transcript::Form::Html),
        }
    }

    pub(super) fn head(&self, chat: &PastChat, part: &Part) -> Result<String, Problem> {
        match self {
            Self::Json { .. } => {
                let head = Head { chat, head: part.head, names: &part.names, events: [] };
                let json = serde_json::to_string(&head).expect("a head has only string keys and finite numbers");
                Ok(json.strip_suffix("]}").expect("it ends with an empty list").to_owned())
            }
            Self::Page(writer) => writer.head().map_err(broken),
        }
    }

    pub(super) fn events(&mut self, part: &Part) -> Result<String, Problem> {
        match self {
            Self::Json { has_events } => Ok(json_of(&part.events, has_events)),
            Self::Page(writer) => writer.events(&part.names, &part.events).map_err(broken),
        }
    }

    pub(super) fn foot(&self) -> Result<String, Problem> {
        match self {
            Self::Json { .. } => Ok("\n]}\n".to_owned()),
            Self::Page(writer) => writer.foot().map_err(broken),
        }
    }
}

/// A line an event, so that tools which read lines have it easy; their JSON is what the engine wrote.
fn json_of(events: &[RawEvent], has_events: &mut bool) -> String {
    let mut json = String::new();
    for event in events {
        json.push_str(if *has_events { ",\n" } else { "\n" });
        *has_events = true;
        let event: &Arc<RawValue> = &event.event;
        json.push_str(event.get());
    }
    json
}

fn broken(error: PageError) -> Problem {
    tracing::error!(%error, "a transcript could not be rendered");
    Problem::internal()
}
