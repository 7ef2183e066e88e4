//! [`Progress`]: says on stderr how far a long command is.
//!
//! A bar on a terminal; elsewhere a line at the start and one now and then, so that a log shows that it goes on. A
//! program that asked for JSON is told nothing until the end.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Somebody who looks on or reads it later.
    Person,
    /// A program, which reads the result.
    Program,
}

/// One thing that takes its time.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    total: u64,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Bar(ProgressBar),
    Lines { last: Instant },
    Nothing,
}

impl Progress {
    /// Begins; `what` is as in `copying pages`, of which there are about so many.
    pub(crate) fn begin(audience: Audience, what: &'static str, total: u64) -> Self {
        let shown = match audience {
            Audience::Program => Shown::Nothing,
            Audience::Person if std::io::stderr().is_terminal() => {
                let style = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len} {eta}");
                let bar = ProgressBar::new(total).with_style(style.expect("the template is well formed"));
                bar.set_prefix(what);
                Shown::Bar(bar)
            }
            Audience::Person => {
                eprintln!("{what}: {total} in all");
                Shown::Lines { last: Instant::now() }
            }
        };
        Self { what, total, shown }
    }

    /// So many are done.
    pub(crate) fn at(&mut self, done: u64) {
        match &mut self.shown {
            Shown::Bar(bar) => bar.set_position(done),
            Shown::Lines { last } if last.elapsed() >= LINE_EVERY => {
                eprintln!("{}: {done} of {}", self.what, self.total);
                *last = Instant::now();
            }
            Shown::Lines { .. } | Shown::Nothing => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
