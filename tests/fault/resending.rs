//! A store that is away for a while (`transcript-resend-attempts`, `transcript-resend-delay`): sends wait, none is told as
//! saved that is not, and all are saved in their order once it is there again, or refused when the attempts are over.

use rusqlite::Connection;
use tandem_protocol::{ClosedReason, EventBody, Seq, client::close};
use tandem_tests::{Customer, History, Primary, System, check, customer::View, postgres::Server};

/// What engines and the interaction server say while a database is away.
const AWAY: [&str; 4] = ["not saved", "the lease", "looking up what became of it", "it cannot be looked up yet"];

/// D-1, D-3, D-4: two customers and a bot keep writing while the server is stopped, once in order and once as by a loss of
/// power.
#[tokio::test]
async fn messages_wait_while_the_database_is_stopped_and_are_saved_in_order_when_it_is_started_again() {
    let server = Server::new();
    let mut running = server.start();
    let database = server.database("").await;
    let mut system = System::builder()
        .postgres(&database)
        .setting("engine.settings.transcript-resend-attempts", 1_000)
        .setting("engine.settings.transcript-resend-delay", "50 ms")
        .start()
        .await;
    AWAY.iter().for_each(|trouble| system.expect_log(trouble));
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let other = Customer::start(&rest, "Bob").await;
    let bot = Customer::with_ticket(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    for crashes in [false, true] {
        let before = customer.says("before").await;
        other.says("before").await;
        if crashes {
            running.crash()
        } else {
            running.stop()
        }
        let waiting = ["one", "two", "three"].map(|text| customer.writes(text));
        let of_other = other.writes("me too");
        system.engine_logs(Primary, "trying again").await;
        for writer in [&customer, &other] {
            writer.view(|view| assert!(!view.outbox.is_empty() && view.refused.is_empty(), "sending, not refused"));
        }
        bot.view(|view| assert!(view.head() <= before, "nobody reads what is not on the disk"));
        running = server.start();
        let mut seqs: Vec<Seq> = Vec::new();
        for id in &waiting {
            seqs.push(customer.is_saved(id).await);
        }
        other.is_saved(&of_other).await;
        assert_eq!(seqs, [before.next(), before.next().next(), before.next().next().next()], "in order, without a gap");
        bot.reads_up_to(seqs[2]).await;
    }
    assert!(customer.view(|view| view.closes.is_empty()), "R-3");
    assert_eq!(check(&History::of([customer.history(), bot.history()])), []);
    assert_eq!(check(&History::of([other.history()])), []);
    system.finish().await;
    drop(running);
}

/// The session whose message could not be saved ends, and says so once that can be saved.
#[tokio::test]
async fn a_database_that_stays_away_counts_as_failed_when_the_attempts_are_over() {
    let server = Server::new();
    let running = server.start();
    let database = server.database("").await;
    let mut system = System::builder()
        .postgres(&database)
        .setting("engine.settings.transcript-resend-attempts", 2)
        .setting("engine.settings.transcript-resend-delay", "10 ms")
        .start()
        .await;
    AWAY.iter().for_each(|trouble| system.expect_log(trouble));
    let customer = Customer::start(&system.rest(), "Ann").await;
    let before = customer.says("before").await;
    running.stop();
    let id = customer.writes("into the void");
    let is_refused =
        |view: &View| view.refused.iter().find(|refused| refused.client_id.as_ref() == Some(&id)).map(|_| ());
    customer.waits_for("the message is refused", is_refused).await;
    system.engine_logs(Primary, "not saved after all attempts").await;
    let running = server.start();
    assert_eq!(customer.is_stopped().await, close::ENDED);
    let ended = |body: &EventBody| *body == EventBody::Closed { reason: ClosedReason::NotSaved };
    let end = customer.view(|view| view.find(ended)).expect("it ends for this reason");
    let transcript = system.rest().transcript(customer.ticket()).await;
    assert_eq!(transcript.len() as u64, end.0);
    assert_eq!(end, before.next().next(), "the leaving, the end, and nothing of the message");
    customer.reads_up_to(end).await;
    assert_eq!(check(&History::of([customer.history()])), []);
    system.finish().await;
    drop(running);
}

/// The embedded store: another program holds the write lock, as one does that somebody looks into the file with.
#[tokio::test]
async fn a_message_waits_while_another_program_holds_the_files_write_lock() {
    let mut system = System::builder().setting("engine.settings.transcript-resend-delay", "10 ms").start().await;
    ["not saved yet", "the lease"].iter().for_each(|trouble| system.expect_log(trouble));
    let customer = Customer::start(&system.rest(), "Ann").await;
    let before = customer.says("before").await;
    let program = Connection::open(system.data().join("tandem.db")).expect("the file opens");
    program.execute_batch("BEGIN IMMEDIATE").expect("it is free soon");
    let id = customer.writes("waits");
    system.engine_logs(Primary, "not saved yet: trying again").await;
    customer.view(|view| assert!(!view.outbox.is_empty() && view.refused.is_empty(), "sending, not refused"));
    program.execute_batch("ROLLBACK").expect("lets go");
    assert_eq!(customer.is_saved(&id).await, before.next());
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}
