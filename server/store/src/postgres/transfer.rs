//! PostgreSQL as a source and as a target of a transfer.
//!
//! A source is a transaction that sees one state of the database; a target is a transaction that nobody sees into, on
//! tables that nobody else can use until it ends. So both are all or nothing, whatever happens to the connection.

use std::{collections::HashMap, error::Error};

use async_trait::async_trait;
use bytes::BytesMut;
use tokio_postgres::{
    Client, Statement,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};
use uuid::Uuid;

use super::{
    PostgresAddress, PostgresOpenError,
    connection::{Connection, Purpose, Unprinted},
    fault::Fault,
    open,
    open_error::refusal,
};
use crate::{
    StoreError,
    archive::joined,
    transfer::{Kind, Row, STEP_ROWS, Source, TABLES, Table, Target, TransferError, Value},
};

/// No limit counts for a transaction that is meant to take long. The connection's own are for those that messages wait
/// for.
const UNLIMITED: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// Other connections of Tandem's to this database, as far as this user may see them.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'tandem' AND pid <> pg_backend_pid()";

/// What PostgreSQL keeps beside what is moved, and the numbers that are given out next.
const DERIVE: &str = "
    INSERT INTO open_sessions (pair, session)
        SELECT pair, session FROM events GROUP BY pair, session HAVING NOT bool_or(closes);
    SELECT setval(pg_get_serial_sequence('events', 'id'), max(id)) FROM events HAVING count(*) > 0;
    SELECT setval(pg_get_serial_sequence('accounts', 'agent'), max(agent)) FROM accounts HAVING count(*) > 0;
    SELECT setval(pg_get_serial_sequence('takings', 'id'), max(id)) FROM takings HAVING count(*) > 0;
    SELECT setval(pg_get_serial_sequence('contacts', 'contact'), max(contact)) FROM (
        SELECT contact FROM contacts UNION ALL SELECT contact FROM merged_contacts
        UNION ALL SELECT contact FROM erased_contacts) AS given HAVING count(*) > 0";

/// One transaction, and what is prepared in it.
#[derive(Debug)]
struct Session {
    connection: Connection,
    statements: HashMap<String, Statement>,
}

impl Session {
    fn new(connection: Connection) -> Self {
        Self { connection, statements: HashMap::new() }
    }

    async fn prepared(&mut self, sql: String) -> Result<Statement, Fault> {
        if let Some(statement) = self.statements.get(&sql) {
            return Ok(statement.clone());
        }
        let statement = self.connection.client().prepare(&sql).await?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    async fn rows(&mut self, table: &'static Table, after: Option<&Row>) -> Result<Vec<Row>, Fault> {
        let statement = self.prepared(page(table, after.is_some())).await?;
        let after: Vec<Unprinted<&Value>> = after.into_iter().flatten().map(Unprinted).collect();
        let parameters: Vec<_> = after.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let found = self.connection.client().query(&statement, &parameters).await?;
        let row = |row: &tokio_postgres::Row| -> Result<Row, Fault> {
            let value = |at| Ok(row.try_get::<_, Option<Value>>(at)?.unwrap_or(Value::Null));
            (0..table.columns.len()).map(value).collect()
        };
        found.iter().map(row).collect()
    }

    async fn number(&mut self, sql: String) -> Result<u64, Fault> {
        let statement = self.prepared(sql).await?;
        let row = self.connection.client().query_one(&statement, &[]).await?;
        Ok(row.try_get::<_, i64>(0)?.cast_unsigned())
    }

    async fn count(&mut self, table: &'static Table) -> Result<u64, Fault> {
        self.number(format!("SELECT count(*) FROM {}", from(table))).await
    }
}

/// Where rows are read from. A login of an earlier era is none.
fn from(table: &Table) -> &'static str {
    match table.name {
        "logins" => {
            "(SELECT logins.* FROM logins JOIN accounts ON accounts.agent = logins.agent
              AND accounts.era = logins.era) AS logins"
        }
        name => name,
    }
}

fn page(table: &Table, goes_on: bool) -> String {
    let (columns, source, key) = (table.list(), from(table), table.key_list());
    // Names are compared byte by byte, as in every other backend.
    let order = table.columns[..table.key].iter().map(|column| match column.kind {
        Kind::Text => format!("{} COLLATE \"C\"", column.name),
        _ => column.name.to_owned(),
    });
    let order = order.collect::<Vec<_>>().join(", ");
    let marks = (1..=table.key).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ");
    // By the key's own range, since the log's index begins with the pair.
    let condition = if goes_on { format!("WHERE ({key}) > ({marks})") } else { String::new() };
    format!("SELECT {columns} FROM {source} {condition} ORDER BY {order} LIMIT {STEP_ROWS}")
}

fn insert(table: &Table) -> String {
    let arrays = table.columns.iter().zip(1..).map(|(column, number)| match column.kind {
        Kind::Integer => format!("${number}::bigint[]"),
        Kind::Text => format!("${number}::text[]"),
        Kind::Bytes => format!("${number}::bytea[]"),
        Kind::Session => format!("${number}::uuid[]"),
        Kind::Truth => format!("${number}::boolean[]"),
    });
    let arrays = arrays.collect::<Vec<_>>().join(", ");
    let (name, columns) = (table.name, table.list());
    let own = match name {
        // No connection may write in an epoch that it has not claimed; and what was good in the source is of one era.
        "leases" => Some(("writer", "0")),
        "accounts" | "logins" => Some(("era", "0")),
        _ if table.is_full_text() => Some(("words", "array_to_tsvector(string_to_array(joined, ' '))")),
        _ => None,
    };
    let (own, value) = own.map_or_else(Default::default, |(own, value)| (format!(", {own}"), format!(", {value}")));
    let (words, joined) = match table.is_full_text() {
        true => (format!(", ${}::text[]", table.columns.len() + 1), ", joined"),
        false => Default::default(),
    };
    format!(
        "INSERT INTO {name} ({columns}{own}) OVERRIDING SYSTEM VALUE
         SELECT {columns}{value} FROM unnest({arrays}{words}) AS moved ({columns}{joined})"
    )
}

/// A database as it is at one moment.
#[derive(Debug)]
pub struct PostgresSource(Session);

impl PostgresSource {
    /// Fixes the moment; others write on.
    pub async fn snapshot(address: &PostgresAddress) -> Result<Self, PostgresOpenError> {
        Self::open(address, "").await
    }

    /// As [`PostgresSource::snapshot`], and keeps everybody from writing until it is dropped.
    pub async fn alone(address: &PostgresAddress) -> Result<Self, PostgresOpenError> {
        let tables: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        Self::open(address, &format!("LOCK TABLE {} IN SHARE MODE; ", tables.join(", "))).await
    }

    async fn open(address: &PostgresAddress, lock: &str) -> Result<Self, PostgresOpenError> {
        let (_, mut connection) = open::look(address, Purpose::Directory).await?;
        // The first statement that reads fixes the moment: after the lock.
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ; {UNLIMITED}; {lock}SELECT 1 FROM leases");
        connection.batch(&begin).await.map_err(|fault| refusal(address, fault))?;
        Ok(Self(Session::new(connection)))
    }

    /// Inside the transaction.
    pub(super) fn client(&self) -> &Client {
        self.0.connection.client()
    }

    /// How many other connections Tandem has to this database: its processes hold theirs as long as they live.
    pub async fn others(&mut self) -> Result<u64, StoreError> {
        Ok(self.0.number(OTHERS.to_owned()).await?)
    }
}

#[async_trait]
impl Source for PostgresSource {
    async fn rows(&mut self, table: &'static Table, after: Option<&Row>) -> Result<Vec<Row>, StoreError> {
        Ok(self.0.rows(table, after).await?)
    }

    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError> {
        Ok(self.0.count(table).await?)
    }
}

/// A database that is being filled.
#[derive(Debug)]
pub struct PostgresTarget(Session);

impl PostgresTarget {
    /// Makes or brings up the tables, and keeps everybody else from them.
    pub async fn new(address: &PostgresAddress) -> Result<Self, PostgresOpenError> {
        let (_, mut connection) = open::prepare(address, Purpose::Directory).await?;
        let tables: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        let tables = tables.join(", ");
        let begin = format!("BEGIN; {UNLIMITED}; LOCK TABLE {tables}, open_sessions IN ACCESS EXCLUSIVE MODE");
        connection.batch(&begin).await.map_err(|fault| refusal(address, fault))?;
        Ok(Self(Session::new(connection)))
    }
}

#[async_trait]
impl Source for PostgresTarget {
    async fn rows(&mut self, table: &'static Table, after: Option<&Row>) -> Result<Vec<Row>, StoreError> {
        Ok(self.0.rows(table, after).await?)
    }

    async fn count(&mut self, table: &'static Table) -> Result<u64, StoreError> {
        Ok(self.0.count(table).await?)
    }
}

#[async_trait]
impl Target for PostgresTarget {
    async fn write(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), TransferError> {
        let count = rows.len() as u64;
        let mut columns: Vec<_> = table.columns.iter().map(|_| Unprinted(Vec::with_capacity(rows.len()))).collect();
        for row in rows {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.0.push(value));
        }
        let words = table.is_full_text().then(|| {
            let texts = columns[table.place("text")].0.iter();
            Unprinted(texts.map(|text: &Value| joined(text.as_text())).collect::<Vec<_>>())
        });
        let write = async {
            let statement = self.0.prepared(insert(table)).await?;
            let mut parameters: Vec<_> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
            parameters.extend(words.as_ref().map(|words| words as &(dyn ToSql + Sync)));
            let written = self.0.connection.client().execute(&statement, &parameters).await?;
            if written == count { Ok(()) } else { Err(Fault::Miscount) }
        };
        write.await.map_err(|fault| TransferError::Target(fault.into()))
    }

    async fn derive(&mut self) -> Result<(), TransferError> {
        let derived = self.0.connection.client().batch_execute(DERIVE).await;
        derived.map_err(|error| TransferError::Target(Fault::from(error).into()))
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let committed = self.0.connection.client().batch_execute("COMMIT").await;
        Ok(committed.map_err(Fault::from)?)
    }
}

impl ToSql for Value {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) if *of == Type::INT4 => i32::try_from(*number)?.to_sql(of, out),
            Self::Integer(number) => number.to_sql(of, out),
            Self::Text(text) => text.to_sql(of, out),
            Self::Bytes(bytes) => bytes.to_sql(of, out),
            Self::Session(bytes) => Uuid::from_bytes(*bytes).to_sql(of, out),
            Self::Truth(truth) => truth.to_sql(of, out),
        }
    }

    fn accepts(of: &Type) -> bool {
        KINDS.contains(of)
    }

    to_sql_checked!();
}

/// The types of columns that are moved.
const KINDS: [Type; 6] = [Type::INT8, Type::INT4, Type::TEXT, Type::BYTEA, Type::UUID, Type::BOOL];

impl<'a> FromSql<'a> for Value {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match *of {
            Type::INT8 => i64::from_sql(of, raw).map(Self::Integer),
            Type::INT4 => i32::from_sql(of, raw).map(|number| Self::Integer(number.into())),
            Type::TEXT => String::from_sql(of, raw).map(Self::Text),
            Type::BYTEA => Vec::from_sql(of, raw).map(Self::Bytes),
            Type::UUID => Uuid::from_sql(of, raw).map(|id| Self::Session(id.into_bytes())),
            Type::BOOL => bool::from_sql(of, raw).map(Self::Truth),
            _ => Err(format!("no column that is moved has the type {of}").into()),
        }
    }

    fn accepts(of: &Type) -> bool {
        KINDS.contains(of)
    }
}
