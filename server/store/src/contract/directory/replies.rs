//! Stories of canned replies: the shared list and everyone's own.

use tandem_protocol::{AgentId, desk::Canned};

use super::{
    Backend,
    story::{client_id, reply, shared},
};
use crate::Directory;

const ANN: AgentId = AgentId(1);
const BEN: AgentId = AgentId(2);

async fn save(directory: &impl Directory, agent: AgentId, canned: &Canned) -> bool {
    directory.save_canned(agent, canned.clone()).await.expect("writes")
}

async fn delete(directory: &impl Directory, agent: AgentId, id: &str, shared: bool) -> bool {
    directory.delete_canned(agent, &client_id(id), shared).await.expect("writes")
}

async fn of(directory: &impl Directory, agent: AgentId) -> Vec<Canned> {
    directory.canned(agent).await.expect("reads")
}

pub(crate) async fn own_and_shared_replies_are_listed_by_shortcut(backend: &impl Backend) {
    let directory = backend.open().await;
    assert_eq!(of(&directory, ANN).await, []);
    let replies = [reply("r-1", "thanks"), shared("r-2", "hello"), reply("r-3", "bye"), shared("r-4", "bye")];
    for canned in &replies {
        assert!(save(&directory, ANN, canned).await, "{canned:?}");
    }
    let [thanks, hello, bye, bye_of_all] = replies;
    assert_eq!(of(&directory, ANN).await, [bye, bye_of_all.clone(), hello.clone(), thanks]);
    assert_eq!(of(&directory, BEN).await, [bye_of_all, hello]);
}

pub(crate) async fn a_reply_is_changed_by_its_id(backend: &impl Backend) {
    let directory = backend.open().await;
    assert!(save(&directory, ANN, &reply("r-1", "hello")).await);
    let changed = Canned { text: "Hello, what can I do for you? 👋".into(), ..reply("r-1", "hi") };
    for _ in 0..2 {
        assert!(save(&directory, ANN, &changed).await);
        assert_eq!(of(&directory, ANN).await, std::slice::from_ref(&changed));
    }
    assert!(save(&directory, ANN, &reply("r-2", "hello")).await, "the old shortcut is free again");
}

pub(crate) async fn a_shortcut_means_one_reply_in_a_list(backend: &impl Backend) {
    let directory = backend.open().await;
    for canned in [reply("r-1", "hello"), reply("r-2", "bye"), shared("r-3", "hello")] {
        assert!(save(&directory, ANN, &canned).await);
    }
    let before = of(&directory, ANN).await;
    assert!(!save(&directory, ANN, &reply("r-4", "hello")).await);
    assert!(!save(&directory, ANN, &reply("r-2", "hello")).await);
    assert!(!save(&directory, BEN, &shared("r-4", "hello")).await);
    assert_eq!(of(&directory, ANN).await, before);
    assert!(save(&directory, BEN, &reply("r-4", "hello")).await, "another one's own list is another list");
}

pub(crate) async fn nobody_changes_or_deletes_the_reply_of_another(backend: &impl Backend) {
    let directory = backend.open().await;
    let own = reply("r-1", "hello");
    assert!(save(&directory, ANN, &own).await);
    assert!(!save(&directory, BEN, &reply("r-1", "mine")).await);
    assert!(!save(&directory, BEN, &shared("r-1", "ours")).await);
    assert!(!delete(&directory, BEN, "r-1", true).await);
    assert_eq!(of(&directory, ANN).await, [own]);
    assert!(delete(&directory, ANN, "r-1", false).await);
    assert!(!delete(&directory, ANN, "r-1", false).await);
    assert_eq!(of(&directory, ANN).await, []);
}

pub(crate) async fn a_shared_reply_is_deleted_only_by_who_may(backend: &impl Backend) {
    let directory = backend.open().await;
    assert!(save(&directory, ANN, &shared("r-1", "hello")).await);
    assert!(!delete(&directory, ANN, "r-1", false).await);
    assert!(delete(&directory, BEN, "r-1", true).await);
    assert_eq!(of(&directory, ANN).await, []);
}

pub(crate) async fn a_reply_goes_from_one_list_to_the_other(backend: &impl Backend) {
    let directory = backend.open().await;
    assert!(save(&directory, ANN, &reply("r-1", "hello")).await);
    assert!(save(&directory, ANN, &shared("r-1", "hello")).await);
    assert_eq!(of(&directory, BEN).await, [shared("r-1", "hello")]);
    assert!(save(&directory, BEN, &reply("r-1", "hello")).await);
    assert_eq!(of(&directory, ANN).await, []);
    assert_eq!(of(&directory, BEN).await, [reply("r-1", "hello")]);
}
