//! Sessions that go on although the store has failed (`transcript-save-on-error = continue`): everybody is told that
//! nothing is on the disk, and either it gets there under the same numbers or readers are told that it was lost.

use tandem_protocol::client::Notice;
use tandem_tests::{Customer, History, Primary, System, check, customer::View, disk::Disk, eventually};

/// Room for a fresh store and some chatting, and soon full.
const DISK_BYTES: u64 = 16 * 1024 * 1024;

/// A system on a disk that can be filled, which goes on when it is.
async fn on(disk: &Disk) -> System {
    let mut system = System::builder()
        .data(disk.path())
        .engines_through(&disk.prefix())
        .setting("engine.settings.transcript-save-on-error", "continue")
        .setting("engine.settings.transcript-auto-save", 2)
        .start()
        .await;
    for trouble in ["not saved", "write-ahead log could not be copied", "the lease", "lost the primary"] {
        system.expect_log(trouble);
    }
    system
}

/// Says long things until one is acknowledged as not on the disk.
async fn says_until_unsaved(customer: &Customer) {
    let text = "x".repeat(8_000);
    let is_unsaved = async || {
        let id = customer.writes(&text);
        let answered =
            |view: &View| view.outbox.is_empty().then(|| view.unsaved_acks.iter().any(|(acked, _)| *acked == id));
        customer.waits_for("a long message is acknowledged", answered).await.then_some(())
    };
    eventually("a message is told unsaved", is_unsaved).await;
}

fn has_failed(view: &View) -> Option<()> {
    view.notices.contains(&Notice::UcsSaveFail).then_some(())
}

/// Two customers, of whom one has asked to be told, on one session each; both of them go on.
#[tokio::test]
async fn what_was_said_while_the_disk_was_full_is_there_once_there_is_room() {
    // D-3, D-4
    let disk = Disk::of_bytes(DISK_BYTES);
    let mut system = on(&disk).await;
    let rest = system.rest();
    let customer = Customer::asking_for_saves(&rest, rest.open("Ann").await, "Ann");
    let bot = Customer::with_ticket(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    customer.says("before").await;
    disk.fill();
    says_until_unsaved(&customer).await;
    customer.waits_for("the failure is told to who asked", has_failed).await;
    let id = customer.writes("into the void");
    let unsaved = customer.is_told_unsaved(&id).await;
    bot.reads("into the void").await;
    disk.make_room();
    let is_saved = |view: &View| {
        let saved = |notice: &Notice| matches!(notice, Notice::UcsSave { seq } if *seq >= unsaved);
        view.notices.iter().any(saved).then_some(())
    };
    customer.waits_for("the saving is told to who asked", is_saved).await;
    let last = customer.says("after").await;
    assert_eq!(last, unsaved.next(), "nothing was numbered twice");
    let dead = system.kill(Primary).await;
    let transcript = rest.transcript(customer.ticket()).await;
    assert_eq!(transcript.last().expect("there are events").seq, last, "it is really on the disk");
    for reader in [&customer, &bot] {
        reader.reads_up_to(last).await;
        assert_eq!(reader.view(|view| view.not_recovered), 0);
    }
    assert_eq!(check(&History::of([customer.history(), bot.history()])), []);
    assert_eq!(bot.view(has_failed), None, "it did not ask");
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// what died with the engine was seen; nobody keeps it beside what comes in its place.
#[tokio::test]
async fn readers_are_told_that_what_was_never_saved_has_died_with_its_engine() {
    let disk = Disk::of_bytes(DISK_BYTES);
    let mut system = on(&disk).await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    customer.says("before").await;
    disk.fill();
    says_until_unsaved(&customer).await;
    let id = customer.writes("into the void");
    let unsaved = customer.is_told_unsaved(&id).await;
    customer.reads_up_to(unsaved).await;
    let dead = system.kill(Primary).await;
    disk.make_room();
    let last = customer.says("at the other engine").await;
    assert!(last <= unsaved, "numbers beyond the disk are given anew");
    customer.waits_for("the page starts anew", |view| (view.not_recovered == 1).then_some(())).await;
    let transcript = rest.transcript(customer.ticket()).await;
    customer.reads_up_to(last).await;
    customer.view(|view| {
        let [seen, there] = [&view.events, &transcript]
            .map(|events| events.iter().map(|event| event.event.get().to_owned()).collect::<Vec<_>>());
        assert_eq!(seen, there, "a reader has exactly what is there");
    });
    assert_eq!(check(&History::of([customer.history()])), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}
