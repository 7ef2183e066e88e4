//! A drill's sessions are nobody's: no agent is asked, no supervisor sees them, no search finds them, and the echo
//! participant does not answer.

use serde_json::json;
use tandem_protocol::{ErrorCode, desk::AgentRole};
use tandem_tests::{Account, Customer, System};

/// While the drill goes on, and after it.
#[tokio::test]
async fn an_agents_workspace_shows_nothing_of_a_drill() {
    let system = System::builder().agents().echo().start().await;
    let supervisor = system.staff(&Account::agent("sue").role(AgentRole::Supervisor)).await;
    let looker = system.looker(&Account::agent("max").role(AgentRole::Supervisor)).await;
    let ann = Customer::start(&system.rest(), "Ann").await;
    let page = supervisor.takes().await;
    system.may_switch_over().await;
    let drill = system.begins_drill(&["--switchover", "--yes", "--json", "--sessions", "6", "--every", "100ms"]);
    system.sessions_of_drill(6).await;
    // What is said now is told and found after what the drill's customers have said before it.
    ann.says("this is no part of a drill").await;
    page.reads("this is no part of a drill").await;
    assert_eq!(looker.finds_in_the_end("drill", 1).await[0].0, ann.ticket().session);
    let (_, drilled) = drill.outcome().await;
    assert!(drilled.passed, "{drilled:?}");
    let bob = Customer::start(&system.rest(), "Bob").await;
    let other = supervisor.takes().await;
    other.says("hello").await;
    bob.reads("hello").await;
    supervisor.desk(|desk| {
        let view = desk.view.as_ref().expect("it is welcomed");
        assert_eq!(desk.most_at_once, 2, "Ann and Bob");
        assert_eq!(view.live.len(), 2);
        assert!(view.queues.iter().all(|queue| queue.waiting == 0));
    });
    assert_eq!(looker.finds("drill").await.len(), 1);
    system.finish().await;
}

#[tokio::test]
async fn nobody_but_tandem_marks_a_session_as_one_of_a_drill() {
    let system = System::start().await;
    let reply = system.rest().try_open(json!({ "name": "Eve", "properties": { "tandem.drill": "1" } })).await;
    assert!(reply.is_refused_with(ErrorCode::BadRequest));
    system.finish().await;
}
