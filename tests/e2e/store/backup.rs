//! `tandem store backup`.

use std::fs;

use serde_json::Value;
use tandem_protocol::ClientId;
use tandem_tests::{Account, Agent, Customer, System, check};

use super::{begin, line, tandem, texts};

/// D-1, D-2: nobody waits for a backup, and what was acknowledged before it is in it.
#[tokio::test]
async fn a_backup_is_taken_while_a_chat_goes_on_and_a_system_starts_from_it() {
    let system = System::builder().agents().start().await;
    let ana = Account::agent("ana");
    system.add(&ana);
    let customer = Customer::start(&system.rest(), "Ann").await;
    customer.says("before").await;
    let place = system.folder().join("copy");
    let words = ["store", "backup", place.to_str().expect("is UTF-8"), "--json"];
    let backup = begin(&words, system.data());
    let mut said = 0;
    while !backup.is_finished() {
        said += 1;
        customer.says(&format!("meanwhile {said}")).await;
    }
    let done: Value = serde_json::from_str(&backup.await.expect("runs").done()).expect("is JSON");
    assert_eq!(done["backup"]["path"], place.to_str().expect("is UTF-8"));
    customer.says("after").await;

    let copy = System::builder().agents().data(&place).start().await;
    let id = ClientId::new("in-the-copy").expect("is visible ASCII");
    copy.rest().say(customer.ticket(), &id, "in the copy").await.is_done();
    let (live, copied) =
        (system.rest().transcript(customer.ticket()).await, copy.rest().transcript(customer.ticket()).await);
    let (live, mut copied) = (texts(&live), texts(&copied));
    assert_eq!(copied.pop().as_deref(), Some("in the copy"));
    assert!(!copied.is_empty() && live.starts_with(&copied), "{copied:?} of {live:?}");
    assert_eq!(live.len(), said + 2);
    drop(Agent::comes(&copy.rest(), &ana).await);
    copy.finish().await;
    assert_eq!(check(&customer.history()), []);
    system.finish().await;
}

#[tokio::test]
async fn a_backup_replaces_nothing_and_needs_a_store() {
    let system = System::start().await;
    let taken = system.folder().join("taken");
    fs::create_dir(&taken).expect("makes");
    let words = ["store", "backup", taken.to_str().expect("is UTF-8")];
    let refused = tandem(&words, system.data()).await;
    assert_eq!(line(&refused), format!("tandem: {} exists already; choose a new name", taken.display()));
    let nothing = tandem(&["store", "backup", "anywhere"], &taken).await;
    assert_eq!(line(&nothing), format!("tandem: {} has no store of Tandem's in it", taken.display()));
    assert_eq!(fs::read_dir(&taken).expect("reads").count(), 0, "looking makes nothing");
    system.finish().await;
}
