//! What must hold on PostgreSQL when more goes wrong than one clean death.

mod databases;
mod hangs;

use tandem_tests::{System, postgres::Database, seeds};

use crate::storm::{Kill, storm};

/// Processes killed in one storm: what a storm finds in the engines is found on the embedded store; here it is the ways of
/// a database that count.
const KILLS: usize = 8;

#[tokio::test]
async fn nothing_is_lost_in_a_storm_on_postgresql() {
    let database = Database::empty().await;
    storm(System::builder().postgres(&database), 4, KILLS, &[Kill::Primary, Kill::Both, Kill::Backup]).await;
}

#[tokio::test]
async fn nothing_is_lost_on_postgresql_in_a_storm_that_never_was_before() {
    let database = Database::empty().await;
    storm(System::builder().postgres(&database), seeds::fresh(), KILLS, &Kill::ALL).await;
}
