//! The benchmark of the store: events saved a second and the time of a restoration, beside the bare database in the same
//! run on the same disk.
//!
//! What is compared is measured in turns, a slice each, so that whatever else the machine does hits both. Whatever was
//! acknowledged is read back at the end; a store that has lost or changed an event ends it with an error.

mod bare;
mod chats;
mod contest;
mod machine;
mod report;
mod restoring;
mod saving;
mod scale;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

use crate::{machine::Machine, report::Report, scale::Scale};

/// What to do.
#[derive(Debug, Parser)]
#[command(
    about = "Measures the store beside the bare database: events saved a second, and the time of a restoration.",
    after_help = "Without --sqlite and --postgres, both are measured. Files lie in a temporary folder: where that is not \
                  a disk, set TMPDIR."
)]
struct Options {
    /// The embedded store.
    #[arg(long)]
    sqlite: bool,
    /// The store in PostgreSQL, on a server that is started for it.
    #[arg(long)]
    postgres: bool,
    /// Milliseconds of each slice.
    #[arg(long, default_value_t = 1_000)]
    slice_ms: u64,
    /// Slices of each kind.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Sessions that are restored.
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// Events of each of them.
    #[arg(long, default_value_t = 20)]
    events: u64,
    /// Bytes of an event.
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u64).range(160..16_384))]
    bytes: u64,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Options {
    fn scale(&self) -> Scale {
        Scale {
            slice: Duration::from_millis(self.slice_ms),
            rounds: self.rounds,
            sessions: self.sessions,
            events: self.events,
            event_bytes: usize::try_from(self.bytes).expect("bounded by its parser"),
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let report = measure(&options).await;
    print(&if options.json { report.json() } else { report.table() });
    let faults = report.faults();
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
fn print(text: &str) {
    println!("{text}");
}

async fn measure(options: &Options) -> Report {
    let scale = options.scale();
    let both = !options.sqlite && !options.postgres;
    let machine = Machine::now();
    let mut contests = Vec::new();
    if both || options.sqlite {
        contests.push(contest::on_sqlite(&scale).await);
    }
    if both || options.postgres {
        contests.push(contest::on_postgres(&scale).await);
    }
    Report { scale, before: machine, after: Machine::now(), contests }
}
