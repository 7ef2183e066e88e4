//! The digest of a table: two tables with the same one hold the same rows.

use sha2::{Digest as _, Sha256};

use super::{
    table::Table,
    value::{Row, Value},
};

/// Of the rows of a table, in the order of their keys.
#[derive(Debug, Clone)]
pub struct Digest {
    table: &'static Table,
    rows: u64,
    hash: Sha256,
    last: Option<Row>,
}

impl Digest {
    /// Of none yet.
    #[must_use]
    pub fn new(table: &'static Table) -> Self {
        Self { table, rows: 0, hash: Sha256::new(), last: None }
    }

    /// Goes on.
    pub fn add(&mut self, rows: &[Row]) {
        for value in rows.iter().flatten() {
            Value::hash_into(value, |bytes| self.hash.update(bytes));
        }
        self.rows += rows.len() as u64;
        if let Some(last) = rows.last() {
            self.last = Some(last[..self.table.key].to_vec());
        }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The key of the last row.
    #[must_use]
    pub fn last(&self) -> Option<&Row> {
        self.last.as_ref()
    }

    /// Whether the rows are the same.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.rows == other.rows && self.hash.clone().finalize() == other.hash.clone().finalize()
    }
}
