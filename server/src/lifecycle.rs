//! How every process of Tandem begins and ends: its data directory and locks, its report to whoever started it, the
//! service manager, the signals that end it, and the exit code that it leaves.

pub(crate) mod data_dir;
pub(crate) mod failure;
pub(crate) mod listen;
pub(crate) mod notify;
pub(crate) mod parent;
pub(crate) mod report;
pub(crate) mod signals;
