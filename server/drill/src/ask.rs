//! What a drill asks of the pair's primary, whoever that is at the moment.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tandem_protocol::SessionId;
use tandem_protocol::{
    Epoch, Refusal, Seq, Switchover, SwitchoverOutcome, TokenHash,
    control::{Actor, Control, ControlAsk, Failing, Noted, PairStatus, Takeover, Told},
    limits::PAGE_EVENTS_MAX,
    link::{Answer, Credential, Open, Page, Request},
};
use tokio::time::timeout;

/// How long an answer is waited for: longer than a takeover on silence and all waits of a switchover together.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Takeovers that are looked at for what the last one of a kind cost.
const TAKEOVERS_MAX: u32 = 50;

/// The primary of the pair, across its failures: what is not answered is asked of its successor.
#[async_trait]
pub trait Primary: Send + Sync + 'static {
    /// Asks, and waits for the answer. May be dropped; what was asked may then be done all the same.
    async fn ask(&self, request: Request) -> Result<Answer, Unanswered>;
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The primary refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody has answered in time.
    #[error("no engine answered in time")]
    Late,
    /// It is an answer to something else.
    #[error("the primary's answer makes no sense")]
    Strange,
}

/// Somebody asks.
#[derive(Clone)]
pub struct Asker {
    primary: Arc<dyn Primary>,
    by: Actor,
}

impl Asker {
    /// Asks as this operator.
    pub fn new(primary: Arc<dyn Primary>, by: Actor) -> Self {
        Self { primary, by }
    }

    pub(crate) fn by(&self) -> &Actor {
        &self.by
    }

    async fn ask(&self, request: Request) -> Result<Answer, Unanswered> {
        timeout(ANSWER_MAX, self.primary.ask(request)).await.unwrap_or(Err(Unanswered::Late))
    }

    async fn control(&self, act: Control) -> Result<Told, Unanswered> {
        match self.ask(Request::Control(ControlAsk { by: self.by.clone(), act })).await? {
            Answer::Control(told) => Ok(told),
            _ => Err(Unanswered::Strange),
        }
    }

    pub(crate) async fn status(&self) -> Result<PairStatus, Unanswered> {
        match self.control(Control::Status).await? {
            Told::Status(status) => Ok(*status),
            _ => Err(Unanswered::Strange),
        }
    }

    pub(crate) async fn takeovers(&self) -> Result<Vec<Takeover>, Unanswered> {
        match self.control(Control::Takeovers { before: None, limit: TAKEOVERS_MAX }).await? {
            Told::Takeovers(takeovers) => Ok(takeovers),
            _ => Err(Unanswered::Strange),
        }
    }

    pub(crate) async fn switchover(&self, from: Epoch, dry_run: bool) -> Result<SwitchoverOutcome, Unanswered> {
        let asked = Switchover { from, dry_run, by: Some(self.by.clone()) };
        match self.ask(Request::Switchover(asked)).await? {
            Answer::Switchover(outcome) => Ok(outcome),
            _ => Err(Unanswered::Strange),
        }
    }

    /// Answered by the successor.
    pub(crate) async fn fail(&self, from: Epoch, how: Failing) -> Result<(), Unanswered> {
        is_done(self.control(Control::Fail { from, how }).await?)
    }

    pub(crate) async fn note(&self, noted: Noted) -> Result<(), Unanswered> {
        is_done(self.control(Control::Note(Box::new(noted))).await?)
    }

    pub(crate) async fn open(&self, open: Open) -> Result<(), Unanswered> {
        match self.ask(Request::Open(open)).await? {
            Answer::Joined { .. } => Ok(()),
            _ => Err(Unanswered::Strange),
        }
    }

    pub(crate) async fn read(&self, session: SessionId, token: TokenHash, after: Seq) -> Result<Page, Unanswered> {
        let limit = u32::try_from(PAGE_EVENTS_MAX).expect("a small number");
        match self.ask(Request::Read { session, by: Credential::Token(token), after, limit }).await? {
            Answer::Page(page) => Ok(page),
            _ => Err(Unanswered::Strange),
        }
    }

    pub(crate) async fn close(&self, session: SessionId, token: TokenHash) -> Result<(), Unanswered> {
        match self.ask(Request::Close { session, by: Credential::Token(token) }).await? {
            Answer::Done => Ok(()),
            _ => Err(Unanswered::Strange),
        }
    }

    pub(crate) async fn erase(&self, session: SessionId) -> Result<(), Unanswered> {
        match self.ask(Request::Erase { session }).await? {
            Answer::Done => Ok(()),
            _ => Err(Unanswered::Strange),
        }
    }
}

fn is_done(told: Told) -> Result<(), Unanswered> {
    if told == Told::Done { Ok(()) } else { Err(Unanswered::Strange) }
}
