//! Reloads, second tabs, lost networks, sleeping laptops, restarted gateways: the customer comes back and has everything.

use tandem_protocol::{Seq, client::close};
use tandem_tests::{Customer, History, Primary, System, Watched, check, eventually};

/// A connection that ended without a close frame, as RFC 6455 §7.4.1 files it.
const BROKEN: u16 = 1006;

/// D-3: a message whose acknowledgement the page never saw is there once.
#[tokio::test]
async fn a_reload_shows_the_same_session_and_sends_what_was_not_acknowledged() {
    let mut system = System::start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    customer.goes_offline();
    customer.waits_for("the connection is gone", |view| (!view.closes.is_empty()).then_some(())).await;
    let unsent = customer.writes("written offline");
    let customer = customer.reloads().await;
    customer.is_saved(&unsent).await;
    customer.reads("before").await;
    let seq = customer.reads("written offline").await;
    customer.reads_up_to(seq).await;
    let dead = system.kill(Primary).await;
    let customer = customer.reloads().await;
    customer.reads("written offline").await;
    assert_eq!(check(&customer.history()), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// D-4: what one tab says, the other reads, in the same order.
#[tokio::test]
async fn two_tabs_stay_in_step_through_a_kill() {
    let mut system = System::start().await;
    let first = Customer::start(&system.rest(), "Ann").await;
    let second = first.second_tab();
    second.is_connected().await;
    let dead = system.kill(Primary).await;
    let mut head = Seq::ZERO;
    for number in 1..=10 {
        head = first.says(&format!("first {number}")).await;
        head = head.max(second.says(&format!("second {number}")).await);
    }
    first.reads_up_to(head).await;
    second.reads_up_to(head).await;
    assert_eq!(check(&History::of([first.history(), second.history()])), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// who was away while things happened gets them all, even over a change of engines.
#[tokio::test]
async fn a_customer_without_network_catches_up() {
    let mut system = System::start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let bot = Customer::with_ticket(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    customer.is_connected().await;
    customer.goes_offline();
    customer.waits_for("the connection is gone", |view| (!view.closes.is_empty()).then_some(())).await;
    let mut head = bot.says("one").await;
    let dead = system.kill(Primary).await;
    for number in 2..=600 {
        head = head.max(Seq(number));
        let _ = bot.writes(&format!("number {number}"));
    }
    bot.has_nothing_waiting().await;
    let head = rest.transcript(bot.ticket()).await.last().map_or(head, |event| event.seq);
    customer.comes_online();
    customer.reads_up_to(head).await;
    assert_eq!(check(&History::of([customer.history(), bot.history()])), []);
    system.restart(dead).await;
    system.is_complete().await;
    system.finish().await;
}

/// B-1: who does not read is cut off, nobody else notices, and he resumes where he was.
#[tokio::test]
async fn a_slow_reader_is_cut_off_and_resumes() {
    let system = System::builder().watched().start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let bot = Customer::with_ticket(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    customer.is_connected().await;
    bot.is_connected().await;
    customer.closes_the_lid();
    // Beyond what the sockets' buffers of both sides and the gateway's own bound can hold together. One at a time: a
    // bot that only writes would itself be slow to read.
    let text = "x".repeat(16_000);
    for _ in 0..1_000 {
        bot.says(&text).await;
    }
    let head = rest.transcript(bot.ticket()).await.last().expect("there are events").seq;
    customer.opens_the_lid();
    customer.reads_up_to(head).await;
    // The code is read by whoever wakes up soon; a gateway does not wait for the others.
    let closes = customer.view(|view| view.closes.clone());
    assert!(matches!(closes[..], [close::SLOW_READER | BROKEN]), "{closes:?}");
    system.shows(Watched::Gateway, "tandem_gateway_slow_readers_total", &[("purpose", "chat")], 1.0).await;
    bot.reads_up_to(head).await;
    assert_eq!(bot.view(|view| view.connections), 1);
    assert_eq!(check(&History::of([customer.history(), bot.history()])), []);
    system.finish().await;
}

/// A gateway that is killed takes its connections with it; nothing else.
#[tokio::test]
async fn customers_come_back_to_a_restarted_gateway() {
    let mut system = System::builder().echo().start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    customer.says("before").await;
    system.kill_gateway();
    let waiting = customer.writes("written without a gateway");
    system.restart_gateway().await;
    customer.is_saved(&waiting).await;
    customer.reads("You said: written without a gateway").await;
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

/// A gateway that is stopped says goodbye, and when to come back.
#[tokio::test]
async fn a_gateway_that_goes_away_tells_its_customers_to_come_back() {
    let mut system = System::builder().setting("gateway.reconnect-spread", "100 ms").start().await;
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    system.shut_down_gateway().await;
    let closed = |view: &tandem_tests::customer::View| view.closes.first().copied();
    assert_eq!(customer.waits_for("the page is told", closed).await, close::GOING_AWAY);
    system.restart_gateway().await;
    customer.says("after").await;
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

/// Typing may be lost, but when nothing is wrong it is shown, to the others only.
#[tokio::test]
async fn typing_is_shown_to_the_other_party() {
    let system = System::start().await;
    let rest = system.rest();
    let customer = Customer::start(&rest, "Ann").await;
    let bot = Customer::with_ticket(&rest, rest.join(customer.ticket(), "bot").await, "bot");
    customer.is_connected().await;
    bot.is_connected().await;
    let who = customer.ticket().participant;
    for on in [true, false] {
        // Any one of them may be lost, such as while the bot's page is still catching up: a page repeats it.
        eventually(&format!("the bot is told that the customer types: {on}"), async || {
            customer.types(on);
            bot.view(|view| view.typing.contains(&(who, on))).then_some(())
        })
        .await;
    }
    assert!(customer.view(|view| view.typing.is_empty()));
    system.finish().await;
}
