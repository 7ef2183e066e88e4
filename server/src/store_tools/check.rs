//! Checks a store while everything runs, or when nothing does.

use tandem_store::{
    StoreError,
    check::{self, Checked},
    transfer::{Source, TABLES},
};

use super::{
    progress::{Audience, Progress},
    whole::WholeStore,
};
use crate::store::PlaceError;

/// Checks everything in it. An error says that it cannot be opened; whatever is wrong inside is a finding.
pub(crate) async fn check(store: &WholeStore, audience: Audience) -> Result<Checked, PlaceError> {
    let mut source = store.snapshot().await?;
    // What cannot be counted is found later.
    let total = rows(&mut *source).await.unwrap_or(0);
    let mut progress = Progress::begin(audience, "checking rows", total);
    Ok(check::check(&mut *source, &mut |rows| progress.at(rows)).await)
}

/// How many rows there are.
pub(super) async fn rows<S: Source + ?Sized>(source: &mut S) -> Result<u64, StoreError> {
    let mut rows = 0;
    for table in TABLES {
        rows += source.count(table).await?;
    }
    Ok(rows)
}
