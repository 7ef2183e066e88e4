//! The load generator: two-party sessions through the gateway, each party with a window of unacknowledged sends, beside
//! a bare relay that saves nothing, in the same run on the same machine.
//!
//! It starts its own system, so that the figures are of known settings. Anything lost, doubled or out of order ends
//! it with an error: a fast system that forgets is of no use.

mod frames;
mod idle;
mod party;
mod relay;
mod report;
mod sessions;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use tandem_tests::System;

use crate::{
    party::Plan,
    report::{Measured, Report},
};

/// What to do.
#[derive(Debug, Parser)]
#[command(
    about = "Measures saved messages a second, their latency and the memory of idle clients, beside a bare relay."
)]
struct Options {
    #[command(subcommand)]
    command: Option<Part>,
    /// Two-party sessions that chat at the same time.
    #[arg(long, default_value_t = 100)]
    sessions: usize,
    /// Seconds measured, after one second of warming up.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Messages that each party sends before it waits for an acknowledgement.
    #[arg(long, default_value_t = 16)]
    window: usize,
    /// Bytes of text in a message.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(40..16_384))]
    bytes: u64,
    /// Idle clients, a session each, for the memory figure; 0 leaves it out.
    #[arg(long, default_value_t = 2_000)]
    idle: usize,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Serves as the bare relay; the generator starts it by itself.
    #[command(hide = true)]
    Relay,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if matches!(options.command, Some(Part::Relay)) {
        relay::serve().await;
        return ExitCode::SUCCESS;
    }
    let report = measure(&options).await;
    let text = if options.json { report.json() } else { report.table() };
    print(&text);
    let faults = report.faults();
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
fn print(text: &str) {
    println!("{text}");
}

/// Everything in order: memory on fresh processes, then the load, then the relay alone.
async fn measure(options: &Options) -> Report {
    let plan = Plan {
        sessions: options.sessions,
        window: options.window,
        text_bytes: usize::try_from(options.bytes).expect("bounded by its parser"),
        duration: Duration::from_secs(options.seconds),
    };
    let mut system = sessions::roomy().start().await;
    let idle = match options.idle {
        0 => None,
        clients => Some(idle::of_tandem(&mut system, clients).await),
    };
    let tandem = with_tandem(&mut system, &plan).await;
    system.finish().await;
    let mut relay = relay::Process::start().await;
    let idle_relay = match options.idle {
        0 => None,
        clients => Some(idle::of_relay(&relay, clients).await),
    };
    let bare = with_relay(&relay, &plan).await;
    relay.end();
    Report { plan, tandem, relay: bare, idle, idle_relay }
}

async fn with_tandem(system: &mut System, plan: &Plan) -> Measured {
    let processes = vec![
        ("gateway", system.gateway_pid()),
        ("primary", system.pid_of(tandem_tests::Primary).await),
        ("backup", system.pid_of(tandem_tests::Backup).await),
        ("generator", std::process::id()),
    ];
    let pairs = sessions::open(&system.rest(), plan.sessions).await;
    party::run(plan, pairs, processes).await
}

async fn with_relay(relay: &relay::Process, plan: &Plan) -> Measured {
    let processes = vec![("relay", relay.pid()), ("generator", std::process::id())];
    let pairs = relay.rooms(plan.sessions).await;
    party::run(plan, pairs, processes).await
}
