//! What runs: the four roles, and the supervisor that runs them all as its children.

pub(crate) mod echo;
pub(crate) mod engine;
pub(crate) mod gateway;
pub(crate) mod interaction;
pub(crate) mod run;
