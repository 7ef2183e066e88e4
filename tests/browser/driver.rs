//! chromedriver as a child process on a free port.

use std::process::Stdio;

use tandem_tests::within;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// What chromedriver says once it listens; the port and a full stop follow.
const STARTED: &str = "was started successfully on port ";

/// A running chromedriver; killed, by its process id, when dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    /// Where it listens.
    pub(crate) url: String,
    _child: Child,
    /// Kept open: what is printed into a closed pipe ends a process.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    pub(crate) async fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver does not start ({error}); install chromium and chromium-driver")
            });
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let port = within("chromedriver listens", port(&mut stdout)).await;
        Self { url: format!("http://127.0.0.1:{port}"), _child: child, _stdout: stdout }
    }
}

async fn port(stdout: &mut Lines<BufReader<ChildStdout>>) -> u16 {
    loop {
        let line = stdout.next_line().await.expect("chromedriver prints text").expect("chromedriver goes on");
        if let Some((_, port)) = line.split_once(STARTED) {
            return port.trim_end_matches('.').parse().expect("a port is a number");
        }
    }
}
