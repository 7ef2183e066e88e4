//! What an operator does to a store as a whole, back it up, check it, move it, and to single transcripts: export and
//! verify them.
//!
//! The databases' inside is the store crate's; here is what lies around it: where things are put, what is said on the
//! way, and what is refused. `commands/store` and `commands/transcript` call it.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod copy;
pub(crate) mod export;
pub(crate) mod new_dir;
pub(crate) mod progress;
pub(crate) mod verify;
pub(crate) mod whole;
