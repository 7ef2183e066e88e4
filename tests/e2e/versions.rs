//! Two neighbouring versions of the link protocol at once, in every role. An old process is this executable that speaks as
//! the release before did; with `TANDEM_TEST_OLD_EXECUTABLE` it is that release itself.

use serde_json::json;
use tandem_protocol::{
    ErrorCode, Refusal,
    control::{Control, Failing},
};
use tandem_tests::{Account, Customer, Engine, History, Primary, Spoken, Store, System, check};
use test_case::test_case;

const OLD_A: Spoken = Spoken { old_a: true, old_b: false, old_roles: false };
const OLD_B: Spoken = Spoken { old_a: false, old_b: true, old_roles: false };
const OLD_ENGINES: Spoken = Spoken { old_a: true, old_b: true, old_roles: false };
const OLD_ROLES: Spoken = Spoken { old_a: false, old_b: false, old_roles: true };
const NEW_A: Spoken = Spoken { old_a: false, old_b: true, old_roles: true };
const NEW_B: Spoken = Spoken { old_a: true, old_b: false, old_roles: true };

/// D-2, D-3, D-4: back and forth by switchovers, then by deaths, so that each engine succeeds the other in each way.
#[test_case(Store::Files, OLD_A; "old_engine_a")]
#[test_case(Store::Files, OLD_B; "old_engine_b")]
#[test_case(Store::Files, OLD_ENGINES; "old_engines")]
#[test_case(Store::Files, OLD_ROLES; "old_roles")]
#[test_case(Store::Files, NEW_A; "new_engine_a")]
#[test_case(Store::Files, NEW_B; "new_engine_b")]
#[test_case(Store::Postgres, NEW_A; "new_engine_a_on_postgresql")]
#[test_case(Store::Postgres, NEW_B; "new_engine_b_on_postgresql")]
#[tokio::test]
async fn chats_go_through_switchovers_and_deaths_among_two_versions(store: Store, speaks: Spoken) {
    let mut system = System::builder().on(store).echo().agents().speaking(speaks).start().await;
    let customer = Customer::start_with_echo(&system.rest(), "Ann").await;
    let ben = system.staff(&Account::agent("ben").capacity(5)).await;
    let bob = Customer::start(&system.rest(), "Bob").await;
    let page = ben.takes().await;
    for round in 0..2 {
        system.switches_over().await;
        customer.says(&format!("switched {round}")).await;
        customer.reads(&format!("You said: switched {round}")).await;
        page.says(&format!("agent {round}")).await;
        bob.reads(&format!("agent {round}")).await;
    }
    assert_eq!(customer.view(|view| (view.connections, view.notices.len())), (1, 0), "nobody notices");
    for round in 0..2 {
        let dead = system.kill(Primary).await;
        customer.says(&format!("killed {round}")).await;
        customer.reads(&format!("You said: killed {round}")).await;
        let last = page.says(&format!("agent after {round}")).await;
        bob.reads_up_to(last).await;
        system.restart(dead).await;
        system.is_complete().await;
    }
    for chat in [&customer, &page, &bob] {
        assert_eq!(chat.view(|view| view.connections), 1, "R-3");
    }
    assert_eq!(check(&customer.history()), []);
    assert_eq!(check(&History::of([bob.history(), page.history()])), []);
    system.finish().await;
}

fn too_old(engine: &str) -> Refusal {
    let sentence = format!("engine {engine} speaks link version 1, which does not know this: upgrade it");
    Refusal::new(ErrorCode::Unavailable, sentence)
}

/// Nobody waits for the answer of an engine that cannot understand the question, and nothing breaks over it.
#[tokio::test]
async fn what_an_engine_is_too_old_for_is_refused_with_its_name() {
    let mut system = System::builder().speaking(OLD_A).start().await;
    assert_eq!(system.control(Control::Status).await, Err(too_old("a")));
    // A monitor is not told that a pair that serves is down.
    let (code, said) = system.status().await;
    assert_eq!((code, &said["health"]), (Some(3), &json!("unknown")));
    let concern = said["concerns"][0].as_str().expect("says why");
    assert!(concern.starts_with("engine a serves in epoch 1") && concern.contains("link version 1"), "{concern}");
    system.switches_over().await;
    system.is_complete().await;
    assert_eq!(system.which(Primary).await, Engine::B);
    let (pid, from) = (system.pid_of(Engine::A).await, system.epoch().await);
    assert_eq!(system.control(Control::RestartBackup { pid }).await, Err(too_old("a")));
    assert_eq!(system.control(Control::Fail { from, how: Failing::Kill }).await, Err(too_old("a")));
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("all is well").await;
    system.finish().await;
}
