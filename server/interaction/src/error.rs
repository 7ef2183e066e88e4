//! Why an interaction server could not start or had to end.

use tandem_store::StoreError;

use crate::settings::InvalidSettings;

/// Why an interaction server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings contradict each other.
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// The directory could not be read.
    #[error("the directory of agents cannot be read")]
    Directory(#[from] StoreError),
}

/// What ends an interaction server other than its own shutdown.
#[derive(Debug, thiserror::Error)]
pub enum InteractionError {
    /// A task of it panicked; the log says where.
    #[error("a task of the interaction server panicked")]
    Panicked,
}
