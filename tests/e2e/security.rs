//! The inside of a system: its roles prove to each other who they are, its gateway encrypts, and no secret is seen.

mod gateway;
mod keys;
mod links;
mod secrets;
