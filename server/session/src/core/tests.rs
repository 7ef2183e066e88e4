//! What a core does without a crash: answers, limits, timers, errors of the store. Crashes are the simulation's.

mod erasing;
mod idleness;
mod not_restored;
mod notices;
mod operating;
mod overview;
mod relay;
mod routing;
mod unsaved;

use std::{collections::BTreeMap, time::Duration};

use tandem_protocol::{
    ClientId, ErrorCode, EventBody, LeaveReason, ParticipantId, ParticipantKind, RawEvent, Refusal, RequestId, Seq,
    SessionId, SessionStatus, Timestamp, TokenHash, Visibility,
    link::{Answer, Attach, Attached, Credential, Join, Open, Outcome, Page, Request, Send},
};

use super::{Core, Effect, LinkId, LoadedSession, OpenSession};
use crate::{Now, Record, SessionSettings};

const LINK: LinkId = LinkId(1);
const ANA: Credential = Credential::Token(TokenHash([7; 32]));

fn session(number: u128) -> SessionId {
    SessionId(uuid::Uuid::from_u128(number))
}

/// A core with a store that does what it is told, and a clock that is set by hand.
struct Desk {
    core: Core,
    now: Now,
    stored: Vec<Record>,
    next_request: u64,
    /// What went out and is no answer to the request being made.
    others: Vec<Effect>,
}

impl Desk {
    fn new() -> Self {
        Self::with(SessionSettings::default(), &[])
    }

    fn with(settings: SessionSettings, open: &[OpenSession]) -> Self {
        let now = Now { elapsed: Duration::ZERO, wall: Timestamp(0) };
        let mut core = Core::new(now, settings, open);
        core.link_up(LINK);
        Self { core, now, stored: Vec::new(), next_request: 0, others: Vec::new() }
    }

    /// Asks, without the store doing anything.
    fn submit(&mut self, body: Request) -> (RequestId, Vec<Effect>) {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        let mut effects = Vec::new();
        self.core.request(self.now, LINK, id, body, &mut effects);
        (id, effects)
    }

    /// Asks, lets the store work, and returns the answer.
    fn ask(&mut self, body: Request) -> Result<Answer, Refusal> {
        let (asked, mut effects) = self.submit(body);
        let mut answer = None;
        loop {
            for effect in std::mem::take(&mut effects) {
                match effect {
                    Effect::Answer { id, outcome, .. } if id == asked => answer = Some(outcome),
                    Effect::Load { sessions } => {
                        let loaded = sessions.iter().map(|session| self.history_of(*session)).collect();
                        self.core.loaded(self.now, loaded, &mut effects);
                    }
                    other => self.others.push(other),
                }
            }
            if let Some(batch) = self.core.take_batch() {
                self.stored.extend(batch);
                self.core.saved(self.now, &mut effects);
            } else if effects.is_empty() {
                break;
            }
        }
        match answer.expect("it is answered") {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Refused(refusal) => Err(refusal),
        }
    }

    fn history_of(&self, session: SessionId) -> LoadedSession {
        let own = self.stored.iter().filter(|record| record.session == session);
        LoadedSession { session, history: own.map(|record| (record.event.clone(), record.secret)).collect() }
    }

    fn opens(&mut self, number: u128) -> Result<Answer, Refusal> {
        self.ask(open(number))
    }

    fn says(&mut self, number: u128, client_id: &str, text: &str) -> Result<Answer, Refusal> {
        self.ask(send(number, client_id, text))
    }

    fn attaches(&mut self, number: u128, after: Seq) -> Page {
        let attach = Attach { session: session(number), by: ANA, also: Vec::new(), after };
        match self.ask(Request::Attach(vec![attach])) {
            Ok(Answer::Attached(mut attached)) => match attached.remove(0) {
                Attached::Live { page, .. } => page,
                Attached::Refused { refusal, .. } => panic!("refused: {refusal}"),
            },
            other => panic!("not attached: {other:?}"),
        }
    }

    fn passes(&mut self, time: Duration) {
        self.now.elapsed += time;
        let mut effects = Vec::new();
        self.core.tick(self.now, &mut effects);
        for effect in effects {
            match effect {
                Effect::Load { sessions } => {
                    let loaded = sessions.iter().map(|session| self.history_of(*session)).collect();
                    self.core.loaded(self.now, loaded, &mut self.others);
                }
                other => self.others.push(other),
            }
        }
        while self.core.next_deadline().is_some_and(|at| at <= self.now.elapsed) {
            self.core.tick(self.now, &mut self.others);
        }
        while let Some(batch) = self.core.take_batch() {
            self.stored.extend(batch);
            self.core.saved(self.now, &mut self.others);
        }
    }

    fn last_events(&self, count: usize) -> Vec<EventBody> {
        let from = self.stored.len().saturating_sub(count);
        self.stored[from..].iter().map(|record| record.event.parse().expect("an event").body).collect()
    }
}

fn open(number: u128) -> Request {
    let (name, token_hash) = ("Ana".into(), TokenHash([7; 32]));
    Request::Open(Open { session: session(number), subject: None, properties: BTreeMap::new(), name, token_hash })
}

fn send(number: u128, client_id: &str, text: &str) -> Request {
    let client_id = ClientId::new(client_id).expect("valid");
    Request::Send(Send { session: session(number), by: ANA, client_id, text: text.into(), visibility: Visibility::All })
}

fn join(number: u128, kind: ParticipantKind, token: u8) -> Request {
    let client_id = ClientId::new(&format!("join-{token}")).expect("valid");
    let token_hash = Some(TokenHash([token; 32]));
    Request::Join(Join {
        session: session(number),
        by: ANA,
        client_id,
        kind,
        name: "B".into(),
        token_hash,
        visibility: Visibility::All,
        agent: None,
        taking: None,
        replacing: Vec::new(),
    })
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> ErrorCode {
    outcome.expect_err("refused").code
}

fn saved_at(answer: Result<Answer, Refusal>) -> Seq {
    match answer {
        Ok(Answer::Saved { seq, .. }) => seq,
        other => panic!("not saved: {other:?}"),
    }
}

#[test]
fn nothing_is_answered_or_delivered_before_it_is_saved() {
    // D-1
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.attaches(1, Seq::ZERO);
    let (_, effects) = desk.submit(send(1, "m-1", "hi"));
    assert!(effects.is_empty(), "told before it is saved: {effects:?}");
    assert_eq!(desk.core.take_batch().expect("it waits for the store").len(), 1);
    assert!(desk.core.take_batch().is_none(), "one batch at a time");
    let page = desk.attaches(1, Seq::ZERO);
    assert_eq!(page.head, Seq(2), "a reader who comes now does not see it either");
    let mut effects = Vec::new();
    desk.core.saved(desk.now, &mut effects);
    assert!(matches!(effects[..], [Effect::Answer { .. }, Effect::Deliver { .. }]), "{effects:?}");
}

#[test]
fn a_repeat_is_answered_as_the_first_was_even_while_that_is_being_saved() {
    // D-3
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let (first, _) = desk.submit(send(1, "m-1", "hi"));
    let (second, effects) = desk.submit(send(1, "m-1", "hi"));
    assert!(effects.is_empty(), "the repeat waits like the first");
    assert_eq!(desk.core.take_batch().expect("waits").len(), 1);
    let mut effects = Vec::new();
    desk.core.saved(desk.now, &mut effects);
    let answered: Vec<RequestId> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Answer { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(answered, [first, second]);
    assert_eq!(saved_at(desk.says(1, "m-1", "hi")), Seq(3));
    assert_eq!(saved_at(desk.says(1, "m-2", "ho")), Seq(4));
}

#[test]
fn opening_twice_is_one_session_and_needs_the_same_token() {
    let mut desk = Desk::new();
    let first = desk.opens(1);
    assert!(matches!(first, Ok(Answer::Joined { participant: ParticipantId(1), seq: Seq(2) })));
    assert!(matches!(desk.opens(1), Ok(Answer::Joined { participant: ParticipantId(1), seq: Seq(2) })));
    let Request::Open(mut other) = open(1) else { unreachable!() };
    other.token_hash = TokenHash([8; 32]);
    assert_eq!(code(desk.ask(Request::Open(other))), ErrorCode::Unauthorized);
    assert_eq!(desk.core.counts().open, 1);
}

#[test]
fn a_wrong_token_and_an_unknown_session_are_told_apart_only_by_who_knows_the_id() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let by = Credential::Token(TokenHash([9; 32]));
    let read = |number| Request::Read { session: session(number), by, after: Seq::ZERO, limit: 1 };
    assert_eq!(code(desk.ask(read(1))), ErrorCode::Unauthorized);
    assert_eq!(code(desk.ask(read(2))), ErrorCode::UnknownSession);
    assert_eq!(desk.core.counts().live, 1, "an unknown session leaves nothing behind");
}

#[test]
fn at_the_limit_new_sessions_are_refused_and_existing_ones_go_on() {
    // O-1
    let mut desk = Desk::with(SessionSettings { sessions_max: 1, ..SessionSettings::default() }, &[]);
    desk.opens(1).expect("opens");
    let refusal = desk.opens(2).expect_err("refused");
    assert_eq!((refusal.code, refusal.retry_after_ms), (ErrorCode::LimitSessions, Some(1_000)));
    assert_eq!(saved_at(desk.says(1, "m-1", "hi")), Seq(3));
    desk.ask(Request::Leave { session: session(1), by: ANA }).expect("leaves");
    desk.opens(2).expect("there is room again");
}

#[test]
fn a_message_that_is_too_long_or_empty_is_refused_by_name() {
    let mut desk = Desk::with(SessionSettings { message_bytes_max: 4, ..SessionSettings::default() }, &[]);
    desk.opens(1).expect("opens");
    assert_eq!(code(desk.says(1, "m-1", "hello")), ErrorCode::MessageTooLong);
    assert_eq!(code(desk.says(1, "m-2", "")), ErrorCode::BadRequest);
    assert_eq!(saved_at(desk.says(1, "m-1", "hi")), Seq(3), "a refused id can be used again");
}

#[test]
fn the_session_ends_with_its_last_customer() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.ask(join(1, ParticipantKind::External, 8)).expect("joins");
    desk.ask(Request::Leave { session: session(1), by: ANA }).expect("leaves");
    let ended = desk.last_events(3);
    assert!(matches!(ended[0], EventBody::Left { participant: ParticipantId(1), reason: LeaveReason::Logout, .. }));
    assert!(matches!(ended[1], EventBody::Left { participant: ParticipantId(2), reason: LeaveReason::Server, .. }));
    assert!(matches!(ended[2], EventBody::Closed { .. }));
    assert_eq!(code(desk.says(1, "m-1", "hi")), ErrorCode::SessionClosed);
    desk.ask(Request::Leave { session: session(1), by: ANA }).expect("a repeat is no error");
    assert_eq!(desk.attaches(1, Seq::ZERO).state.status, SessionStatus::Closed);
}

#[test]
fn a_customer_without_connection_or_request_leaves_after_the_timeout() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.passes(Duration::from_secs(59));
    desk.says(1, "m-1", "still here").expect("a request counts as a sign of life");
    desk.passes(Duration::from_secs(59));
    assert_eq!(desk.core.counts().open, 1);
    desk.passes(Duration::from_secs(1));
    let ended = desk.last_events(2);
    assert!(matches!(ended[0], EventBody::Left { reason: LeaveReason::Gone, .. }));
    assert_eq!(desk.core.counts().open, 0);
    desk.passes(Duration::from_secs(60));
    assert_eq!(desk.core.counts().live, 0, "an ended session leaves the memory");
    assert_eq!(desk.attaches(1, Seq::ZERO).events.len(), 5, "and can be read again");
}

#[test]
fn an_attached_customer_never_times_out_until_the_link_is_gone() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.attaches(1, Seq::ZERO);
    desk.passes(Duration::from_secs(3_600));
    assert_eq!(desk.core.counts().open, 1);
    desk.core.link_down(desk.now, LINK, &mut Vec::new());
    assert_eq!(desk.core.counts().attachments, 0);
    desk.passes(Duration::from_secs(60));
    assert_eq!(desk.core.counts().open, 0);
}

#[test]
fn a_session_that_nobody_reattaches_is_closed_in_time() {
    let mut first = Desk::new();
    first.opens(1).expect("opens");
    let mut second = Desk::with(SessionSettings::default(), &[OpenSession { session: session(1) }]);
    second.stored = first.stored;
    second.passes(Duration::from_secs(59));
    assert_eq!(second.core.counts().live, 0, "nobody asked for it");
    second.passes(Duration::from_secs(1));
    let ended = second.last_events(2);
    assert!(matches!(ended[0], EventBody::Left { reason: LeaveReason::NotBack, .. }), "{ended:?}");
    assert_eq!(second.core.counts().open, 0);
}

#[test]
fn a_restored_session_knows_its_participants_and_what_it_has_been_sent() {
    let mut first = Desk::new();
    first.opens(1).expect("opens");
    first.says(1, "m-1", "hi").expect("saved");
    let mut second = Desk::with(SessionSettings::default(), &[OpenSession { session: session(1) }]);
    second.stored = first.stored;
    assert_eq!(saved_at(second.says(1, "m-1", "hi")), Seq(3), "D-3 across engines");
    assert_eq!(saved_at(second.says(1, "m-2", "ho")), Seq(4), "D-4 across engines");
    let page = second.attaches(1, Seq(2));
    assert_eq!((page.head, page.events.len(), page.participant), (Seq(4), 2, Some(ParticipantId(1))));
}

#[test]
fn a_session_that_cannot_be_saved_is_refused_and_closed_when_the_store_works_again() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.opens(2).expect("opens");
    desk.attaches(1, Seq::ZERO);
    desk.submit(send(1, "m-1", "lost"));
    desk.core.take_batch().expect("waits");
    desk.submit(send(1, "m-2", "behind it"));
    desk.submit(send(2, "m-1", "another session's"));
    let mut effects = Vec::new();
    desk.core.not_saved(desk.now, &mut effects);
    let refused = effects.iter().filter(|effect| {
        matches!(effect, Effect::Answer { outcome: Outcome::Refused(Refusal { code: ErrorCode::NotSaved, .. }), .. })
    });
    assert_eq!(refused.count(), 2, "both messages of the session, and only they: {effects:?}");
    assert_eq!(code(desk.says(1, "m-3", "more")), ErrorCode::SessionClosed);
    assert_eq!(saved_at(desk.says(2, "m-1", "another session's")), Seq(3), "other sessions go on");
    desk.passes(Duration::from_secs(5));
    let ended = desk.last_events(2);
    assert!(matches!(ended[0], EventBody::Left { reason: LeaveReason::Server, .. }), "{ended:?}");
    assert_eq!(desk.core.counts().open, 1);
}

#[test]
fn a_session_whose_opening_cannot_be_saved_never_was() {
    let mut desk = Desk::new();
    desk.submit(open(1));
    let mut effects = Vec::new();
    desk.core.loaded(desk.now, vec![LoadedSession { session: session(1), history: Vec::new() }], &mut effects);
    desk.core.take_batch().expect("waits");
    desk.core.not_saved(desk.now, &mut effects);
    assert_eq!(desk.core.counts().open, 0);
    assert_eq!(desk.core.counts().live, 0);
    desk.opens(1).expect("opens when the store works again");
}

#[test]
fn events_older_than_memory_keeps_are_read_from_the_store() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    for number in 0..100 {
        desk.says(1, &format!("m-{number}"), "hi").expect("saved");
    }
    let page = desk.attaches(1, Seq(95));
    assert_eq!((page.head, page.events.len()), (Seq(102), 7));
    let page = desk.attaches(1, Seq(1));
    assert_eq!((page.head, page.events.len()), (Seq(102), 0), "never a silent part: nothing, and a head to read to");
    let read = Request::Read { session: session(1), by: ANA, after: Seq(1), limit: 10 };
    let (asked, effects) = desk.submit(read);
    let [Effect::Read { read, after: Seq(1), events_max: 10, .. }] = effects[..] else { panic!("{effects:?}") };
    let events: Vec<RawEvent> = desk.stored[1..11].iter().map(|record| record.event.clone()).collect();
    let mut effects = Vec::new();
    desk.core.page_read(read, events, &mut effects);
    assert!(matches!(&effects[..], [Effect::Answer { id, outcome: Outcome::Done(Answer::Page(page)), .. }]
        if *id == asked && page.events.len() == 10 && page.head == Seq(102)));
}

#[test]
fn a_watching_link_is_told_of_every_open_session() {
    let mut desk = Desk::with(SessionSettings::default(), &[OpenSession { session: session(9) }]);
    let (_, effects) = desk.submit(Request::Watch);
    // Whoever has the answer knows of all there are.
    assert!(
        matches!(&effects[..], [Effect::Opened { sessions, .. }, Effect::Answer { .. }] if *sessions == [session(9)]),
        "{effects:?}"
    );
    desk.opens(1).expect("opens");
    assert!(
        desk.others.iter().any(|effect| matches!(effect, Effect::Opened { sessions, .. } if *sessions == [session(1)]))
    );
}

#[test]
fn a_reading_that_fails_is_refused_and_tried_again_with_the_next_request() {
    let mut desk = Desk::with(SessionSettings::default(), &[OpenSession { session: session(9) }]);
    desk.submit(send(9, "m-1", "hi"));
    let mut effects = Vec::new();
    desk.core.load_failed(desk.now, &[session(9)], &mut effects);
    assert!(matches!(&effects[..], [Effect::Answer { outcome: Outcome::Refused(refusal), .. }]
        if refusal.code == ErrorCode::Unavailable));
    let (_, effects) = desk.submit(send(9, "m-1", "hi"));
    assert!(matches!(effects[..], [Effect::Load { .. }]));
    assert_eq!(desk.core.counts().open, 1, "it is still one of the open sessions");
}

#[test]
fn a_reader_may_name_any_number() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    assert_eq!(desk.attaches(1, Seq(u64::MAX)).head, Seq(2));
    let read = Request::Read { session: session(1), by: ANA, after: Seq(u64::MAX), limit: 10 };
    assert!(matches!(desk.ask(read), Ok(Answer::Page(page)) if page.events.is_empty() && page.head == Seq(2)));
}

/// A core that has taken over a session of Ana's, with her reattachment parked.
fn parked() -> (Desk, Vec<Effect>) {
    let mut first = Desk::new();
    first.opens(1).expect("opens");
    let mut second = Desk::with(SessionSettings::default(), &[OpenSession { session: session(1) }]);
    second.stored = first.stored;
    let by = Credential::Participant(ParticipantId(1));
    let attach = Attach { session: session(1), by, also: Vec::new(), after: Seq(2) };
    let (_, effects) = second.submit(Request::Attach(vec![attach]));
    assert!(matches!(effects[..], [Effect::Load { .. }]));
    (second, effects)
}

#[test]
fn an_attach_whose_link_went_while_it_was_parked_attaches_nobody() {
    let (mut desk, mut effects) = parked();
    desk.core.link_down(desk.now, LINK, &mut Vec::new());
    desk.core.loaded(desk.now, vec![desk.history_of(session(1))], &mut effects);
    assert_eq!(desk.core.counts().attachments, 0);
    desk.passes(Duration::from_secs(60));
    assert_eq!(desk.core.counts().open, 0, "nobody is there, so the session ends in time");
}

#[test]
fn a_detach_that_overtakes_its_parked_attach_is_not_lost() {
    let (mut desk, mut effects) = parked();
    desk.core.detach(desk.now, LINK, session(1), Some(ParticipantId(1)));
    desk.core.loaded(desk.now, vec![desk.history_of(session(1))], &mut effects);
    assert_eq!(desk.core.counts().attachments, 0);
}

#[test]
fn a_session_that_could_not_be_read_is_looked_after_later() {
    let mut desk = Desk::with(SessionSettings::default(), &[OpenSession { session: session(1) }]);
    desk.now.elapsed = Duration::from_secs(60);
    let mut effects = Vec::new();
    desk.core.tick(desk.now, &mut effects);
    assert!(matches!(effects[..], [Effect::Load { .. }]));
    desk.core.load_failed(desk.now, &[session(1)], &mut effects);
    let due = desk.core.next_deadline().expect("it is not forgotten");
    assert!(due > desk.now.elapsed, "and a broken store is not asked in a loop");
    desk.now.elapsed = due;
    effects.clear();
    desk.core.tick(desk.now, &mut effects);
    assert!(matches!(effects[..], [Effect::Load { .. }]));
}

#[test]
fn what_one_request_numbers_is_never_split_over_two_batches() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    for number in 0..4_095 {
        desk.submit(send(1, &format!("m-{number}"), "hi"));
    }
    desk.core.loaded(desk.now, vec![LoadedSession { session: session(2), history: Vec::new() }], &mut Vec::new());
    desk.submit(open(2));
    desk.core.loaded(desk.now, vec![LoadedSession { session: session(2), history: Vec::new() }], &mut Vec::new());
    let batch = desk.core.take_batch().expect("it waits");
    let of_two = batch.iter().filter(|record| record.session == session(2)).count();
    assert!(of_two == 0 || of_two == 2, "opened without its customer: {of_two}");
}

#[test]
fn a_repeat_of_what_was_saved_is_answered_even_by_a_session_that_cannot_be_saved_any_more() {
    // D-3
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    assert_eq!(saved_at(desk.says(1, "m-1", "hi")), Seq(3));
    desk.submit(send(1, "m-2", "lost"));
    desk.core.take_batch().expect("waits");
    desk.core.not_saved(desk.now, &mut Vec::new());
    assert_eq!(saved_at(desk.says(1, "m-1", "hi")), Seq(3));
    assert_eq!(code(desk.says(1, "m-3", "more")), ErrorCode::SessionClosed);
}

/// As a role does it: an agent, or a supervisor whom only supervisors see.
fn staff(number: u128, kind: ParticipantKind, visibility: Visibility, token: u8) -> Request {
    let token_hash = Some(TokenHash([token; 32]));
    let client_id = ClientId::new(&format!("staff-{token}")).expect("valid");
    let name = "S".to_owned();
    Request::Join(Join {
        session: session(number),
        by: Credential::Role,
        client_id,
        kind,
        name,
        token_hash,
        visibility,
        agent: None,
        taking: None,
        replacing: Vec::new(),
    })
}

fn whisper(number: u128, token: u8, client_id: &str, visibility: Visibility) -> Request {
    let (by, client_id) = (Credential::Token(TokenHash([token; 32])), ClientId::new(client_id).expect("valid"));
    Request::Send(Send { session: session(number), by, client_id, text: "between us".into(), visibility })
}

#[test]
fn a_note_has_a_number_of_its_own_and_the_heads_say_who_reads_it() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.ask(staff(1, ParticipantKind::Agent, Visibility::All, 8)).expect("joins");
    desk.ask(whisper(1, 8, "n-1", Visibility::Int)).expect("is noted");
    let mut page = desk.attaches(1, Seq::ZERO);
    assert_eq!((page.head, page.heads.all, page.heads.int), (Seq(4), Seq(3), Seq(4)));
    page.narrow(Visibility::All);
    assert_eq!(page.head, Seq(3));
    assert!(page.events.iter().all(|event| !event.event.get().contains("between us")), "a customer reads a note");
}

#[test]
fn a_customer_may_not_say_what_others_cannot_read() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    assert_eq!(code(desk.ask(whisper(1, 7, "n-1", Visibility::Int))), ErrorCode::Forbidden);
    desk.ask(staff(1, ParticipantKind::Agent, Visibility::All, 8)).expect("joins");
    assert_eq!(code(desk.ask(whisper(1, 8, "n-1", Visibility::Vip))), ErrorCode::Forbidden);
    let unseen = Join { by: ANA, ..joining(staff(1, ParticipantKind::Supervisor, Visibility::Vip, 9)) };
    assert_eq!(code(desk.ask(Request::Join(unseen))), ErrorCode::Forbidden);
}

fn joining(request: Request) -> Join {
    match request {
        Request::Join(join) => join,
        other => panic!("{other:?} is no join"),
    }
}

#[test]
fn a_supervisor_is_unseen_until_he_speaks_and_then_seen_by_those_who_hear_him() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.ask(staff(1, ParticipantKind::Supervisor, Visibility::Vip, 9)).expect("watches");
    let seen_by = |desk: &mut Desk, reader: Visibility| {
        let mut page = desk.attaches(1, Seq::ZERO);
        page.narrow(reader);
        page.state.participants.len()
    };
    assert_eq!(Visibility::EACH.map(|reader| seen_by(&mut desk, reader)), [1, 1, 2]);
    desk.ask(whisper(1, 9, "n-1", Visibility::Int)).expect("whispers");
    assert_eq!(Visibility::EACH.map(|reader| seen_by(&mut desk, reader)), [1, 2, 2]);
    desk.ask(whisper(1, 9, "n-2", Visibility::All)).expect("speaks");
    assert_eq!(Visibility::EACH.map(|reader| seen_by(&mut desk, reader)), [2, 2, 2]);
    let joins = desk.last_events(4);
    let shown = |at: usize| match &joins[at] {
        EventBody::Joined { participant, visibility, .. } => (participant.0, *visibility),
        other => panic!("{other:?} shows nobody"),
    };
    assert_eq!((shown(0), shown(2)), ((2, Visibility::Int), (2, Visibility::All)));
}
