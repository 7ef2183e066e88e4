//! Stories of logins: how long they are good, and what ends them.

use tandem_protocol::Timestamp;

use super::{
    Backend,
    story::{NOW, added, later, login, name, password, token},
};
use crate::{Directory, Login};

pub(crate) async fn a_login_is_good_until_it_ends(backend: &impl Backend) {
    let directory = backend.open().await;
    let ann = added(&directory, "ann").await.agent;
    let [first, second] = [login(1, ann), login(2, ann)];
    for login in [first, second] {
        directory.add_login(login, NOW).await.expect("writes");
        assert_eq!(directory.login(login.token, NOW).await.expect("reads"), Some(login));
    }
    assert_eq!(directory.logins(NOW).await.expect("reads").len(), 2, "an agent may be logged in twice");
    for _ in 0..2 {
        directory.end_login(first.token).await.expect("writes");
        assert_eq!(directory.login(first.token, NOW).await.expect("reads"), None);
    }
    assert_eq!(directory.logins(NOW).await.expect("reads"), [second]);
    assert_eq!(directory.login(token(3), NOW).await.expect("reads"), None);
}

pub(crate) async fn a_login_expires_to_the_millisecond(backend: &impl Backend) {
    let directory = backend.open().await;
    let ann = added(&directory, "ann").await.agent;
    let login = login(1, ann);
    directory.add_login(login, NOW).await.expect("writes");
    let before = Timestamp(login.expires_at.0 - 1);
    assert_eq!(directory.login(login.token, before).await.expect("reads"), Some(login));
    assert_eq!(directory.logins(before).await.expect("reads"), [login]);
    assert_eq!(directory.login(login.token, login.expires_at).await.expect("reads"), None);
    assert_eq!(directory.logins(login.expires_at).await.expect("reads"), []);
}

pub(crate) async fn expired_logins_are_forgotten(backend: &impl Backend) {
    let directory = backend.open().await;
    let ann = added(&directory, "ann").await.agent;
    let old = Login { expires_at: later(10), ..login(1, ann) };
    directory.add_login(old, NOW).await.expect("writes");
    directory.add_login(login(2, ann), later(10)).await.expect("writes");
    // Even for somebody whose clock is behind.
    assert_eq!(directory.login(old.token, NOW).await.expect("reads"), None);
    assert_eq!(directory.logins(NOW).await.expect("reads"), [login(2, ann)]);
}

pub(crate) async fn the_same_token_again_changes_nothing(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    directory.add_login(login(1, ann), NOW).await.expect("writes");
    let repeats = [login(1, ann), Login { expires_at: later(7_200_000), ..login(1, ann) }, login(1, ben)];
    for repeat in repeats {
        directory.add_login(repeat, NOW).await.expect("is no error");
        assert_eq!(directory.logins(NOW).await.expect("reads"), [login(1, ann)]);
    }
}

pub(crate) async fn a_disabled_account_has_no_logins_then_or_later(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    directory.add_login(login(1, ann), NOW).await.expect("writes");
    directory.add_login(login(2, ben), NOW).await.expect("writes");
    directory.set_disabled(&name("ann"), true).await.expect("writes");
    assert_eq!(directory.login(token(1), NOW).await.expect("reads"), None);
    // The password was compared before and the login is kept after.
    directory.add_login(login(3, ann), NOW).await.expect("is no error");
    assert_eq!(directory.login(token(3), NOW).await.expect("reads"), None);
    directory.set_disabled(&name("ann"), false).await.expect("writes");
    assert_eq!(directory.logins(NOW).await.expect("reads"), [login(2, ben)], "no old login comes back to life");
}

pub(crate) async fn a_changed_password_ends_the_logins_of_its_account_only(backend: &impl Backend) {
    let directory = backend.open().await;
    let [ann, ben] = [added(&directory, "ann").await.agent, added(&directory, "ben").await.agent];
    for login in [login(1, ann), login(2, ben), login(3, ann)] {
        directory.add_login(login, NOW).await.expect("writes");
    }
    directory.set_password(&name("ann"), password("new")).await.expect("writes");
    assert_eq!(directory.logins(NOW).await.expect("reads"), [login(2, ben)]);
}
