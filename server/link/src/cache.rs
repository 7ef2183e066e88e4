//! The last pair, kept in a small file, so that a start works while the configured primary is down.
//!
//! The file is a convenience: whatever is wrong with it is logged and otherwise ignored. It is replaced by renaming,
//! so that a reader, or a process killed meanwhile, sees the old or the new one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tandem_protocol::{Pair, PairName};
use tokio::sync::watch;

/// A pair is some 300 bytes; whatever is much larger is not our file.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// Why the file gives no pair.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it cannot be read: {0}")]
    Io(#[source] io::Error),
    #[error("it is far larger than it can be")]
    TooLarge,
    #[error("it does not hold a pair: {0}")]
    Foreign(#[source] serde_json::Error),
    #[error("it holds the pair {0}")]
    OtherPair(PairName),
}

/// The kept pair, if there is a usable one of this name.
pub(crate) fn read(path: &Path, name: &PairName) -> Option<Pair> {
    match try_read(path, name) {
        Ok(pair) => pair,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the kept pair is ignored");
            None
        }
    }
}

fn try_read(path: &Path, name: &PairName) -> Result<Option<Pair>, Unusable> {
    let len = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(Unusable::Io)?.len(),
    };
    if len > FILE_BYTES_MAX {
        return Err(Unusable::TooLarge);
    }
    let bytes = fs::read(path).map_err(Unusable::Io)?;
    let pair: Pair = serde_json::from_slice(&bytes).map_err(Unusable::Foreign)?;
    if pair.name == *name { Ok(Some(pair)) } else { Err(Unusable::OtherPair(pair.name)) }
}

/// Replaces the file.
pub(crate) fn write(path: &Path, pair: &Pair) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut new = path.as_os_str().to_owned();
    // Two processes that share a path by mistake each rename a whole file of their own.
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    fs::write(&new, serde_json::to_vec(pair)?)?;
    fs::rename(&new, path)
}

/// Writes each pair that is told, the last one at the latest when the teller is gone; away from the link's task,
/// because no reconnect waits for a disk.
pub(crate) async fn keep(path: PathBuf, mut pairs: watch::Receiver<Option<Pair>>) {
    let mut failing = false;
    while pairs.changed().await.is_ok() {
        let Some(pair) = pairs.borrow_and_update().clone() else { continue };
        let at = path.clone();
        let written = tokio::task::spawn_blocking(move || write(&at, &pair)).await.unwrap_or_else(|join| {
            let panicked = join.is_panic();
            Err(io::Error::other(if panicked { "the write panicked" } else { "the process is ending" }))
        });
        match written {
            Ok(()) => failing = false,
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(path = %path.display(), %error, "the pair cannot be kept for the next start");
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pair, pair_name};

    #[test]
    fn the_pair_is_read_back_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("pair.json");
        for pair in [pair(3, "a:1", Some("b:1")), pair(4, "b:1", None)] {
            write(&path, &pair).unwrap();
            assert_eq!(read(&path, &pair_name()), Some(pair));
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn whatever_is_wrong_with_the_file_is_no_pair() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pair.json");
        assert!(matches!(try_read(&path, &pair_name()), Ok(None)));
        fs::write(&path, "{\"name\":").unwrap();
        assert!(matches!(try_read(&path, &pair_name()), Err(Unusable::Foreign(_))));
        fs::write(&path, [0xff; 20_000]).unwrap();
        assert!(matches!(try_read(&path, &pair_name()), Err(Unusable::TooLarge)));
        let other = Pair { name: PairName::new("other").unwrap(), ..pair(3, "a:1", None) };
        write(&path, &other).unwrap();
        assert!(matches!(try_read(&path, &pair_name()), Err(Unusable::OtherPair(_))));
        assert!(matches!(try_read(folder.path(), &pair_name()), Err(Unusable::Io(_))));
        assert_eq!(read(&path, &pair_name()), None);
    }
}
