//! Where a system keeps everything, as a case of a story that must hold on each store; and how a store is made to fail
//! so that trying again is of no use.

use crate::{
    disk::Disk,
    postgres::Database,
    system::{Builder, System},
};

/// Room for a fresh store and some chatting, and soon full.
const DISK_BYTES: u64 = 16 * 1024 * 1024;

/// A store.
#[derive(Debug, Clone, Copy)]
pub enum Store {
    /// The embedded one.
    Files,
    /// A database of its own on a real server.
    Postgres,
}

/// A cause for which a store takes nothing, until a person has seen to it.
#[derive(Debug, Clone, Copy)]
pub enum Cause {
    /// The disk of the embedded store is full.
    DiskFull,
    /// The database's user may not write the table any more.
    RightsRevoked,
    /// The table is gone.
    TableGone,
}

/// A store that can be made to fail.
#[derive(Debug)]
pub struct FailingStore {
    cause: Cause,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Disk(Disk),
    Database(Database),
}

impl FailingStore {
    /// One that will fail for this cause.
    ///
    /// # Panics
    /// When this machine has no PostgreSQL or lets nobody mount a small disk.
    pub async fn of(cause: Cause) -> Self {
        let place = match cause {
            Cause::DiskFull => Place::Disk(Disk::of_bytes(DISK_BYTES)),
            Cause::RightsRevoked | Cause::TableGone => Place::Database(Database::empty().await),
        };
        Self { cause, place }
    }

    /// A system on it.
    #[must_use]
    pub fn builder(&self) -> Builder {
        match &self.place {
            Place::Disk(disk) => System::builder().data(disk.path()).engines_through(&disk.prefix()),
            Place::Database(database) => System::builder().postgres(database),
        }
    }

    /// Lets the log of a system tell of the trouble.
    pub fn is_expected_by(&self, system: &mut System) {
        let also: &[&str] = match self.cause {
            // It takes no lease either.
            Cause::DiskFull => &["write-ahead log could not be copied", "the lease", "lost the primary"],
            Cause::RightsRevoked => &[],
            // Nor can a successor read from it.
            Cause::TableGone => &["cannot read"],
        };
        for trouble in also.iter().chain(&["not saved"]) {
            system.expect_log(trouble);
        }
    }

    /// Nothing more is stored.
    ///
    /// # Panics
    /// When it cannot be made to fail.
    pub async fn fails(&self) {
        match (&self.place, self.cause) {
            (Place::Disk(disk), _) => disk.fill(),
            (Place::Database(database), Cause::TableGone) => database.run("ALTER TABLE events RENAME TO gone").await,
            (Place::Database(database), _) => database.run("REVOKE INSERT ON events FROM tandem").await,
        }
    }

    /// Somebody has seen to it.
    ///
    /// # Panics
    /// When it cannot be mended.
    pub async fn works(&self) {
        match (&self.place, self.cause) {
            (Place::Disk(disk), _) => disk.make_room(),
            (Place::Database(database), Cause::TableGone) => database.run("ALTER TABLE gone RENAME TO events").await,
            (Place::Database(database), _) => database.run("GRANT INSERT ON events TO tandem").await,
        }
    }
}
