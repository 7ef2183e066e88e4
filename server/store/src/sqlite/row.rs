//! An event's place in the log, as a type of its own: it is neither a sequence number nor a count.
//!
//! Everything that follows `prev` and `mark` through the log uses it.

use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef},
};

/// The `id` of a row of `events`. Rows are numbered from 1 over all pairs of a file. Arithmetic saturates: a damaged
/// file may hold any number, and SQLite then refuses the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row(pub(super) i64);

impl Row {
    /// Stands for "no such event": what the first event of a session has before it.
    pub(super) const NONE: Self = Self(0);

    /// The row after this one.
    pub(super) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The row before this one.
    pub(super) fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// How many rows lie after `earlier` up to this one; 0 if it is not earlier.
    pub(super) fn rows_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

impl ToSql for Row {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for Row {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(Self)
    }
}
