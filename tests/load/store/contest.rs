//! One backend against its bare database, from an empty store to a takeover.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use tandem_postgres::Database;
use tandem_protocol::Epoch;
use tandem_store::{PostgresAddress, PostgresStore, SqliteStore, Store};

use crate::{
    bare::Bare,
    chats::{Chat, pair},
    restoring::{Restored, restore, take_over},
    saving,
    scale::{Rate, Scale, WAITING},
};

/// What was measured with so many calls waiting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) waiting: usize,
    pub(crate) bare: Rate,
    pub(crate) batches: Rate,
    pub(crate) each: Rate,
}

/// What was measured of one backend.
#[derive(Debug)]
pub(crate) struct Contest {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Step>,
    pub(crate) restored: Restored,
    pub(crate) faults: Vec<String>,
}

/// The embedded store.
pub(crate) async fn on_sqlite(scale: &Scale) -> Contest {
    let folder = tempfile::TempDir::new().expect("the temporary directory is writable");
    let open = || -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&folder.path().join("data"), &pair()).expect("the store opens"))
    };
    let bare = Bare::sqlite(folder.path()).expect("SQLite opens");
    contest("sqlite", scale, bare, [open(), open()]).await
}

/// The store in PostgreSQL.
pub(crate) async fn on_postgres(scale: &Scale) -> Contest {
    let database = Database::empty().await;
    let address: PostgresAddress = database.by_socket().parse().expect("is an address");
    let open = async || PostgresStore::open(&address, &pair()).await.expect("the store opens");
    let client = database.server().warden(database.name()).await;
    let bare = Bare::postgres(client).await.expect("PostgreSQL makes a table");
    contest("postgres", scale, bare, [Arc::new(open().await), Arc::new(open().await)]).await
}

async fn contest(name: &'static str, scale: &Scale, mut bare: Bare, [primary, backup]: [Arc<dyn Store>; 2]) -> Contest {
    let slices = scale.rounds as usize * WAITING.len() * 3;
    let bar = ProgressBar::new(slices as u64 + 1);
    bar.set_style(ProgressStyle::with_template("{prefix}: {bar:30} {msg}").expect("the template is valid"));
    bar.set_prefix(name);
    let epoch = take_over(&*primary, "a").await;
    let (mut steps, mut faults) = (Vec::new(), Vec::new());
    for waiting in WAITING {
        bar.set_message(format!("saving, {waiting} waiting"));
        let mut chats = Chat::several(waiting, scale.event_bytes);
        steps.push(step(scale, &mut bare, &primary, epoch, &mut chats, &bar).await);
        faults.extend(saving::differences(&*primary, epoch, &chats).await);
    }
    bar.set_message("restoring");
    let restored = restore(scale, &primary, &backup).await;
    bar.finish_and_clear();
    Contest { name, steps, restored, faults }
}

async fn step(
    scale: &Scale,
    bare: &mut Bare,
    store: &Arc<dyn Store>,
    epoch: Epoch,
    chats: &mut [Chat],
    bar: &ProgressBar,
) -> Step {
    let mut step =
        Step { waiting: chats.len(), bare: Rate::default(), batches: Rate::default(), each: Rate::default() };
    // The bare table takes what is never read back.
    let mut unread = chats.to_vec();
    for _ in 0..scale.rounds {
        step.bare += bare.saves(&mut unread, scale.slice).await;
        bar.inc(1);
        step.batches += saving::in_batches(&**store, epoch, chats, scale.slice).await;
        bar.inc(1);
        step.each += saving::one_each(store, epoch, chats, scale.slice).await;
        bar.inc(1);
    }
    step
}
