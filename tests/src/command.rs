//! A `tandem` command that does something and ends, with what it is told on stdin.

use std::{
    ffi::{OsStr, OsString},
    io::Write,
    process::{Child, Command, Stdio},
};

use crate::{executable, process::prepared};

/// What a command came to.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

/// Runs `tandem` with these arguments to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, stdin: &str) -> Ran {
    run_through(&[], arguments, stdin)
}

/// As [`run`], started by another command that goes before it, as [`crate::disk::Disk::prefix`].
///
/// # Panics
/// When it cannot be started.
pub fn run_through(prefix: &[OsString], arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, stdin: &str) -> Ran {
    begin(prefix, arguments, stdin).ends()
}

/// Starts `tandem` with these arguments at a terminal of its own, where this is typed. All that the terminal shows is in
/// `stdout`; its process is the terminal, and ends as the command does.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn begin_at_terminal(arguments: &[String], typed: &str) -> Running {
    let executable = executable::tandem().to_str().expect("a plain path").to_owned();
    let quoted = |word: &String| format!("'{}'", word.replace('\'', r"'\''"));
    let line = [executable].iter().chain(arguments).map(quoted).collect::<Vec<_>>().join(" ");
    let flags = ["--quiet", "--return", "--command", &line, "/dev/null"];
    begun(prepared("script").args(flags).env("SHELL", "/bin/sh"), typed)
}

/// A command that is under way.
#[derive(Debug)]
pub struct Running(Child);

/// As [`run_through`], without waiting for its end.
///
/// # Panics
/// When it cannot be started.
pub fn begin(prefix: &[OsString], arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, stdin: &str) -> Running {
    let mut whole = prefix.iter().cloned().chain([executable::tandem().into()]);
    begun(prepared(whole.next().expect("one is there at least")).args(whole).args(arguments), stdin)
}

fn begun(command: &mut Command, stdin: &str) -> Running {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the executable starts");
    // One that does not want it may have closed it already.
    let _ = child.stdin.take().expect("stdin is piped").write_all(stdin.as_bytes());
    Running(child)
}

impl Running {
    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Waits until it has ended, on this thread.
    ///
    /// # Panics
    /// When it prints anything but text.
    #[must_use]
    pub fn ends(self) -> Ran {
        let output = self.0.wait_with_output().expect("a child can be waited for");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a command prints text");
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// What it printed.
    ///
    /// # Panics
    /// When it failed.
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }
}
