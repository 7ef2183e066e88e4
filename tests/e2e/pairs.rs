//! Two pairs on one store and a gateway that is told of both primaries: how Tandem grows past one machine.

mod agents;

use tandem_protocol::client::Notice;
use tandem_tests::{
    Account, Agent, CommonGateway, Customer, Engine, Primary, Store, System, check,
    postgres::Database,
    rest::{Ticket, answer},
};
use test_case::test_case;

/// Two pairs, each with its two engines, on the same data.
async fn two_pairs() -> (System, System) {
    let main = System::start().await;
    let west = System::builder().data(main.data()).setting("pair.name", "west").start().await;
    (main, west)
}

/// As [`two_pairs`], on a store of this kind.
async fn two_pairs_on(store: Store) -> (System, System) {
    let Store::Postgres = store else { return two_pairs().await };
    let database = Database::empty().await;
    let main = System::builder().postgres(&database).start().await;
    let west = System::builder().postgres(&database).setting("pair.name", "west").start().await;
    (main, west)
}

fn is_of(ticket: &Ticket, system: &System) -> bool {
    ticket.session.pair_tag() == system.pair().tag()
}

/// Opens sessions at the gateway until there is one at each of the pairs, as chance has it; any others are closed.
async fn one_at_each(gateway: &CommonGateway, systems: [&System; 2]) -> [Ticket; 2] {
    let rest = gateway.rest();
    let mut found: [Option<Ticket>; 2] = [None, None];
    loop {
        let ticket = rest.open("Ann").await;
        let at = systems.iter().position(|system| is_of(&ticket, system)).expect("an id names one of the pairs");
        if let Some(spare) = found[at].replace(ticket) {
            assert_eq!(rest.close(&spare).await.status, 204);
        }
        if let [Some(first), Some(second)] = &found {
            return [first.clone(), second.clone()];
        }
    }
}

fn notices(customer: &Customer) -> Vec<Notice> {
    customer.view(|view| view.notices.clone())
}

async fn is_restored(customer: &Customer) {
    let restored = |view: &tandem_tests::customer::View| {
        view.notices.iter().any(|notice| matches!(notice, Notice::SessionRestored { .. })).then_some(())
    };
    customer.waits_for("the session is restored", restored).await;
}

#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn new_sessions_are_spread_over_the_pairs_and_each_is_found_by_its_id(store: Store) {
    let (main, west) = two_pairs_on(store).await;
    let gateway = CommonGateway::of(&[&main, &west]).await;
    let tickets = one_at_each(&gateway, [&main, &west]).await;
    let rest = gateway.rest();
    for (ticket, [its, other]) in tickets.into_iter().zip([[&main, &west], [&west, &main]]) {
        let customer = Customer::with_ticket(&rest, ticket.clone(), "Ann");
        let seq = customer.says("hi").await;
        assert_eq!(rest.transcript(&ticket).await.last().map(|event| event.seq), Some(seq));
        assert_eq!(its.rest().transcript(&ticket).await.last().map(|event| event.seq), Some(seq));
        // The row is in the same store, and belongs to the other pair.
        assert_eq!(other.rest().state(&ticket).await.problem(), "unknown_session");
        assert_eq!(check(&customer.history()), []);
    }
    gateway.finish().await;
    west.finish().await;
    main.finish().await;
}

/// D-2: what happens to one pair is nothing to the chats of the other.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn the_kill_of_one_pairs_primary_restores_its_chats_and_the_others_notice_nothing(store: Store) {
    let (mut main, west) = two_pairs_on(store).await;
    let gateway = CommonGateway::of(&[&main, &west]).await;
    let rest = gateway.rest();
    let [ours, theirs] =
        one_at_each(&gateway, [&main, &west]).await.map(|ticket| Customer::with_ticket(&rest, ticket, "Ann"));
    ours.says("hi").await;
    theirs.says("hi").await;
    let dead = main.kill(Primary).await;
    ours.says("still there?").await;
    theirs.says("all well").await;
    is_restored(&ours).await;
    main.restart(dead).await;
    main.is_complete().await;
    theirs.says("and still").await;
    assert_eq!(notices(&theirs), [], "its engine was never gone");
    for customer in [&ours, &theirs] {
        assert_eq!(customer.view(|view| (view.connections, view.closes.len())), (1, 0));
        assert_eq!(check(&customer.history()), []);
    }
    let lost = gateway.log("lost the primary");
    assert!(!lost.is_empty() && lost.iter().all(|line| line.contains("pair=main")), "{lost:?}");
    gateway.finish().await;
    west.finish().await;
    main.finish().await;
}

/// neither the chats of the pair that moves nor those of the other hear of it, and one pair moves at a time.
#[test_case(Store::Files; "on_files")]
#[test_case(Store::Postgres; "on_postgresql")]
#[tokio::test]
async fn a_switchover_of_one_pair_is_noticed_by_no_chat_of_either(store: Store) {
    let (main, west) = two_pairs_on(store).await;
    let gateway = CommonGateway::of(&[&main, &west]).await;
    let rest = gateway.rest();
    let [ours, theirs] =
        one_at_each(&gateway, [&main, &west]).await.map(|ticket| Customer::with_ticket(&rest, ticket, "Ann"));
    for (round, system) in [&main, &west, &main].into_iter().enumerate() {
        ours.says(&format!("ours {round}")).await;
        theirs.says(&format!("theirs {round}")).await;
        let switched = system.switches_over().await;
        assert_eq!(system.which(Primary).await, if switched.to.as_str() == "a" { Engine::A } else { Engine::B });
    }
    for customer in [&ours, &theirs] {
        customer.says("and still").await;
        assert_eq!(customer.view(|view| (view.connections, view.closes.len())), (1, 0));
        assert_eq!(notices(customer), []);
        assert_eq!(check(&customer.history()), []);
    }
    let moved = gateway.log("the primary hands over");
    let of = |pair: &str| moved.iter().filter(|line| line.contains(&format!("pair={pair}"))).count();
    assert_eq!((of("main"), of("west")), (2, 1), "{moved:?}");
    let lost = gateway.log("lost the primary");
    assert!(lost.iter().all(|line| line.contains("as planned")), "{lost:?}");
    gateway.finish().await;
    west.finish().await;
    main.finish().await;
}

#[tokio::test]
async fn while_a_whole_pair_is_dead_new_chats_begin_at_the_other_and_old_ones_go_on_when_it_is_back() {
    let (mut main, west) = two_pairs().await;
    let mut gateway = CommonGateway::of(&[&main, &west]).await;
    gateway.expect_log("no primary is found");
    let rest = gateway.rest();
    let [ours, theirs] =
        one_at_each(&gateway, [&main, &west]).await.map(|ticket| Customer::with_ticket(&rest, ticket, "Ann"));
    ours.says("hi").await;
    theirs.says("hi").await;
    main.kill_both();
    gateway.shows(main.pair(), false).await;
    let waiting = ours.writes("are you there?");
    for _ in 0..10 {
        let ticket = rest.open("Bob").await;
        assert!(is_of(&ticket, &west), "a pair that is away gets no new session");
        Customer::with_ticket(&rest, ticket, "Bob").says("hello").await;
    }
    theirs.says("all well").await;
    assert_eq!(notices(&theirs), [], "its pair was never gone");
    main.restart(main.down()).await;
    ours.is_saved(&waiting).await;
    is_restored(&ours).await;
    main.restart(main.down()).await;
    main.is_complete().await;
    for customer in [&ours, &theirs] {
        assert_eq!(customer.view(|view| (view.connections, view.closes.len())), (1, 0));
        assert_eq!(check(&customer.history()), []);
    }
    gateway.finish().await;
    west.finish().await;
    main.finish().await;
}

/// D-3: the key's pair may have opened it before it died, and nobody else can know.
#[tokio::test]
async fn an_opening_that_is_repeated_while_its_pair_is_dead_is_the_same_session() {
    let (mut main, west) = two_pairs().await;
    let mut gateway = CommonGateway::of(&[&main, &west]).await;
    gateway.expect_log("no primary is found");
    let rest = gateway.rest();
    let open = |key: &str| {
        let request = rest.request(reqwest::Method::POST, "/api/v1/sessions").header("Idempotency-Key", key);
        answer(request.json(&serde_json::json!({ "name": "Ann" })))
    };
    let (key, first) = loop {
        let key = format!("a key of chance {:016x}", fastrand::u64(..));
        let ticket: Ticket = open(&key).await.done();
        if is_of(&ticket, &main) {
            break (key, ticket);
        }
    };
    main.kill_both();
    gateway.shows(main.pair(), false).await;
    let again = tokio::spawn(open(&key));
    main.restart(main.down()).await;
    assert_eq!(again.await.expect("does not panic").done::<Ticket>(), first);
    main.restart(main.down()).await;
    main.is_complete().await;
    gateway.finish().await;
    west.finish().await;
    main.finish().await;
}

#[tokio::test]
async fn a_pair_that_is_added_gets_new_chats_and_no_old_one_is_lost() {
    let main = System::start().await;
    let mut gateway = CommonGateway::of(&[&main]).await;
    let rest = gateway.rest();
    let mut old = Vec::new();
    for _ in 0..5 {
        let customer = Customer::start(&rest, "Ann").await;
        customer.says("hi").await;
        old.push(customer);
    }
    let west = System::builder().data(main.data()).setting("pair.name", "west").start().await;
    gateway.is_told_of(&[&main, &west]).await;
    let new = one_at_each(&gateway, [&main, &west]).await;
    for customer in &old {
        let seq = customer.says("I am here").await;
        assert_eq!(rest.transcript(customer.ticket()).await.last().map(|event| event.seq), Some(seq));
        assert_eq!(check(&customer.history()), []);
    }
    for ticket in new {
        Customer::with_ticket(&rest, ticket, "Bob").says("hello").await;
    }
    gateway.finish().await;
    west.finish().await;
    main.finish().await;
}

/// An agent's login and desk need no pair of their own: they find one at which the interaction server is.
#[tokio::test]
async fn an_agent_works_through_whichever_pair_has_the_interaction_server() {
    let mut main = System::builder().agents().start().await;
    let west = System::builder().data(main.data()).setting("pair.name", "west").start().await;
    // That it is told of the other pair first must not matter.
    let gateway = CommonGateway::of(&[&west, &main]).await;
    let rest = gateway.rest();
    let accounts = ["ben", "eva", "tom"].map(Account::agent);
    let mut agents = Vec::new();
    for account in &accounts {
        main.add(account);
        agents.push(Agent::comes(&rest, account).await);
    }
    let customer = Customer::with_ticket(&rest, main.rest().open("Ann").await, "Ann");
    let ben = &agents[0];
    let offered = ben.is_offered_session(customer.ticket().session);
    let page = ben.accepts(&offered.await).await;
    page.says("Hello, Ann").await;
    customer.reads("Hello, Ann").await;
    let dead = main.kill(Primary).await;
    page.says("and on").await;
    customer.reads("and on").await;
    ben.is_not_ready("lunch").await;
    assert_eq!(ben.desk(|desk| (desk.connections, desk.closes.len())), (1, 0), "R-3: the desk's socket stayed");
    main.restart(dead).await;
    assert_eq!(check(&customer.history()), []);
    gateway.finish().await;
    west.finish().await;
    main.finish().await;
}
