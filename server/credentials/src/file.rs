//! Reading a file with a credential, within a bound, and what its mode and its state on the disk say.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use crate::CredentialError;

/// The largest file that is read: a system's whole list of authorities is a quarter of it.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Whoever is not the owner and not of the group may read.
const READABLE_BY_ALL: u32 = 0o004;

/// What changes whenever the file behind a path does: by an edit, by another file in its place, or by another right to
/// read it.
pub(crate) type Stamp = Option<(u64, u64, i64, i64, i64, i64)>;

/// The file's stamp; none where there is no file.
pub(crate) fn stamp(path: &Path) -> Stamp {
    let is = fs::metadata(path).ok()?;
    Some((is.ino(), is.len(), is.mtime(), is.mtime_nsec(), is.ctime(), is.ctime_nsec()))
}

/// All of it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CredentialError> {
    let unreadable = |cause| CredentialError::Unreadable { path: path.to_owned(), cause };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB")));
    }
    Ok(bytes)
}

/// As [`read`]; says so where everybody on the machine could read it too. That is no refusal: in a container, secrets
/// are mounted that way, and there nobody else is.
pub(crate) fn read_secret(path: &Path) -> Result<Vec<u8>, CredentialError> {
    let bytes = read(path)?;
    let mode = fs::metadata(path).map(|is| is.permissions().mode()).unwrap_or_default();
    if mode & READABLE_BY_ALL != 0 {
        let mode = format!("{:04o}", mode & 0o7777);
        tracing::warn!(?path, mode, "every user of this machine can read this secret; chmod 600 ends that");
    }
    Ok(bytes)
}
