//! Stories of several processes on one directory: the interaction server serves while `tandem agent` writes.

use std::collections::BTreeSet;

use tandem_protocol::desk::ChosenState;

use super::{
    Backend,
    story::{NOW, added, agent, chat, filing, later, login, name, reply, session, token},
};
use crate::{
    Archive, Chosen, Directory,
    contract::{
        archive::story::{ana, learns, opened_by},
        story::all,
    },
};

pub(crate) async fn the_secret_is_made_once_and_is_the_same_ever_after(backend: &impl Backend) {
    let (one, other) = (backend.open().await, backend.open().await);
    let secrets = all(vec![one.secret(), other.secret(), one.secret()]).await;
    let secret = secrets[0].clone().expect("is made");
    assert_ne!(secret, [0; 32]);
    for again in secrets {
        assert_eq!(again.expect("is found"), secret);
    }
    drop((one, other));
    assert_eq!(backend.open().await.secret().await.expect("is found"), secret);
}

pub(crate) async fn each_life_has_a_greater_number_than_the_one_before(backend: &impl Backend) {
    let (one, other) = (backend.open().await, backend.open().await);
    let mut last = 0;
    for directory in [&one, &other, &one] {
        let begun = directory.begin_life().await.expect("begins");
        assert!(begun > last, "{begun} after {last}");
        last = begun;
    }
    drop((one, other));
    assert!(backend.open().await.begin_life().await.expect("begins") > last);
}

pub(crate) async fn what_one_handle_writes_another_reads_at_once(backend: &impl Backend) {
    let (server, command) = (backend.open().await, backend.open().await);
    let ann = added(&command, "ann").await;
    assert_eq!(server.accounts().await.expect("reads"), std::slice::from_ref(&ann));
    server.add_login(login(1, ann.agent), NOW).await.expect("writes");
    assert_eq!(command.logins(NOW).await.expect("reads"), [login(1, ann.agent)]);
    command.set_disabled(&name("ann"), true).await.expect("writes");
    assert_eq!(server.login(token(1), NOW).await.expect("reads"), None);
    assert_eq!(server.credentials(&name("ann")).await.expect("reads"), None);
}

pub(crate) async fn the_version_tells_of_every_writer(backend: &impl Backend) {
    let (server, command) = (backend.open().await, backend.open().await);
    let mut seen = server.version().await.expect("reads");
    for number in 0..5 {
        assert_eq!(server.version().await.expect("reads"), seen, "nobody has written");
        added(&server, &format!("own-{number}")).await;
        let after_own = server.version().await.expect("reads");
        assert_ne!(after_own, seen);
        added(&command, &format!("other-{number}")).await;
        let after_other = server.version().await.expect("reads");
        assert_ne!(after_other, after_own);
        seen = after_other;
    }
}

pub(crate) async fn everything_is_there_after_everyone_has_gone(backend: &impl Backend) {
    let directory = backend.open().await;
    let ann = added(&directory, "ann").await;
    let chosen = Chosen { agent: ann.agent, state: ChosenState::AfterWork, since: NOW };
    directory.add_login(login(1, ann.agent), NOW).await.expect("writes");
    directory.choose(chosen.clone()).await.expect("writes");
    directory.take_chat(chat(1, ann.agent)).await.expect("writes");
    directory.take_chat(chat(2, ann.agent)).await.expect("writes");
    directory.file_chat(filing(2, ann.agent, "solved", later(1))).await.expect("writes");
    assert!(directory.save_canned(ann.agent, reply("r-1", "hello")).await.expect("writes"));
    learns(&directory, vec![opened_by(2, &[ana()])]).await;
    drop(directory);
    let directory = backend.open().await;
    assert_eq!(directory.accounts().await.expect("reads"), std::slice::from_ref(&ann));
    assert_eq!(directory.logins(NOW).await.expect("reads"), [login(1, ann.agent)]);
    assert_eq!(directory.chosen().await.expect("reads"), [chosen]);
    assert_eq!(directory.unfiled().await.expect("reads"), [(session(1), ann.agent)]);
    assert_eq!(
        directory.earlier(session(1), &[ana()], 9).await.expect("reads")[0].disposition.as_deref(),
        Some("solved")
    );
    assert_eq!(directory.canned(ann.agent).await.expect("reads"), [reply("r-1", "hello")]);
}

pub(crate) async fn writers_at_once_lose_nothing_and_give_no_number_twice(backend: &impl Backend) {
    let handles = [backend.open().await, backend.open().await, backend.open().await];
    let add = |number: usize| handles[number % 3].add_account(agent(&format!("agent-{number}")));
    let made = all((0..60).map(add).collect()).await;
    let numbers: BTreeSet<_> =
        made.into_iter().map(|made| made.expect("writes").expect("the name is free").agent).collect();
    assert_eq!(numbers.len(), 60);
    let accounts = handles[0].accounts().await.expect("reads");
    assert_eq!(accounts.iter().map(|account| account.agent).collect::<BTreeSet<_>>(), numbers);
}

pub(crate) async fn of_many_who_want_one_name_one_gets_it(backend: &impl Backend) {
    let handles = [backend.open().await, backend.open().await];
    let made = all((0..10).map(|number| handles[number % 2].add_account(agent("ann"))).collect()).await;
    let given = made.into_iter().filter_map(|made| made.expect("reads or writes")).count();
    assert_eq!(given, 1);
}
