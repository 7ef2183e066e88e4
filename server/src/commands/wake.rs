//! `tandem wake`: lets an engine go on that a drill has made hang. An engine starts it before it stops itself; nobody else
//! calls it.
//!
//! It can neither outlive that engine nor wake another process under the same id: the kernel ends it with its parent, and
//! its parent is the only one that it wakes.

use std::{thread::sleep, time::Duration};

use clap::Args;
use rustix::process::{Pid, Signal, getppid, kill_process};

use crate::lifecycle::{failure::Failure, parent};

/// Let the engine that has started this go on, after a hang in a drill.
#[derive(Debug, Args)]
#[command(
    hide = true,
    after_help = "\
Example:
  tandem wake 4711 10000                   the engine 4711, whose child this is, in ten seconds"
)]
pub(super) struct WakeArgs {
    /// The process that has started this one.
    process: u32,
    /// How long to wait, in milliseconds.
    after_ms: u64,
}

impl WakeArgs {
    pub(super) fn execute(self) -> Result<(), Failure> {
        parent::end_with(self.process)?;
        // This process has nothing else to do.
        sleep(Duration::from_millis(self.after_ms));
        let stopped = getppid().filter(|parent| is(*parent, self.process));
        stopped.map_or(Ok(()), |stopped| kill_process(stopped, Signal::CONT)).map_err(Failure::runtime)
    }
}

fn is(pid: Pid, process: u32) -> bool {
    pid.as_raw_nonzero().get().unsigned_abs() == process
}
