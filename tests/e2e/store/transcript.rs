//! `tandem transcript`.

use std::{fs, path::Path};

use rusqlite::Connection;
use tandem_protocol::{ClosedReason, EngineName, Event, EventBody, PairName, RawEvent, Seq, SessionId, Timestamp};
use tandem_store::{Entry, Holder, SqliteStore, Store, Taken};
use tandem_tests::{
    Customer, System,
    command::Ran,
    postgres::{Database, USER},
};
use tempfile::TempDir;

use super::tandem;

/// What a customer said in a system that is stopped by now, and an export of it as it was before he said the last word.
struct Said {
    data: TempDir,
    session: SessionId,
}

impl Said {
    /// A chat of six events: it is opened, he joins, four messages.
    async fn start() -> Self {
        let data = TempDir::new().expect("the temp folder is writable");
        let system = System::builder().data(data.path()).start().await;
        let customer = Customer::start(&system.rest(), "Ann").await;
        for text in ["one", "two", "three"] {
            customer.says(text).await;
        }
        let session = customer.ticket().session;
        let said = Self { data, session };
        let export = said.transcript("export", &["--output", &said.file()]).await;
        assert_eq!(export.done(), "");
        customer.says("four").await;
        drop(customer);
        system.finish().await;
        said
    }

    fn file(&self) -> String {
        self.data.path().join("chat.json").to_str().expect("is UTF-8").to_owned()
    }

    async fn transcript(&self, action: &str, more: &[&str]) -> Ran {
        let session = self.session.to_string();
        let words: Vec<&str> = ["transcript", action, &session].into_iter().chain(more.iter().copied()).collect();
        tandem(&words, self.data.path()).await
    }

    async fn verify(&self, words: &[&str]) -> Ran {
        let words: Vec<&str> = ["transcript", "verify"].into_iter().chain(words.iter().copied()).collect();
        tandem(&words, self.data.path()).await
    }

    /// The export and the store.
    async fn compared(&self) -> Ran {
        self.verify(&["--file", &self.file(), "--against-store"]).await
    }

    fn alter(&self, sql: &str) {
        let connection = Connection::open(self.data.path().join("tandem.db")).expect("opens");
        connection.execute_batch(sql).expect("writes");
    }
}

/// What is said of the transcript, which is broken.
fn broken(ran: &Ran) -> &str {
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{ran:?}");
    ran.stdout.strip_prefix("broken ").and_then(|line| line.strip_suffix('\n')).unwrap_or_else(|| panic!("{ran:?}"))
}

#[tokio::test]
async fn what_was_exported_proves_itself_and_the_store_goes_on_after_it() {
    let said = Said::start().await;
    let (id, file) = (said.session, said.file());
    let alone = tandem(&["transcript", "verify", "--file", &file], Path::new("/nowhere")).await.done();
    let head = alone.strip_prefix(&format!("ok {file}: 5 events, head ")).expect("is good").trim_end().to_owned();
    assert_eq!(head.len(), 64);
    let compared = said.compared().await.done();
    assert_eq!(compared, format!("ok {file}: 5 events, head {head}, 1 more in the store\n"));
    let now = said.verify(&[&id.to_string()]).await.done();
    assert!(now.starts_with(&format!("ok {id}: 6 events, head ")) && !now.contains(&head), "{now}");
    let all = said.verify(&["--all"]).await.done();
    assert_eq!(all, format!("{now}1 transcripts are as they were written, 0 are not\n"));
    let again = said.transcript("export", &["--output", &file]).await;
    assert_eq!(again.code, Some(1), "nothing is replaced: {again:?}");
}

#[tokio::test]
async fn a_transcript_is_printed_to_be_read() {
    let said = Said::start().await;
    let text = said.transcript("show", &[]).await.done();
    assert!(text.contains("Ann (customer):\n    four\n"), "{text}");
    let page = said.transcript("export", &["--format", "html"]).await.done();
    assert!(page.starts_with("<!doctype html>") && page.contains(">four</p>"), "{page}");
    let unknown = tandem(&["transcript", "show", "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f"], said.data.path()).await;
    let expected =
        format!("there is no session 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f in {}", said.data.path().display());
    assert_eq!(super::line(&unknown), format!("tandem: {expected}"));
}

#[tokio::test]
async fn an_altered_body_is_found_in_the_store_and_against_an_export() {
    let said = Said::start().await;
    said.alter(r#"UPDATE events SET body = replace(body, '"two"', '"not"')"#);
    let found = said.verify(&[&said.session.to_string()]).await;
    assert_eq!(broken(&found), format!("{}: event 4 does not follow from the link before it", said.session));
    let compared = said.compared().await;
    assert_eq!(
        broken(&compared),
        format!("{}: in the store event 4 does not follow from the link before it", said.file())
    );
}

#[tokio::test]
async fn an_altered_link_is_found() {
    let said = Said::start().await;
    said.alter("UPDATE events SET link = randomblob(32) WHERE seq = 3");
    let found = said.verify(&["--all"]).await;
    let expected = format!("broken {}: event 3 does not follow from the link before it\n", said.session);
    let sum = "0 transcripts are as they were written, 1 are not\n";
    assert_eq!((found.code, found.stdout), (Some(1), expected + sum));
    assert_eq!(
        broken(&said.compared().await),
        format!("{}: event 3 is another one in the store than in the file", said.file())
    );
}

/// Nothing in the store tells of it: its chain is whole.
#[tokio::test]
async fn a_lost_tail_is_found_against_an_export() {
    let said = Said::start().await;
    said.alter("DELETE FROM events WHERE seq > 4; DELETE FROM sessions; DELETE FROM progress");
    let id = said.session.to_string();
    assert!(said.verify(&[&id]).await.done().starts_with(&format!("ok {id}: 4 events, ")));
    let compared = said.compared().await;
    assert_eq!(broken(&compared), format!("{}: event 5 is in the file and no longer in the store", said.file()));
}

#[tokio::test]
async fn an_altered_file_is_found() {
    let said = Said::start().await;
    let text = fs::read_to_string(said.file()).expect("reads");
    let altered = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is in {text}");
        fs::write(said.file(), text.replacen(from, to, 1)).expect("writes");
    };
    let file = said.file();
    altered(r#"\"text\":\"two\""#, r#"\"text\":\"not\""#);
    let found = said.verify(&["--file", &file]).await;
    assert_eq!(broken(&found), format!("{file}: event 4 does not follow from the link before it"));
    let line = text.lines().find(|line| line.contains("two")).expect("an event a line").to_owned() + "\n";
    altered(&line, "");
    assert_eq!(broken(&said.verify(&["--file", &file]).await), format!("{file}: event 4 is not there"));
}

/// Only what was said is gone: order, number and moments are still proven.
#[tokio::test]
async fn an_erased_transcript_is_fine() {
    let said = Said::start().await;
    let id = said.session.to_string();
    let pair = PairName::new("main").expect("is a name");
    let store = SqliteStore::open(said.data.path(), &pair).expect("opens");
    let seen = store.lease().await.expect("reads").expect("there was an engine").epoch;
    let holder = Holder {
        name: EngineName::new("a").expect("is a name"),
        address: "127.0.0.1:7301".into(),
        host: String::new(),
        pid: 1,
        pid_started: 1,
    };
    let Taken::Held(epoch) = store.take_lease(seen, holder, Timestamp(1)).await.expect("writes") else {
        panic!("nobody else is here");
    };
    let at = Timestamp(7);
    let event =
        RawEvent::of(&Event { seq: Seq(7), at_ms: at, body: EventBody::Closed { reason: ClosedReason::Ended } });
    let closing = Entry { session: said.session, at, event, secret: None, closes: true };
    store.append(epoch, vec![closing]).await.expect("writes");
    store.erase(epoch, said.session).await.expect("is over");
    drop(store);
    assert!(said.verify(&[&id]).await.done().starts_with(&format!("ok {id}: 7 events, head ")));
    let compared = said.compared().await.done();
    assert!(compared.ends_with(", 2 more in the store, 5 erased since\n"), "{compared}");
    let text = said.transcript("show", &[]).await.done();
    assert!(!text.contains("four") && text.contains("erased"), "{text}");
    let export = said.transcript("export", &[]).await.done();
    fs::write(said.file(), export).expect("writes");
    said.compared().await.done();
}

#[tokio::test]
async fn transcripts_of_a_database_are_verified_and_a_lost_tail_is_found() {
    let (folder, database) = (TempDir::new().expect("the temp folder is writable"), Database::empty().await);
    let address = database.by_network(USER, "");
    let system = System::builder().postgres(&database).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("one").await;
    let (id, file) = (customer.ticket().session.to_string(), folder.path().join("chat.json"));
    let file = file.to_str().expect("is UTF-8");
    let run = async |words: &[&str]| {
        let words: Vec<&str> = words.iter().copied().chain(["--store", &address]).collect();
        tandem(&words, folder.path()).await
    };
    run(&["transcript", "export", &id, "--output", file]).await.done();
    assert!(run(&["transcript", "verify", &id]).await.done().starts_with(&format!("ok {id}: 3 events, head ")));
    database.run("DELETE FROM events WHERE seq = 3").await;
    let compared = run(&["transcript", "verify", "--file", file, "--against-store"]).await;
    assert_eq!(broken(&compared), format!("{file}: event 3 is in the file and no longer in the store"));
    drop(customer);
    system.finish().await;
}
