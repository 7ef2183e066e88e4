//! A small disk of its own for a test: a tmpfs that can be filled up and be made read-only.
//!
//! Mounted outright where the test is root, else inside a user and mount namespace of a keeper process through which
//! the engines are started. Where neither is possible the test fails and says so; it is never skipped.

use std::{
    ffi::OsString,
    fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A mounted disk; unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    mount_point: tempfile::TempDir,
    /// The process that keeps the namespace, where the disk is in one.
    keeper: Option<Child>,
}

impl Disk {
    /// Mounts a disk of this size.
    ///
    /// # Panics
    /// When this machine lets the test mount nothing.
    #[must_use]
    pub fn of_bytes(size: u64) -> Self {
        let mount_point =
            tempfile::Builder::new().prefix("tandem-disk-").tempdir().expect("the temp folder is writable");
        let options = format!("size={size}");
        let mount =
            |path: &Path| Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(path).output();
        let outcome = mount(mount_point.path());
        if outcome.as_ref().is_ok_and(|output| output.status.success()) {
            return Self { mount_point, keeper: None };
        }
        let keeper = keep_namespace(mount_point.path(), &options).unwrap_or_else(|| {
            panic!("this test needs a small disk: run it as root, or allow user namespaces (mount said {outcome:?})")
        });
        Self { mount_point, keeper: Some(keeper) }
    }

    /// What an engine has to be started through to see the disk; empty when everybody sees it.
    #[must_use]
    pub fn prefix(&self) -> Vec<OsString> {
        let enter =
            |pid: u32| ["nsenter", "--preserve-credentials", "-U", "-m", "-t", &pid.to_string()].map(OsString::from);
        self.keeper.as_ref().map(|keeper| enter(keeper.id()).to_vec()).unwrap_or_default()
    }

    /// The disk as an engine sees it.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.mount_point.path()
    }

    /// The disk as the test sees it.
    fn seen_from_here(&self) -> PathBuf {
        let path = self.mount_point.path();
        match &self.keeper {
            Some(keeper) => {
                Path::new(&format!("/proc/{}/root", keeper.id())).join(path.strip_prefix("/").unwrap_or(path))
            }
            None => path.to_owned(),
        }
    }

    /// Writes until nothing more fits.
    ///
    /// # Panics
    /// When writing fails for another reason.
    pub fn fill(&self) {
        let mut file = fs::File::create(self.ballast()).expect("the disk is writable");
        // Halved until single bytes: not even the rest of a page stays free.
        let mut chunk = vec![0u8; 64 * 1024];
        while !chunk.is_empty() {
            match file.write_all(&chunk) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => chunk.truncate(chunk.len() / 2),
                Err(error) => panic!("the disk fails otherwise than by being full: {error}"),
            }
        }
    }

    /// Makes room again.
    ///
    /// # Panics
    /// When the disk was not filled.
    pub fn make_room(&self) {
        let ballast = fs::OpenOptions::new().write(true).open(self.ballast()).expect("the disk was filled");
        // Emptied before it is deleted: a process that another test forks meanwhile holds the open file for a moment,
        // and a deleted file keeps its room as long as anybody holds it.
        ballast.set_len(0).expect("an open file can be emptied");
        fs::remove_file(self.ballast()).expect("nobody else deletes it");
    }

    /// Lets nobody write any more; for a disk on which no file is open for writing.
    ///
    /// # Panics
    /// When the kernel refuses, as it does while a file is open for writing.
    pub fn make_read_only(&self) {
        self.remount("ro");
    }

    /// Lets everybody write again.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn make_writable(&self) {
        self.remount("rw");
    }

    /// Of the mount and not of the file system, since only that is allowed inside a user namespace.
    fn remount(&self, mode: &str) {
        let command = [OsString::from("mount"), "-o".into(), format!("remount,bind,{mode}").into(), self.path().into()];
        let whole: Vec<OsString> = self.prefix().into_iter().chain(command).collect();
        let output = Command::new(&whole[0]).args(&whole[1..]).output().expect("mount exists");
        assert!(output.status.success(), "remount {mode}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn ballast(&self) -> PathBuf {
        self.seen_from_here().join("ballast")
    }
}

/// Starts a process that mounts the disk in namespaces of its own and holds them until its stdin closes.
fn keep_namespace(path: &Path, options: &str) -> Option<Child> {
    let script = "mount -t tmpfs -o \"$1\" tmpfs \"$2\" && echo mounted && read -r _";
    let mut keeper = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "keeper", options])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut line = String::new();
    let stdout = keeper.stdout.take().expect("stdout is piped");
    let is_mounted = BufReader::new(stdout).read_line(&mut line).is_ok() && line.trim() == "mounted";
    if is_mounted {
        return Some(keeper);
    }
    // The outcome is of no interest: it said already that it failed.
    let _ = keeper.wait();
    None
}

impl Drop for Disk {
    fn drop(&mut self) {
        match &mut self.keeper {
            Some(keeper) => {
                // Its namespace ends with it, and the mount with that.
                drop(keeper.stdin.take());
                let _ = keeper.wait();
            }
            None => {
                // Lazily, so that a failed test that still has engines on the disk leaves no mount behind.
                let _ = Command::new("umount").arg("--lazy").arg(self.mount_point.path()).output();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the operating system says to a writer.
    fn write(disk: &Disk) -> io::Result<()> {
        fs::write(disk.seen_from_here().join("file"), vec![1u8; 8 * 1024])
    }

    #[test]
    fn a_full_disk_takes_nothing_and_room_can_be_made() {
        let disk = Disk::of_bytes(1024 * 1024);
        disk.fill();
        assert_eq!(write(&disk).expect_err("the disk is full").kind(), io::ErrorKind::StorageFull);
        disk.make_room();
        write(&disk).expect("there is room");
    }

    #[test]
    fn a_read_only_disk_takes_nothing_until_it_is_writable() {
        let disk = Disk::of_bytes(1024 * 1024);
        disk.make_read_only();
        assert_eq!(write(&disk).expect_err("the disk is read-only").kind(), io::ErrorKind::ReadOnlyFilesystem);
        disk.make_writable();
        write(&disk).expect("the disk is writable");
    }
}
