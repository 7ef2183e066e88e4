//! The client ids of what is asked of the engine (D-3).
//!
//! Each follows from the facts that the request answers, never from chance: a repeat after a failover, and one by the
//! next interaction server, which remembers nothing, is then known as one.

use sha2::{Digest, Sha256};
use tandem_protocol::{AgentId, ClientId, Seq};

use super::effect::Act;

/// The service puts a session into a queue, after its `queued` event `after`.
pub(super) fn queue_after(after: Seq) -> ClientId {
    named(&format!("queue-after-{after}"))
}

/// An agent takes a session that waits since event `seq`.
pub(super) fn take(seq: Seq, agent: AgentId) -> ClientId {
    named(&format!("take-{seq}-{agent}"))
}

/// An agent follows the invitation of event `seq`.
pub(super) fn invited(seq: Seq, agent: AgentId) -> ClientId {
    named(&format!("invited-{seq}-{agent}"))
}

/// An agent does something of his own accord. His desk's id for it may be as long as a client id, hence the hash.
pub(super) fn act(act: &Act) -> ClientId {
    let hash = Sha256::digest(act.id.as_str().as_bytes());
    let digits: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    named(&format!("act-{}-{digits}", act.agent))
}

fn named(text: &str) -> ClientId {
    ClientId::new(text).expect("is a short visible text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_action_id_of_the_greatest_account_still_makes_a_name() {
        let longest = Act { agent: AgentId(u32::MAX), id: named(&"x".repeat(64)) };
        assert!(act(&longest).as_str().starts_with("act-4294967295-"));
        assert_eq!(act(&longest), act(&longest.clone()));
        let other = Act { agent: AgentId(1), id: named("a") };
        assert_ne!(act(&other), act(&Act { agent: AgentId(2), ..other.clone() }));
        take(Seq(u64::MAX), AgentId(u32::MAX));
        invited(Seq(u64::MAX), AgentId(u32::MAX));
        queue_after(Seq(u64::MAX));
    }
}
