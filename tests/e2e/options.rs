//! Options of `[engine.settings]`: each does what its row says, seen from outside.

mod idleness;
mod notices;
mod restoration;
mod saving;
