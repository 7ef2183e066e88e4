//! The interaction server of Tandem: queues, routing to agents, their desks.
//!
//! It learns of sessions and speaks to gateways through one link to the primary engine of each pair, as a gateway does;
//! facts of routing stand in the transcripts, so that nothing is lost with it. `routing` decides and is pure; the rest
//! carries out. It must never know an engine or a gateway from inside. The executable's role calls
//! [`Interaction::start`] and [`Interaction::shutdown`].

mod archivist;
mod clerk;
mod clock;
mod customer;
mod deed;
mod eraser;
mod error;
mod hours;
mod interaction;
mod journal;
mod logins;
mod looks;
pub mod password;
mod routing;
mod service;
mod settings;
mod stores;
mod token;
mod trouble;

pub use error::{InteractionError, StartError};
pub use hours::{Hours, InvalidHours};
pub use interaction::Interaction;
pub use settings::{InteractionSettings, InvalidSettings, QueueSettings};
pub use stores::Stores;
