//! Agents of two pairs: one interaction server routes the sessions of both, and the loss of one stops nothing of the
//! other.

use tandem_protocol::{
    Seq, SessionId,
    desk::{Action, View},
};
use tandem_tests::{Account, Agent, CommonGateway, CommonInteraction, Customer, Primary, Rest, System, check};

use super::{is_of, is_restored, notices, one_at_each, two_pairs};

struct Centre {
    main: System,
    west: System,
    gateway: CommonGateway,
    server: CommonInteraction,
}

impl Centre {
    async fn start() -> Self {
        let (main, west) = two_pairs().await;
        let gateway = CommonGateway::of(&[&main, &west]).await;
        let server = CommonInteraction::of(&[&main, &west]).await;
        Self { main, west, gateway, server }
    }

    fn rest(&self) -> Rest {
        self.gateway.rest()
    }

    /// An agent with so much room who is ready.
    async fn agent(&self, capacity: u32) -> Agent {
        let account = Account::agent("ben").capacity(capacity);
        self.main.add(&account);
        Agent::comes(&self.rest(), &account).await
    }

    /// A customer at each pair, and what the agent has of him.
    async fn chats(&self, agent: &Agent) -> [(Customer, Customer); 2] {
        let tickets = one_at_each(&self.gateway, [&self.main, &self.west]).await;
        let [ours, theirs] = tickets.map(|ticket| Customer::with_ticket(&self.rest(), ticket, "Ann"));
        let [his_ours, his_theirs] = [his(agent, &ours).await, his(agent, &theirs).await];
        [(ours, his_ours), (theirs, his_theirs)]
    }

    async fn finish(self) {
        self.server.finish().await;
        self.gateway.finish().await;
        self.west.finish().await;
        self.main.finish().await;
    }
}

/// The agent takes the customer's session.
async fn his(agent: &Agent, customer: &Customer) -> Customer {
    let offer = agent.is_offered_session(customer.ticket().session).await;
    agent.accepts(&offer).await
}

///
#[tokio::test]
async fn the_kill_of_one_pairs_primary_is_nothing_to_a_chat_of_the_other() {
    let mut centre = Centre::start().await;
    // Room for as many sessions as are opened until each pair has one.
    let agent = centre.agent(50).await;
    let [(ours, his_ours), (theirs, his_theirs)] = centre.chats(&agent).await;
    let dead = centre.main.kill(Primary).await;
    his_theirs.says("go on").await;
    theirs.reads("go on").await;
    ours.says("still there?").await;
    his_ours.reads("still there?").await;
    is_restored(&ours).await;
    centre.main.restart(dead).await;
    centre.main.is_complete().await;
    assert_eq!([notices(&theirs), notices(&his_theirs)], [vec![], vec![]], "their engine was never gone");
    for page in [&ours, &his_ours, &theirs, &his_theirs] {
        let session = page.ticket().session;
        assert_eq!(page.view(|view| view.connections), 1, "{session}");
        assert_eq!(check(&page.history()), []);
    }
    for session in [ours.ticket().session, theirs.ticket().session] {
        agent.does(Action::End { session, disposition: "solved".into(), remark: None }).await;
    }
    centre.finish().await;
}

/// a desk may change over to the other pair meanwhile, which its agent does not notice either.
#[tokio::test]
async fn a_switchover_of_one_pair_is_noticed_by_no_desk_and_no_chat() {
    let centre = Centre::start().await;
    let agent = centre.agent(50).await;
    let [(ours, his_ours), (theirs, his_theirs)] = centre.chats(&agent).await;
    for system in [&centre.main, &centre.west] {
        system.switches_over().await;
        for (customer, his) in [(&ours, &his_ours), (&theirs, &his_theirs)] {
            let name = format!("{} and {}", system.pair(), customer.ticket().session);
            customer.says(&format!("to you {name}")).await;
            his.reads(&format!("to you {name}")).await;
            his.says(&format!("to Ann {name}")).await;
            customer.reads(&format!("to Ann {name}")).await;
        }
    }
    for session in [ours.ticket().session, theirs.ticket().session] {
        agent.does(Action::End { session, disposition: "solved".into(), remark: None }).await;
    }
    for page in [&ours, &his_ours, &theirs, &his_theirs] {
        assert_eq!((page.view(|view| view.connections), notices(page)), (1, vec![]), "{}", page.ticket().session);
        assert_eq!(check(&page.history()), []);
    }
    assert_eq!(agent.desk(|desk| (desk.connections, desk.notices.len(), desk.closes.len())), (1, 0, 0));
    centre.finish().await;
}

#[tokio::test]
async fn while_a_whole_pair_is_dead_customers_of_the_other_find_an_agent_and_its_own_do_when_it_is_back() {
    let mut centre = Centre::start().await;
    centre.gateway.expect_log("no primary is found");
    centre.server.expect_log("no primary is found");
    let agent = centre.agent(50).await;
    let [(ours, his_ours), _] = centre.chats(&agent).await;
    centre.main.kill_both();
    centre.gateway.shows(centre.main.pair(), false).await;
    let waiting = ours.writes("are you there?");
    let rest = centre.rest();
    let ticket = rest.open("Bob").await;
    assert!(is_of(&ticket, &centre.west), "a pair that is away gets no new session");
    let bob = Customer::with_ticket(&rest, ticket, "Bob");
    let his_bob = his(&agent, &bob).await;
    bob.says("hello").await;
    his_bob.reads("hello").await;
    let session = ours.ticket().session;
    agent.sees("his chat of the pair that is away", |view| has(view, session)).await;
    let reading = agent.begins(Action::Transcript { session, after: Seq::ZERO });
    agent.is_not_ready("lunch").await;
    centre.main.restart(centre.main.down()).await;
    agent.outcome(&reading).await.expect("it has waited");
    ours.is_saved(&waiting).await;
    his_ours.reads("are you there?").await;
    agent.does(Action::End { session, disposition: "solved".into(), remark: None }).await;
    centre.main.restart(centre.main.down()).await;
    centre.main.is_complete().await;
    centre.finish().await;
}

#[tokio::test]
async fn a_server_that_is_restarted_while_a_pair_is_dead_goes_on_without_it_and_forgets_none_of_its_chats() {
    let mut centre = Centre::start().await;
    centre.gateway.expect_log("no primary is found");
    centre.server.expect_log("no primary is found");
    centre.server.expect_log("nothing is known of the pair yet");
    let agent = centre.agent(50).await;
    let [(ours, his_ours), (theirs, _)] = centre.chats(&agent).await;
    let room = agent.sees("no offer", |view| view.offers.is_empty().then_some(view.me.room)).await;
    centre.main.kill_both();
    centre.gateway.shows(centre.main.pair(), false).await;
    centre.server.is_killed_and_restarted().await;
    let without =
        |view: &View| (!view.chats.iter().any(|chat| chat.session == ours.ticket().session)).then_some(view.me.room);
    let left = agent.sees("a view of the other pair alone", without).await;
    assert_eq!(left, room, "what cannot be seen takes up his room");
    agent.sees("the chat that goes on", |view| has(view, theirs.ticket().session)).await;
    centre.main.restart(centre.main.down()).await;
    agent.sees("the chat that was away", |view| has(view, ours.ticket().session)).await;
    ours.says("I am back").await;
    his_ours.reads("I am back").await;
    centre.main.restart(centre.main.down()).await;
    centre.main.is_complete().await;
    centre.finish().await;
}

fn has(view: &View, session: SessionId) -> Option<()> {
    view.chats.iter().any(|chat| chat.session == session).then_some(())
}
