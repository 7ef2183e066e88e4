//! What the core notes, as lines of the log and as figures: sessions and agents by their numbers, never names or texts.

use tandem_telemetry::INTERACTION;
use tracing::{info, warn};

use crate::routing::Note;

/// Writes one note, and counts it where it is counted.
pub(crate) fn write(note: &Note) {
    count(note);
    match note {
        Note::Settled { pair, sessions, waiting } => {
            info!(%pair, sessions, waiting, "every session of the pair is known; agents are asked from now on");
        }
        Note::BeganWithout { pair } => {
            warn!(%pair, "nothing is known of the pair yet; agents are asked for the sessions of the others");
        }
        Note::Stray { pair, session } => {
            warn!(%pair, %session, "the pair tells of a session that is another's by its id; it is left alone");
        }
        Note::Queued { session, queue, cause } => info!(%session, %queue, ?cause, "a session waits"),
        Note::Offered { session, agent } => info!(%session, %agent, "a session is offered"),
        Note::NoAnswer { session, agent } => info!(%session, %agent, "an agent did not answer in time"),
        Note::Declined { session, agent } => info!(%session, %agent, "an agent declined"),
        Note::Joined { session, agent } => info!(%session, %agent, "an agent has a session"),
        Note::Filed { session, agent } => info!(%session, %agent, "a chat is filed away"),
        Note::Present { agent } => info!(%agent, "an agent is there"),
        Note::PresenceLost { agent, sessions } => info!(%agent, sessions, "an agent is gone"),
        Note::Revoked { agent } => info!(%agent, "a desk is closed: its login is no longer good"),
        Note::Unattended { session } => {
            warn!(%session, "an open session waited nowhere and nobody was in it; it is queued again");
        }
        Note::Mended { session } => warn!(%session, "a waiting session stood in no list; it does again"),
        Note::Refused { session, code } => {
            warn!(%session, ?code, "the engine refuses what a session needs; it is tried again later");
        }
        Note::WithoutEffect { session } => {
            warn!(%session, "the engine did what a session needed and it is as before; it is tried again later");
        }
        Note::SetAside { session } => {
            warn!(%session, "a session cannot be followed; it is left out and asked for again later");
        }
        Note::Unseen { session } => {
            warn!(%session, "the engine did what a session needed and did not tell; it is asked how it stands");
        }
    }
}

fn count(note: &Note) {
    let offer = |outcome| INTERACTION.offers.of([outcome]).inc();
    match note {
        Note::Offered { .. } => offer("made"),
        Note::Declined { .. } => offer("declined"),
        Note::NoAnswer { .. } => offer("unanswered"),
        Note::Joined { .. } => INTERACTION.joins.inc(),
        _ => {}
    }
}
