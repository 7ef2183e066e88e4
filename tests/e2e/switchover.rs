//! Planned switchovers with real processes: nobody notices, and whatever goes wrong is no worse than a failover.

mod chats;
mod command;
mod desks;
