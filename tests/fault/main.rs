//! What must hold when more goes wrong than one clean death: kills at random moments under load, hangs, both engines at
//! once, a death during takeover, full and read-only disks,
//! databases that are away. A checker judges what every client saw.

mod agents;
mod chatter;
mod disks;
mod hangs;
mod pairs;
mod postgres;
mod race;
mod resending;
mod storm;
mod switchovers;
mod unsaved;
mod upgrades;
