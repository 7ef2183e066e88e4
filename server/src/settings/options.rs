//! `[engine.settings]`: the options of sessions, under the names that operators of such systems know.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tandem_session::{AutoSave, KeptNotices, OnSaveError, Restoration};

use super::{
    values::{Count, Span},
    words::Word,
};

/// Twenty days in milliseconds.
const TWENTY_DAYS_MS: u64 = 20 * 24 * 60 * 60 * 1000;

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct OptionsSection {
    /// A customer gone this long, without connection or request, leaves the session.
    pub(crate) client_disconnect_timeout: Span<5_000, TWENTY_DAYS_MS>,
    /// Open sessions at which new ones are refused (O-1). The bound is what one process can hold in memory.
    pub(crate) limit_for_sessions: Count<1, 10_000_000>,
    /// Attached participants at which new ones are refused (O-1).
    pub(crate) limit_for_clients: Count<1, 20_000_000>,
    /// The longest text of a message in bytes of UTF-8. The bound keeps a page of history far below a link's frame.
    pub(crate) message_bytes_max: Count<1, 65_536>,
    /// What becomes of the sessions of an engine that is gone.
    pub(crate) session_restoration_mode: Word<Restoration>,
    /// When transcripts are saved; see [`OptionsSection::auto_save`].
    pub(crate) transcript_auto_save: Count<0, 2>,
    /// Tries after a recoverable store error before it counts as non-recoverable.
    pub(crate) transcript_resend_attempts: Count<0, 1_000>,
    /// The pause between them.
    pub(crate) transcript_resend_delay: Span<10, 60_000>,
    /// What becomes of a session after an error that is not, or no longer, recoverable.
    pub(crate) transcript_save_on_error: Word<OnSaveError>,
    /// Which notices are events of the transcript.
    pub(crate) transcript_save_notices: Word<KeptNotices>,
}

impl Default for OptionsSection {
    fn default() -> Self {
        Self {
            client_disconnect_timeout: Span(Duration::from_secs(60)),
            limit_for_sessions: Count(100_000),
            limit_for_clients: Count(200_000),
            message_bytes_max: Count(16_384),
            session_restoration_mode: Word(Restoration::Simple),
            transcript_auto_save: Count(1),
            transcript_resend_attempts: Count(10),
            transcript_resend_delay: Span(Duration::from_millis(500)),
            transcript_save_on_error: Word(OnSaveError::Close),
            transcript_save_notices: Word(KeptNotices::Major),
        }
    }
}

impl OptionsSection {
    /// What the number of `transcript-auto-save` stands for.
    pub(crate) fn auto_save(&self) -> AutoSave {
        match self.transcript_auto_save.0 {
            0 => AutoSave::AtEnd,
            1 => AutoSave::Each,
            _ => AutoSave::EachWithNotices,
        }
    }
}
