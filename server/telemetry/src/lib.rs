//! What Tandem measures: one table of metrics, counted where things happen, the text in which Prometheus reads them, and
//! [`trace`], the spans of what becomes of one message.
//!
//! Everything is a static of the process, so that whoever counts needs nothing handed to him, and counting is an atomic
//! addition, whether anybody reads it or not. The crate must never know a runtime, a socket or what the figures mean to
//! anybody; the roles count, and the executable answers who asks. Labels take few values: names from the settings and
//! words of the code, never a session, a client or a person.

mod exposition;
mod groups;
mod kinds;
mod row;
pub mod trace;

pub use exposition::Exposition;
pub use groups::{ENGINE, Engine, GATEWAY, Gateway, INTERACTION, Interaction, LINK, Links, PROCESS, Process, table};
pub use kinds::{By, Count, Level, Number, Seconds, Sizes, TotalSeconds};
pub use row::{Group, Kind, Label, Row};
