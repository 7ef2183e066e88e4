//! The house rules that a compiler does not know, held by tests: imports between crates, sizes of files and functions,
//! headers, no skipped or sleeping tests, every guarantee cited by a test, every documented command real,
//! every metric that is shown to an operator counted.
//!
//! Each test names every offender at once, with file and line, so that one run is enough to mend them all.

mod docs;
mod guarantees;
mod imports;
mod metrics;
mod sources;
mod tree;
