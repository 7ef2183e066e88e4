//! The properties of a session that mean something to Tandem itself.
//!
//! Whoever opens a session gives it what properties he likes, but none whose key begins with [`RESERVED`]: those are
//! Tandem's own, and gateways refuse them from anybody else.

use std::collections::BTreeMap;

/// What the keys of Tandem's own properties begin with.
pub const RESERVED: &str = "tandem.";

/// A drill's synthetic sessions have it, with the drill's id: they are nobody's, are neither routed nor shown to
/// anybody who works with customers, and may be closed and erased by an operator's command.
pub const DRILL: &str = "tandem.drill";

/// Whether a session with these properties belongs to a drill.
#[must_use]
pub fn is_drill(properties: &BTreeMap<String, String>) -> bool {
    properties.contains_key(DRILL)
}
