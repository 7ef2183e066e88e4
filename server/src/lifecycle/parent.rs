//! A child of `tandem run` ends with it, even when the supervisor is killed and can no longer end anybody.

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::failure::Failure;

/// Asks the kernel to kill this process when its supervisor dies. Called first thing, on the main thread: the kernel
/// keeps the wish with the thread that made it.
///
/// SIGKILL and not SIGTERM: a stopped or hung child must not survive as an orphan on the next run's ports.
pub(crate) fn end_with(supervisor: u32) -> Result<(), Failure> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(Failure::runtime)?;
    // The supervisor may have died before the wish was made; then nobody sends the signal any more.
    let parent = getppid().map(Pid::as_raw_nonzero).map(|pid| pid.get().unsigned_abs());
    if parent == Some(supervisor) { Ok(()) } else { Err(Failure::runtime(Orphaned)) }
}

/// The supervisor is gone.
#[derive(Debug, thiserror::Error)]
#[error("the supervisor ended before this process began")]
struct Orphaned;
