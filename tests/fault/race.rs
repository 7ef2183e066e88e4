//! Many customers and many agents at once: each customer is answered exactly once, and no agent has more than he can.

use std::sync::Arc;

use tandem_protocol::{EventBody, ParticipantKind, desk::Action};
use tandem_tests::{Account, Agent, Customer, Primary, Rest, System};

const CHATS: usize = 200;
const AGENTS: usize = 20;

/// Half of the chats can be had at a time, so that agents must end some before the rest are taken.
const CAPACITY: u32 = 5;

/// An agent who takes all that he is offered, greets, and files each chat away.
async fn works(agent: Arc<Agent>) {
    loop {
        let offer = agent.sees("an offer or the end", |view| view.offers.first().cloned()).await;
        let accept = Action::Accept { session: offer.session, seq: offer.seq };
        if agent.tries(accept).await.is_err() {
            continue; // It ran out, or was withdrawn with a failover; it comes again.
        }
        let page = agent.opens(offer.session).await;
        // Whom he answers has said something: a customer whose chat is over before would wait for its answer in vain.
        page.reads("hi").await;
        page.says("hello").await;
        let end = Action::End { session: offer.session, disposition: "solved".into(), remark: None };
        agent.does(end).await;
    }
}

async fn meets(rest: &Rest, at: usize) -> Customer {
    let customer = Customer::start(rest, &format!("customer {at}")).await;
    customer.says("hi").await;
    customer
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_chats_meet_twenty_agents_and_each_is_answered_exactly_once() {
    let mut system = System::builder().agents().start().await;
    let rest = system.rest();
    let mut agents = Vec::new();
    for at in 0..AGENTS {
        agents.push(Arc::new(system.staff(&Account::agent(&format!("agent-{at}")).capacity(CAPACITY)).await));
    }
    let working: Vec<_> = agents.iter().map(|agent| tokio::spawn(works(Arc::clone(agent)))).collect();
    let arriving = (0..CHATS).map(|at| {
        let rest = rest.clone();
        tokio::spawn(async move { meets(&rest, at).await })
    });
    let arriving: Vec<_> = arriving.collect();
    let dead = system.kill(Primary).await;
    system.restart(dead).await;
    let mut customers = Vec::new();
    for arrived in arriving {
        customers.push(arrived.await.expect("the customer comes"));
    }
    for customer in &customers {
        let is_end = |body: &EventBody| matches!(body, EventBody::Closed { .. });
        customer.waits_for("the chat was answered and has ended", |view| view.find(is_end)).await;
        let bodies: Vec<_> = customer.view(|view| view.bodies().map(|(_, body)| body).collect());
        let is_agent = |body: &&EventBody| matches!(body, EventBody::Joined { kind: ParticipantKind::Agent, .. });
        let is_hello = |body: &&EventBody| matches!(body, EventBody::Message { text, .. } if text == "hello");
        let times = (bodies.iter().filter(is_agent).count(), bodies.iter().filter(is_hello).count());
        assert_eq!(times, (1, 1), "answered exactly once: {bodies:?}");
    }
    working.iter().for_each(tokio::task::JoinHandle::abort);
    for agent in &agents {
        let most = agent.desk(|desk| desk.most_at_once);
        assert!(most <= CAPACITY as usize, "an agent had {most} at once");
    }
    drop(agents);
    system.is_complete().await;
    system.finish().await;
}
