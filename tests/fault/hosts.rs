//! Two machines as the page "High availability on two machines" sets them up, and the network between them.
//!
//! Each story runs inside of a network of its own, with real processes of every role on both machines.

use std::sync::Arc;

use tandem_protocol::ClientId;
use tandem_tests::{
    Customer, History, Rest, Site, check,
    history::{Reader, Sent},
    hosts::{Host, in_own_network},
};

/// Messages that show that a chat goes on.
const SOME: usize = 10;

/// The two parties of a chat, each by the gateway of a host.
struct Chat {
    parties: [Arc<Customer>; 2],
    /// What a program beside them has sent.
    sent: Vec<Sent>,
}

impl Chat {
    async fn open(first: &Rest, second: &Rest, name: &str) -> Self {
        let customer = Customer::start(first, name).await;
        let ticket = second.join(customer.ticket(), "program").await;
        let program = Customer::with_ticket(second, ticket, &format!("{name}'s program"));
        let chat = Self { parties: [Arc::new(customer), Arc::new(program)], sent: Vec::new() };
        chat.goes_on().await;
        chat
    }

    /// Each says something, and the other reads it.
    async fn goes_on(&self) {
        for _ in 0..SOME {
            for party in &self.parties {
                party.says("one thing after the other").await;
            }
        }
    }

    /// Waits until both have everything, and judges it.
    async fn settles(&self, rest: &Rest) {
        for party in &self.parties {
            party.has_nothing_waiting().await;
        }
        let events = rest.transcript(self.parties[0].ticket()).await;
        let head = events.last().expect("something was said").seq;
        for party in &self.parties {
            party.reads_up_to(head).await;
        }
        let saved = Reader { name: "the transcript".into(), events, contradictions: Vec::new(), is_complete: true };
        let saved = History { readers: vec![saved], sends: self.sent.clone(), ..History::default() };
        let history = History::of(self.parties.iter().map(|party| party.history()).chain([saved]));
        assert_eq!(check(&history), [], "{:?}", history.readers);
    }
}

/// D-1, D-2, F-1, F-2: a machine that loses its network, and with it the database, acknowledges nothing any more.
#[test]
fn the_side_without_the_store_does_not_serve_and_the_other_goes_on() {
    in_own_network("hosts::the_side_without_the_store_does_not_serve_and_the_other_goes_on", async {
        let mut site = Site::start().await;
        let (by_a, by_b) = (site.rest(Host::A), site.rest(Host::B));
        let mut of_both = Chat::open(&by_a, &by_b, "Ann").await;
        let of_b = Chat::open(&by_b, &by_b, "Bea").await;
        let troubles = [
            "the lease",
            "lost the primary",
            "not saved yet",
            "deposed",
            "the directory",
            "the archive",
            "no primary is found",
        ];
        troubles.into_iter().for_each(|trouble| site.expect_log(trouble));

        site.hosts().pull(Host::A);
        let waits = of_both.parties[0].writes("written while the machine is away");
        site.is(Host::B, "primary", 2).await;
        of_b.goes_on().await;
        of_both.parties[1].says("to whoever is there").await;
        // On the machine itself everything still runs, and a program there finds its gateway.
        let (ticket, text) = (of_both.parties[0].ticket().clone(), "said on the machine that is away");
        let inside = ClientId::new("from-inside").expect("is a valid id");
        of_both.sent.push(Sent { by: ticket.participant, client_id: inside.clone(), text: text.into(), lane: None });
        let status = site.says_from(Host::A, &ticket, inside.as_str(), text).status().await;
        assert!(status >= 500, "what cannot be saved is not acknowledged (D-1): {status}");
        of_b.goes_on().await;

        site.hosts().plug(Host::A);
        site.is(Host::A, "backup", 2).await;
        let status = site.says_from(Host::A, &ticket, inside.as_str(), text).status().await;
        assert!((200..300).contains(&status), "the same message once more: {status}");
        of_both.parties[0].is_saved(&waits).await;
        of_both.goes_on().await;
        of_both.settles(&by_b).await;
        of_b.settles(&by_a).await;
        let parts: Vec<String> = site.told_by(Host::A);
        assert_eq!(parts, ["engine a is primary, epoch 1", "engine a is backup, epoch 2"], "F-2");
        site.finish(Host::B).await;
    });
}

/// F-2: while both sides reach the store there is nothing to take over, and no switchover comes of it.
#[test]
fn a_cut_between_the_hosts_alone_changes_no_engines_part() {
    in_own_network("hosts::a_cut_between_the_hosts_alone_changes_no_engines_part", async {
        let mut site = Site::start().await;
        let (by_a, by_b) = (site.rest(Host::A), site.rest(Host::B));
        let of_both = Chat::open(&by_a, &by_b, "Ann").await;
        let of_a = Chat::open(&by_a, &by_a, "Bea").await;
        for trouble in ["lost the primary", "no primary is found"] {
            site.expect_log(trouble);
        }

        site.hosts().cut();
        let waits = of_both.parties[1].writes("written at the other machine");
        of_a.goes_on().await;
        // By then the backup has not heard of the primary for longer than a lease lasts.
        site.gateway_logs(Host::B, "no primary is found").await;
        of_a.goes_on().await;
        site.hosts().mend();
        of_both.parties[1].is_saved(&waits).await;
        of_both.goes_on().await;
        of_both.settles(&by_a).await;
        of_a.settles(&by_b).await;
        assert_eq!(site.told_by(Host::A), ["engine a is primary, epoch 1"]);
        assert!(
            site.told_by(Host::B).iter().all(|part| part.contains("is backup, epoch 1")),
            "{:?}",
            site.told_by(Host::B)
        );
        site.finish(Host::A).await;
    });
}

/// The test of the design's section 9, over two machines: the machine of the primary dies, with all that runs on it.
#[test]
fn a_chat_goes_on_when_the_primary_of_the_other_machine_is_killed_and_it_comes_back_as_backup() {
    let name = "hosts::a_chat_goes_on_when_the_primary_of_the_other_machine_is_killed_and_it_comes_back_as_backup";
    in_own_network(name, async {
        let mut site = Site::start().await;
        let (by_a, by_b) = (site.rest(Host::A), site.rest(Host::B));
        let chat = Chat::open(&by_a, &by_b, "Ann").await;
        site.expect_log("lost the primary");
        site.kill(Host::A);
        site.is(Host::B, "primary", 2).await;
        chat.goes_on().await;
        site.restart(Host::A).await;
        site.is(Host::A, "backup", 2).await;
        chat.goes_on().await;
        chat.settles(&by_a).await;
        assert!(!site.engine_log(Host::B, "restored").is_empty(), "its log says what was done to restore the session");
        site.finish(Host::B).await;
    });
}
