//! What can be wrong with the embedded store beside its transcripts: the files, the ways through the log, and the index.

use async_trait::async_trait;
use rusqlite::Connection;
use tandem_protocol::{Seq, SessionId};
use uuid::Uuid;

use super::{
    heads::MARK_EVERY,
    schema::{DIRECTORY, JOURNAL, LOG},
    transfer::SqliteSource,
};
use crate::{
    StoreError,
    check::{FINDINGS_MAX, Finding, Inspect},
};

/// Each finds the events that break a rule.
const RULES_OF_EVENTS: [(&str, &str); 2] = [
    (
        "the way back through the log is broken",
        "SELECT event.pair, event.session, event.seq FROM events AS event LEFT JOIN events AS before ON before.id = event.prev
         WHERE CASE WHEN event.seq = 1 THEN event.prev <> 0
                    ELSE before.id IS NULL OR before.pair <> event.pair OR before.session <> event.session
                         OR before.seq <> event.seq - 1 END
         ORDER BY event.id LIMIT ?1",
    ),
    (
        "the way back from mark to mark is broken",
        "SELECT event.pair, event.session, event.seq FROM events AS event LEFT JOIN events AS mark ON mark.id = event.mark
         WHERE CASE WHEN event.seq <= ?2 THEN event.mark <> 0
                    ELSE mark.id IS NULL OR mark.pair <> event.pair OR mark.session <> event.session
                         OR mark.seq <> (event.seq - 1) / ?2 * ?2 END
         ORDER BY event.id LIMIT ?1",
    ),
];

/// Each finds the sessions that break a rule.
const RULES_OF_THE_INDEX: [(&str, &str); 3] = [
    (
        "the index names an end that is not in the log",
        "SELECT known.pair, known.session, NULL FROM sessions AS known LEFT JOIN events AS last ON last.id = known.head
         WHERE last.id IS NULL OR last.pair <> known.pair OR last.session <> known.session OR last.seq <> known.seq
               OR last.closes <> known.closed OR last.at <> known.last_at OR last.mark <> known.mark
               OR coalesce(last.link, zeroblob(32)) <> coalesce(known.link, zeroblob(32))
         LIMIT ?1",
    ),
    (
        "the index names a beginning that is not in the log",
        "SELECT known.pair, known.session, NULL FROM sessions AS known LEFT JOIN events AS start ON start.id = known.first
         WHERE start.id IS NULL OR start.pair <> known.pair OR start.session <> known.session OR start.seq <> 1
               OR start.at <> known.first_at
         LIMIT ?1",
    ),
    (
        "the index lacks events that it should know",
        "SELECT event.pair, event.session, min(event.seq) FROM events AS event JOIN progress ON progress.pair = event.pair
         LEFT JOIN sessions AS known ON known.pair = event.pair AND known.session = event.session
         WHERE event.id <= progress.through AND (known.session IS NULL OR event.id > known.head)
         GROUP BY event.pair, event.session LIMIT ?1",
    ),
];

#[async_trait]
impl Inspect for SqliteSource {
    async fn inspect(&mut self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        if let Some(directory) = self.directory() {
            findings.extend(damage(directory, DIRECTORY.file_name)?);
        }
        if let Some(journal) = self.journal() {
            findings.extend(damage(journal, JOURNAL.file_name)?);
        }
        findings.extend(damage(self.log(), LOG.file_name)?);
        // A damaged file can answer anything, and nothing at all.
        if findings.is_empty() {
            for (what, sql) in RULES_OF_EVENTS.into_iter().chain(RULES_OF_THE_INDEX) {
                findings.extend(breaches(self.log(), what, sql)?);
            }
        }
        Ok(findings)
    }
}

/// What SQLite itself finds.
fn damage(connection: &Connection, file: &'static str) -> Result<Vec<Finding>, StoreError> {
    let mut query = connection.prepare(&format!("PRAGMA quick_check({FINDINGS_MAX})"))?;
    let found = query.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let found = found.into_iter().filter(|what| what != "ok");
    Ok(found.map(|what| Finding::Database { file, what }).collect())
}

fn breaches(connection: &Connection, what: &'static str, sql: &str) -> Result<Vec<Finding>, StoreError> {
    let mut query = connection.prepare(sql)?;
    let limit = i64::try_from(FINDINGS_MAX).expect("is small");
    query.raw_bind_parameter(1, limit)?;
    if query.parameter_count() > 1 {
        query.raw_bind_parameter(2, MARK_EVERY.cast_signed())?;
    }
    let mut rows = query.raw_query();
    let mut findings = Vec::new();
    while let Some(row) = rows.next()? {
        // A row that names no session is told of by itself, and is no reason not to look at the others.
        let (Ok(pair), Ok(session)) = (row.get(0), row.get(1).map(|id| SessionId(Uuid::from_bytes(id)))) else {
            continue;
        };
        let seq = row.get::<_, Option<i64>>(2).ok().flatten().map(|seq| Seq(seq.cast_unsigned()));
        findings.push(Finding::Derived { what, pair, session, seq });
    }
    Ok(findings)
}
