//! Failures that are rehearsed on a running system: what an operator is told, and that nobody else notices more than
//! the failure itself.

mod apart;
mod command;
mod control;
mod failures;
