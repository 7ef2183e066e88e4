//! What holds on the embedded store holds on PostgreSQL too, with real processes and a real server; and what an operator
//! reads who got the database wrong.

mod agents;
mod failover;
mod refusals;
mod whole;
