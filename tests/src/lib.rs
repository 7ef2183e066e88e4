//! The harness of the tests with real processes: it starts the roles of Tandem, kills them, talks to them as customers
//! and integrators do, and judges what they saw.
//!
//! It must know nothing of the inside of a role: only the executable, the wires and the logs. The test targets
//! (`e2e`, `fault`, `browser`) read as stories because everything else is here; `load` and `drill` use it too.

pub mod agent;
pub mod alone;
pub mod checker;
pub mod command;
pub mod customer;
pub mod deadline;
pub mod disk;
pub mod executable;
pub mod figures;
pub mod guard;
pub mod history;
mod logs;
pub mod looker;
mod part;
mod ports;
mod probe;
mod process;
pub mod rest;
pub mod seeds;
mod socket;
pub mod store;
pub mod system;
pub mod tunnel;
pub mod usage;
pub mod whole;

pub use tandem_postgres as postgres;

pub use agent::{Account, Agent};
pub use alone::Alone;
pub use checker::check;
pub use customer::Customer;
pub use deadline::{eventually, within};
pub use figures::Figures;
pub use guard::Guard;
pub use history::History;
pub use looker::Looker;
pub use process::{Process, Ready};
pub use rest::Rest;
pub use store::Store;
pub use system::{
    CommonGateway, CommonInteraction, Drilled, Drilling,
    Engine::{self, Backup, Primary},
    Role, Spoken, System, Watched,
};
pub use tunnel::Tunnel;
pub use whole::Whole;
