//! What agents see of a planned switchover: nothing.

use tandem_tests::{Account, Customer, History, System, check};

#[tokio::test]
async fn agents_keep_their_desks_and_their_chats_and_take_new_ones() {
    let system = System::builder().agents().start().await;
    let rest = system.rest();
    let ben = system.staff(&Account::agent("ben").capacity(5)).await;
    let ann = Customer::start(&rest, "Ann").await;
    let page = ben.takes().await;
    for round in 0..3 {
        page.says(&format!("agent {round}")).await;
        ann.reads(&format!("agent {round}")).await;
        system.switches_over().await;
        ann.says(&format!("customer {round}")).await;
        let last = page.reads(&format!("customer {round}")).await;
        ann.reads_up_to(last).await;
    }
    // The interaction server is there, too.
    let bob = Customer::start(&rest, "Bob").await;
    let other = ben.takes().await;
    other.says("hello").await;
    bob.reads("hello").await;
    for customer in [&ann, &page, &bob, &other] {
        assert_eq!(customer.view(|view| (view.connections, view.notices.len())), (1, 0));
    }
    assert_eq!(ben.desk(|desk| (desk.connections, desk.notices.len(), desk.closes.len())), (1, 0, 0));
    assert_eq!(check(&History::of([ann.history(), page.history()])), []);
    system.finish().await;
}
