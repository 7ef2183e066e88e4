//! A real PostgreSQL server for tests: started by the test's own process, with a database for each test, a standby to
//! fail over to, and a network that can be cut.
//!
//! It is a crate of its own so that the store's tests and those with real processes share one server and nothing of it,
//! neither the making of certificates nor the superuser's hand, is ever built into the store or the executable. It must
//! know nothing of Tandem but the name of its schema: whoever uses it says what an address means.

mod certificates;
mod database;
mod owner;
mod server;
mod waiting;
mod way;

pub use database::{Database, Gate};
pub use server::{Running, Server, free_port};
pub use waiting::{eventually, within};
pub use way::Way;

/// Whom Tandem logs in as: owns its databases and nothing else, as an operator would set it up.
pub const USER: &str = "tandem";

/// As [`USER`], let in with a password only.
pub const GUARDED: &str = "guarded";

/// The password of [`GUARDED`].
pub const PASSWORD: &str = "correct horse";

/// Whoever may do everything; the tests' own hand.
const SUPERUSER: &str = "warden";
