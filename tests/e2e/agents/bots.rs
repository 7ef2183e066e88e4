//! A bot comes first and hands over to people.

use tandem_protocol::{
    EventBody, ParticipantKind, QueueCause, QueueName,
    desk::{Action, AgentRole},
};
use tandem_tests::Account;

use super::{comes_for, queue, queues, sees, system};

fn with_bots() -> toml::Value {
    let mut bots = queue("bots");
    bots.insert("bot".into(), true.into());
    bots.insert("then".into(), "people".into());
    queues([queue("people"), bots])
}

#[tokio::test]
async fn a_bot_answers_first_and_hands_over_to_people_with_a_note() {
    let system = system().setting("interaction.queues", with_bots()).start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let bot = system.staff(&Account::agent("helper").role(AgentRole::Bot).capacity(50)).await;
    let customer = comes_for(&rest, "Ann", "bots").await;
    let page = bot.takes().await;
    sees(
        &customer,
        "a bot has come",
        |body| matches!(body, EventBody::Joined { kind: ParticipantKind::External, name, .. } if name == "helper"),
    )
    .await;
    page.says("What is your order's number?").await;
    customer.says("4711").await;
    page.reads("4711").await;
    let session = customer.ticket().session;
    let queue = Some(QueueName::new("people").expect("valid"));
    bot.does(Action::Transfer { session, queue, agent: None, note: Some("order 4711".into()) }).await;
    let offer = ben.is_offered_session(session).await;
    assert_eq!(offer.cause, Some(QueueCause::HandedOff));
    let agent = ben.accepts(&offer).await;
    agent.reads("order 4711").await;
    agent.says("I see your order").await;
    customer.reads("I see your order").await;
    system.finish().await;
}

#[tokio::test]
async fn people_answer_when_no_bot_is_there() {
    let system =
        system().setting("interaction.queues", with_bots()).setting("interaction.bot-wait", "1 s").start().await;
    let rest = system.rest();
    let ben = system.agent("ben").await;
    let customer = comes_for(&rest, "Ann", "bots").await;
    let offer = ben.is_offered_session(customer.ticket().session).await;
    assert_eq!(offer.cause, Some(QueueCause::NoBot));
    system.finish().await;
}
