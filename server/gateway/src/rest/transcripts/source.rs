//! Where a transcript comes from, page by page: from the engine for a participant of the session, from the archive for
//! a login. Each says what its asker may read.

use std::collections::BTreeMap;

use tandem_protocol::{
    Event, ParticipantId, ParticipantKind, RawEvent, Seq, SessionId, SessionStatus, Timestamp, Visibility,
    archive::{Look, PastChat, TranscriptPage},
    limits::PAGE_EVENTS_MAX,
    link::{Answer, Page, Request},
};

use crate::{
    app::Shared,
    problem::Problem,
    rest::{auth::Bearer, look::look},
};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(in crate::rest) enum Source {
    /// A participant reads.
    Engine { session: SessionId, bearer: Bearer },
    /// A login reads.
    Archive { session: SessionId, bearer: Bearer },
}

/// Events that follow those one has.
pub(super) struct Part {
    /// How far it reaches; where that is no further than was asked from, there is nothing more.
    pub(super) through: Seq,
    /// The last event for this reader, as things are now.
    pub(super) head: Seq,
    pub(super) names: BTreeMap<ParticipantId, String>,
    /// Those of them that this reader may read.
    pub(super) events: Vec<RawEvent>,
}

impl Source {
    /// The chat, and its first events.
    pub(super) async fn first(self, app: &Shared) -> Result<(PastChat, Part), Problem> {
        match self {
            Self::Engine { session, bearer } => {
                let page = read(app, session, bearer, Seq::ZERO, PAGE_EVENTS_MAX).await?;
                let closed_at_ms = closed_at(app, session, bearer, &page).await?;
                let chat = chat_of(session, &page, closed_at_ms);
                Ok((chat, Part::of(page, Seq::ZERO)))
            }
            Self::Archive { session, bearer } => {
                let page: TranscriptPage = look(app, bearer, Look::Transcript { session, after: Seq::ZERO }).await?;
                Ok((page.chat.clone(), page.into()))
            }
        }
    }

    /// The events after one.
    pub(super) async fn after(self, app: &Shared, after: Seq) -> Result<Part, Problem> {
        match self {
            Self::Engine { session, bearer } => {
                Ok(Part::of(read(app, session, bearer, after, PAGE_EVENTS_MAX).await?, after))
            }
            Self::Archive { session, bearer } => {
                let page: TranscriptPage = look(app, bearer, Look::Transcript { session, after }).await?;
                Ok(page.into())
            }
        }
    }
}

impl Part {
    fn of(mut page: Page, after: Seq) -> Self {
        let through = page.events.last().map_or(after, |event| event.seq);
        page.narrow(page.participant.map_or(Visibility::All, |participant| page.state.sees(participant)));
        let participants = page.state.participants.into_iter();
        let names = participants.map(|participant| (participant.participant, participant.name)).collect();
        Self { through, head: page.head, names, events: page.events }
    }
}

impl From<TranscriptPage> for Part {
    fn from(page: TranscriptPage) -> Self {
        let through = page.events.last().map_or(page.head, |event| event.seq);
        Self { through, head: page.head, names: page.names, events: page.events }
    }
}

async fn read(app: &Shared, session: SessionId, bearer: Bearer, after: Seq, limit: usize) -> Result<Page, Problem> {
    let read = Request::Read { session, by: bearer.credential(), after, limit: limit as u32 };
    match app.engine.ask(session, read).await? {
        Answer::Page(page) => Ok(page),
        _ => Err(Problem::internal()),
    }
}

/// When the session ended: its last event says it, which may be pages away.
async fn closed_at(
    app: &Shared,
    session: SessionId,
    bearer: Bearer,
    page: &Page,
) -> Result<Option<Timestamp>, Problem> {
    if page.state.status != SessionStatus::Closed {
        return Ok(None);
    }
    let at = |event: Option<&RawEvent>| {
        let event: Option<Event> = event.and_then(|event| serde_json::from_str(event.event.get()).ok());
        event.map(|event| event.at_ms)
    };
    match page.events.last() {
        Some(last) if last.seq == page.head => Ok(at(Some(last))),
        _ => {
            let before = Seq(page.head.0.saturating_sub(1));
            Ok(at(read(app, session, bearer, before, 1).await?.events.last()))
        }
    }
}

/// What a participant may know of the chat as a whole: the accounts that were in it are not told.
fn chat_of(session: SessionId, page: &Page, closed_at_ms: Option<Timestamp>) -> PastChat {
    let mut customers = page.state.participants.iter().filter(|who| who.kind == ParticipantKind::Client);
    PastChat {
        session,
        opened_at_ms: page.state.opened_at_ms,
        closed_at_ms,
        subject: page.state.subject.clone(),
        customer: customers.next().map(|customer| customer.name.clone()).unwrap_or_default(),
        contact: None,
        agents: Vec::new(),
        disposition: None,
        erased: false,
    }
}
