//! What the echo participant asks of the link, story by story.

use std::{collections::BTreeMap, time::Duration};

use tandem_protocol::{
    EngineName, Epoch, ErrorCode, Event, EventBody, Pair, PairName, ParticipantId, Peer, RawEvent, SessionState,
    Timestamp,
    link::{Deliver, Heads},
};

use super::*;

fn session(number: u8) -> SessionId {
    format!("00000000-0000-7000-8000-0000000000{number:02x}").parse().expect("is a UUID")
}

fn page(echo: &str) -> Page {
    let opened = EventBody::Opened { subject: None, properties: BTreeMap::new() };
    let joined = EventBody::Joined {
        participant: ParticipantId(1),
        kind: ParticipantKind::Client,
        name: "N".into(),
        client_id: tandem_protocol::ClientId::new("c").expect("valid"),
        visibility: Visibility::All,
        agent: None,
        took: None,
    };
    let state =
        SessionState { properties: BTreeMap::from([("echo".to_owned(), echo.to_owned())]), ..SessionState::default() };
    Page {
        participant: None,
        head: Seq(2),
        heads: Heads::default(),
        events: vec![event(1, opened), event(2, joined)],
        state,
    }
}

fn event(seq: u64, body: EventBody) -> RawEvent {
    RawEvent::of(&Event { seq: Seq(seq), at_ms: Timestamp(0), body })
}

fn message(session: SessionId, seq: u64) -> Incoming<Tag> {
    let client_id = tandem_protocol::ClientId::new(&format!("m-{seq}")).expect("valid");
    let body =
        EventBody::Message { participant: ParticipantId(1), client_id, text: "hi".into(), visibility: Visibility::All };
    Incoming::Deliver(Deliver { session, after: Seq(seq - 1), events: vec![event(seq, body)] })
}

fn connected() -> Incoming<Tag> {
    let name = EngineName::new("a").expect("valid");
    let primary = Peer { name, address: "h:1".into(), pid: 1 };
    let pair = Pair { name: PairName::new("main").expect("valid"), epoch: Epoch(1), primary, backup: None };
    Incoming::Connected { pair }
}

fn done(tag: Tag, answer: Answer) -> Incoming<Tag> {
    Incoming::Answered { tag, outcome: Outcome::Done(answer) }
}

fn refused(tag: Tag, code: ErrorCode) -> Incoming<Tag> {
    Incoming::Answered { tag, outcome: Outcome::Refused(Refusal::new(code, "no")) }
}

fn live(session: SessionId, echo: &str) -> Attached {
    Attached::Live { session, page: page(echo) }
}

/// In words, such as `join 1`.
fn words(done: &[Do]) -> Vec<String> {
    let number = |session: &SessionId| session.to_string()[34..].to_owned();
    done.iter()
        .map(|done| match done {
            Do::Detach(session) => format!("detach {}", number(session)),
            Do::Ask(Request::Watch, _) => "watch".to_owned(),
            Do::Ask(Request::Attach(attaches), _) => format!("attach {}", attaches.len()),
            Do::Ask(Request::Join(join), _) => format!("join {}", number(&join.session)),
            Do::Ask(Request::Send(send), _) => format!("{} {}", send.client_id, number(&send.session)),
            Do::Ask(Request::Read { after, .. }, _) => format!("read after {after}"),
            Do::Ask(other, _) => format!("{other:?}"),
        })
        .collect()
}

/// In session 1, joined.
fn in_session() -> Sessions {
    let mut sessions = Sessions::default();
    assert_eq!(words(&sessions.on(connected())), ["watch"]);
    assert!(sessions.on(done(Tag::Watch, Answer::Done)).is_empty());
    assert_eq!(words(&sessions.on(Incoming::Opened(vec![session(1)]))), ["attach 1"]);
    let attached = Answer::Attached(vec![live(session(1), "on")]);
    assert_eq!(words(&sessions.on(done(Tag::Attach(vec![session(1)]), attached))), ["join 01"]);
    let joined = Answer::Joined { participant: ParticipantId(2), seq: Seq(3) };
    assert!(sessions.on(done(Tag::Step(session(1)), joined)).is_empty());
    sessions
}

#[test]
fn a_session_that_wants_the_echo_is_joined_and_answered() {
    let mut sessions = in_session();
    let own = EventBody::Joined {
        participant: ParticipantId(2),
        kind: ParticipantKind::External,
        name: "Echo".into(),
        client_id: tandem_protocol::ClientId::new("echo").expect("valid"),
        visibility: Visibility::All,
        agent: None,
        took: None,
    };
    let delivered = Deliver { session: session(1), after: Seq(2), events: vec![event(3, own)] };
    assert!(sessions.on(Incoming::Deliver(delivered)).is_empty());
    assert_eq!(words(&sessions.on(message(session(1), 4))), ["echo-4 01"]);
}

#[test]
fn a_session_that_does_not_want_the_echo_is_detached_and_not_asked_again() {
    let mut sessions = Sessions::default();
    assert_eq!(words(&sessions.on(Incoming::Opened(vec![session(1)]))), ["attach 1"]);
    let attached = Answer::Attached(vec![live(session(1), "off")]);
    assert_eq!(words(&sessions.on(done(Tag::Attach(vec![session(1)]), attached))), ["detach 01"]);
    assert!(sessions.on(Incoming::Opened(vec![session(1)])).is_empty());
}

#[test]
fn many_sessions_are_attached_in_batches() {
    let mut sessions = Sessions::default();
    let last = u8::try_from(ATTACH_SESSIONS_MAX + 8).expect("a batch is far below 248");
    let many = (0..last).map(session).collect();
    let full = format!("attach {ATTACH_SESSIONS_MAX}");
    assert_eq!(words(&sessions.on(Incoming::Opened(many))), [full.as_str(), "attach 8"]);
}

#[test]
fn only_so_much_is_asked_at_once() {
    let mut sessions = Sessions::default();
    let many: Vec<SessionId> = (0..200).map(session).collect();
    sessions.on(Incoming::Opened(many.clone()));
    sessions.under_way = REQUESTS_MAX - 9;
    let attached = Answer::Attached(many.iter().map(|session| live(*session, "on")).collect());
    let asked = sessions.on(done(Tag::Attach(many), attached));
    assert_eq!(asked.len(), 10, "one is answered, ten are under way then");
    let joined = Answer::Joined { participant: ParticipantId(2), seq: Seq(3) };
    assert_eq!(sessions.on(done(Tag::Step(session(0)), joined)).len(), 1, "each answer makes room for one");
}

#[test]
fn a_watch_is_asked_for_once_and_again_only_when_it_is_refused() {
    let mut sessions = Sessions::default();
    assert_eq!(words(&sessions.on(connected())), ["watch"]);
    assert!(sessions.on(connected()).is_empty());
    assert!(sessions.on(refused(Tag::Watch, ErrorCode::Busy)).is_empty());
    assert_eq!(words(&sessions.on_time()), ["watch"]);
}

#[test]
fn a_refused_attach_is_repeated_later_or_given_up() {
    let mut sessions = Sessions::default();
    sessions.on(Incoming::Opened(vec![session(1)]));
    assert!(sessions.on(refused(Tag::Attach(vec![session(1)]), ErrorCode::Busy)).is_empty());
    assert_eq!(words(&sessions.on_time()), ["attach 1"]);
    sessions.on(refused(Tag::Attach(vec![session(1)]), ErrorCode::UnknownSession));
    assert!(sessions.on_time().is_empty());
    assert!(sessions.places.is_empty(), "a session that is gone is forgotten");
}

#[test]
fn what_came_while_the_link_was_lost_is_answered_after_it() {
    let mut sessions = in_session();
    let client_id = tandem_protocol::ClientId::new("m-3").expect("valid");
    let body =
        EventBody::Message { participant: ParticipantId(1), client_id, text: "hi".into(), visibility: Visibility::All };
    let missed = Page { head: Seq(3), events: vec![event(3, body)], ..page("on") };
    let attached = vec![Attached::Live { session: session(1), page: missed }];
    let reattached = Incoming::Reattached { attached, lost_for: Duration::from_millis(80) };
    assert_eq!(words(&sessions.on(reattached)), ["echo-3 01"]);
}

#[test]
fn a_session_whose_history_went_back_is_attached_anew() {
    let mut sessions = in_session();
    let shorter = Page { head: Seq(1), events: Vec::new(), ..page("on") };
    let attached = vec![Attached::Live { session: session(1), page: shorter }];
    let reattached = Incoming::Reattached { attached, lost_for: Duration::from_millis(80) };
    assert_eq!(words(&sessions.on(reattached)), ["detach 01", "attach 1"]);
}

#[test]
fn a_session_that_is_gone_after_a_loss_is_forgotten() {
    let mut sessions = in_session();
    let refusal = Refusal::new(ErrorCode::UnknownSession, "no");
    let attached = vec![Attached::Refused { session: session(1), refusal }];
    let reattached = Incoming::Reattached { attached, lost_for: Duration::from_millis(80) };
    assert!(sessions.on(reattached).is_empty());
    assert!(sessions.places.is_empty());
}
