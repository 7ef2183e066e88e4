//! A chat to be read by somebody who was not there: as plain text, and as a page that stands alone.
//!
//! A [`Writer`] writes page after page of events, so that nobody needs to hold a whole chat; a [`Transcript`] is a whole
//! one for whoever has it. What a reader may not read must be left out before: everything that comes here is written.
//! The gateway calls it for its answers and the executable for its exports, so that both are the same text.

mod line;
mod moment;

use std::collections::BTreeMap;

use askama::Template;
use tandem_protocol::{ParticipantId, ParticipantKind, RawEvent, SessionId, Timestamp, archive::PastChat};

use self::{
    line::{Line, Piece, What},
    moment::Moment,
};
use crate::PageError;

/// The `Content-Security-Policy` of a transcript's page: nothing but its own style rule, known by its SHA-256, so that
/// the same text looks right as an answer and as a file. A test of this module says the hash when the rule changes.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
     style-src 'sha256-Y4+G9SPa8x/H5+RSTHDLPN4kw0AVosCHEofWT+zoXcI='; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// How far lines of a text after its first are moved in: so no message can look like somebody else's.
const INDENT: &str = "    ";

/// Which chat it is, and when it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The session.
    pub session: SessionId,
    /// What it was about.
    pub subject: Option<String>,
    /// When it began.
    pub opened_at_ms: Timestamp,
    /// When it ended; none while it goes on.
    pub closed_at_ms: Option<Timestamp>,
    /// What was said in it is erased.
    pub erased: bool,
}

impl From<&PastChat> for About {
    fn from(chat: &PastChat) -> Self {
        Self {
            session: chat.session,
            subject: chat.subject.clone(),
            opened_at_ms: chat.opened_at_ms,
            closed_at_ms: chat.closed_at_ms,
            erased: chat.erased,
        }
    }
}

/// As what it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Plain text of no certain width: a paragraph an event.
    Text,
    /// A page with its style in it.
    Html,
}

/// A whole chat.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// Which.
    pub about: About,
    /// What participants are called.
    pub names: BTreeMap<ParticipantId, String>,
    /// Its events from the first on, in order.
    pub events: Vec<RawEvent>,
}

impl Transcript {
    /// As plain text.
    pub fn text(&self) -> Result<String, PageError> {
        self.write(Form::Text)
    }

    /// As a page.
    pub fn html(&self) -> Result<String, PageError> {
        self.write(Form::Html)
    }

    fn write(&self, form: Form) -> Result<String, PageError> {
        let mut writer = Writer::new(form, self.about.clone());
        Ok([writer.head()?, writer.events(&self.names, &self.events)?, writer.foot()?].concat())
    }
}

/// See the module. Its head, events in order, and its foot make the whole.
#[derive(Debug)]
pub struct Writer {
    form: Form,
    about: About,
    names: BTreeMap<ParticipantId, String>,
    /// What participants are, as far as they have joined.
    kinds: BTreeMap<ParticipantId, ParticipantKind>,
    /// The day under which the next event stands.
    day: String,
}

#[derive(Template)]
#[template(path = "transcript/head.html")]
struct Head<'a> {
    title: &'a str,
    session: SessionId,
    opened: Moment,
    closed: Option<Moment>,
    erased: bool,
}

#[derive(Template)]
#[template(path = "transcript/lines.html")]
struct Lines<'a> {
    lines: &'a [Line],
}

#[derive(Template)]
#[template(path = "transcript/foot.html")]
struct Foot;

impl Writer {
    /// A writer that has written nothing.
    #[must_use]
    pub fn new(form: Form, about: About) -> Self {
        Self { form, about, names: BTreeMap::new(), kinds: BTreeMap::new(), day: String::new() }
    }

    /// What stands above the events.
    pub fn head(&self) -> Result<String, PageError> {
        let About { session, opened_at_ms, closed_at_ms, erased, .. } = self.about;
        let title = self.about.subject.as_deref().filter(|subject| !subject.trim().is_empty()).unwrap_or("Chat");
        let (opened, closed) = (Moment::of(opened_at_ms), closed_at_ms.map(Moment::of));
        match self.form {
            Form::Html => Ok(Head { title, session, opened, closed, erased }.render()?),
            Form::Text => {
                let ended = closed.map_or("not yet".to_owned(), |closed| closed.full);
                let erased = if erased { "What was said here has been erased.\n" } else { "" };
                let title = visible(title);
                Ok(format!("{title}\nSession: {session}\nBegan: {}\nEnded: {ended}\n{erased}", opened.full))
            }
        }
    }

    /// The events that follow what was written, and what participants are called as far as it is known by now. An event
    /// that this version does not know is left out.
    pub fn events(
        &mut self,
        names: &BTreeMap<ParticipantId, String>,
        events: &[RawEvent],
    ) -> Result<String, PageError> {
        self.names.extend(names.iter().map(|(participant, name)| (*participant, name.clone())));
        let lines: Vec<Line> = events.iter().filter_map(|event| self.line(event)).collect();
        match self.form {
            Form::Html => Ok(Lines { lines: &lines }.render()?),
            Form::Text => Ok(lines.iter().map(text_of).collect()),
        }
    }

    /// What stands below the events.
    pub fn foot(&self) -> Result<String, PageError> {
        match self.form {
            Form::Html => Ok(Foot.render()?),
            Form::Text => Ok(String::new()),
        }
    }

    fn line(&mut self, event: &RawEvent) -> Option<Line> {
        let mut line = Line::of(event, &mut self.names, &mut self.kinds)?;
        let day = std::mem::replace(&mut self.day, line.at.day.clone());
        line.day = (day != self.day).then(|| self.day.clone());
        Some(line)
    }
}

/// A paragraph, with an empty line before it.
fn text_of(line: &Line) -> String {
    let whom = |whom: &Option<&str>| whom.map(|whom| format!(" [{whom}]")).unwrap_or_default();
    let at = &line.at.full;
    match &line.what {
        What::Said { who, kind, whom: to, text, .. } => {
            let kind = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
            format!("\n{at} {}{kind}{}:\n{INDENT}{}\n", visible(who), whom(to), visible(text))
        }
        What::Happened { pieces, whom: to } => {
            let words: String = pieces.iter().map(|piece| visible(piece.text())).collect();
            format!("\n{at} *{} {words}\n", whom(to))
        }
        What::Erased => format!("\n{at} * erased\n"),
    }
}

/// A text as it may stand in a terminal: what would move the cursor or colour the page is shown as an unknown character,
/// and lines after the first are moved in.
fn visible(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let shown = text.chars().map(|character| match character {
        '\n' | '\t' => character,
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        other => other,
    });
    shown.collect::<String>().replace('\n', &format!("\n{INDENT}"))
}

#[cfg(test)]
pub(crate) mod tests;
