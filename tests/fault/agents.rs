//! Agents at work while a process dies in the middle of what they do: an accept, a transfer, an offer that runs out.

use serde_json::Value;
use tandem_protocol::{
    EventBody, ParticipantKind, SessionId,
    desk::{Action, Offer},
};
use tandem_tests::{Account, Agent, Backup, Customer, Engine, History, Primary, System, agent::NotDone, check};

/// Who dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Primary,
    Backup,
    Interaction,
    Gateway,
}

impl Victim {
    async fn dies(self, system: &mut System) -> Option<Engine> {
        match self {
            Self::Primary => Some(system.kill(Primary).await),
            Self::Backup => Some(system.kill(Backup).await),
            Self::Interaction => {
                system.kill_interaction();
                None
            }
            Self::Gateway => {
                system.kill_gateway();
                None
            }
        }
    }

    async fn comes_back(self, system: &mut System, dead: Option<Engine>) {
        match self {
            Self::Primary | Self::Backup => {
                system.restart(dead.expect("an engine died")).await;
                system.is_complete().await;
            }
            Self::Interaction => system.restart_interaction().await,
            Self::Gateway => system.restart_gateway().await,
        }
    }
}

/// Three agents, since one may be set not ready by an offer that ran out; offers run out soon, absences late.
async fn staffed() -> (System, Vec<Agent>) {
    let settings = [("offer-timeout", "3 s"), ("presence-timeout", "30 s"), ("agent-grace", "30 s")];
    let builder = settings.into_iter().fold(System::builder().agents(), |builder, (name, value)| {
        builder.setting(&format!("interaction.{name}"), value)
    });
    let system = builder.start().await;
    let mut agents = Vec::new();
    for name in ["ben", "eva", "cid"] {
        agents.push(system.staff(&Account::agent(name).capacity(20)).await);
    }
    (system, agents)
}

/// The agent to whom a session is offered, with the offer.
async fn offered(agents: &[Agent], session: SessionId) -> (usize, Offer) {
    let find = async || {
        let of = |agent: &Agent| agent.view(|view| view.offers.iter().find(|offer| offer.session == session).cloned());
        agents.iter().enumerate().find_map(|(at, agent)| Some((at, of(agent)?)))
    };
    tandem_tests::eventually(&format!("{session} is offered to somebody"), find).await
}

/// Whoever is offered the session takes it, again and again until somebody has it.
async fn taken(agents: &[Agent], session: SessionId) -> (usize, Customer) {
    loop {
        let (at, offer) = offered(agents, session).await;
        if agents[at].tries(Action::Accept { session, seq: offer.seq }).await.is_ok() {
            return (at, agents[at].opens(session).await);
        }
    }
}

/// One agent is in the session, both sides hear each other, and nothing is lost, doubled or in another order.
async fn goes_on(customer: &Customer, page: &Customer, round: &str) {
    page.says(&format!("agent {round}")).await;
    customer.reads(&format!("agent {round}")).await;
    customer.says(&format!("customer {round}")).await;
    let last = page.reads(&format!("customer {round}")).await;
    customer.reads_up_to(last).await;
    page.reads_up_to(last).await;
    assert_eq!(check(&History::of([customer.history(), page.history()])), [], "{round}");
    assert_eq!(staff(customer).len(), 1, "{round}: one agent is in it");
}

/// Those of the staff who are in the session, as the customer's page has it.
fn staff(customer: &Customer) -> Vec<u32> {
    let mut here = Vec::new();
    for (_, body) in customer.view(|view| view.bodies().collect::<Vec<_>>()) {
        match body {
            EventBody::Joined { participant, kind, .. } if kind != ParticipantKind::Client => here.push(participant.0),
            EventBody::Left { participant, .. } => here.retain(|known| *known != participant.0),
            _ => {}
        }
    }
    here
}

async fn through_everything(victim: Victim) {
    let (mut system, agents) = staffed().await;
    let rest = system.rest();

    // In the middle of an accept.
    let ann = Customer::start(&rest, "Ann").await;
    let session = ann.ticket().session;
    let (at, offer) = offered(&agents, session).await;
    let accept = agents[at].begins(Action::Accept { session, seq: offer.seq });
    let dead = victim.dies(&mut system).await;
    victim.comes_back(&mut system, dead).await;
    let accepted: Result<Value, NotDone> = agents[at].outcome(&accept).await;
    let (at, page) = match accepted {
        Ok(_) => (at, agents[at].opens(session).await),
        // The offer ran out meanwhile, so that it is somebody else's.
        Err(_) => taken(&agents, session).await,
    };
    goes_on(&ann, &page, "accept").await;

    // In the middle of a transfer.
    agents.iter().for_each(|agent| drop(agent.begins(Action::State(tandem_protocol::desk::ChosenState::Ready))));
    let queue = Some(tandem_protocol::QueueName::new("default").expect("valid"));
    let transfer = agents[at].begins(Action::Transfer { session, queue, agent: None, note: None });
    let dead = victim.dies(&mut system).await;
    victim.comes_back(&mut system, dead).await;
    agents[at].outcome(&transfer).await.expect("it is passed on");
    let (_, page) = taken(&agents, session).await;
    goes_on(&ann, &page, "transfer").await;

    // While an offer runs out.
    let bob = Customer::start(&rest, "Bob").await;
    let session = bob.ticket().session;
    offered(&agents, session).await;
    let dead = victim.dies(&mut system).await;
    victim.comes_back(&mut system, dead).await;
    agents.iter().for_each(|agent| drop(agent.begins(Action::State(tandem_protocol::desk::ChosenState::Ready))));
    let (_, page) = taken(&agents, session).await;
    goes_on(&bob, &page, "offer").await;

    for agent in &agents {
        assert!(agent.desk(|desk| desk.doubled.is_empty()), "an action was answered twice");
        let is_open = agent.desk(|desk| desk.closes.is_empty());
        assert!(is_open || victim == Victim::Gateway, "R-3: a desk was closed");
    }
    system.finish().await;
}

#[tokio::test]
async fn agents_work_on_when_the_primary_dies_in_the_middle_of_what_they_do() {
    through_everything(Victim::Primary).await;
}

#[tokio::test]
async fn agents_work_on_when_the_backup_dies_in_the_middle_of_what_they_do() {
    through_everything(Victim::Backup).await;
}

#[tokio::test]
async fn agents_work_on_when_the_interaction_server_dies_in_the_middle_of_what_they_do() {
    through_everything(Victim::Interaction).await;
}

#[tokio::test]
async fn agents_work_on_when_the_gateway_dies_in_the_middle_of_what_they_do() {
    through_everything(Victim::Gateway).await;
}

/// An interaction server that hangs holds up no message, and what agents do waits until another is there.
#[tokio::test]
async fn a_hung_interaction_server_holds_up_no_message() {
    let (mut system, agents) = staffed().await;
    let ann = Customer::start(&system.rest(), "Ann").await;
    let (_, page) = taken(&agents, ann.ticket().session).await;
    system.stop_interaction();
    goes_on(&ann, &page, "hung").await;
    let bob = Customer::start(&system.rest(), "Bob").await;
    bob.says("is anybody there?").await;
    system.kill_interaction();
    system.restart_interaction().await;
    let (_, page) = taken(&agents, bob.ticket().session).await;
    page.reads("is anybody there?").await;
    goes_on(&bob, &page, "restarted").await;
    system.finish().await;
}

/// Everything is killed at once; the first things to come back know who had which chat.
#[tokio::test]
async fn chats_are_still_their_agents_after_everything_has_died() {
    let (mut system, agents) = staffed().await;
    let ann = Customer::start(&system.rest(), "Ann").await;
    let session = ann.ticket().session;
    let (at, page) = taken(&agents, session).await;
    page.says("before").await;
    system.kill_both();
    system.kill_interaction();
    system.kill_gateway();
    for engine in [Engine::A, Engine::B] {
        system.restart(engine).await;
    }
    system.restart_gateway().await;
    system.restart_interaction().await;
    system.is_complete().await;
    agents[at]
        .sees("the chat is still his", |view| view.chats.iter().any(|c| c.session == session).then_some(()))
        .await;
    goes_on(&ann, &page, "everything").await;
    system.finish().await;
}
