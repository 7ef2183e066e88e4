//! One interaction server for two pairs: each by its own link, and lost alone.

use tandem_interaction::{Interaction, InteractionSettings, InvalidSettings, StartError};
use tandem_link::LinkSettings;
use tandem_protocol::desk::Action;
use tandem_protocol::{
    AgentId, DeskId, LoginName, PairName, Seq, SessionId, Timestamp,
    desk::{AgentRole, ChosenState, View},
    link::{LinkRole, Request},
    routing::Changed,
};
use tandem_store::{Chosen, Directory, Login, NewAccount};
use tempfile::TempDir;

use crate::{
    engine::{Engine, Peer},
    hashed, session, stores_in, taken, token, waiting,
};

/// An interaction server of two pairs and an agent, ready and logged in.
struct Pairs {
    server: Interaction,
    main: (Engine, Peer),
    other: (Engine, Peer),
    agent: AgentId,
    _folder: TempDir,
}

impl Pairs {
    /// With these sessions at the one pair and at the other.
    async fn start(at_main: &[Changed], at_other: &[Changed]) -> Self {
        let folder = tempfile::tempdir().expect("is writable");
        let stores = stores_in(&folder);
        let agent = ready_agent(&*stores.directory).await;
        let (main, other) = (Engine::start().await, Engine::of_pair("other").await);
        let links = vec![main.link(), other.link()];
        let server = Interaction::start(InteractionSettings::default(), stores, links).await.expect("starts");
        let (at_main, at_other) = (main.welcomes_with(at_main).await, other.welcomes_with(at_other).await);
        Self { server, main: (main, at_main), other: (other, at_other), agent, _folder: folder }
    }

    fn desk(&self) -> DeskId {
        DeskId(session(u64::from(self.agent.0)).0)
    }
}

async fn ready_agent(directory: &dyn Directory) -> AgentId {
    let account = NewAccount {
        name: LoginName::new("ben").expect("is valid"),
        display: "BEN".into(),
        role: AgentRole::Agent,
        capacity: 2,
        skills: Vec::new(),
        password: hashed().await,
    };
    let agent = directory.add_account(account).await.expect("can be kept").expect("is new").agent;
    let login = Login { token: token(agent.0 as u8), agent, expires_at: Timestamp(u64::MAX / 2) };
    directory.add_login(login, Timestamp(1)).await.expect("can be kept");
    let chosen = Chosen { agent, state: ChosenState::Ready, since: Timestamp(1) };
    directory.choose(chosen).await.expect("can be kept");
    agent
}

/// A session of the pair `other`; the last digits of the number give way to the pair's.
fn at_other(number: u64) -> SessionId {
    SessionId::of_pair(session(number * 10_000).0, &PairName::new("other").expect("is valid"))
}

fn moved(changed: Changed, session: SessionId) -> Changed {
    Changed { session, ..changed }
}

async fn enters(peer: &mut Peer, desk: DeskId, agent: AgentId) -> View {
    let view = peer.enters(desk, token(agent.0 as u8)).await.expect("is logged in");
    serde_json::from_str(&view).expect("is a view")
}

#[tokio::test]
async fn a_desk_at_one_pair_takes_a_session_of_the_other() {
    let mut pairs = Pairs::start(&[waiting(1)], &[moved(waiting(1), at_other(2))]).await;
    let (desk, agent) = (pairs.desk(), pairs.agent);
    let (main, other) = (&mut pairs.main.1, &mut pairs.other.1);
    enters(main, desk, agent).await;
    main.shows(desk, "both", |view| view.offers.len() == 2).await;
    assert_eq!(main.places().await.iter().map(|placed| placed.session).collect::<Vec<_>>(), [session(1)]);
    assert_eq!(other.places().await.iter().map(|placed| placed.session).collect::<Vec<_>>(), [at_other(2)]);
    let accept = main.starts(desk, "1", Action::Accept { session: at_other(2), seq: Seq(3) });
    let (id, _) =
        other.asked("a join", |body| matches!(body, Request::Join(join) if join.session == at_other(2))).await;
    other.joined(id);
    other.changes(moved(taken(1, agent), at_other(2)));
    main.reply_to(accept).await.expect("is his");
    main.shows(desk, "the chat", |view| view.chats.iter().any(|chat| chat.session == at_other(2))).await;
    pairs.server.shutdown().await.expect("ends in order");
}

#[tokio::test]
async fn the_loss_of_one_pair_touches_nobody_at_the_other() {
    let mut pairs = Pairs::start(&[], &[moved(waiting(1), at_other(2))]).await;
    let (desk, agent) = (pairs.desk(), pairs.agent);
    let main = &mut pairs.main.1;
    enters(main, desk, agent).await;
    main.shows(desk, "an offer", |view| view.offers.len() == 1).await;
    pairs.other.1.dies();
    main.shows(desk, "that it cannot be taken", |view| view.offers.is_empty() && view.waiting.len() == 1).await;
    main.changes(waiting(1));
    main.shows(desk, "another offer", |view| view.offers.iter().any(|offer| offer.session == session(1))).await;
    let accept = main.starts(desk, "1", Action::Accept { session: session(1), seq: Seq(3) });
    let (id, _) = main.asked("a join", |body| matches!(body, Request::Join(_))).await;
    main.joined(id);
    main.changes(taken(1, agent));
    main.reply_to(accept).await.expect("is his");
    let up =
        |server: &Interaction| server.link_statuses().into_iter().map(|(_, link)| link.connected).collect::<Vec<_>>();
    assert_eq!(up(&pairs.server), [true, false]);
    let _back = pairs.other.0.welcomes_with(&[moved(waiting(1), at_other(2))]).await;
    let offers_it = |view: &View| view.offers.iter().any(|offer| offer.session == at_other(2));
    pairs.main.1.shows(desk, "the first again", offers_it).await;
    pairs.server.shutdown().await.expect("ends in order");
}

#[tokio::test]
async fn a_desk_of_a_lost_pair_goes_on_through_the_other_and_repeats_what_it_did() {
    let mut pairs = Pairs::start(&[waiting(1)], &[]).await;
    let (desk, agent) = (pairs.desk(), pairs.agent);
    let before = enters(&mut pairs.other.1, desk, agent).await;
    let accept = || Action::Accept { session: session(1), seq: Seq(3) };
    pairs.other.1.starts(desk, "1", accept());
    let main = &mut pairs.main.1;
    let (id, _) = main.asked("a join", |body| matches!(body, Request::Join(_))).await;
    pairs.other.1.dies();
    let after = enters(main, desk, agent).await;
    assert!(after.version > before.version);
    let again = main.starts(desk, "1", accept());
    main.joined(id);
    main.changes(taken(1, agent));
    main.reply_to(again).await.expect("is his");
    main.shows(desk, "the chat", |view| view.chats.len() == 1).await;
    pairs.server.shutdown().await.expect("ends in order");
}

#[tokio::test]
async fn pairs_that_nobody_could_tell_apart_are_refused() {
    let folder = tempfile::tempdir().expect("is writable");
    let stores = stores_in(&folder);
    let link = |pair: &PairName| {
        LinkSettings::new(pair.clone(), LinkRole::Interaction, "interaction", vec!["127.0.0.1:1".to_owned()])
    };
    let refused = async |pairs: &[&PairName]| {
        let links = pairs.iter().map(|pair| link(pair)).collect();
        match Interaction::start(InteractionSettings::default(), stores.clone(), links).await {
            Err(StartError::Settings(invalid)) => invalid,
            other => panic!("it must be refused for its pairs: {other:?}"),
        }
    };
    let [main, ours] = ["main", "ours"].map(|name| PairName::new(name).expect("is valid"));
    let twin = (0_u32..).filter_map(|number| PairName::new(&format!("p{number}")).ok());
    let twin = twin.into_iter().find(|name| name.tag() == main.tag()).expect("there are only 65536 tags");
    assert_eq!(refused(&[]).await, InvalidSettings::NoPair);
    assert_eq!(refused(&[&main, &ours, &main]).await, InvalidSettings::TwoPairs(main.clone()));
    assert_eq!(refused(&[&main, &ours, &twin]).await, InvalidSettings::SameTag(main.clone(), twin.clone()));
}
