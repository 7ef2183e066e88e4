//! What can be wrong with a database beside its transcripts. Its files are the server's to check (`pg_amcheck`, data
//! checksums).

use async_trait::async_trait;
use tandem_protocol::SessionId;

use super::{fault::Fault, transfer::PostgresSource};
use crate::{
    StoreError,
    check::{FINDINGS_MAX, Finding, Inspect},
};

/// Each finds the sessions that break a rule.
const RULES: [(&str, &str); 2] = [
    (
        "an open session is not in the list of those",
        "SELECT pair, session FROM events GROUP BY pair, session HAVING NOT bool_or(closes)
         EXCEPT SELECT pair, session FROM open_sessions LIMIT $1",
    ),
    (
        "the list of open sessions has one that is not open",
        "SELECT pair, session FROM open_sessions
         EXCEPT SELECT pair, session FROM events GROUP BY pair, session HAVING NOT bool_or(closes) LIMIT $1",
    ),
];

#[async_trait]
impl Inspect for PostgresSource {
    async fn inspect(&mut self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        for (what, sql) in RULES {
            let limit = i64::try_from(FINDINGS_MAX).expect("is small");
            let rows = self.client().query(sql, &[&limit]).await.map_err(Fault::from)?;
            for row in rows {
                let pair = row.try_get(0).map_err(Fault::from)?;
                let session = SessionId(row.try_get(1).map_err(Fault::from)?);
                findings.push(Finding::Derived { what, pair, session, seq: None });
            }
        }
        Ok(findings)
    }
}
