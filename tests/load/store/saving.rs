//! Saves through the store, in the two ways that matter, until a slice is over.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tandem_protocol::Epoch;
use tandem_store::Store;
use tokio::task::JoinSet;

use crate::{
    chats::{self, Chat},
    scale::Rate,
};

/// Sessions that are read back in one call.
const CHECKED_AT_ONCE: usize = 16;

/// As the engine does it: whatever waits is one call, and the next call comes when it is answered.
pub(crate) async fn in_batches(store: &dyn Store, epoch: Epoch, chats: &mut [Chat], slice: Duration) -> Rate {
    let mut rate = Rate::default();
    while rate.took < slice {
        let entries = chats::round(chats);
        let (begun, events) = (Instant::now(), entries.len() as u64);
        store.append(epoch, entries).await.expect("the store saves");
        rate += Rate::since(begun, events);
    }
    rate
}

/// A task for each session, each of which saves an event, waits for the answer and saves the next.
pub(crate) async fn one_each(store: &Arc<dyn Store>, epoch: Epoch, chats: &mut [Chat], slice: Duration) -> Rate {
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for (place, chat) in chats.iter().cloned().enumerate() {
        senders.spawn(sends(Arc::clone(store), epoch, place, chat, begun + slice));
    }
    let mut events = 0;
    while let Some(sent) = senders.join_next().await {
        let (place, chat) = sent.expect("a sender does not panic");
        events += chat.seq.0 - chats[place].seq.0;
        chats[place] = chat;
    }
    Rate::since(begun, events)
}

async fn sends(store: Arc<dyn Store>, epoch: Epoch, place: usize, mut chat: Chat, end: Instant) -> (usize, Chat) {
    while Instant::now() < end {
        store.append(epoch, vec![chat.says()]).await.expect("the store saves");
    }
    (place, chat)
}

/// Reads everything back; says what is not as it was acknowledged.
pub(crate) async fn differences(store: &dyn Store, epoch: Epoch, chats: &[Chat]) -> Vec<String> {
    let mut faults = Vec::new();
    for some in chats.chunks(CHECKED_AT_ONCE) {
        let sessions: Vec<_> = some.iter().map(|chat| chat.session).collect();
        let loaded = store.load(epoch, &sessions).await.expect("the store reads");
        for (chat, loaded) in some.iter().zip(loaded) {
            let has = loaded.events.len() as u64;
            if has != chat.seq.0 {
                faults.push(format!("session {}: {} events acknowledged, {has} stored", chat.session, chat.seq));
            }
            let altered = loaded.events.iter().find(|stored| {
                let event = &stored.event;
                event.event.get() != chat.event(event.seq).event.get()
            });
            faults
                .extend(altered.map(|stored| format!("session {}: event {} differs", chat.session, stored.event.seq)));
        }
    }
    faults
}
