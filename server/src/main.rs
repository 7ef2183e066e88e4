//! The executable: reads what it was told, becomes one role or the supervisor of all, and leaves an exit code.
//!
//! It composes the other crates and holds no chat logic. [`commands`] is the command line, [`settings`] what an
//! operator sets, [`store`] where everything is kept, [`credentials`] what proves who it is, [`accounts`] what he does to
//! who works here, [`store_tools`] what he does to the store, [`audit`] how that is written down, [`operator`] how he speaks
//! to a pair, [`roles`] what runs, [`lifecycle`] how a process begins and ends, [`telemetry`] what it logs,
//! [`metrics`] how others read what it counts, [`traces`] where its
//! spans go.

mod accounts;
mod audit;
mod commands;
mod credentials;
mod lifecycle;
mod metrics;
mod operator;
mod roles;
mod settings;
mod store;
mod store_tools;
mod telemetry;
mod traces;

use std::process::ExitCode;

fn main() -> ExitCode {
    match commands::Cli::read(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(cli) => cli.execute().map_or_else(|failure| failure.tell(), |()| ExitCode::SUCCESS),
        Err(code) => ExitCode::from(code),
    }
}
