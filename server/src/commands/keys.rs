//! `tandem keys`: makes the key that the links of an installation share.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use crate::lifecycle::failure::Failure;

/// Random bytes of a key: beyond guessing.
const KEY_BYTES: usize = 32;

/// Make the key by which the processes of an installation know each other.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem keys generate /etc/tandem/links.key

Copy the file to every machine and name it as key-file in [links]. To replace a key: make another one; on every machine add \
it to the file as a second line, which is then accepted too; then make it the first line, which is the one in use; then \
remove the old one. The file is read anew within seconds; nothing is restarted.")]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write a new random key to FILE, which only its owner can read. A file that is there already is left as it is.
    Generate {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

impl KeysArgs {
    pub(super) fn execute(self) -> Result<(), Failure> {
        let Action::Generate { file } = self.action;
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)
            .map_err(|error| Failure::runtime(anyhow::anyhow!("there is no randomness: {error}")))?;
        let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        write_secret(&file, &format!("{text}\n"))?;
        let said = format!("{} holds a new key; copy it to every machine as links.key-file\n", file.display());
        io::stdout().write_all(said.as_bytes()).map_err(Failure::runtime)
    }
}

/// Writes a file that only its owner can read; never over another.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|cause| {
        let path = path.display();
        match cause.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::usage(anyhow::anyhow!("{path} is there already and is left as it is; name another file"))
            }
            _ => Failure::runtime(anyhow::anyhow!("{path} cannot be written: {cause}")),
        }
    })
}
