//! [`NewDir`]: a directory that appears whole or not at all.
//!
//! It is filled under another name beside its place and renamed when all in it is durable; so nobody ever starts on half
//! a store. Backing up and copying to files put their results there.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// Why a directory cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewDirError {
    /// Something has the name.
    #[error("{} exists already; choose a new name", path.display())]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// Somebody is filling it, or was interrupted.
    #[error(
        "{} exists: another command is at it, or one was interrupted; remove it once nobody is", partial.display()
    )]
    Unfinished {
        /// What stands in the way.
        partial: PathBuf,
    },
    /// The system refuses.
    #[error("{} cannot be made: {cause}", path.display())]
    Unwritable {
        /// The place.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// The directory while it is filled. Dropped before it is finished, it goes with all that is in it.
#[derive(Debug)]
pub(crate) struct NewDir {
    place: PathBuf,
    partial: PathBuf,
}

impl NewDir {
    /// Makes a directory, for this user alone, that becomes `place`.
    pub(crate) fn begin(place: &Path) -> Result<Self, NewDirError> {
        let unwritable = |cause| NewDirError::Unwritable { path: place.to_owned(), cause };
        let name = place.file_name().ok_or_else(|| unwritable(io::ErrorKind::InvalidFilename.into()))?;
        if place.symlink_metadata().is_ok() {
            return Err(NewDirError::Exists { path: place.to_owned() });
        }
        let mut partial_name = OsString::from(name);
        partial_name.push(".partial");
        let partial = place.with_file_name(partial_name);
        match DirBuilder::new().mode(0o700).create(&partial) {
            Ok(()) => Ok(Self { place: place.to_owned(), partial }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(NewDirError::Unfinished { partial }),
            Err(cause) => Err(unwritable(cause)),
        }
    }

    /// Where it is filled.
    pub(crate) fn path(&self) -> &Path {
        &self.partial
    }

    /// Gives it its name, durably; what is in it is durable already.
    pub(crate) fn finish(self) -> Result<(), NewDirError> {
        let parent = match self.place.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let renamed = fs::rename(&self.partial, &self.place).and_then(|()| File::open(parent)?.sync_all());
        renamed.map_err(|cause| NewDirError::Unwritable { path: self.place.clone(), cause })
    }
}

impl Drop for NewDir {
    fn drop(&mut self) {
        // Once it has its name there is nothing here. What cannot be removed stands in the way next time, by name.
        drop(fs::remove_dir_all(&self.partial));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_appears_when_it_is_whole() {
        let parent = tempfile::tempdir().expect("a directory");
        let place = parent.path().join("copy");
        let new = NewDir::begin(&place).expect("is free");
        fs::write(new.path().join("a"), "b").expect("writes");
        assert!(!place.exists());
        new.finish().expect("renames");
        assert_eq!(fs::read_to_string(place.join("a")).expect("reads"), "b");
        assert_eq!(fs::read_dir(parent.path()).expect("reads").count(), 1);
    }

    #[test]
    fn one_that_is_not_finished_leaves_nothing() {
        let parent = tempfile::tempdir().expect("a directory");
        let new = NewDir::begin(&parent.path().join("copy")).expect("is free");
        fs::write(new.path().join("a"), "b").expect("writes");
        drop(new);
        assert_eq!(fs::read_dir(parent.path()).expect("reads").count(), 0);
    }

    #[test]
    fn nothing_that_exists_is_replaced_and_two_cannot_fill_the_same() {
        let parent = tempfile::tempdir().expect("a directory");
        let taken = NewDir::begin(parent.path()).expect_err("exists").to_string();
        assert!(taken.ends_with("exists already; choose a new name"), "{taken}");
        let place = parent.path().join("copy");
        let _first = NewDir::begin(&place).expect("is free");
        let second = NewDir::begin(&place).expect_err("is being filled").to_string();
        assert!(second.contains("copy.partial exists: another command is at it"), "{second}");
    }
}
