//! Stories with real processes in which, at most, one process dies: what customers, integrators and operators rely on.
//!
//! Where more goes wrong at the same time, see the `fault` target; for the page itself, see `browser`.

mod agents;
mod archive;
mod control;
mod drill;
mod ending;
mod failing;
mod failover;
mod journal;
mod limits;
mod lookups;
mod metrics;
mod notes;
mod options;
mod pairs;
mod postgres;
mod rest;
mod resuming;
mod run;
mod security;
mod sockets;
mod store;
mod switchover;
mod traces;
mod transcripts;
mod versions;
