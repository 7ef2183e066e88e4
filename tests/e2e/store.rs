//! What an operator does to a store as a whole, on the command line, while chats go on or when all is stopped.

mod backup;
mod check;
mod copy;
mod transcript;

use std::{ffi::OsString, path::Path};

use tandem_protocol::{EventBody, RawEvent};
use tandem_tests::command::{Ran, run};
use tokio::task::{JoinHandle, spawn_blocking};

/// Starts a `tandem` command on a data directory, beside whatever else the test does.
fn begin(words: &[&str], data: &Path) -> JoinHandle<Ran> {
    let words = words.iter().map(OsString::from);
    let words: Vec<OsString> = words.chain(["--data".into(), data.into()]).collect();
    spawn_blocking(|| run(words, ""))
}

/// Runs it to its end.
async fn tandem(words: &[&str], data: &Path) -> Ran {
    begin(words, data).await.expect("the command runs")
}

/// The one line of a command that could not do its work.
fn line(ran: &Ran) -> &str {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    let mut lines = ran.stderr.lines();
    let line = lines.next().expect("it says why");
    assert_eq!(lines.next(), None, "one clear line: {ran:?}");
    line
}

/// What was said, in order.
fn texts(events: &[RawEvent]) -> Vec<String> {
    let text = |event: &RawEvent| match event.parse().expect("an event is JSON").body {
        EventBody::Message { text, .. } => Some(text),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}
