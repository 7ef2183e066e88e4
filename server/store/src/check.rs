//! Checks a whole store: every transcript from its first event to its last, and what each backend keeps beside them.
//!
//! It exists so that an operator learns of damage before a customer does, and so that a backup or a copy can be trusted.
//! It must never change anything, and goes on after what it finds. `tandem store check` is the caller.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use tandem_protocol::{EngineName, PairName, RawEvent, Seq, SessionId, Timestamp, TokenHash};
use uuid::Uuid;

use crate::{
    Broken, ChainLink, LogPlace, Proof, StoreError, Verifier, Written,
    transfer::{Row, Source, TABLES, Table, Value},
};

/// Findings that are told of each rule, and of all transcripts; whoever has more has seen enough to act.
pub const FINDINGS_MAX: usize = 100;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The database itself says so.
    #[error("{file}: {what}")]
    Database {
        /// The file or the database.
        file: &'static str,
        /// In its words.
        what: String,
    },
    /// A table cannot be read to its end.
    #[error("the table {table} cannot be read beyond {rows} rows: {cause}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// Rows before it.
        rows: u64,
        /// Why.
        cause: String,
    },
    /// What is beside the rows cannot be looked into.
    #[error("the store cannot be looked into: {0}")]
    Closed(String),
    /// A transcript breaks with its chain.
    #[error("session {session} of pair {pair}: {broken}")]
    Transcript {
        /// The pair.
        pair: PairName,
        /// The session.
        session: SessionId,
        /// Where, and how.
        broken: Broken,
    },
    /// A row of a table is not well formed.
    #[error("a row of the table {table} is not well formed: {row}")]
    Row {
        /// The table.
        table: &'static str,
        /// What names the row.
        row: String,
    },
    /// Events of a pair that has no lease: nobody can have written them.
    #[error("{0} events belong to no pair that has a lease")]
    Stray(u64),
    /// What is derived from the log is not what the log says.
    #[error("{what}: session {session} of pair {pair}{}", at(*seq))]
    Derived {
        /// What does not agree.
        what: &'static str,
        /// The pair.
        pair: String,
        /// The session.
        session: SessionId,
        /// The event, where it is one event's.
        seq: Option<Seq>,
    },
}

fn at(seq: Option<Seq>) -> String {
    seq.map_or_else(String::new, |seq| format!(", event {seq}"))
}

/// What was checked, and what was found.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Events.
    pub events: u64,
    /// Transcripts.
    pub transcripts: u64,
    /// Transcripts with events from before there was a chain: nothing vouches for those.
    pub unchained: u64,
    /// Rows of other tables.
    pub rows: u64,
    /// What is wrong; nothing if it is empty.
    pub findings: Vec<Finding>,
}

/// A store that can be checked.
#[async_trait]
pub trait Inspect: Source {
    /// What is wrong with what only this backend has: its files, and what it derives.
    async fn inspect(&mut self) -> Result<Vec<Finding>, StoreError>;
}

/// Checks everything; `checked` hears how many rows are done. What cannot be read is a finding too.
pub async fn check(store: &mut dyn Inspect, checked: &mut (dyn FnMut(u64) + Send)) -> Checked {
    let mut found = Checked::default();
    match store.inspect().await {
        Ok(findings) => found.findings = findings,
        Err(error) => found.findings.push(Finding::Closed(error.in_full())),
    }
    let mut transcripts = Transcripts::default();
    for table in TABLES {
        let done = found.events + found.rows;
        let rows = walk(store, table, &mut transcripts, &mut found.findings, &mut |rows| checked(done + rows)).await;
        if table.is_events() {
            found.events = rows;
            let is_whole = |finding: &Finding| !matches!(finding, Finding::Unreadable { .. });
            if found.findings.iter().all(is_whole) {
                found.findings.extend(stray(store, table, &transcripts).await);
            }
        } else {
            found.rows += rows;
        }
    }
    found.transcripts = transcripts.verifiers.len() as u64;
    found.unchained = transcripts.unchained;
    found
}

/// Looks at every row of a table; says how many there are.
async fn walk(
    store: &mut dyn Inspect,
    table: &'static Table,
    transcripts: &mut Transcripts,
    findings: &mut Vec<Finding>,
    walked: &mut (dyn FnMut(u64) + Send),
) -> u64 {
    let (mut after, mut rows): (Option<Row>, u64) = (None, 0);
    loop {
        let step = match store.rows(table, after.as_ref()).await {
            Ok(step) => step,
            Err(error) => {
                findings.push(Finding::Unreadable { table: table.name, rows, cause: error.in_full() });
                return rows;
            }
        };
        let Some(last) = step.last() else { return rows };
        after = Some(last[..table.key].to_vec());
        rows += step.len() as u64;
        step.iter().for_each(|row| look(table, row, transcripts, findings));
        walked(rows);
    }
}

/// Events of pairs without a lease: a backend may look for events under the pairs that it knows, or find them all.
async fn stray(store: &mut dyn Inspect, table: &'static Table, transcripts: &Transcripts) -> Option<Finding> {
    // A table that cannot be counted cannot be read either, which is told.
    let stray = store.count(table).await.ok()?.saturating_sub(transcripts.of_pairs);
    (stray > 0).then_some(Finding::Stray(stray))
}

fn look(table: &'static Table, row: &Row, transcripts: &mut Transcripts, findings: &mut Vec<Finding>) {
    let finding = match () {
        () if table.is_events() => transcripts.add(table, row),
        () if table.is_leases() => transcripts.lease(table, row),
        () if row.contains(&Value::Broken) => Some(Finding::Row { table: table.name, row: named(table, row) }),
        () => None,
    };
    if transcripts.findings < FINDINGS_MAX {
        transcripts.findings += usize::from(finding.is_some());
        findings.extend(finding);
    }
}

/// What names a row, unless it may be what somebody has said of himself.
fn named(table: &'static Table, row: &Row) -> String {
    match &row[0] {
        Value::Integer(number) => format!("{} {number}", table.columns[0].name),
        Value::Session(id) => format!("{} {}", table.columns[0].name, Uuid::from_bytes(*id)),
        _ => "one whose name is a text".to_owned(),
    }
}

/// The transcripts as far as the log was followed.
#[derive(Default)]
struct Transcripts {
    /// None once a transcript is known to be broken: what follows is no news.
    verifiers: HashMap<(PairName, SessionId), Option<Verifier>>,
    unchained: u64,
    /// The pairs that have a lease, and how many events are theirs.
    pairs: HashSet<PairName>,
    of_pairs: u64,
    findings: usize,
}

impl Transcripts {
    /// What every engine relies on when it takes over.
    fn lease(&mut self, table: &'static Table, row: &Row) -> Option<Finding> {
        let text = |column| row[table.place(column)].as_text();
        let epoch = row[table.place("epoch")].integer();
        match (PairName::new(text("pair")), EngineName::new(text("name"))) {
            (Ok(pair), Ok(_)) if epoch > Some(0) => {
                self.pairs.insert(pair);
                None
            }
            _ => Some(Finding::Row { table: table.name, row: format!("pair {}", text("pair")) }),
        }
    }

    fn add(&mut self, table: &'static Table, row: &Row) -> Option<Finding> {
        let Some((pair, written)) = written(table, row) else {
            // It is told of already, whoever it belongs to.
            self.of_pairs += 1;
            return Some(self.malformed(table, row));
        };
        let session = written.session;
        self.of_pairs += u64::from(self.pairs.contains(&pair));
        let known = self.verifiers.entry((pair.clone(), session));
        let verifier = known.or_insert_with(|| {
            self.unchained += u64::from(written.chained.is_none());
            Some(Verifier::new(session))
        });
        let broken = verifier.as_mut()?.add(&written).err()?;
        *verifier = None;
        Some(Finding::Transcript { pair, session, broken })
    }

    /// The place of an event that is not well formed, and its session where that can be read: what is behind it there is
    /// no news.
    fn malformed(&mut self, table: &'static Table, row: &Row) -> Finding {
        let at = |column| &row[table.place(column)];
        let mut name = format!("place {} of the log", at("id").integer().unwrap_or_default());
        if let (Ok(pair), Value::Session(id)) = (PairName::new(at("pair").as_text()), at("session")) {
            let session = SessionId(Uuid::from_bytes(*id));
            name.push_str(&format!(", session {session} of pair {pair}"));
            self.verifiers.insert((pair, session), None);
        }
        Finding::Row { table: table.name, row: name }
    }
}

/// An event as it stands in a row; none if it is not well formed.
fn written(table: &'static Table, row: &Row) -> Option<(PairName, Written)> {
    let at = |column| &row[table.place(column)];
    let number = |column| at(column).integer();
    let Value::Text(pair) = at("pair") else { return None };
    let Value::Session(session) = at("session") else { return None };
    let Value::Truth(closes) = at("closes") else { return None };
    let Value::Text(body) = at("body") else { return None };
    let bytes = |column| match at(column) {
        Value::Null => Some(None),
        Value::Bytes(bytes) => Some(Some(bytes.as_slice())),
        _ => None,
    };
    let seq = Seq(number("seq")?.cast_unsigned());
    let chained = match (bytes("proof")?, bytes("link")?) {
        (None, None) => None,
        (Some(proof), Some(link)) => Some((Proof::stored(proof)?, ChainLink(link.try_into().ok()?))),
        _ => return None,
    };
    let secret = bytes("secret")?.map(|bytes| bytes.try_into().map(TokenHash)).transpose().ok()?;
    let written = Written {
        session: SessionId(Uuid::from_bytes(*session)),
        place: LogPlace(number("id")?),
        at: Timestamp(number("at")?.cast_unsigned()),
        event: RawEvent::stored(seq, body.clone()).ok()?,
        secret,
        closes: *closes,
        chained,
    };
    Some((PairName::new(pair).ok()?, written))
}
