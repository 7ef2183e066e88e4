//! The runtime of a chat engine: it carries out what the pure core and the lease keeper (`tandem-session`) decide.
//!
//! One task, the [`service`], owns both and takes inputs in order; everything that waits (links, the store, the
//! other engine) runs beside it and reports back as an input. The crate must never know axum or a page. The
//! executable starts an [`Engine`] with a store and a listener.

mod acceptor;
mod clock;
mod engine;
mod error;
mod process;
mod recorder;
mod saver;
mod service;
mod settings;
mod standby;

pub use engine::{Engine, EngineRole};
pub use error::EngineError;
pub use settings::{EngineSettings, SaveSettings};
