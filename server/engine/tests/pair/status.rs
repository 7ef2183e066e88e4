//! How a pair stands, as its primary tells operators.

use tandem_protocol::{
    Blocker,
    control::{Control, PairStatus, SessionSummary, Told},
};

use super::{
    switchover::Two,
    troubled::{At, Troubled},
    *,
};

impl Peer {
    async fn status(&mut self) -> PairStatus {
        match self.controls(Control::Status).await {
            Outcome::Done(Answer::Control(Told::Status(status))) => *status,
            other => panic!("not a status: {other:?}"),
        }
    }

    /// Asks until it is as wanted.
    async fn status_when(&mut self, is_so: impl Fn(&PairStatus) -> bool) -> PairStatus {
        let asking = async {
            loop {
                let status = self.status().await;
                if is_so(&status) {
                    return status;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, asking).await.expect("the status becomes so in time")
    }

    async fn sessions(&mut self, after: Option<SessionId>, limit: u32) -> Vec<SessionSummary> {
        match self.controls(Control::Sessions { after, limit }).await {
            Outcome::Done(Answer::Control(Told::Sessions(sessions))) => sessions,
            other => panic!("no sessions: {other:?}"),
        }
    }

    async fn attaches(&mut self, session: SessionId, by: Credential) {
        let attach = Attach { session, by, also: Vec::new(), after: Seq::ZERO };
        let attached = self.asks(Request::Attach(vec![attach])).await;
        assert!(matches!(attached, Outcome::Done(Answer::Attached(_))), "{attached:?}");
    }
}

fn some_session() -> SessionId {
    SessionId(uuid::Uuid::now_v7())
}

#[test]
fn an_operator_reads_who_serves_who_stands_by_and_who_is_linked() {
    let two = Two::start();
    block_on(async {
        let (mut gateway, epoch) = Peer::knowing(&two.primary).await;
        let mut operator = Peer::dial_as(LinkRole::Control, &two.primary, "main", Epoch::ZERO).await;
        let status = operator.status_when(|status| status.blockers.is_empty()).await;
        assert_eq!((status.pair.as_str(), status.epoch), ("main", epoch));
        let primary = &status.primary;
        assert_eq!((primary.name.as_str(), primary.address.as_str()), ("a", two.primary.address.as_str()));
        assert_eq!((primary.pid, primary.version.as_str()), (std::process::id(), "1.0.0"));
        assert!(primary.started_ms <= status.since_ms && status.since_ms <= status.at_ms, "{status:?}");
        let backup = status.backup.expect("one stands by");
        let engine = &backup.engine;
        assert_eq!((engine.name.as_str(), engine.address.as_str()), ("b", two.backup.address.as_str()));
        assert_eq!((engine.version.as_str(), &engine.host), ("1.0.0", &primary.host));
        let apart_ms = engine.started_ms.0.abs_diff(primary.started_ms.0);
        assert!(!engine.host.is_empty() && apart_ms < 1_000, "both are this very process: {engine:?}");
        assert!(status.since_ms <= backup.since_ms && backup.heard_ms_ago < 3_000, "{backup:?}");
        let links: Vec<_> = status.links.iter().map(|link| (link.role.as_str(), link.knows_pair)).collect();
        assert_eq!(links, [("gateway", true), ("control", false)]);
        assert!(status.links.iter().all(|link| link.from.starts_with("127.0.0.1:") && link.since_ms.is_some()));
        assert_eq!((status.store.place.as_str(), status.store.in_reach), ("a folder", true));
        assert!(status.drills_allowed);
        // A gateway is told the same.
        assert_eq!(gateway.status().await.primary, status.primary);
    });
}

#[test]
fn an_operator_reads_how_many_sessions_there_are_and_how_fast_they_are_served() {
    let two = Two::start();
    let session = some_session();
    block_on(async {
        let (mut gateway, _) = Peer::knowing(&two.primary).await;
        let status = gateway.status().await;
        assert_eq!((status.sessions.open, status.traffic.messages), (0, 0));
        assert_eq!((status.traffic.answer_p50_us, status.saving.save_p50_us), (None, None));
        assert!(matches!(gateway.asks(open(session)).await, Outcome::Done(_)));
        assert!(matches!(gateway.asks(open(some_session())).await, Outcome::Done(_)));
        gateway.attaches(session, ANA).await;
        for number in 1..=5 {
            gateway.says(session, &format!("m-{number}")).await;
        }
        assert_eq!(gateway.says(session, "m-5").await, Seq(7), "a repeat is no further message");
        let status = gateway.status().await;
        let counts = status.sessions;
        assert_eq!((counts.open, counts.live, counts.waiting, counts.clients), (2, 2, 0, 1));
        assert_eq!((counts.sessions_max, counts.clients_max), (100_000, 200_000));
        let traffic = status.traffic;
        assert_eq!(traffic.messages, 5);
        assert!(traffic.messages_per_s > 0.0 && traffic.answer_p50_us <= traffic.answer_p99_us, "{traffic:?}");
        let saving = status.saving;
        assert_eq!((saving.waiting, saving.batch_ms, saving.sessions_behind), (0, None, 0));
        assert!(traffic.answer_p99_us.is_some() && saving.save_p99_us.is_some(), "{traffic:?} {saving:?}");
    });
}

#[test]
fn an_operator_reads_that_the_store_stands_still_and_then_that_it_is_out_of_reach() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, trouble) = Troubled::open(dir.path(), &main_pair());
    let primary = Killable::start_on("a", Arc::new(store));
    let session = some_session();
    block_on(async {
        primary.is(is_primary).await;
        let (mut gateway, _) = Peer::welcomed_by(&primary).await;
        assert!(matches!(gateway.asks(open(session)).await, Outcome::Done(_)));
        let mut operator = Peer::dial_as(LinkRole::Control, &primary, "main", Epoch::ZERO).await;
        let status = operator.status().await;
        assert_eq!(status.backup, None);
        assert!(status.blockers.contains(&Blocker::NoBackup), "{:?}", status.blockers);
        assert!(status.store.in_reach && !status.blockers.contains(&Blocker::StoreNotWritable));

        trouble.stalls(At::Append);
        let client_id = ClientId::new("m-1").expect("valid");
        let text = "hi".into();
        let send = tandem_protocol::link::Send { session, by: ANA, client_id, text, visibility: Visibility::All };
        let body = Request::Send(send);
        gateway
            .outbox
            .push(frame(&ToEngine::Request { id: RequestId(90), body, trace: None }))
            .expect("the connection holds");
        trouble.is_reached().await;
        let status = operator.status().await;
        assert_eq!(status.saving.waiting, 1);
        assert!(status.saving.batch_ms.is_some(), "{:?}", status.saving);
        // Long enough there, it is in the way of a switchover.
        operator.status_when(|status| status.blockers.contains(&Blocker::StoreNotWritable)).await;
        trouble.lets_go();
        operator.status_when(|status| status.saving.waiting == 0 && status.saving.batch_ms.is_none()).await;

        trouble.cuts_off();
        let status = operator.status_when(|status| !status.store.in_reach).await;
        assert!(status.blockers.contains(&Blocker::StoreNotWritable), "{:?}", status.blockers);
    });
    primary.kill();
}

#[test]
fn an_operator_pages_through_all_open_sessions_at_the_successor_too() {
    let two = Two::start();
    let mut sessions: Vec<SessionId> = (0..5).map(|_| some_session()).collect();
    block_on(async {
        let (mut gateway, _) = Peer::knowing(&two.primary).await;
        for session in &sessions {
            assert!(matches!(gateway.asks(open(*session)).await, Outcome::Done(_)));
        }
        let ended = sessions.pop().expect("there are five");
        let by = Credential::Role;
        assert!(matches!(gateway.asks(Request::Close { session: ended, by }).await, Outcome::Done(_)));
        sessions.sort_unstable();
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = gateway.sessions(after, 3).await;
            let Some(last) = page.last() else { break };
            after = Some(last.session);
            listed.extend(page);
        }
        let ids: Vec<SessionId> = listed.iter().map(|summary| summary.session).collect();
        assert_eq!(ids, sessions);
        let first = &listed[0];
        assert!(first.live && first.opened_at_ms.is_some() && first.waits_in.is_none() && !first.drill, "{first:?}");
        assert_eq!((first.head, first.participants, first.connected), (Some(Seq(2)), 1, 0));

        two.primary.kill();
        two.backup.is(is_primary).await;
        let (mut gateway, _) = Peer::welcomed_by(&two.backup).await;
        let counts = gateway.status().await.sessions;
        assert_eq!((counts.open, counts.live), (4, 0), "nobody has asked for them");
        gateway.attaches(sessions[1], Credential::Participant(ParticipantId(1))).await;
        let listed = gateway.sessions(None, 1_000).await;
        let told: Vec<_> = listed.iter().map(|summary| (summary.session, summary.live, summary.connected)).collect();
        let expected: Vec<_> = sessions.iter().enumerate().map(|(at, id)| (*id, at == 1, u32::from(at == 1))).collect();
        assert_eq!(told, expected);
        assert_eq!((listed[0].opened_at_ms, listed[0].head), (None, None), "it has not been read");
        tokio::task::block_in_place(|| two.backup.kill());
    });
}

#[test]
fn a_bot_is_not_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let primary = Killable::start("a", dir.path());
    block_on(async {
        primary.is(is_primary).await;
        let mut bot = Peer::dial_as(LinkRole::External, &primary, "main", Epoch::ZERO).await;
        let refused = bot.controls(Control::Status).await;
        assert!(matches!(refused, Outcome::Refused(refusal) if refusal.code == ErrorCode::Forbidden));
    });
    primary.stop();
}
