//! Disks that are full or read-only: nothing that was acknowledged is lost, nobody is told that a thing is saved which
//! is not, and service resumes when the disk does.

use tandem_protocol::ClientId;
use tandem_tests::{Customer, Engine, History, System, check, disk::Disk, eventually, history::Reader};

/// Room for a fresh store and some chatting, and soon full.
const DISK_BYTES: u64 = 16 * 1024 * 1024;

/// D-1, D-2: on a full disk a send is refused or unanswered, never acknowledged and forgotten.
#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let disk = Disk::of_bytes(DISK_BYTES);
    let mut system = System::builder().data(disk.path()).engines_through(&disk.prefix()).start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    customer.says("before").await;
    system.expect_log("not saved");
    system.expect_log("write-ahead log could not be copied");
    system.expect_log("cannot renew the lease");
    disk.fill();
    let text = "x".repeat(8_000);
    let refused = eventually("a message cannot be saved", async || {
        let id = ClientId::new(&format!("m-{}", fastrand::u64(..))).expect("valid");
        let reply = rest.say(customer.ticket(), &id, &text).await;
        (reply.status >= 400).then_some(reply)
    })
    .await;
    assert!(["not_saved", "session_closed"].contains(&refused.problem().as_str()), "{}", refused.body);
    disk.make_room();
    // What was saved is there; the session itself may have been ended for it.
    let events = eventually("the history is readable again", async || {
        let events = rest.transcript(customer.ticket()).await;
        (events.len() >= 3).then_some(events)
    })
    .await;
    let saved = Reader { name: "the transcript".into(), events, contradictions: Vec::new(), is_complete: true };
    let history = History { readers: vec![saved], acks: customer.history().acks, ..History::default() };
    assert_eq!(check(&history), []);
    let other = Customer::start(&rest, "Bob").await;
    other.says("there is room again").await;
    assert_eq!(check(&other.history()), []);
    system.finish().await;
}

/// A directory that cannot be written is a clear refusal to start, and no engine serves without its store.
#[tokio::test]
async fn a_read_only_directory_is_refused_at_the_start_and_used_when_it_is_writable_again() {
    let disk = Disk::of_bytes(DISK_BYTES);
    let mut system = System::builder().data(disk.path()).engines_through(&disk.prefix()).start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    system.kill_both();
    disk.make_read_only();
    system.launch(Engine::A).await;
    system.expect_log("ERROR");
    let code = system.ends(Engine::A).await;
    assert_eq!(code, Some(1), "something was in the way");
    system.engine_logs(Engine::A, &disk.path().display().to_string()).await;
    disk.make_writable();
    system.restart(Engine::A).await;
    system.restart(Engine::B).await;
    system.is_complete().await;
    customer.says("after").await;
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}
