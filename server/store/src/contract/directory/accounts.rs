//! Stories of accounts, their passwords, and what each has chosen.

use tandem_protocol::{
    AgentId,
    desk::{AgentRole, ChosenState},
};

use super::{
    Backend,
    story::{added, agent, later, login, name, password, token},
};
use crate::{Account, Chosen, Directory, NewAccount};

pub(crate) async fn an_account_reads_back_as_it_was_made(backend: &impl Backend) {
    let directory = backend.open().await;
    assert_eq!(directory.accounts().await.expect("reads"), []);
    for (at, role) in
        [AgentRole::Integrator, AgentRole::Bot, AgentRole::Agent, AgentRole::Supervisor, AgentRole::Administrator]
            .into_iter()
            .enumerate()
    {
        let new = NewAccount {
            name: name(&format!("ann.{at}@example.org")),
            display: "Ann \"Ø\" O'Neil".into(),
            role,
            capacity: u32::MAX,
            skills: vec!["german".into(), "a, \"b\"".into()],
            password: password("ann"),
        };
        let made = directory.add_account(new.clone()).await.expect("writes").expect("the name is free");
        let NewAccount { name, display, role, capacity, skills, .. } = new;
        let expected = Account { agent: made.agent, name, display, role, capacity, skills, disabled: false };
        assert_eq!(made, expected);
        let found = directory.credentials(&expected.name).await.expect("reads").expect("is there");
        assert_eq!(found, (expected.clone(), password("ann")));
        assert_eq!(directory.accounts().await.expect("reads").pop(), Some(expected));
    }
}

pub(crate) async fn accounts_are_numbered_in_their_order(backend: &impl Backend) {
    let directory = backend.open().await;
    for name in ["zoe", "ann", "mel"] {
        added(&directory, name).await;
    }
    let accounts = directory.accounts().await.expect("reads");
    let listed: Vec<_> = accounts.iter().map(|account| (account.agent, account.name.as_str())).collect();
    assert_eq!(listed, [(AgentId(1), "zoe"), (AgentId(2), "ann"), (AgentId(3), "mel")]);
}

pub(crate) async fn a_name_is_given_once(backend: &impl Backend) {
    let directory = backend.open().await;
    let first = added(&directory, "ann").await;
    let second = NewAccount { display: "Another".into(), password: password("other"), ..agent("ann") };
    assert_eq!(directory.add_account(second).await.expect("reads"), None);
    assert_eq!(directory.accounts().await.expect("reads"), [first]);
    let (_, kept) = directory.credentials(&name("ann")).await.expect("reads").expect("is there");
    assert_eq!(kept, password("ann"));
}

pub(crate) async fn a_disabled_account_is_still_known_and_has_no_credentials(backend: &impl Backend) {
    let directory = backend.open().await;
    let account = added(&directory, "ann").await;
    let disabled = Account { disabled: true, ..account.clone() };
    for _ in 0..2 {
        assert_eq!(directory.set_disabled(&name("ann"), true).await.expect("writes"), Some(disabled.clone()));
    }
    assert_eq!(directory.accounts().await.expect("reads"), [disabled]);
    assert_eq!(directory.credentials(&name("ann")).await.expect("reads"), None);
    assert_eq!(directory.add_account(agent("ann")).await.expect("reads"), None, "its name is not given to others");
    assert_eq!(directory.set_disabled(&name("ann"), false).await.expect("writes"), Some(account.clone()));
    assert_eq!(directory.credentials(&name("ann")).await.expect("reads"), Some((account, password("ann"))));
}

pub(crate) async fn a_changed_password_is_the_only_one(backend: &impl Backend) {
    let directory = backend.open().await;
    let account = added(&directory, "ann").await;
    added(&directory, "ben").await;
    let changed = directory.set_password(&name("ann"), password("new")).await.expect("writes");
    assert_eq!(changed, Some(account.clone()));
    assert_eq!(directory.credentials(&name("ann")).await.expect("reads"), Some((account, password("new"))));
    let (_, of_ben) = directory.credentials(&name("ben")).await.expect("reads").expect("is there");
    assert_eq!(of_ben, password("ben"));
}

pub(crate) async fn a_name_that_nobody_has_is_not_found(backend: &impl Backend) {
    let directory = backend.open().await;
    added(&directory, "ann").await;
    let nobody = name("an");
    assert_eq!(directory.credentials(&nobody).await.expect("reads"), None);
    assert_eq!(directory.set_disabled(&nobody, true).await.expect("reads"), None);
    assert_eq!(directory.set_password(&nobody, password("new")).await.expect("reads"), None);
    directory.add_login(login(1, AgentId(77)), later(0)).await.expect("is no error");
    assert_eq!(directory.login(token(1), later(0)).await.expect("reads"), None);
}

pub(crate) async fn what_was_chosen_last_is_kept(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    assert_eq!(directory.chosen().await.expect("reads"), []);
    let states = [
        ChosenState::Ready,
        ChosenState::NotReady { reason: Some("lunch, \"late\"".into()) },
        ChosenState::NotReady { reason: None },
        ChosenState::AfterWork,
    ];
    let of_ben = Chosen { agent: ben, state: ChosenState::Ready, since: later(0) };
    directory.choose(of_ben.clone()).await.expect("writes");
    for (at, state) in (0..).zip(states) {
        let of_ann = Chosen { agent: ann, state, since: later(at) };
        directory.choose(of_ann.clone()).await.expect("writes");
        assert_eq!(directory.chosen().await.expect("reads"), [of_ann, of_ben.clone()]);
    }
}
