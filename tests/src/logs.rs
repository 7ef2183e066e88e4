//! What a role wrote to stderr: kept whole, waited for, and judged at the end of a test.
//!
//! A WARN or ERROR line that the test did not declare fails it: a system that cries without need is not watched.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use crate::deadline;

/// The lines of one process so far; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logs {
    lines: Arc<Mutex<Vec<String>>>,
    readers: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Logs {
    /// Reads lines in a thread of its own until the process closes its stderr.
    pub(crate) fn follow(&self, stderr: impl Read + Send + 'static) {
        let lines = Arc::clone(&self.lines);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                lines.lock().expect("no reader panics").push(line);
            }
        });
        self.readers.lock().expect("no reader panics").push(reader);
    }

    /// Waits until everything is read that ended processes wrote.
    ///
    /// # Panics
    /// When somebody still holds the stderr of `name`: a process that it started and left behind.
    pub(crate) async fn settle(&self, name: &str) {
        let what = format!("the stderr of {name} is closed, that is: it left no process behind");
        let is_read = async || {
            let mut readers = self.readers.lock().expect("no reader panics");
            readers.retain(|reader| !reader.is_finished());
            readers.is_empty().then_some(())
        };
        deadline::eventually(&what, is_read).await;
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no reader panics").clone()
    }

    /// The lines that contain a text.
    pub(crate) fn matching(&self, text: &str) -> Vec<String> {
        self.lines().into_iter().filter(|line| line.contains(text)).collect()
    }

    /// The lines that tell of trouble and contain none of the allowed texts.
    pub(crate) fn unexpected(&self, allowed: &[String]) -> Vec<String> {
        let is_allowed = |line: &String| allowed.iter().any(|text| line.contains(text.as_str()));
        self.lines().into_iter().filter(|line| is_trouble(line) && !is_allowed(line)).collect()
    }
}

/// Whether a line is of level WARN or ERROR, as text or as JSON, or of a panic.
fn is_trouble(line: &str) -> bool {
    let level = line.split_whitespace().nth(1).unwrap_or_default();
    let json = line.contains("\"level\":\"WARN\"") || line.contains("\"level\":\"ERROR\"");
    matches!(level, "WARN" | "ERROR") || json || line.contains("panicked at")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "2026-01-01T00:00:00Z  INFO tandem: took over epoch=2\n\
        2026-01-01T00:00:01Z  WARN tandem: deposed\n\
        {\"timestamp\":\"…\",\"level\":\"ERROR\",\"message\":\"disk full\"}\n\
        thread 'main' panicked at src/main.rs:1:1:\n";

    #[tokio::test]
    async fn trouble_that_nobody_declared_is_found() {
        let logs = Logs::default();
        logs.follow(LOG.as_bytes());
        logs.settle("the test").await;
        assert_eq!(logs.lines().len(), 4);
        assert_eq!(logs.matching("took over").len(), 1);
        let unexpected = logs.unexpected(&["deposed".into()]);
        assert_eq!(unexpected.len(), 2, "{unexpected:?}");
        assert!(unexpected[0].contains("disk full") && unexpected[1].contains("panicked"));
    }
}
