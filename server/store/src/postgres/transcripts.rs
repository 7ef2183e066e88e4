//! [`PostgresTranscripts`]: looks back at what the engines of every pair have written into a database.
//!
//! It exists for roles and commands that hold no lease. Every call is one statement, and so one state of the tables; it
//! locks nothing that a message waits for. It must never bring the tables up: that would hold up whoever writes.

use async_trait::async_trait;
use tandem_protocol::{PairName, RawEvent, Seq, SessionId, Timestamp, TokenHash};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{PostgresAddress, PostgresOpenError, connection::Purpose, fault::Fault, open, pool::Pool};
use crate::{ChainLink, LogPlace, Proof, StoreError, Transcript, Transcripts, Written};

/// Connections for looking back: one reads along, one answers people.
const CONNECTIONS_MAX: usize = 2;

/// Nobody writes without a lease, and leases stay.
const PAIRS: &str = "SELECT pair FROM leases ORDER BY pair";

const LOG: &str = "
    SELECT pair, id, session, seq, at, closes, secret, proof, link, body FROM events
    WHERE pair = $1 AND id > $2 ORDER BY id LIMIT $3";

const SESSIONS: &str = "
    SELECT session FROM events WHERE pair = $1 AND session > $2 AND seq = 1 ORDER BY session LIMIT $3";

/// Places are given to all pairs from one sequence, and few are left out.
const SIZE: &str = "
    SELECT coalesce(max(last.id), 0) FROM leases,
           LATERAL (SELECT id FROM events WHERE events.pair = leases.pair ORDER BY id DESC LIMIT 1) AS last";

const TRANSCRIPT: &str = "
    SELECT events.pair, id, session, seq, at, closes, secret, proof, link, body
    FROM leases JOIN events ON events.pair = leases.pair AND events.session = $1
    ORDER BY events.pair, seq";

/// The log of a database.
#[derive(Debug)]
pub struct PostgresTranscripts {
    pool: Pool,
}

impl PostgresTranscripts {
    /// Connects. The tables must be those of this program: an engine brings them up.
    pub async fn open(address: &PostgresAddress) -> Result<Self, PostgresOpenError> {
        let (connector, connection) = open::look(address, Purpose::Directory).await?;
        let pool = Pool::new(connector, CONNECTIONS_MAX);
        pool.put_back(connection);
        Ok(Self { pool })
    }
}

#[async_trait]
impl Transcripts for PostgresTranscripts {
    async fn pairs(&self) -> Result<Vec<PairName>, StoreError> {
        let rows = self.pool.query(PAIRS, &[]).await?.rows;
        Ok(rows.iter().map(pair).collect::<Result<_, _>>()?)
    }

    async fn log(&self, pair: &PairName, after: LogPlace, events_max: usize) -> Result<Vec<Written>, StoreError> {
        let rows = self.pool.query(LOG, &[&pair.as_str(), &after.0, &bounded(events_max)]).await?.rows;
        Ok(rows.iter().map(written).collect::<Result<_, _>>()?)
    }

    async fn sessions(
        &self,
        pair: &PairName,
        after: Option<SessionId>,
        sessions_max: usize,
    ) -> Result<Vec<SessionId>, StoreError> {
        // The nil UUID is no session's.
        let after = after.map_or(Uuid::nil(), |session| session.0);
        let rows = self.pool.query(SESSIONS, &[&pair.as_str(), &after, &bounded(sessions_max)]).await?.rows;
        let id = |row: &Row| Ok(SessionId(row.try_get(0).map_err(Fault::from)?));
        rows.iter().map(id).collect()
    }

    async fn size(&self) -> Result<u64, StoreError> {
        let rows = self.pool.query(SIZE, &[]).await?.rows;
        let row = rows.first().ok_or(Fault::Row("events"))?;
        Ok(row.try_get::<_, i64>(0).map_err(Fault::from)?.cast_unsigned())
    }

    async fn transcript(&self, session: SessionId) -> Result<Option<Transcript>, StoreError> {
        let rows = self.pool.query(TRANSCRIPT, &[&session.0]).await?.rows;
        let Some(first) = rows.first() else { return Ok(None) };
        let pair = pair(first)?;
        let is_of_pair = |row: &&Row| row.try_get::<_, &str>(0).is_ok_and(|name| name == pair.as_str());
        // As they are: what is missing is for whoever checks the chain to find.
        let events = rows.iter().take_while(is_of_pair).map(written).collect::<Result<_, _>>()?;
        Ok(Some(Transcript { pair, session, events }))
    }
}

/// The pair in the first column.
fn pair(row: &Row) -> Result<PairName, Fault> {
    PairName::new(row.try_get(0)?).map_err(|_| Fault::Row("leases"))
}

/// The event of a row of [`LOG`] or [`TRANSCRIPT`], or of one like them. What comes back is checked, never trusted.
pub(super) fn written(row: &Row) -> Result<Written, Fault> {
    let session = SessionId(row.try_get(2)?);
    let seq = Seq(row.try_get::<_, i64>(3)?.cast_unsigned());
    let hash = |column| row.try_get::<_, Option<&[u8]>>(column).map(|bytes| bytes.map(<[u8; 32]>::try_from));
    let secret = hash(6)?.transpose().map_err(|_| Fault::Row("events"))?;
    let chained = match (row.try_get::<_, Option<&[u8]>>(7)?.map(Proof::stored), hash(8)?) {
        (None, None) => None,
        (Some(Some(proof)), Some(Ok(link))) => Some((proof, ChainLink(link))),
        _ => return Err(Fault::Proof { session, seq }),
    };
    let event = RawEvent::stored(seq, row.try_get(9)?).map_err(|_| Fault::Body { session, seq })?;
    Ok(Written {
        session,
        place: LogPlace(row.try_get(1)?),
        at: Timestamp(row.try_get::<_, i64>(4)?.cast_unsigned()),
        event,
        secret: secret.map(TokenHash),
        closes: row.try_get(5)?,
        chained,
    })
}

fn bounded(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
