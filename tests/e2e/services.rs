//! Tandem as services of a manager such as systemd: what it is told by each role, and what `server/deploy` gives to whoever
//! sets Tandem up.

mod containers;
mod page;
mod telling;
mod units;
