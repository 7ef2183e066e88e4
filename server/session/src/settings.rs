//! What an operator can set about sessions; the names on the outside are those of `[engine.settings]`.

use std::time::Duration;

/// The settings of the session core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSettings {
    /// `client-disconnect-timeout`: a customer gone this long (no connection, no request) leaves the session.
    pub client_disconnect_timeout: Duration,
    /// `limit-for-sessions`: open sessions; more are refused, these go on (O-1).
    pub sessions_max: usize,
    /// `limit-for-clients`: attachments of participants; more are refused, these go on (O-1).
    pub clients_max: usize,
    /// `message-bytes-max`: bytes of UTF-8 of one message's text.
    pub message_bytes_max: usize,
    /// `session-restoration-mode`: what becomes of the sessions that a new primary inherits.
    pub restoration: Restoration,
    /// `transcript-auto-save`: when events are saved.
    pub auto_save: AutoSave,
    /// `transcript-save-on-error`: what becomes of a session that cannot be saved.
    pub on_save_error: OnSaveError,
    /// `transcript-save-notices`: which notices are events of the transcript.
    pub kept_notices: KeptNotices,
    /// `[engine.inactivity-control]`; none where it is not enabled.
    pub inactivity: Option<Inactivity>,
}

/// `session-restoration-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restoration {
    /// A session dies with its engine: whoever comes next ends it, and its readers are told.
    None,
    /// Sessions go on.
    Simple,
}

/// `transcript-auto-save`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoSave {
    /// 0: a transcript is saved when its session has ended, and when the engine is stopped in order. D-1 and D-2 do not
    /// hold, and nothing can be restored.
    AtEnd,
    /// 1: each event before anybody is told of it (D-1).
    Each,
    /// 2: likewise, and clients who asked are told of each save.
    EachWithNotices,
}

/// `transcript-save-on-error`: what an error that does not pass does to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSaveError {
    /// It takes back what was not saved, and ends.
    Close,
    /// It goes on unsaved, and is saved as soon as that works again.
    Continue,
}

impl SessionSettings {
    /// Whether a new primary can and should restore what it inherits: what is saved at the end only cannot be.
    #[must_use]
    pub fn restores(&self) -> bool {
        self.restoration == Restoration::Simple && self.auto_save != AutoSave::AtEnd
    }
}

/// `transcript-save-notices`: each keeps what the one before keeps. Typing is never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeptNotices {
    /// None: they are told to those who are there.
    None,
    /// Those about the session's course: idle alerts, and that it was ended for idleness.
    Major,
    /// Also those about the service: that the session was restored.
    All,
}

/// `[engine.inactivity-control]`: what becomes of a session in which nobody does anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inactivity {
    /// `timeout-alert`: from the last activity to the alert.
    pub timeout_alert: Duration,
    /// `timeout-alert2`: from there to a second alert; none for no second alert.
    pub timeout_alert2: Option<Duration>,
    /// `timeout-close`: from the last alert to the end.
    pub timeout_close: Duration,
    /// `message-alert`; nothing is said when it is empty, and time goes on all the same.
    pub message_alert: String,
    /// `message-alert2`; likewise.
    pub message_alert2: String,
    /// `message-close`; likewise.
    pub message_close: String,
    /// `include-notices`: which notices of participants count as activity.
    pub counted: CountedNotices,
}

/// `include-notices`. The only notice that a participant of Tandem gives is that he types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedNotices {
    /// None.
    None,
    /// Those about more than typing: at present none.
    Major,
    /// Also that somebody begins to type.
    Typing,
    /// All: also that somebody stops typing.
    All,
}

impl CountedNotices {
    /// Whether it is activity that somebody begins or stops to type.
    #[must_use]
    pub fn counts_typing(self, on: bool) -> bool {
        match self {
            Self::None | Self::Major => false,
            Self::Typing => on,
            Self::All => true,
        }
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            client_disconnect_timeout: Duration::from_secs(60),
            sessions_max: 100_000,
            clients_max: 200_000,
            message_bytes_max: 16_384,
            restoration: Restoration::Simple,
            auto_save: AutoSave::Each,
            on_save_error: OnSaveError::Close,
            kept_notices: KeptNotices::Major,
            inactivity: None,
        }
    }
}
