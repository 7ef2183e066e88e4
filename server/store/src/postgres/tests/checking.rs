//! A check of a database: the contract, and what only PostgreSQL keeps beside the log.

use super::server::Database;
use crate::{
    PostgresSource, Store,
    check::{Finding, check},
    contract::{
        Backend,
        checking::{Altered, holds_checking_contract},
        story::{messages, session, take_over},
    },
};

holds_checking_contract!(Database);

impl Altered for Database {
    type Source = PostgresSource;

    const FORGE: &str = "
        INSERT INTO events (pair, session, seq, at, closes, body)
        SELECT pair, session, max(seq) + 1, 0, false, max(body) FROM events GROUP BY pair, session";

    async fn source(&self) -> PostgresSource {
        PostgresSource::snapshot(&self.address()).await.expect("opens")
    }

    async fn alter(&self, sql: &str) {
        self.run(sql).await;
    }
}

#[tokio::test]
async fn a_list_of_open_sessions_that_does_not_agree_with_the_log_is_found() {
    let database = <Database as Backend>::fresh().await;
    let store = database.open("main").await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 3)).await.expect("writes");
    let findings = async || {
        let checked = check(&mut database.source().await, &mut |_| ()).await;
        checked.findings.iter().map(Finding::to_string).collect::<Vec<_>>()
    };
    database.alter("UPDATE open_sessions SET pair = 'other'").await;
    let (one, id) = ("the list of open sessions has one that is not open", session(1));
    let expected = [
        format!("an open session is not in the list of those: session {id} of pair main"),
        format!("{one}: session {id} of pair other"),
    ];
    assert_eq!(findings().await, expected);
}
