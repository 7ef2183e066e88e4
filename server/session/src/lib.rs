//! The pure state machines of Tandem: a chat [`Session`], the [`Core`] that serves all sessions of a primary engine,
//! the [`LeaseKeeper`] that decides who is primary, and
//! the [`Switching`] by which a primary hands over.
//!
//! Inputs come with their moment, effects go out; nothing here reads a clock, does I/O or awaits. The runtime
//! (`tandem-engine`) feeds inputs and carries effects out in the order given, and a simulation does the same with
//! crashes at every point. That is why the guarantees can be proofread here.

mod core;
mod lease;
mod now;
mod preparation;
mod recent;
mod record;
mod session;
mod settings;
mod switchover;

pub use core::{Core, CoreCounts, Effect, Erased, LinkId, LoadedSession, OpenSession, ReadId};
pub use lease::{LeaseEffect, LeaseInput, LeaseKeeper, LeaseTimes, SeenLease, TakeCause};
pub use now::Now;
pub use preparation::Preparation;
pub use recent::{Recent, RecentFigures};
pub use record::Record;
pub use session::{Session, Unreadable};
pub use settings::{AutoSave, CountedNotices, Inactivity, KeptNotices, OnSaveError, Restoration, SessionSettings};
pub use switchover::{Asker, Backup, Circumstances, SwitchEffect, SwitchInput, Switching};
