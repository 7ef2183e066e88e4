//! The drill: a real failure, rehearsed on the running system with sessions of its own.
//!
//! Synthetic customers connect to a gateway as any browser does and speak all the time; then the primary is killed,
//! hangs, or hands over; afterwards their transcripts are compared with what was acknowledged (D-2, D-3, D-4, R-3), and
//! what it cost is written down, so that an operator can say when failover was last proven. Nothing of the sessions is
//! left. It reaches the pair and the gateway through what [`Primary`] and [`Gateway`] stand for, and must never see a
//! store, an engine or a web server. The operator's command calls it, and a gateway for the control page.

mod ask;
mod briefing;
mod customer;
mod judge;
mod phase;
mod plan;
mod rehearsal;
mod transport;

pub use ask::{Asker, Primary, Unanswered};
pub use briefing::{Briefing, brief};
pub use phase::{Phase, Progress};
pub use plan::{BadPlan, EVERY_DEFAULT, EVERY_MAX, EVERY_MIN, PER_SECOND_MAX, Plan, SESSIONS_DEFAULT, SESSIONS_MAX};
pub use rehearsal::{NotBegun, Rehearsal, Report};
pub use transport::{Gateway, Stream, TcpGateway};
