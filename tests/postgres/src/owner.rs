//! Whose processes a server's are, and where its programs lie: PostgreSQL refuses to run as root, and Debian keeps it off
//! the path.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

/// The account that a server runs as; none where it is this process's own.
pub(crate) struct Owner(Option<(u32, u32)>);

impl Owner {
    pub(crate) fn find() -> Result<Self, String> {
        let us = fs::metadata("/proc/self").map_err(|error| error.to_string())?.uid();
        if us != 0 {
            return Ok(Self(None));
        }
        let accounts = fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
        let postgres = accounts.lines().find_map(|line| {
            let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        });
        postgres.map(|ids| Self(Some(ids))).ok_or_else(|| {
            "PostgreSQL does not run as root and there is no account postgres: apt-get install postgresql".into()
        })
    }

    pub(crate) fn own(&self, path: &Path) -> Result<(), String> {
        let owned = self.0.map_or(Ok(()), |(user, group)| chown(path, Some(user), Some(group)));
        owned.map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}

/// Where the server's programs are: Debian keeps them apart by version.
pub(crate) fn programs() -> Result<PathBuf, String> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort_by_key(|folder| {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|version| version.parse::<u32>().ok())
    });
    folders.reverse();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let found = folders.into_iter().find(|folder| ["initdb", "pg_ctl"].iter().all(|name| folder.join(name).is_file()));
    found.ok_or_else(|| "these tests need a PostgreSQL server: apt-get install postgresql".into())
}
