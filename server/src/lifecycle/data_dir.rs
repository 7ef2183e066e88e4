//! Who uses a data directory: one engine of each name, one interaction server, one `tandem run`. Whether it is Tandem's
//! and can be written is the embedded store's to say, which is opened before anything is locked; where a database is used
//! instead, locks and caches are all that lies in it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::{io::FdFlags, process::Pid};
use tandem_protocol::{EngineName, PairName};

/// How long a lock may outlive its recorded holder: the time in which the kernel ends a killed run's children.
const RELEASE_WAIT: Duration = Duration::from_secs(2);

/// The pause between two looks at such a lock.
const RELEASE_LOOK: Duration = Duration::from_millis(20);

/// The lock of `tandem run`.
const RUN_LOCK: &str = "run.lock";

/// The lock of the interaction server.
const INTERACTION_LOCK: &str = "interaction.lock";

/// Why a data directory is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// It cannot be read or written.
    #[error("the data directory {} cannot be used: {cause}", path.display())]
    Unusable {
        /// The directory or the file in it.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Somebody else uses it.
    #[error("the data directory {} is in use by another {who} (process {pid}); end that one or choose another \
             directory with --data", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// What the other one is.
        who: String,
        /// Its process, as it noted it; `unknown` where it did not.
        pid: String,
    },
}

/// A directory that the embedded store has found to be ours, or that holds nothing but what this makes.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

/// Held as long as this lives, and by the kernel's doing no longer than its process.
#[derive(Debug)]
#[must_use = "the lock ends when this is dropped"]
pub(crate) struct Lock(File);

impl DataDir {
    /// The directory, made where it is missing, for this user alone.
    pub(crate) fn at(path: &Path) -> Result<Self, DataDirError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        let absolute = made.and_then(|()| path.canonicalize());
        absolute.map(Self).map_err(|cause| DataDirError::Unusable { path: path.to_owned(), cause })
    }

    /// The directory, absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Where a role keeps the pair that it was last told of.
    pub(crate) fn pair_cache(&self, role: &str) -> PathBuf {
        self.0.join(format!("pair-{role}.json"))
    }

    /// One `tandem run` at a time. The children inherit the lock, so that a run whose predecessor was killed begins
    /// only when the last of that one's children is gone.
    pub(crate) fn lock_run(&self) -> Result<Lock, DataDirError> {
        let lock = self.lock(RUN_LOCK, "`tandem run`")?;
        let inherited = rustix::io::fcntl_setfd(&lock.0, FdFlags::empty());
        inherited.map_err(|errno| DataDirError::Unusable { path: self.0.clone(), cause: errno.into() })?;
        Ok(lock)
    }

    /// One engine of each name in a pair at a time.
    pub(crate) fn lock_engine(&self, pair: &PairName, name: &EngineName) -> Result<Lock, DataDirError> {
        // Names have no dot, so no two pairs of names make one file.
        self.lock(&format!("engine-{pair}.{name}.lock"), &engine_of(pair.as_str(), name.as_str()))
    }

    /// One interaction server at a time.
    pub(crate) fn lock_interaction(&self) -> Result<Lock, DataDirError> {
        self.lock(INTERACTION_LOCK, "interaction server")
    }

    /// Every lock that was ever taken here: nobody uses the directory, and nobody begins to under the same name, as long
    /// as they are held.
    pub(crate) fn lock_all(&self) -> Result<Vec<Lock>, DataDirError> {
        let unusable = |cause| DataDirError::Unusable { path: self.0.clone(), cause };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(unusable)? {
            names.push(entry.map_err(unusable)?.file_name().to_string_lossy().into_owned());
        }
        // `tandem run` has its lock together with its children, and is the one to name.
        names.sort_by_key(|name| name != RUN_LOCK);
        let locks = names.iter().filter_map(|name| Some((name, user(name)?)));
        locks.map(|(name, who)| self.lock(name, &who)).collect()
    }

    fn lock(&self, file_name: &str, who: &str) -> Result<Lock, DataDirError> {
        let path = self.0.join(file_name);
        let unusable = |cause| DataDirError::Unusable { path: path.clone(), cause };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(&path).map_err(unusable)?;
        if !wait_for(&mut file).map_err(unusable)? {
            let pid = noted_pid(&mut file).map_or_else(|| "unknown".to_owned(), |pid| pid.as_raw_nonzero().to_string());
            return Err(DataDirError::InUse { path: self.0.clone(), who: who.to_owned(), pid });
        }
        note_own_pid(&mut file).map_err(unusable)?;
        Ok(Lock(file))
    }
}

fn engine_of(pair: &str, name: &str) -> String {
    format!("engine named {name} of the pair {pair}")
}

/// Who takes the lock of this name; none if it is no lock.
fn user(file_name: &str) -> Option<String> {
    match file_name {
        RUN_LOCK => Some("`tandem run`".into()),
        INTERACTION_LOCK => Some("interaction server".into()),
        name => {
            let (pair, engine) = name.strip_prefix("engine-")?.strip_suffix(".lock")?.split_once('.')?;
            Some(engine_of(pair, engine))
        }
    }
}

/// Locks the file. A lock whose noted holder is dead is about to be released and is waited for.
fn wait_for(file: &mut File) -> io::Result<bool> {
    let deadline = Instant::now() + RELEASE_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(cause)) => return Err(cause),
            Err(TryLockError::WouldBlock) => {}
        }
        let holder_lives = noted_pid(file).is_none_or(|pid| rustix::process::test_kill_process(pid).is_ok());
        if holder_lives || Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(RELEASE_LOOK);
    }
}

fn noted_pid(file: &mut File) -> Option<Pid> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    Pid::from_raw(text.trim().parse().ok()?)
}

fn note_own_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_on_the_same_data_is_refused_with_the_first_ones_process() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::at(parent.path()).expect("opens");
        let first = data.lock_run().expect("is free");
        let refused = data.lock_run().expect_err("is in use").to_string();
        let path = data.path().display();
        let expected = format!(
            "the data directory {path} is in use by another `tandem run` (process {}); end that one or choose another \
             directory with --data",
            std::process::id()
        );
        assert_eq!(refused, expected);
        drop(first);
        drop(data.lock_run().expect("is free again"));
    }

    #[test]
    fn a_second_interaction_server_on_the_same_data_is_refused() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::at(parent.path()).expect("opens");
        let _first = data.lock_interaction().expect("is free");
        let refused = data.lock_interaction().expect_err("is in use").to_string();
        assert!(refused.contains(" is in use by another interaction server (process "), "{refused}");
    }

    #[test]
    fn whoever_wants_all_locks_hears_who_has_one() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::at(parent.path()).expect("opens");
        drop(data.lock_run().expect("is free"));
        let main = PairName::new("main").expect("is a valid name");
        let engine = data.lock_engine(&main, &EngineName::new("a").expect("is a valid name")).expect("is free");
        let refused = data.lock_all().expect_err("is in use").to_string();
        assert!(refused.contains(" is in use by another engine named a of the pair main (process "), "{refused}");
        drop(engine);
        let all = data.lock_all().expect("all are free");
        assert_eq!(all.len(), 2);
        assert!(matches!(data.lock_run(), Err(DataDirError::InUse { .. })));
    }

    #[test]
    fn engines_of_different_names_or_pairs_share_the_directory() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::at(parent.path()).expect("opens");
        let [a, b] = ["a", "b"].map(|name| EngineName::new(name).expect("is a valid name"));
        let [main, west] = ["main", "west"].map(|name| PairName::new(name).expect("is a valid name"));
        let _a = data.lock_engine(&main, &a).expect("is free");
        let _b = data.lock_engine(&main, &b).expect("is free");
        let _other = data.lock_engine(&west, &a).expect("is free");
        let refused = data.lock_engine(&main, &a).expect_err("is in use").to_string();
        assert!(refused.contains(" is in use by another engine named a of the pair main (process "), "{refused}");
    }
}
