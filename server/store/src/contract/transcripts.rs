//! Stories of looking back: reading along while others write, whole transcripts, and the chain that vouches for them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tandem_protocol::{PairName, Seq, SessionId, TokenHash};
use tokio::time::timeout;

use super::{
    Backend,
    story::{all, closing, message, message_of, messages, session, take_over, written},
};
use crate::{ChainLink, Entry, LogPlace, Store, StoreError, Transcript, Transcripts, Written, verify};

/// How long a reader may need for what is written; only a hang reaches it.
const DEADLINE: Duration = Duration::from_secs(60);

fn pair(name: &str) -> PairName {
    PairName::new(name).expect("is a name")
}

/// All of a pair's log, read in pages of this many.
async fn read_along(transcripts: &impl Transcripts, pair: &PairName, events_max: usize) -> Vec<Written> {
    let mut events: Vec<Written> = Vec::new();
    loop {
        let after = events.last().map_or(LogPlace::default(), |last| last.place);
        let page = transcripts.log(pair, after, events_max).await.expect("reads");
        assert!(page.len() <= events_max);
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

/// Asserts that it is a whole transcript in order, and gives its last link.
fn assert_chained(transcript: &Transcript) -> ChainLink {
    let link = verify(transcript.session, &transcript.events).unwrap_or_else(|broken| panic!("{broken}"));
    assert_ne!(link, ChainLink::NONE, "new events have links");
    link
}

async fn transcript(transcripts: &impl Transcripts, session: SessionId) -> Transcript {
    transcripts.transcript(session).await.expect("reads").expect("there is one")
}

fn texts(events: &[Written]) -> Vec<&str> {
    events.iter().map(|written| written.event.event.get()).collect()
}

pub(crate) async fn before_anybody_has_written_there_is_nothing(backend: &impl Backend) {
    let transcripts = backend.transcripts().await;
    let main = pair("main");
    assert_eq!(transcripts.pairs().await.expect("reads"), []);
    assert_eq!(transcripts.size().await.expect("reads"), 0);
    assert!(transcripts.log(&main, LogPlace::default(), 9).await.expect("reads").is_empty());
    assert!(transcripts.sessions(&main, None, 9).await.expect("reads").is_empty());
    assert!(transcripts.transcript(session(1)).await.expect("reads").is_none());
    // Whoever looked before an engine came sees what it writes.
    let store = backend.open("main").await;
    let epoch = take_over(&store).await;
    store.append(epoch, messages(session(1), 1, 2)).await.expect("stores");
    assert_eq!(transcripts.pairs().await.expect("reads"), [main]);
    assert_chained(&transcript(&transcripts, session(1)).await);
}

pub(crate) async fn an_event_is_read_back_with_all_that_is_stored_with_it(backend: &impl Backend) {
    let store = backend.open("main").await;
    let transcripts = backend.transcripts().await;
    let epoch = take_over(&store).await;
    let secret = TokenHash([7; 32]);
    let text = "\0 \" \\ \u{202e} é 🦀";
    let entries = vec![
        Entry { secret: Some(secret), ..message(session(1), 1) },
        message_of(session(1), 2, text),
        closing(session(1), 3),
    ];
    store.append(epoch, entries.clone()).await.expect("stores");
    let found = transcript(&transcripts, session(1)).await;
    assert_eq!((found.pair.as_str(), found.session), ("main", session(1)));
    assert_chained(&found);
    let along = read_along(&transcripts, &pair("main"), 9).await;
    for events in [found.events, along] {
        assert_eq!(texts(&events), written(&entries));
        assert!(events.iter().map(|written| written.secret).eq([Some(secret), None, None]));
        assert!(events.iter().map(|written| written.closes).eq([false, false, true]));
        assert!(events.iter().map(|written| written.at).eq(entries.iter().map(|entry| entry.at)));
        assert!(events.iter().all(|written| written.session == session(1)));
    }
}

pub(crate) async fn a_log_is_read_along_in_pages_of_any_size(backend: &impl Backend) {
    let store = backend.open("main").await;
    let transcripts = backend.transcripts().await;
    let epoch = take_over(&store).await;
    let mut expected = Vec::new();
    for seq in 1..=20 {
        let entries: Vec<_> = (1..=3).map(|number| message(session(number), seq)).collect();
        expected.extend(written(&entries));
        store.append(epoch, entries).await.expect("stores");
    }
    for events_max in [1, 7, 60, 1_000] {
        let events = read_along(&transcripts, &pair("main"), events_max).await;
        assert_eq!(texts(&events), expected, "pages of {events_max}");
        assert!(events.is_sorted_by(|a, b| a.place < b.place));
    }
    assert!(transcripts.log(&pair("main"), LogPlace::default(), 0).await.expect("reads").is_empty());
    let size = transcripts.size().await.expect("reads");
    assert!((60..120).contains(&size), "about as many as there are, and not {size}");
    // What comes after somebody has come to the end is seen by who goes on from there.
    let last = read_along(&transcripts, &pair("main"), 9).await.last().expect("there are some").place;
    assert!(transcripts.log(&pair("main"), last, 9).await.expect("reads").is_empty());
    store.append(epoch, messages(session(4), 1, 2)).await.expect("stores");
    let new = transcripts.log(&pair("main"), last, 9).await.expect("reads");
    assert_eq!(texts(&new), written(&messages(session(4), 1, 2)));
}

/// Events that each of the writers of the next story adds.
const ADDED: u64 = 40;

pub(crate) async fn who_reads_along_misses_nothing_while_others_write_and_take_over(backend: &impl Backend) {
    let stores = [Arc::new(backend.open("main").await), Arc::new(backend.open("main").await)];
    let other = Arc::new(backend.open("other").await);
    let transcripts = backend.transcripts().await;
    let writing = async {
        let other_epoch = take_over(&*other).await;
        let mut begun = 0;
        for store in stores.iter().cycle().take(4) {
            let epoch = take_over(&**store).await;
            let mut writers = tokio::task::JoinSet::new();
            // Many at once, so that some share a transaction, and those of the other pair between them.
            for number in 1..=8 {
                let store = Arc::clone(store);
                writers.spawn(async move { add(&*store, epoch, number, begun).await });
            }
            let busy = Arc::clone(&other);
            writers.spawn(async move { add(&*busy, other_epoch, 99, begun).await });
            writers.join_all().await;
            begun += ADDED;
        }
    };
    let reading = async {
        let mut events: Vec<Written> = Vec::new();
        while events.len() < 8 * 4 * ADDED as usize {
            let after = events.last().map_or(LogPlace::default(), |last| last.place);
            events.extend(transcripts.log(&pair("main"), after, 16).await.expect("reads"));
            tokio::task::yield_now().await;
        }
        events
    };
    let both = async { tokio::join!(reading, writing) };
    let (events, ()) = timeout(DEADLINE, both).await.expect("what is written is read along");
    assert!(events.is_sorted_by(|a, b| a.place < b.place));
    let mut heads = HashMap::new();
    for written in &events {
        let head = heads.entry(written.session).or_insert(Seq::ZERO);
        assert_eq!(written.event.seq, head.next(), "none is missed, none comes twice: {}", written.session);
        *head = written.event.seq;
    }
    assert!(heads.len() == 8 && heads.values().all(|head| head.0 == 4 * ADDED));
    for number in 1..=8 {
        let found = transcript(&transcripts, session(number)).await;
        assert_chained(&found);
        assert_eq!(found.events.len() as u64, 4 * ADDED);
    }
}

async fn add(store: &impl Store, epoch: tandem_protocol::Epoch, number: u16, begun: u64) {
    for seq in begun + 1..=begun + ADDED {
        // As `in_turn`, whose attempts cannot move to a task of their own: many write the same file.
        while let Err(error) = store.append(epoch, vec![message(session(number), seq)]).await {
            assert!(matches!(error, StoreError::Busy(_)), "stores: {error}");
        }
    }
}

pub(crate) async fn a_chain_goes_on_across_takeovers_and_restarts(backend: &impl Backend) {
    let transcripts = backend.transcripts().await;
    let mut stores = (backend.open("main").await, backend.open("main").await);
    let mut links = Vec::new();
    for round in 0..6 {
        let epoch = take_over(&stores.0).await;
        let from = round * 50 + 1;
        stores.0.append(epoch, messages(session(1), from, from + 49)).await.expect("stores");
        links.push(assert_chained(&transcript(&transcripts, session(1)).await));
        if round % 2 == 1 {
            // Both processes end and begin again.
            drop(stores);
            stores = (backend.open("main").await, backend.open("main").await);
        } else {
            stores = (stores.1, stores.0);
        }
    }
    let found = transcript(&transcripts, session(1)).await;
    let at_rounds = (0..6).map(|round| found.events[round * 50 + 49].chained.expect("it has a link").1);
    assert!(at_rounds.eq(links), "a link that was noted stays what it is");
}

pub(crate) async fn what_was_refused_leaves_no_trace_in_the_chain(backend: &impl Backend) {
    let store = backend.open("main").await;
    let transcripts = backend.transcripts().await;
    let epoch = take_over(&store).await;
    let answers = all(vec![
        store.append(epoch, messages(session(1), 1, 2)),
        store.append(epoch, vec![message(session(1), 3), message(session(2), 1), message(session(1), 9)]),
        store.append(epoch.next(), messages(session(1), 3, 4)),
        store.append(epoch, vec![message_of(session(1), 3, "another"), message(session(2), 1)]),
    ])
    .await;
    assert!(matches!(answers[..], [Ok(()), Err(StoreError::Recoverable(_)), Err(StoreError::Stale { .. }), Ok(())]));
    store.append(epoch, vec![message(session(2), 2), closing(session(1), 4)]).await.expect("stores");
    for number in [1, 2] {
        assert_chained(&transcript(&transcripts, session(number)).await);
    }
}

pub(crate) async fn events_that_are_alike_have_other_leaves(backend: &impl Backend) {
    let store = backend.open("main").await;
    let transcripts = backend.transcripts().await;
    let epoch = take_over(&store).await;
    store.append(epoch, (1..=50).map(|number| message_of(session(number), 1, "yes")).collect()).await.expect("stores");
    let events = read_along(&transcripts, &pair("main"), 99).await;
    let proofs: std::collections::HashSet<_> = events.iter().map(|written| written.chained.expect("new").0).collect();
    assert_eq!(proofs.len(), 50, "the salt keeps an erased text from being found by trying");
}

pub(crate) async fn sessions_are_listed_by_their_ids_open_or_closed(backend: &impl Backend) {
    let store = backend.open("main").await;
    let transcripts = backend.transcripts().await;
    let epoch = take_over(&store).await;
    let main = pair("main");
    let numbers = [9, 3, 7, 1, 5];
    for number in numbers {
        store.append(epoch, vec![message(session(number), 1), message(session(number), 2)]).await.expect("stores");
        let listed = transcripts.sessions(&main, None, 99).await.expect("reads");
        assert!(listed.contains(&session(number)), "what is acknowledged is listed");
    }
    store.append(epoch, vec![closing(session(3), 3)]).await.expect("stores");
    drop(store);
    let store = backend.open("main").await;
    store.append(epoch, messages(session(2), 1, 1)).await.expect("stores");
    for sessions_max in [1, 2, 99] {
        let mut listed: Vec<SessionId> = Vec::new();
        loop {
            let page = transcripts.sessions(&main, listed.last().copied(), sessions_max).await.expect("reads");
            assert!(page.len() <= sessions_max);
            if page.is_empty() {
                break;
            }
            listed.extend(page);
        }
        assert_eq!(listed, [1, 2, 3, 5, 7, 9].map(session), "pages of {sessions_max}");
    }
}

pub(crate) async fn each_pair_has_a_log_of_its_own(backend: &impl Backend) {
    let (busy, quiet) = (backend.open("busy").await, backend.open("quiet").await);
    let transcripts = backend.transcripts().await;
    let (busy_epoch, quiet_epoch) = (take_over(&busy).await, take_over(&quiet).await);
    quiet.append(quiet_epoch, messages(session(1), 1, 1)).await.expect("stores");
    let mut last = LogPlace::default();
    for seq in 1..=10 {
        busy.append(busy_epoch, messages(session(2), seq * 10 - 9, seq * 10)).await.expect("stores");
        // Each time somebody asks there is more of the other pair behind where he is.
        let new = transcripts.log(&pair("quiet"), last, 5).await.expect("reads");
        assert_eq!(texts(&new), written(&messages(session(1), seq, seq)));
        last = new[0].place;
        assert!(transcripts.log(&pair("quiet"), last, 5).await.expect("reads").is_empty());
        quiet.append(quiet_epoch, messages(session(1), seq + 1, seq + 1)).await.expect("stores");
    }
    assert_eq!(transcripts.pairs().await.expect("reads"), [pair("busy"), pair("quiet")]);
    assert_eq!(read_along(&transcripts, &pair("busy"), 7).await.len(), 100);
    assert_eq!(read_along(&transcripts, &pair("quiet"), 7).await.len(), 11);
    assert_eq!(transcripts.sessions(&pair("busy"), None, 9).await.expect("reads"), [session(2)]);
    for (number, name, events) in [(1, "quiet", 11), (2, "busy", 100)] {
        let found = transcript(&transcripts, session(number)).await;
        assert_chained(&found);
        assert_eq!((found.pair.as_str(), found.events.len()), (name, events));
    }
    assert!(transcripts.transcript(session(3)).await.expect("reads").is_none());
}
