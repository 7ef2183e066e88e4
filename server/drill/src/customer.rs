//! A synthetic customer: one session, one WebSocket to a gateway, and the rules of the browser library
//! (`static/client/`): a message is said again, unchanged, until it is acknowledged; a new connection goes on after the
//! last event; what is missing is asked for.

mod connection;
mod page;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sha2::{Digest, Sha256};
use tandem_protocol::{PairName, SessionId, TokenHash};
use tokio::sync::watch;
use uuid::Uuid;

pub(crate) use self::page::{Page, Said, index_of};
use crate::transport::Gateway;

/// Bytes of a token's randomness.
const TOKEN_BYTES: usize = 32;

/// What all customers are told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Be there.
    Wait,
    /// Say something at every turn.
    Speak,
    /// Say nothing new, and what is not acknowledged until it is.
    Finish,
    /// Hang up.
    End,
}

/// A customer and what he knows.
pub(crate) struct Customer {
    pub(crate) session: SessionId,
    token: String,
    /// Never held across an await.
    page: Mutex<Page>,
}

impl Customer {
    /// One with a session of this pair, which nobody has opened yet.
    pub(crate) fn new(pair: &PairName) -> Self {
        let mut random = [0; TOKEN_BYTES];
        getrandom::fill(&mut random).expect("Linux always has random bytes once it has started");
        let token = random.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { session: SessionId::of_pair(Uuid::now_v7(), pair), token, page: Mutex::default() }
    }

    /// What engines know of his token.
    pub(crate) fn token_hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.token.as_bytes()).into())
    }

    /// Looks at what he has.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Page) -> T) -> T {
        // Whatever panics leaves at worst a message that is not said.
        look(&mut self.page.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lives until he is told to hang up or the gateway ends him for good. His first turn comes after `first_in`.
    pub(crate) async fn live(
        self: Arc<Self>,
        gateway: Arc<dyn Gateway>,
        every: Duration,
        first_in: Duration,
        orders: watch::Receiver<Order>,
    ) {
        connection::keep(&self, &*gateway, every, first_in, orders).await;
    }
}
