//! Why an engine could not start or had to end.

/// What ends an engine other than its own shutdown.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// What this process is could not be read from `/proc`; without it the other engine could not tell who holds the
    /// lease.
    #[error("cannot read what this process is from /proc: {0}")]
    Process(#[source] std::io::Error),
    /// The task that owns the sessions panicked; the log says where.
    #[error("the engine's own task panicked")]
    Panicked,
}
