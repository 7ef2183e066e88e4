//! Logging in and out.

use tandem_protocol::{
    ErrorCode, LoginName,
    desk::{AgentRole, DeskAsk, LoggedIn},
};
use tandem_store::Directory;

use crate::{House, hashed, session, token};

#[tokio::test]
async fn an_agent_logs_in_with_his_password_and_enters() {
    let mut house = House::start().await;
    let agent = house.hires("ben", AgentRole::Supervisor).await;
    let told = house.peer.logs_in("ben", "p", token(1)).await.expect("is right");
    let logged_in: LoggedIn = serde_json::from_str(&told).expect("is a login");
    assert_eq!((logged_in.agent, logged_in.display.as_str()), (agent, "BEN"));
    assert_eq!(logged_in.role, AgentRole::Supervisor);
    let repeat = house.peer.logs_in("ben", "p", token(1)).await.expect("is a repeat");
    assert_eq!(repeat, told, "D-3");
    house.peer.enters(tandem_protocol::DeskId(session(1).0), token(1)).await.expect("is logged in");
    house.shuts_down().await;
}

#[tokio::test]
async fn whatever_is_wrong_is_refused_with_the_same_words_and_then_slowly() {
    let mut house = House::start().await;
    house.hires("ben", AgentRole::Agent).await;
    let wrong = house.peer.logs_in("ben", "q", token(1)).await.expect_err("is wrong");
    let unknown = house.peer.logs_in("nobody", "p", token(1)).await.expect_err("is wrong");
    assert_eq!((wrong.code, &wrong), (ErrorCode::Unauthorized, &unknown));
    let attempts = async {
        loop {
            let refusal = house.peer.logs_in("ben", "q", token(1)).await.expect_err("is wrong");
            if refusal.code != ErrorCode::Unauthorized {
                return refusal;
            }
        }
    };
    let slowed = crate::within("a pause", attempts).await;
    assert_eq!(slowed.code, ErrorCode::SlowDown);
    assert!(slowed.retry_after_ms.is_some_and(|ms| (1..=60_000).contains(&ms)), "{slowed:?}");
    house.shuts_down().await;
}

#[tokio::test]
async fn an_account_that_another_process_disables_loses_its_desks() {
    let mut house = House::start().await;
    let agent = house.logged_in("ben").await;
    let (desk, _) = house.desk(agent).await;
    house.directory.set_disabled(&LoginName::new("ben").expect("is valid"), true).await.expect("can be kept");
    house.peer.hears_of_revocation(desk).await;
    house.peer.enters(desk, token(agent.0 as u8)).await.expect_err("is not logged in any more");
    house.peer.logs_in("ben", "p", token(9)).await.expect_err("may not log in");
    house.shuts_down().await;
}

#[tokio::test]
async fn a_new_password_ends_the_logins_of_the_old_one() {
    let mut house = House::start().await;
    let agent = house.logged_in("ben").await;
    let (desk, _) = house.desk(agent).await;
    let name = LoginName::new("ben").expect("is valid");
    house.directory.set_password(&name, hashed().await).await.expect("can be kept");
    house.peer.hears_of_revocation(desk).await;
    house.shuts_down().await;
}

#[tokio::test]
async fn a_logout_closes_the_desks_and_lasts() {
    let mut house = House::start().await;
    let agent = house.logged_in("ben").await;
    let (desk, _) = house.desk(agent).await;
    let ask = house.peer.asks(DeskAsk::Logout { token: token(agent.0 as u8) });
    house.peer.hears_of_revocation(desk).await;
    house.peer.reply_to(ask).await.expect("is logged out");
    house.peer.enters(desk, token(agent.0 as u8)).await.expect_err("is not logged in any more");
    assert!(house.directory.logins(tandem_protocol::Timestamp(1)).await.expect("can be read").is_empty());
    house.shuts_down().await;
}
