//! What administrators see and do over REST, also while engines and the interaction server are away.

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tandem_protocol::{
    Blocker, Epoch, ErrorCode, RequestId, Switchover, SwitchoverOutcome,
    control::{ActKind, Control, ControlAsk, Noted, PairStatus, Told},
    desk::DeskAsk,
    link::{Answer, Request},
};

use crate::{House, browser::TOKEN, engine::Peer, rest::answer};

fn request(house: &House, method: Method, path: &str) -> RequestBuilder {
    Client::new().request(method, house.url(&format!("/api/v1/control{path}"))).bearer_auth(TOKEN)
}

fn overview() -> Value {
    let me = json!({"agent": 1, "name": "ada", "display": "Ada", "role": "administrator"});
    let queue = json!({"queue": "default", "open": true, "bot": false, "waiting": 2, "available": 1});
    json!({"me": me, "queues": [queue], "agents": [], "waiting": 2, "served": 3})
}

fn pair_status() -> PairStatus {
    let engine = json!({"name": "a", "address": "h:1", "host": "h", "pid": 7, "version": "1", "started_ms": 1});
    let status = json!({
        "pair": "main", "at_ms": 5, "epoch": 1, "since_ms": 2, "primary": engine, "links": [],
        "sessions": {"open": 4, "waiting": 0, "live": 4, "clients": 4, "sessions_max": 9, "clients_max": 9},
        "traffic": {"messages": 0, "messages_per_s": 0.0}, "saving": {"waiting": 0, "sessions_behind": 0},
        "store": {"place": "/data", "in_reach": true}, "blockers": ["no_backup"], "drills_allowed": true,
    });
    serde_json::from_value(status).expect("is a status")
}

/// The interaction server vouches for who asks next, which is written down.
async fn vouches(peer: &mut Peer) {
    let (id, ask) = peer.told().await;
    assert!(matches!(ask, DeskAsk::Oversee { .. }), "expected an administrator, not {ask:?}");
    peer.tells(id, &overview());
}

/// The next request but the one by which an arrival is written down.
async fn asked(peer: &mut Peer) -> (RequestId, Request) {
    loop {
        let (id, asked) = peer.asked().await;
        match asked {
            Request::Control(ControlAsk { act: Control::Note(noted), by }) => {
                let Noted::Act(act) = *noted else { panic!("expected an act, not {noted:?}") };
                assert_eq!((act.act, act.by.who.as_str()), (ActKind::ControlLogin, "ada"));
                assert_eq!(act.by, by);
                peer.answers(id, Answer::Control(Told::Done));
            }
            asked => return (id, asked),
        }
    }
}

/// The primary says how it stands.
async fn tells_status(peer: &mut Peer) {
    let (id, asked) = asked(peer).await;
    assert!(matches!(asked, Request::Control(ControlAsk { act: Control::Status, .. })), "{asked:?}");
    peer.answers(id, Answer::Control(Told::Status(Box::new(pair_status()))));
}

async fn sees_status(house: &mut House) -> Value {
    let sent = tokio::spawn(answer(request(house, Method::GET, "/status")));
    vouches(&mut house.peer).await;
    tells_status(&mut house.peer).await;
    let (status, body) = sent.await.expect("does not panic");
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

#[tokio::test]
async fn an_administrator_sees_how_agents_and_pairs_stand() {
    let mut house = House::start().await;
    let seen = sees_status(&mut house).await;
    assert_eq!((&seen["me"]["name"], &seen["agents"]["waiting"]), (&json!("ada"), &json!(2)));
    let pair = &seen["pairs"][0];
    assert_eq!((&pair["pair"], &pair["connected"], &pair["moving"]), (&json!("main"), &json!(true), &json!(false)));
    assert_eq!((&pair["known"]["primary"]["name"], &pair["known"]["epoch"]), (&json!("a"), &json!(1)));
    assert_eq!((&pair["status"]["sessions"]["open"], &pair["status"]["blockers"][0]), (&json!(4), &json!("no_backup")));
}

#[tokio::test]
async fn two_pages_that_look_at_the_same_time_are_one_question() {
    let mut house = House::start().await;
    let pages = [0, 1].map(|_| tokio::spawn(answer(request(&house, Method::GET, "/status"))));
    vouches(&mut house.peer).await;
    tells_status(&mut house.peer).await;
    for page in pages {
        assert_eq!(page.await.expect("does not panic").1["pairs"][0]["status"]["epoch"], 1);
    }
}

#[tokio::test]
async fn nobody_but_an_administrator_sees_anything() {
    let mut house = House::start().await;
    for path in ["/status", "/sessions", "/takeovers", "/acts"] {
        let (status, body) = answer(Client::new().get(house.url(&format!("/api/v1/control{path}")))).await;
        assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")), "{path}");
        let sent = tokio::spawn(answer(request(&house, Method::GET, path)));
        let (id, _) = house.peer.told().await;
        house.peer.refuses(id, ErrorCode::Forbidden);
        let (status, body) = sent.await.expect("does not panic");
        assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{path}");
    }
}

#[tokio::test]
async fn who_was_let_in_goes_on_looking_when_everything_is_away() {
    let mut house = House::start().await;
    sees_status(&mut house).await;
    house.peer.dies();
    let away = crate::within("the loss", async {
        loop {
            let (status, seen) = answer(request(&house, Method::GET, "/status")).await;
            assert_eq!(status, StatusCode::OK, "{seen}");
            if seen["pairs"][0]["connected"] == false {
                return seen["pairs"][0].clone();
            }
        }
    });
    let away = away.await;
    assert!(away["away_ms"].is_u64() && away["age_ms"].is_u64(), "{away}");
    assert_eq!((&away["known"]["primary"]["name"], &away["status"]["sessions"]["open"]), (&json!("a"), &json!(4)));
}

#[tokio::test]
async fn who_was_never_let_in_is_told_soon_that_nobody_vouches_for_him() {
    let house = House::start().await;
    let (status, body) = answer(request(&house, Method::GET, "/status")).await;
    assert_eq!((status, &body["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")));
}

/// Asks for a switchover that ends so.
async fn switches(house: &mut House, outcome: SwitchoverOutcome) -> (Switchover, StatusCode, Value) {
    let body = json!({"pair": "main", "epoch": 1, "dry_run": true});
    let sent = tokio::spawn(answer(request(house, Method::POST, "/switchover").json(&body)));
    let (mut id, mut request) = asked(&mut house.peer).await;
    if matches!(request, Request::Ask(_)) {
        house.peer.tells(id, &overview());
        (id, request) = asked(&mut house.peer).await;
    }
    let Request::Switchover(switchover) = request else { panic!("expected a switchover, not {request:?}") };
    house.peer.answers(id, Answer::Switchover(outcome));
    let (status, body) = sent.await.expect("does not panic");
    (switchover, status, body)
}

#[tokio::test]
async fn a_switchover_is_asked_and_its_outcome_or_what_blocks_it_is_told() {
    let mut house = House::start().await;
    let overtaken = SwitchoverOutcome::Overtaken { primary: "b".parse().expect("valid"), epoch: Epoch(2) };
    let (asked, status, body) = switches(&mut house, overtaken).await;
    assert_eq!((asked.from, asked.dry_run), (Epoch(1), true));
    assert_eq!((status, body), (StatusCode::OK, json!({"overtaken": {"primary": "b", "epoch": 2}})));

    let blockers = vec![Blocker::NoBackup, Blocker::LinkUnaware { link: "echo".into() }];
    let (_, status, body) = switches(&mut house, SwitchoverOutcome::Blocked(blockers)).await;
    assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!("switchover_blocked")));
    assert_eq!(body["blockers"], json!(["no_backup", {"link_unaware": {"link": "echo"}}]));
    assert!(body["detail"].as_str().is_some_and(|detail| detail.starts_with("no backup stands by; ")), "{body}");
}

#[tokio::test]
async fn a_pair_that_there_is_not_is_refused_with_the_names_of_those_there_are() {
    let mut house = House::start().await;
    sees_status(&mut house).await;
    let (status, body) = answer(request(&house, Method::GET, "/sessions?pair=west")).await;
    assert_eq!((status, &body["code"]), (StatusCode::BAD_REQUEST, &json!("bad_request")));
    assert_eq!(body["detail"], "pair must be one of: main.");
}
