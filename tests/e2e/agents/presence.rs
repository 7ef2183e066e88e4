//! Who is there: three facts that are kept apart, and what becomes of the chats of one who is gone.

use tandem_protocol::{EventBody, QueueCause, desk::ChosenState};
use tandem_tests::{Account, Agent, Customer};

use super::{sees, system};

#[tokio::test]
async fn the_chats_of_an_agent_who_is_gone_are_offered_again_with_everything_that_was_said() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    let session = customer.ticket().session;
    let page = ben.takes().await;
    page.says("let me look").await;
    let eva = system.agent("eva").await;
    ben.vanishes();
    eva.sees("he is not connected", |view| {
        view.agents.iter().any(|agent| agent.agent == ben.id() && !agent.connected).then_some(())
    })
    .await;
    let offer = eva.is_offered_session(session).await;
    assert_eq!(offer.cause, Some(QueueCause::AgentGone));
    let other = eva.accepts(&offer).await;
    other.reads("let me look").await;
    other.says("I am here now").await;
    customer.reads("I am here now").await;
    sees(&customer, "he is gone", |body| {
        matches!(body, EventBody::Left { reason: tandem_protocol::LeaveReason::Gone, .. })
    })
    .await;
    ben.comes_back();
    ben.sees("it is no longer his", |view| view.chats.is_empty().then_some(())).await;
    system.finish().await;
}

#[tokio::test]
async fn an_agent_who_reloads_keeps_his_chats_and_his_state() {
    let system = system().setting("interaction.presence-timeout", "20 s").start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    let page = ben.takes().await;
    ben.vanishes();
    ben.waits_for("the desk is gone", |desk| (!desk.closes.is_empty()).then_some(())).await;
    ben.comes_back();
    ben.waits_for("he is back", |desk| (desk.connections == 2).then_some(())).await;
    assert_eq!(ben.view(|view| (view.chats.len(), view.me.chosen.clone())), (1, ChosenState::Ready));
    page.says("back again").await;
    customer.reads("back again").await;
    system.finish().await;
}

#[tokio::test]
async fn nobody_is_rung_whose_browser_is_closed() {
    let system = system().start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let account = Account::agent("eva");
    system.add(&account);
    let eva = Agent::logs_in(&rest, &account).await;
    ben.vanishes();
    eva.sees("he is not connected", |view| {
        let ben = view.agents.iter().find(|agent| agent.agent == ben.id())?;
        // What he has chosen is another fact, and stays.
        (!ben.connected && ben.chosen == ChosenState::Ready).then_some(())
    })
    .await;
    let customer = Customer::start(&rest, "Ann").await;
    let waiting = |view: &tandem_protocol::desk::View| view.waiting.first().cloned();
    let waiting = eva.sees("she waits", waiting).await;
    assert_eq!((waiting.session, waiting.offered_to), (customer.ticket().session, None));
    ben.comes_back();
    ben.is_offered_session(customer.ticket().session).await;
    system.finish().await;
}

#[tokio::test]
async fn an_offer_to_one_who_goes_away_goes_to_another_at_once() {
    let system = system().setting("interaction.offer-timeout", "60 s").start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = Customer::start(&rest, "Ann").await;
    ben.is_offered().await;
    let eva = system.agent("eva").await;
    ben.vanishes();
    eva.is_offered_session(customer.ticket().session).await;
    system.finish().await;
}
