//! A role beside the systems, such as one that several pairs have in common: a process of its own, which is judged at its end as
//! those of a system are.

use crate::part::Part;

/// See the module. A test ends it with [`Judged::finish`].
#[derive(Debug)]
pub(super) struct Judged {
    /// Holds settings and caches; deleted with the role.
    pub(super) folder: tempfile::TempDir,
    pub(super) part: Part,
    allowed: Vec<String>,
    is_finished: bool,
}

impl Judged {
    /// One that is not started yet.
    pub(super) fn new(folder: tempfile::TempDir, part: Part) -> Self {
        Self { folder, part, allowed: Vec::new(), is_finished: false }
    }

    /// The lines of its log that contain a text.
    pub(super) fn log(&self, text: &str) -> Vec<String> {
        self.part.logs.matching(text)
    }

    /// Declares that a WARN or ERROR line with this text is what the test provokes.
    pub(super) fn expect_log(&mut self, text: &str) {
        self.allowed.push(text.to_owned());
    }

    /// Ends it cleanly, and fails when its log has trouble that the test did not declare.
    pub(super) async fn finish(mut self) {
        self.is_finished = true;
        self.part.end().await;
        self.part.logs.settle(self.part.name).await;
        let trouble = self.part.logs.unexpected(&self.allowed);
        assert!(trouble.is_empty(), "trouble that the test did not declare:\n{}", trouble.join("\n"));
    }
}

impl Drop for Judged {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of {}:\n{}", self.part.name, self.part.logs.lines().join("\n"));
        } else {
            assert!(self.is_finished, "a test ends the {} with finish(), which judges it", self.part.name);
        }
    }
}
