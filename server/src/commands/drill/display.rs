//! How far a drill is, on stderr: a line that changes on a terminal, a line for each phase elsewhere, and nothing for a
//! program, which reads the result.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use tandem_drill::{Phase, Progress};
use tokio::{sync::watch, task::JoinHandle};

/// How often the sign that it goes on moves.
const TICK: Duration = Duration::from_millis(120);

/// See the module.
pub(super) struct Display {
    progress: watch::Sender<Progress>,
    showing: JoinHandle<()>,
}

impl Display {
    pub(super) fn begin(is_for_program: bool) -> Self {
        let progress = watch::Sender::new(Progress::default());
        let seen = progress.subscribe();
        let showing = tokio::spawn(async move {
            match (is_for_program, std::io::stderr().is_terminal()) {
                (true, _) => {}
                (false, true) => on_terminal(seen).await,
                (false, false) => in_lines(seen).await,
            }
        });
        Self { progress, showing }
    }

    /// What is written to it is shown.
    pub(super) fn progress(&self) -> watch::Sender<Progress> {
        self.progress.clone()
    }

    /// Shows the last and ends.
    pub(super) async fn end(self) {
        drop(self.progress);
        // It ends with its sender; a panic in it has been told by the panic itself.
        let _ = self.showing.await;
    }
}

async fn on_terminal(mut seen: watch::Receiver<Progress>) {
    let style = |template| ProgressStyle::with_template(template).expect("the template is well formed");
    let (counted, plain) = (style("{spinner} {msg} {bar:30} {pos}/{len}"), style("{spinner} {msg}"));
    let bar = ProgressBar::new(0);
    bar.enable_steady_tick(TICK);
    loop {
        let Progress { phase, done, total, says } = seen.borrow_and_update().clone();
        bar.set_style(if total > 0 { counted.clone() } else { plain.clone() });
        bar.set_length(total.into());
        bar.set_position(done.into());
        bar.set_message(says);
        if phase == Phase::Over || seen.changed().await.is_err() {
            break;
        }
    }
    bar.finish_and_clear();
}

async fn in_lines(mut seen: watch::Receiver<Progress>) {
    let mut last = Phase::Over;
    loop {
        let Progress { phase, says, .. } = seen.borrow_and_update().clone();
        if phase != last && phase != Phase::Over {
            eprintln!("{says}");
        }
        last = phase;
        if phase == Phase::Over || seen.changed().await.is_err() {
            return;
        }
    }
}
