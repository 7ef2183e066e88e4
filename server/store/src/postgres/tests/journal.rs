//! The journal in PostgreSQL held to the contract, and what only a server can do wrong.

use tandem_protocol::control::Noted;

use super::server::Database;
use crate::{
    Journal, PostgresJournal, StoreError,
    contract::journal::{
        Backend, holds_journal_contract,
        story::{act, gap, notes, pair, takeover},
    },
};

holds_journal_contract!(Database);

impl Backend for Database {
    type Journal = PostgresJournal;

    async fn fresh() -> Self {
        Self::with_tables().await
    }

    fn open(&self) -> PostgresJournal {
        PostgresJournal::new(&self.address())
    }
}

#[tokio::test]
async fn a_journal_makes_its_tables_in_a_database_that_nobody_has_used() {
    let database = Database::empty().await;
    notes(&database.open(), vec![Noted::Act(act(1))]).await;
    assert_eq!(database.open().acts(None, 9).await.expect("reads"), [act(1)]);
}

#[tokio::test]
async fn a_nul_in_what_somebody_did_keeps_nobody_from_writing_it_down() {
    let journal = <Database as Backend>::fresh().await.open();
    let mut odd = act(1);
    odd.about = "a\0b".into();
    notes(&journal, vec![Noted::Act(odd)]).await;
    assert_eq!(journal.acts(None, 9).await.expect("reads")[0].about, "a\u{fffd}b");
}

#[tokio::test]
async fn a_table_that_is_gone_and_altered_rows_are_a_failure() {
    for damage in ["DROP TABLE tandem.acts", "UPDATE tandem.takeovers SET cause = 'whim'"] {
        let database = <Database as Backend>::fresh().await;
        let journal = database.open();
        notes(&journal, vec![Noted::Act(act(1)), Noted::Takeover(takeover(1))]).await;
        database.run(damage).await;
        let outcomes = [journal.acts(None, 9).await.err(), journal.takeovers(&pair("main"), None, 9).await.err()];
        let failed: Vec<_> = outcomes.iter().flatten().collect();
        assert!(matches!(failed[..], [StoreError::Failed(_)]), "{damage}: {failed:?}");
    }
    let database = <Database as Backend>::fresh().await;
    database.run("DROP TABLE tandem.gaps").await;
    let refused = database.open().note(vec![Noted::Act(act(1)), gap(1, 5)]).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert_eq!(database.open().acts(None, 9).await.expect("reads"), [], "all or none");
}
