//! A gateway of two pairs: who opens a session, who is asked about it, and what the loss of one pair is for the other.

use std::{collections::BTreeSet, time::Duration};

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tandem_gateway::{Gateway, GatewaySettings, InvalidPairs, StartError};
use tandem_link::LinkSettings;
use tandem_protocol::{
    DeskId, ErrorCode, PairName, ParticipantId, RequestId, Seq, SessionId, Timestamp,
    client::close,
    desk::DeskAsk,
    link::{Answer, FromEngine, LinkRole, Open, Request},
};
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

use crate::{
    browser::Browser,
    engine::{Engine, Peer},
    gateway_of, messages,
    rest::answer,
    session, view, within,
};

/// A gateway and the primaries of two pairs to which it is connected; the first is that of ids that say no pair.
struct Town {
    gateway: Gateway,
    engines: [Engine; 2],
    main: Peer,
    west: Peer,
}

/// An opening under way: what the program gets, and what the engine was asked.
struct Opening {
    answered: JoinHandle<(StatusCode, Value)>,
    id: RequestId,
    open: Open,
}

impl Town {
    async fn start() -> Self {
        Self::with(GatewaySettings::default()).await
    }

    async fn with(settings: GatewaySettings) -> Self {
        let engines = [Engine::of("main").await, Engine::of("west").await];
        let [main, west] = &engines;
        let gateway = gateway_of(settings, &[main, west]).await;
        let (main, west) = (main.welcomes().await, west.welcomes().await);
        let town = Self { gateway, engines, main, west };
        town.is_ready("both pairs", |pairs| pairs.iter().all(|pair| pair["connected"] == true)).await;
        town
    }

    /// Waits until `/readyz` shows the pairs like this.
    async fn is_ready(&self, what: &str, shown: impl Fn(&[Value]) -> bool) {
        let url = format!("http://{}/readyz", self.gateway.local_addr());
        within(what, async {
            loop {
                let body: Value = reqwest::get(&url).await.expect("answers").json().await.expect("is JSON");
                if body["pairs"].as_array().is_some_and(|pairs| shown(pairs)) {
                    return;
                }
            }
        })
        .await;
    }

    /// Waits until the gateway has noticed that the second pair is gone.
    async fn west_is_missed(&self) {
        self.is_ready("the loss", |pairs| pairs[1]["connected"] == false).await;
    }

    fn opening(&self, key: Option<&str>) -> RequestBuilder {
        let request = Client::new().post(format!("http://{}/api/v1/sessions", self.gateway.local_addr()));
        let request = request.json(&json!({"name": "Ada"}));
        key.into_iter().fold(request, |request, key| request.header("Idempotency-Key", key))
    }

    /// Opens a session; says whether it is the second pair that is asked.
    async fn opens(&mut self, key: Option<&str>) -> (bool, Opening) {
        let answered = tokio::spawn(answer(self.opening(key)));
        let (is_west, (id, request)) = tokio::select! {
            asked = self.main.asked() => (false, asked),
            asked = self.west.asked() => (true, asked),
        };
        let opening = Opening { answered, id, open: opened(request) };
        let pair = self.engines[usize::from(is_west)].pair_name();
        assert_eq!(opening.open.session.pair_tag(), pair.tag(), "the id says the pair");
        (is_west, opening)
    }

    /// A desk that has entered with the view of version 5; says whether at the second pair, and under which id.
    async fn desk(&mut self) -> (Browser, bool, DeskId) {
        let mut browser = Browser::connects_desk(&self.gateway).await;
        browser.desk_hello().await;
        let (is_west, desk) = tokio::select! {
            desk = self.main.lets_in(5) => (false, desk),
            desk = self.west.lets_in(5) => (true, desk),
        };
        browser.hears_of("welcome").await;
        (browser, is_west, desk)
    }

    /// The primary of the one pair and that of the other.
    fn sides(&mut self, is_west: bool) -> (&mut Peer, &mut Peer) {
        if is_west { (&mut self.west, &mut self.main) } else { (&mut self.main, &mut self.west) }
    }

    /// A browser that its session's pair has let in, in step at `head`.
    async fn browser(&mut self, session: SessionId, head: u64) -> Browser {
        let mut browser = Browser::connects(&self.gateway).await;
        browser.hello_to(session, head).await;
        let is_west = session.pair_tag() == self.engines[1].pair_name().tag();
        let peer = if is_west { &mut self.west } else { &mut self.main };
        peer.attaches(1, head, Vec::new()).await;
        browser.hears_of("welcome").await;
        browser
    }
}

fn opened(request: Request) -> Open {
    match request {
        Request::Open(open) => open,
        other => panic!("expected an open, not {other:?}"),
    }
}

fn session_of(pair: &str) -> SessionId {
    SessionId::of_pair(session().0, &PairName::new(pair).expect("is valid"))
}

fn joined() -> Answer {
    Answer::Joined { participant: ParticipantId(1), seq: Seq(2) }
}

#[tokio::test]
async fn new_sessions_are_opened_at_either_pair_and_their_ids_say_at_which() {
    let mut town = Town::start().await;
    let mut seen = BTreeSet::new();
    while seen.len() < 2 {
        let (is_west, Opening { answered, id, open }) = town.opens(None).await;
        if is_west { &town.west } else { &town.main }.answers(id, joined());
        let (status, body) = answered.await.expect("does not panic");
        assert_eq!((status, &body["session"]), (StatusCode::CREATED, &json!(open.session)));
        seen.insert(is_west);
    }
}

#[tokio::test]
async fn what_concerns_a_session_goes_to_the_pair_that_its_id_says_and_else_to_the_first() {
    let mut town = Town::start().await;
    for (session, is_west) in [(session_of("main"), false), (session_of("west"), true), (session(), false)] {
        let url = format!("http://{}/api/v1/sessions/{session}/close", town.gateway.local_addr());
        let sent = tokio::spawn(answer(Client::new().post(url).bearer_auth("a token")));
        let peer = if is_west { &mut town.west } else { &mut town.main };
        let (id, request) = peer.asked().await;
        assert!(matches!(request, Request::Close { session: asked, .. } if asked == session), "{request:?}");
        peer.answers(id, Answer::Done);
        assert_eq!(sent.await.expect("does not panic").0, StatusCode::NO_CONTENT);
    }
    let mut browser = town.browser(session_of("west"), 3).await;
    browser.messages("m-1").await;
    let (id, request) = town.west.asked().await;
    assert!(matches!(request, Request::Send(send) if send.client_id.as_str() == "m-1"));
    let saved = Answer::Saved { seq: Seq(4), at_ms: Timestamp(1), participant: ParticipantId(1), durable: true };
    town.west.answers(id, saved);
    assert_eq!(browser.hears_of("ack").await["seq"], 4);
    browser.vanishes();
    assert_eq!(town.west.hears_detach().await, Some(ParticipantId(1)));
}

/// readers of the other pair hear nothing at all.
#[tokio::test]
async fn the_loss_of_one_pair_is_told_to_its_own_readers_only() {
    let mut town = Town::start().await;
    let (mut ours, mut theirs) = (town.browser(session_of("main"), 3).await, town.browser(session_of("west"), 3).await);
    town.west.dies();
    assert_eq!(theirs.hears_of("notice").await["notice"], "connection_lost");
    town.main.delivers_to(session_of("main"), 3, messages(4..=4));
    assert_eq!(ours.hears_events().await, [4]);
    town.west = town.engines[1].welcomes().await;
    town.west.attaches(1, 5, messages(4..=5)).await;
    assert_eq!(theirs.hears_events().await, [4, 5]);
    assert_eq!(theirs.hears_of("notice").await["notice"], "session_restored");
    ours.says(json!({"type": "heartbeat"})).await;
    assert_eq!(ours.hears().await, json!({"type": "heartbeat", "head": 4}));
}

#[tokio::test]
async fn a_pair_that_is_away_gets_no_new_sessions_and_its_hellos_are_told_to_come_back() {
    let settings = GatewaySettings { engine_wait_max: Duration::from_millis(200), ..Default::default() };
    let mut town = Town::with(settings).await;
    town.west.dies();
    for _ in 0..20 {
        // Whoever is asked before the gateway has noticed waits in vain; nobody after it.
        town.west_is_missed().await;
        let answered = tokio::spawn(answer(town.opening(None)));
        let (id, request) = town.main.asked().await;
        assert_eq!(opened(request).session.pair_tag(), town.engines[0].pair_name().tag());
        town.main.answers(id, joined());
        assert_eq!(answered.await.expect("does not panic").0, StatusCode::CREATED);
    }
    let mut browser = Browser::connects(&town.gateway).await;
    browser.hello_to(session_of("west"), 0).await;
    assert_eq!(browser.is_ended_with().await, close::UNAVAILABLE);
    town.browser(session_of("main"), 3).await;
}

/// D-3: a second session under the same key would be another one.
#[tokio::test]
async fn an_opening_with_a_key_waits_for_the_pair_of_its_key() {
    let mut town = Town::start().await;
    let (key, Opening { answered, open: first, .. }) = loop {
        let key = Uuid::now_v7().to_string();
        match town.opens(Some(&key)).await {
            (true, opening) => break (key, opening),
            (false, opening) => town.main.answers(opening.id, joined()),
        }
    };
    // The answer is lost with the pair, and the program that waits for it goes.
    answered.abort();
    town.west.dies();
    town.west_is_missed().await;
    let answered = tokio::spawn(answer(town.opening(Some(&key))));
    town.west = town.engines[1].welcomes().await;
    for _ in 0..2 {
        let (id, request) = town.west.asked().await;
        assert_eq!(opened(request).session, first.session);
        town.west.answers(id, joined());
    }
    let (status, body) = answered.await.expect("does not panic");
    assert_eq!((status, &body["session"]), (StatusCode::CREATED, &json!(first.session)));
}

#[tokio::test]
async fn a_key_whose_pair_has_been_away_for_long_is_answered_at_once() {
    let settings = GatewaySettings { engine_wait_max: Duration::from_millis(200), ..Default::default() };
    let mut town = Town::with(settings).await;
    town.west.dies();
    town.west_is_missed().await;
    let told = within("a key of the pair that is away", async {
        loop {
            let answered = tokio::spawn(answer(town.opening(Some(&Uuid::now_v7().to_string()))));
            tokio::select! {
                (id, _) = town.main.asked() => town.main.answers(id, joined()),
                told = answered => {
                    let (_, body) = told.expect("does not panic");
                    // Before it has been away for long, a key waits.
                    if body["detail"].as_str().is_some_and(|detail| detail.contains("another key")) {
                        return body;
                    }
                }
            }
        }
    });
    let told = told.await;
    assert_eq!((&told["code"], &told["status"]), (&json!("unavailable"), &json!(503)));
}

/// O-1.
#[tokio::test]
async fn a_pair_without_room_is_passed_over_unless_the_key_is_its() {
    let mut town = Town::start().await;
    for second in [Ok(joined()), Err(ErrorCode::Busy)] {
        let (is_west, Opening { answered, id, open }) = town.opens(None).await;
        let (full, other) = if is_west { (&town.west, &mut town.main) } else { (&town.main, &mut town.west) };
        full.refuses(id, ErrorCode::LimitSessions);
        let (id, request) = other.asked().await;
        let again = opened(request);
        assert_eq!((again.token_hash, again.name.as_str()), (open.token_hash, "Ada"));
        assert_ne!(again.session.pair_tag(), open.session.pair_tag());
        let expected = match second {
            Ok(answer) => {
                other.answers(id, answer);
                (StatusCode::CREATED, json!(again.session), Value::Null)
            }
            Err(code) => {
                other.refuses(id, code);
                (StatusCode::SERVICE_UNAVAILABLE, Value::Null, json!("busy"))
            }
        };
        let (status, body) = answered.await.expect("does not panic");
        assert_eq!((status, body["session"].clone(), body["code"].clone()), expected);
    }
    let (is_west, Opening { answered, id, .. }) = town.opens(Some("0b3f5c9e7d1a4826")).await;
    if is_west { &town.west } else { &town.main }.refuses(id, ErrorCode::LimitSessions);
    let (status, body) = answered.await.expect("does not panic");
    assert_eq!((status, &body["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("limit_sessions")));
}

/// R-3, D-3.
#[tokio::test]
async fn a_desk_whose_pair_is_lost_goes_over_to_the_other_and_what_is_done_at_it_is_done_once() {
    let mut town = Town::start().await;
    let (mut browser, is_west, first) = town.desk().await;
    let (here, there) = town.sides(is_west);
    browser.does("a-1").await;
    here.hears_do().await;
    here.dies();
    let second = there.lets_in(9).await;
    assert_ne!(first, second);
    assert_eq!(browser.hears_of("notice").await["notice"], "connection_lost");
    assert_eq!(browser.hears_of("view").await["view"], view(9));
    assert_eq!(browser.hears_of("notice").await["notice"], "connection_restored");
    let (id, action) = there.hears_do().await;
    assert_eq!(action, "a-1");
    there.tells(id, &Value::Null);
    assert_eq!(browser.hears_of("done").await["id"], "a-1");
    // The pair that was lost is asked nothing of before, only to forget what it shows.
    let back = town.engines[usize::from(is_west)].welcomes().await;
    let (here, there) = town.sides(is_west);
    *here = back;
    here.says(&FromEngine::EnterAgain);
    here.shows(first, 20);
    assert_eq!(here.hears_exit().await, first);
    browser.vanishes();
    assert_eq!(there.hears_exit().await, second);
}

#[tokio::test]
async fn a_desk_whose_pair_has_no_interaction_server_any_more_goes_over_to_the_other() {
    let mut town = Town::start().await;
    let (mut browser, is_west, first) = town.desk().await;
    let (here, there) = town.sides(is_west);
    here.says(&FromEngine::InteractionGone);
    assert_eq!(here.hears_exit().await, first, "whoever comes later does not take it for present there");
    let second = there.lets_in(9).await;
    assert_eq!(browser.hears_of("notice").await["notice"], "connection_lost");
    assert_eq!(browser.hears_of("view").await["view"], view(9));
    there.shows(second, 10);
    assert_eq!(browser.hears_of("notice").await["notice"], "connection_restored");
    assert_eq!(browser.hears_of("view").await["view"], view(10));
}

#[tokio::test]
async fn a_login_is_asked_through_a_pair_that_is_there_and_again_through_another() {
    let mut town = Town::start().await;
    town.main.dies();
    town.is_ready("the loss", |pairs| pairs[0]["connected"] == false).await;
    let login = Client::new().post(format!("http://{}/api/v1/agent/login", town.gateway.local_addr()));
    let login = login.json(&json!({"name": "ana@example.org", "password": "correct horse"}));
    let sent = tokio::spawn(answer(login));
    let (_, ask) = town.west.told().await;
    let DeskAsk::Login { token: first, .. } = ask else { panic!("expected a login, not {ask:?}") };
    town.west.dies();
    town.main = town.engines[0].welcomes().await;
    let (id, ask) = town.main.told().await;
    let DeskAsk::Login { token: second, .. } = ask else { panic!("expected a login, not {ask:?}") };
    assert_eq!(first, second, "it is the same login");
    town.main.tells(id, &json!({"agent": 7, "name": "ana@example.org", "display": "Ana", "role": "agent"}));
    assert_eq!(sent.await.expect("does not panic").0, StatusCode::OK);
}

#[tokio::test]
async fn a_gateway_is_ready_as_long_as_one_pair_is_there() {
    let town = Town::start().await;
    let url = format!("http://{}/readyz", town.gateway.local_addr());
    town.west.dies();
    town.is_ready("the loss", |pairs| {
        let [main, west] = pairs else { panic!("{pairs:?}") };
        assert_eq!((&main["pair"], &west["pair"]), (&json!("main"), &json!("west")));
        assert_eq!(main["connected"], true);
        west["connected"] == false
    })
    .await;
    assert_eq!(reqwest::get(&url).await.expect("answers").status(), StatusCode::OK);
    town.main.dies();
    within("the loss of both", async {
        while reqwest::get(&url).await.expect("answers").status() != StatusCode::SERVICE_UNAVAILABLE {}
    })
    .await;
}

#[tokio::test]
async fn pairs_that_ids_cannot_tell_apart_and_no_pair_at_all_are_refused() {
    let link = |name| {
        let pair = PairName::new(name).expect("is valid");
        LinkSettings::new(pair, LinkRole::Gateway, "gateway", vec!["127.0.0.1:1".into()])
    };
    let start = async |links| {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
        Gateway::start(GatewaySettings::default(), listener, links).err().expect("is refused")
    };
    let alike = start(vec![link("pair-42"), link("main"), link("pair-211")]).await;
    assert!(matches!(alike, StartError::Pairs(InvalidPairs::Alike(..))), "{alike}");
    let none = start(Vec::new()).await;
    assert!(matches!(none, StartError::Pairs(InvalidPairs::None)), "{none}");
}
