//! A takeover with many open sessions: the time from taking the lease until every history is in memory.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use tandem_protocol::{Epoch, SessionId, limits::ATTACH_SESSIONS_MAX};
use tandem_store::{Store, Taken};

use crate::{
    chats::{self, Chat, engine, now},
    scale::Scale,
};

/// Events of one call while the sessions are made.
const FILL_EVENTS: usize = 4_000;

/// Loads that are under way at the same time, as when a gateway sends one batch of sessions after the other.
const LOADS: usize = 4;

/// What a restoration brought back.
#[derive(Debug, Clone)]
pub(crate) struct Restored {
    pub(crate) took: Duration,
    pub(crate) sessions: usize,
    pub(crate) events: u64,
    pub(crate) faults: Vec<String>,
}

/// Takes the lease, whoever holds it.
pub(crate) async fn take_over(store: &dyn Store, name: &str) -> Epoch {
    let lease = store.lease().await.expect("the store reads");
    let seen = lease.map_or(Epoch::ZERO, |lease| lease.epoch);
    match store.take_lease(seen, engine(name), now()).await.expect("the store writes") {
        Taken::Held(epoch) => epoch,
        Taken::Lost(lease) => panic!("nobody else is here, but the lease is {lease:?}"),
    }
}

/// Has one engine write the sessions, their events mixed as those of live chats are, and the other take over at once.
pub(crate) async fn restore(scale: &Scale, primary: &Arc<dyn Store>, backup: &Arc<dyn Store>) -> Restored {
    let epoch = take_over(&**primary, "a").await;
    let already = primary.open_sessions(epoch).await.expect("the store reads").len();
    let mut chats = Chat::several(scale.sessions, scale.event_bytes);
    for _ in 0..scale.events {
        for some in chats.chunks_mut(FILL_EVENTS) {
            primary.append(epoch, chats::round(some)).await.expect("the store saves");
        }
    }
    let begun = Instant::now();
    let epoch = take_over(&**backup, "b").await;
    let open = backup.open_sessions(epoch).await.expect("the store reads");
    let sessions: Vec<SessionId> = chats.iter().map(|chat| chat.session).collect();
    let loads = sessions.chunks(ATTACH_SESSIONS_MAX).map(|some| backup.load(epoch, some));
    let loaded: Vec<_> = stream::iter(loads).buffered(LOADS).collect().await;
    let took = begun.elapsed();
    let mut restored = Restored { took, sessions: open.len() - already, events: 0, faults: Vec::new() };
    for (chat, loaded) in chats.iter().zip(loaded.into_iter().flat_map(|loaded| loaded.expect("the store reads"))) {
        restored.events += loaded.events.len() as u64;
        if loaded.session != chat.session || loaded.events.len() as u64 != scale.events {
            restored.faults.push(format!("session {}: {} events restored", chat.session, loaded.events.len()));
        }
    }
    if restored.sessions != scale.sessions {
        restored.faults.push(format!("{} of {} sessions are known to be open", restored.sessions, scale.sessions));
    }
    restored
}
