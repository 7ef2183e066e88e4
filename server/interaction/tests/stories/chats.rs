//! A chat from its opening to its end, and what survives whom.

use tandem_protocol::{
    Place, Seq, Timestamp,
    desk::{Accepted, Action, ChosenState},
    link::{Answer, Request},
    routing::Placed,
};
use tandem_store::Directory;

use crate::{House, opened, session, start, stores_in, taken, waiting};

#[tokio::test]
async fn a_session_is_queued_offered_taken_and_filed_away() {
    let mut house = House::start().await;
    let ben = house.logged_in("ben").await;
    let (desk, view) = house.desk(ben).await;
    assert!(view.chats.is_empty() && view.me.chosen != ChosenState::Ready);
    house.peer.does(desk, "1", Action::State(ChosenState::Ready)).await.expect("may");
    house.peer.changes(opened(1));
    let (id, route) = house.peer.asked("a route", |body| matches!(body, Request::Route(_))).await;
    assert!(matches!(route, Request::Route(route) if route.session == session(1) && route.after == Seq(0)));
    house.peer.saved(id, 3);
    house.peer.changes(waiting(1));
    let view = house.peer.shows(desk, "an offer", |view| !view.offers.is_empty()).await;
    assert_eq!((view.offers[0].session, view.offers[0].seq), (session(1), Seq(3)));
    assert_eq!(
        house.peer.places().await,
        [Placed { session: session(1), seq: Seq(3), place: Place { place: 1, wait_ms: None } }]
    );
    let accept = house.peer.starts(desk, "2", Action::Accept { session: session(1), seq: Seq(3) });
    let (id, _) = house.peer.asked("a join", |body| matches!(body, Request::Join(_))).await;
    assert_eq!(house.directory.unfiled().await.expect("can be read"), [(session(1), ben)], "before it is done");
    house.peer.joined(id);
    house.peer.changes(taken(1, ben));
    let accepted: Accepted = serde_json::from_str(&house.peer.reply_to(accept).await.expect("is his")).expect("reads");
    assert_eq!(accepted.session, session(1));
    house.peer.shows(desk, "the chat", |view| view.chats.len() == 1 && view.offers.is_empty()).await;
    let end = Action::End { session: session(1), disposition: "solved".into(), remark: None };
    let ending = house.peer.starts(desk, "3", end);
    let (id, _) = house.peer.asked("a close", |body| matches!(body, Request::Close { .. })).await;
    house.peer.answers(id, Answer::Done);
    house.peer.reply_to(ending).await.expect("is filed away");
    assert!(house.directory.unfiled().await.expect("can be read").is_empty());
    house.shuts_down().await;
}

#[tokio::test]
async fn a_lost_engine_is_asked_anew_and_the_desk_enters_again() {
    let mut house = House::start().await;
    let ben = house.logged_in("ben").await;
    let (desk, before) = house.desk(ben).await;
    house.peer.does(desk, "1", Action::State(ChosenState::Ready)).await.expect("may");
    house.peer.dies();
    house.peer = house.engine.welcomes_with(&[taken(1, ben), waiting(2)]).await;
    let (_, after) = house.desk(ben).await;
    assert!(after.version > before.version);
    assert_eq!(after.chats[0].session, session(1));
    house.peer.shows(desk, "an offer", |view| view.offers.iter().any(|offer| offer.session == session(2))).await;
    house.shuts_down().await;
}

#[tokio::test]
async fn what_was_asked_is_asked_again_and_answered_after_a_loss() {
    let mut house = House::start().await;
    let ben = house.logged_in("ben").await;
    let (desk, _) = house.desk(ben).await;
    house.peer.changes(waiting(1));
    let accept = || Action::Accept { session: session(1), seq: Seq(3) };
    house.peer.starts(desk, "1", accept());
    house.peer.asked("a join", |body| matches!(body, Request::Join(_))).await;
    house.peer.dies();
    house.peer = house.engine.welcomes_with(&[waiting(1)]).await;
    house.desk(ben).await;
    let again = house.peer.starts(desk, "1", accept());
    let (id, _) = house.peer.asked("the same join", |body| matches!(body, Request::Join(_))).await;
    house.peer.joined(id);
    house.peer.reply_to(again).await.expect("is his");
    house.shuts_down().await;
}

#[tokio::test]
async fn another_server_goes_on_where_one_ended() {
    let mut house = House::start().await;
    let ben = house.logged_in("ben").await;
    let (desk, before) = house.desk(ben).await;
    house.peer.does(desk, "1", Action::State(ChosenState::Ready)).await.expect("may");
    house.peer.changes(taken(1, ben));
    house.peer.shows(desk, "the chat", |view| view.chats.len() == 1).await;
    house.server.shutdown().await.expect("ends in order");
    house.server = start(stores_in(&house.folder), &house.engine).await;
    house.peer = house.engine.welcomes_with(&[taken(1, ben)]).await;
    let (_, after) = house.desk(ben).await;
    assert!(after.version > before.version, "{} then {}", before.version, after.version);
    assert_eq!((after.me.chosen, after.chats[0].token.clone()), (ChosenState::Ready, after.chats[0].token.clone()));
    assert!(after.at_ms > Timestamp(1));
    house.shuts_down().await;
}
