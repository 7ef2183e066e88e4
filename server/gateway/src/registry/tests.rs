//! What the link's news mean for readers, without a socket and without a link.

use std::{
    task::{Context, Waker},
    time::Instant as StdInstant,
};

use tandem_protocol::{
    ClosedReason, EngineName, Event, EventBody, LeaveReason, Pair, PairName, ParticipantKind, ParticipantState, Peer,
    RawEvent, SessionState, Timestamp, TokenHash, Visibility,
    link::{Deliver, Heads, SessionNotice},
};

use super::*;

const ROOM: ReaderKind = ReaderKind::Socket { queue_bytes_max: 4096, save_notices: false };

fn session() -> SessionId {
    "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("is a UUID")
}

fn event(seq: u64, body: EventBody) -> RawEvent {
    RawEvent::of(&Event { seq: Seq(seq), at_ms: Timestamp(1), body })
}

fn message(seq: u64) -> RawEvent {
    let client_id = ClientId::new(&format!("m-{seq}")).expect("is valid");
    event(
        seq,
        EventBody::Message {
            participant: ParticipantId(1),
            client_id,
            text: format!("text {seq}"),
            visibility: Visibility::All,
        },
    )
}

fn messages(seqs: std::ops::RangeInclusive<u64>) -> Vec<RawEvent> {
    seqs.map(message).collect()
}

fn state() -> SessionState {
    let participant = |number| ParticipantState {
        participant: ParticipantId(number),
        kind: ParticipantKind::Client,
        name: "Ada".into(),
        joined: true,
        visibility: Visibility::All,
        agent: None,
    };
    let participants = vec![participant(1), participant(2)];
    SessionState { participants, ..SessionState::default() }
}

fn page(participant: u32, head: u64, events: Vec<RawEvent>) -> Page {
    let heads = Heads { all: Seq(head), int: Seq(head), vip: Seq(head) };
    Page { participant: Some(ParticipantId(participant)), head: Seq(head), heads, events, state: state() }
}

/// A registry and what one would see of it.
struct Hall {
    registry: Registry,
}

fn registry() -> Registry {
    let name = PairName::new("main").expect("is a name");
    Registry::new(PairIndex(0), name, Arc::default(), Arc::new(Desks::new(1)))
}

impl Hall {
    fn new() -> Self {
        Self { registry: registry() }
    }

    /// A reader of this participant that has `after`; the token is the participant's.
    fn adds(&self, participant: u8, after: u64, kind: ReaderKind) -> Arc<Client> {
        let client = Arc::new(Client::new(session(), TokenHash([participant; 32]), Seq(after), kind));
        self.registry.add(&client, || Ok(())).expect("is not stopping");
        client
    }

    fn attached(&self, client: &Arc<Client>, page: Page) {
        let attached = Answer::Attached(vec![Attached::Live { session: session(), page }]);
        self.registry.on(Incoming::Answered { tag: Tag::Attach(client.clone()), outcome: Outcome::Done(attached) });
    }

    /// A reader of this participant, in step at `head`.
    fn live(&self, participant: u8, head: u64) -> Arc<Client> {
        let client = self.adds(participant, head, ROOM);
        self.attached(&client, page(participant.into(), head, vec![]));
        assert!(matches!(step(&client), Step::Arrival(_)));
        assert!(matches!(step(&client), Step::Advance));
        assert_eq!(self.registry.advance(&client), None);
        client
    }

    fn delivers(&self, after: u64, events: Vec<RawEvent>) {
        self.registry.on(Incoming::Deliver(Deliver { session: session(), after: Seq(after), events }));
    }

    fn read(&self, client: &Arc<Client>, asked: u64, page: Page) {
        let tag = Tag::Page(client.clone(), Seq(asked));
        self.registry.on(Incoming::Answered { tag, outcome: Outcome::Done(Answer::Page(page)) });
    }

    fn loses(&self) {
        self.registry.on(Incoming::Lost { at: StdInstant::now(), moved_to: None });
    }

    /// The primary hands over to an engine of epoch 5.
    fn moves(&self) {
        self.registry.on(Incoming::Lost { at: StdInstant::now(), moved_to: Some(Epoch(5)) });
    }

    fn connects(&self, epoch: u64) {
        let name = EngineName::new("b").expect("valid");
        let primary = Peer { name, address: "b:1".into(), pid: 1 };
        let pair = PairName::new("main").expect("valid");
        self.registry.on(Incoming::Connected { pair: Pair { name: pair, epoch: Epoch(epoch), primary, backup: None } });
    }

    /// The loss lasts long enough to be told.
    fn tells_of_loss(&self) {
        self.registry.tell_of_loss();
    }

    fn reattaches(&self, attached: Vec<Attached>) {
        self.registry.on(Incoming::Reattached { attached, lost_for: Duration::from_millis(87) });
    }
}

fn step(client: &Client) -> Step {
    client.next(&Context::from_waker(Waker::noop()))
}

/// The frames that wait, as JSON.
fn frames_of(client: &Client) -> Vec<serde_json::Value> {
    std::iter::from_fn(|| match step(client) {
        Step::Frame(frame) => Some(serde_json::from_str(&frame).expect("is JSON")),
        _ => None,
    })
    .collect()
}

fn seqs(frame: &serde_json::Value) -> Vec<u64> {
    let events = frame["events"].as_array().expect("is an events frame");
    events.iter().map(|event| event["seq"].as_u64().expect("is a number")).collect()
}

#[test]
fn a_reader_catches_up_page_by_page_and_then_goes_live() {
    let hall = Hall::new();
    let client = hall.adds(1, 0, ROOM);
    assert!(matches!(step(&client), Step::Idle), "nothing before the engine lets it in");
    hall.attached(&client, page(1, 4, messages(1..=2)));
    let Step::Arrival(first) = step(&client) else { panic!("the first page is not there") };
    assert_eq!((first.welcome, first.after), (Some(true), Seq(0)));
    hall.delivers(4, messages(5..=5));
    assert!(matches!(step(&client), Step::Advance), "what comes meanwhile is not queued");
    assert_eq!(hall.registry.advance(&client), Some((ParticipantId(1), Seq(2))));
    assert!(matches!(step(&client), Step::Idle), "one page is asked for at a time");
    hall.read(&client, 2, page(1, 5, messages(3..=5)));
    let Step::Arrival(second) = step(&client) else { panic!("the second page is not there") };
    assert_eq!((second.welcome, second.after), (None, Seq(2)));
    assert_eq!(hall.registry.advance(&client), None);
    hall.delivers(5, messages(6..=7));
    let frames = frames_of(&client);
    assert_eq!(frames.len(), 1);
    assert_eq!((frames[0]["after"].as_u64(), seqs(&frames[0])), (Some(5), vec![6, 7]));
}

#[test]
fn two_tabs_get_one_frame_made_once() {
    let hall = Hall::new();
    let (one, two) = (hall.live(1, 3), hall.live(1, 3));
    hall.delivers(3, messages(4..=4));
    let (Step::Frame(one), Step::Frame(two)) = (step(&one), step(&two)) else { panic!("a tab got nothing") };
    assert!(std::ptr::eq(one.as_str(), two.as_str()), "it was made twice");
}

#[test]
fn a_gap_sends_a_reader_to_read_and_a_repeat_is_dropped() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    hall.delivers(2, messages(3..=3));
    assert!(matches!(step(&client), Step::Idle));
    hall.delivers(5, messages(6..=6));
    assert!(matches!(step(&client), Step::Advance));
    assert_eq!(hall.registry.advance(&client), Some((ParticipantId(1), Seq(3))));
}

/// B-1.
#[test]
fn a_slow_reader_is_cut_off_and_nothing_is_kept_for_it() {
    let hall = Hall::new();
    let (slow, quick) = (hall.live(1, 0), hall.live(1, 0));
    for seq in 1..=100 {
        hall.delivers(seq - 1, messages(seq..=seq));
        assert_eq!(frames_of(&quick).len(), 1);
    }
    assert!(matches!(step(&slow), Step::End(Ending::SlowReader)));
    assert_eq!(slow.ending(), Some(Ending::SlowReader));
    assert_eq!(quick.ending(), None);
}

/// R-1 and R-2: the missed events come before the notice.
#[test]
fn a_reader_hears_once_of_the_loss_and_then_of_the_restoration() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    hall.loses();
    assert!(frames_of(&client).is_empty(), "it may be over soon");
    hall.tells_of_loss();
    hall.loses();
    hall.tells_of_loss();
    let frames = frames_of(&client);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0]["notice"], "connection_lost");
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 5, messages(4..=5)) }]);
    let frames = frames_of(&client);
    assert_eq!(frames.len(), 2);
    assert_eq!(seqs(&frames[0]), [4, 5]);
    assert_eq!(frames[1]["notice"], "session_restored");
    assert_eq!((frames[1]["gap_ms"].as_u64(), frames[1]["head"].as_u64()), (Some(87), Some(5)));
    assert_eq!(frames[1]["state"]["status"], "open");
}

#[test]
fn a_loss_that_is_soon_over_is_told_together_with_its_restoration() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    hall.loses();
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 4, messages(4..=4)) }]);
    hall.tells_of_loss();
    let frames = frames_of(&client);
    assert_eq!((&frames[0]["notice"], &frames[2]["notice"]), (&"connection_lost".into(), &"session_restored".into()));
    assert_eq!((seqs(&frames[1]), frames.len()), (vec![4], 3));
}

#[test]
fn a_reader_hears_nothing_of_a_planned_move() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    hall.moves();
    hall.tells_of_loss();
    hall.connects(5);
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 3, Vec::new()) }]);
    hall.tells_of_loss();
    hall.registry.counts_as_loss();
    hall.tells_of_loss();
    assert!(frames_of(&client).is_empty());
    hall.delivers(3, messages(4..=4));
    assert_eq!(seqs(&frames_of(&client)[0]), [4], "it is in step");
}

#[test]
fn a_planned_move_that_ends_at_another_epoch_was_a_loss() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    hall.moves();
    hall.connects(6);
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 4, messages(4..=4)) }]);
    let frames = frames_of(&client);
    assert_eq!((&frames[0]["notice"], &frames[2]["notice"]), (&"connection_lost".into(), &"session_restored".into()));
}

#[test]
fn a_planned_move_that_takes_long_is_told_as_a_loss() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    hall.moves();
    hall.registry.move_is_over();
    hall.tells_of_loss();
    assert!(frames_of(&client).is_empty(), "it may be over soon");
    let long_ago = StdInstant::now().checked_sub(MOVE_MAX).expect("the clock has run for so long");
    hall.registry.on(Incoming::Lost { at: long_ago, moved_to: Some(Epoch(5)) });
    hall.registry.move_is_over();
    hall.tells_of_loss();
    assert_eq!(frames_of(&client)[0]["notice"], "connection_lost");
    hall.connects(5);
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 3, Vec::new()) }]);
    assert_eq!(frames_of(&client)[0]["notice"], "session_restored");
}

#[test]
fn a_planned_move_does_not_take_back_what_a_reader_is_owed_for_a_loss_before() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    hall.loses();
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 9, messages(4..=5)) }]);
    assert_eq!(frames_of(&client)[0]["notice"], "connection_lost");
    hall.moves();
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 9, messages(4..=5)) }]);
    assert_eq!(hall.registry.advance(&client), Some((ParticipantId(1), Seq(5))));
    hall.read(&client, 5, page(1, 9, messages(6..=9)));
    assert!(matches!(step(&client), Step::Arrival(_)));
    assert_eq!(hall.registry.advance(&client), None);
    assert_eq!(frames_of(&client)[0]["notice"], "session_restored");
}

#[test]
fn a_reader_with_much_to_catch_up_hears_of_the_restoration_last() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    hall.loses();
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 9, messages(4..=5)) }]);
    let frames = frames_of(&client);
    assert_eq!(frames.len(), 2, "the loss and the first events");
    assert_eq!(hall.registry.advance(&client), Some((ParticipantId(1), Seq(5))));
    hall.read(&client, 5, page(1, 9, messages(6..=9)));
    assert!(matches!(step(&client), Step::Arrival(_)));
    assert_eq!(hall.registry.advance(&client), None);
    assert_eq!(frames_of(&client)[0]["notice"], "session_restored");
}

#[test]
fn a_reader_who_came_during_the_loss_hears_of_neither() {
    let hall = Hall::new();
    let client = hall.adds(1, 3, ROOM);
    hall.loses();
    hall.attached(&client, page(1, 3, vec![]));
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 3, vec![]) }]);
    assert!(frames_of(&client).is_empty());
}

/// R-2: complete or refused.
#[test]
fn a_history_that_never_was_is_taken_back() {
    let hall = Hall::new();
    let client = hall.live(1, 7);
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 5, vec![]) }]);
    let Step::Arrival(arrival) = step(&client) else { panic!("it was not told") };
    assert_eq!((arrival.welcome, arrival.page.head), (Some(false), Seq(5)));
    assert_eq!(hall.registry.advance(&client), Some((ParticipantId(1), Seq(0))));
    let newcomer = hall.adds(2, 8, ROOM);
    hall.attached(&newcomer, page(2, 5, vec![]));
    let Step::Arrival(arrival) = step(&newcomer) else { panic!("it was not told") };
    assert_eq!(arrival.welcome, Some(false));
}

#[test]
fn a_resume_makes_an_answer_to_an_older_question_void() {
    let hall = Hall::new();
    let client = hall.live(1, 9);
    client.resumes(Seq(4));
    assert_eq!(hall.registry.advance(&client), Some((ParticipantId(1), Seq(4))));
    client.resumes(Seq(2));
    hall.read(&client, 4, page(1, 9, messages(5..=9)));
    assert!(matches!(step(&client), Step::Advance));
    assert_eq!(hall.registry.advance(&client), Some((ParticipantId(1), Seq(2))));
    client.resumes(Seq(77));
    hall.read(&client, 2, page(1, 9, messages(3..=9)));
    assert_eq!(hall.registry.advance(&client), Some((ParticipantId(1), Seq(77))), "the engine is to judge it");
    hall.read(&client, 77, page(1, 9, vec![]));
    let Step::Arrival(arrival) = step(&client) else { panic!("it was not told") };
    assert_eq!(arrival.welcome, Some(false));
}

#[test]
fn a_closed_session_ends_its_readers_after_the_last_event() {
    let hall = Hall::new();
    let (live, late) = (hall.live(1, 3), hall.adds(2, 0, ROOM));
    hall.delivers(3, vec![message(4), event(5, EventBody::Closed { reason: ClosedReason::Ended })]);
    assert_eq!(seqs(&frames_of(&live)[0]), [4, 5]);
    assert!(matches!(step(&live), Step::End(Ending::Ended)));
    hall.attached(&late, page(2, 5, messages(1..=5)));
    assert!(matches!(step(&late), Step::Arrival(_)));
    assert_eq!(hall.registry.advance(&late), None);
    assert!(matches!(step(&late), Step::End(Ending::Ended)));
}

#[test]
fn a_participant_who_left_is_ended_and_the_others_stay() {
    let hall = Hall::new();
    let (one, two) = (hall.live(1, 3), hall.live(2, 3));
    let left =
        EventBody::Left { participant: ParticipantId(1), reason: LeaveReason::Logout, visibility: Visibility::All };
    hall.delivers(3, vec![event(4, left)]);
    assert_eq!((frames_of(&one).len(), frames_of(&two).len()), (1, 1));
    assert_eq!((one.ending(), two.ending()), (Some(Ending::Ended), None));
}

#[test]
fn words_about_leaving_end_nobody() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    let properties = [("type".to_owned(), "closed".to_owned())].into();
    hall.delivers(3, vec![event(4, EventBody::Opened { subject: None, properties })]);
    let text = r#""type":"closed""#.to_owned();
    let client_id = ClientId::new("m").expect("is valid");
    hall.delivers(
        4,
        vec![event(
            5,
            EventBody::Message { participant: ParticipantId(1), client_id, text, visibility: Visibility::All },
        )],
    );
    assert_eq!(frames_of(&client).len(), 2);
    assert_eq!(client.ending(), None);
}

#[test]
fn typing_is_told_to_the_others_only() {
    let hall = Hall::new();
    let (one, two, three) = (hall.live(1, 3), hall.live(2, 3), hall.adds(2, 0, ROOM));
    hall.registry.on(Incoming::Typing { session: session(), participant: ParticipantId(1), on: true });
    assert!(frames_of(&one).is_empty());
    assert_eq!(frames_of(&two)[0]["participant"], 1);
    assert!(frames_of(&three).is_empty(), "it is not in step");
}

#[test]
fn a_participant_is_detached_with_the_last_of_its_readers() {
    let hall = Hall::new();
    let (one, two, other) = (hall.live(1, 3), hall.live(1, 3), hall.live(2, 3));
    let pending = hall.adds(1, 0, ROOM);
    let removed = |client| {
        let mut detached = None;
        hall.registry.remove(client, |participant| detached = Some(participant));
        detached
    };
    assert_eq!(removed(&one), None);
    assert_eq!(removed(&two), None, "one of the same token is on its way in");
    hall.attached(&pending, page(1, 3, vec![]));
    assert_eq!(removed(&pending), Some(ParticipantId(1)));
    assert_eq!(removed(&pending), None);
    assert_eq!(hall.registry.session_count(), 1);
    assert_eq!(removed(&other), Some(ParticipantId(2)));
    assert_eq!(hall.registry.session_count(), 0);
}

#[test]
fn a_session_refused_after_a_failover_ends_all_its_readers() {
    let hall = Hall::new();
    let readers = [hall.live(1, 3), hall.live(2, 3)];
    let refusal = Refusal::new(ErrorCode::UnknownSession, "There is no such session.");
    hall.reattaches(vec![Attached::Refused { session: session(), refusal }]);
    assert_eq!(readers.map(|reader| reader.ending()), [Some(Ending::UnknownSession); 2]);
}

#[test]
fn a_hello_with_a_wrong_token_is_told_so() {
    let hall = Hall::new();
    let client = hall.adds(1, 0, ROOM);
    let refusal = Refusal::new(ErrorCode::Unauthorized, "The token is wrong.");
    let outcome = Outcome::Done(Answer::Attached(vec![Attached::Refused { session: session(), refusal }]));
    hall.registry.on(Incoming::Answered { tag: Tag::Attach(client.clone()), outcome });
    assert!(matches!(step(&client), Step::End(Ending::Unauthorized)));
}

/// D-1.
#[test]
fn a_message_is_acknowledged_when_the_engine_has_saved_it() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    let answers = |outcome| {
        client.sends();
        let tag = Tag::Message(client.clone(), ClientId::new("m-1").expect("is valid"), Instant::now());
        hall.registry.on(Incoming::Answered { tag, outcome });
        frames_of(&client).remove(0)
    };
    let saved = Answer::Saved { seq: Seq(4), at_ms: Timestamp(9), participant: ParticipantId(1), durable: true };
    let ack = answers(Outcome::Done(saved));
    assert_eq!(ack, serde_json::json!({"type": "ack", "client_id": "m-1", "seq": 4, "at_ms": 9}));
    let refused = answers(Outcome::Refused(Refusal::new(ErrorCode::NotSaved, "The disk is full.")));
    assert_eq!((&refused["code"], &refused["client_id"]), (&"not_saved".into(), &"m-1".into()));
    assert_eq!(refused["retry_after_ms"], 1000);
    assert_eq!(client.unacked(), 0);
}

#[test]
fn a_poll_is_woken_by_an_event_and_given_none() {
    let hall = Hall::new();
    let client = hall.adds(1, 3, ReaderKind::Poll);
    hall.attached(&client, page(1, 3, vec![]));
    assert!(matches!(step(&client), Step::Arrival(_)));
    assert_eq!(hall.registry.advance(&client), None);
    hall.loses();
    assert!(matches!(step(&client), Step::Idle));
    hall.delivers(3, messages(4..=4));
    assert!(matches!(step(&client), Step::Advance));
    assert_eq!(hall.registry.advance(&client), Some((ParticipantId(1), Seq(3))));
}

#[test]
fn a_gateway_that_stops_ends_all_and_takes_no_more() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    hall.registry.stop();
    assert!(matches!(step(&client), Step::End(Ending::GoingAway)));
    let late = Arc::new(Client::new(session(), TokenHash([1; 32]), Seq(0), ROOM));
    assert_eq!(hall.registry.add(&late, || Ok(())), Err(Ending::GoingAway));
}

fn note(seq: u64) -> RawEvent {
    let (participant, client_id) = (ParticipantId(2), ClientId::new(&format!("n-{seq}")).expect("is valid"));
    event(seq, EventBody::Message { participant, client_id, text: "between us".into(), visibility: Visibility::Int })
}

fn with_agent(mut page: Page, all: u64) -> Page {
    page.state.participants[1].kind = ParticipantKind::Agent;
    page.heads.all = Seq(all);
    page
}

#[test]
fn a_note_reaches_the_agent_and_shows_in_no_number_of_the_customer() {
    let hall = Hall::new();
    let clients = [(1, ROOM), (2, ROOM)].map(|(participant, kind)| {
        let client = hall.adds(participant, 0, kind);
        let found = with_agent(page(u32::from(participant), 4, vec![message(1), note(2), message(3), note(4)]), 3);
        let attached = Answer::Attached(vec![Attached::Live { session: session(), page: found }]);
        hall.registry.answered(Tag::Attach(client.clone()), Outcome::Done(attached));
        client
    });
    let given = clients.each_ref().map(|client| match step(client) {
        Step::Arrival(arrival) => (arrival.page.head, arrival.page.events.len()),
        other => panic!("{other:?} instead of the history"),
    });
    assert_eq!(given, [(Seq(3), 2), (Seq(4), 4)]);
    clients.iter().for_each(|client| assert_eq!(hall.registry.advance(client), None, "all is given"));
    let [customer, agent] = clients;
    hall.delivers(4, vec![note(5)]);
    assert_eq!((frames_of(&customer).len(), frames_of(&agent).len()), (0, 1));
    assert_eq!((customer.given(), agent.given()), (Seq(3), Seq(5)));
    hall.delivers(5, vec![message(6), note(7)]);
    let frames = frames_of(&customer);
    assert_eq!(frames[0]["after"], 3);
    assert!(!frames[0].to_string().contains("between us"), "{frames:?}");
    assert_eq!((customer.given(), agent.given()), (Seq(6), Seq(7)));
}

fn notified(hall: &Hall, notice: SessionNotice) {
    hall.registry.on(Incoming::Notice { session: session(), notice });
}

/// R-2: another engine may know other events under the numbers of what was never saved.
#[test]
fn a_reader_of_what_was_not_saved_starts_anew_at_another_engine_and_others_go_on() {
    let hall = Hall::new();
    let (ahead, behind) = (hall.live(1, 3), hall.live(2, 3));
    notified(&hall, SessionNotice::NotSaved { seq: Seq(3), for_clients: false });
    hall.delivers(3, messages(4..=5));
    assert_eq!(seqs(&frames_of(&ahead)[0]), [4, 5]);
    behind.resumes(Seq(3));
    hall.loses();
    // As many events as before, and not the same.
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 5, messages(4..=5)) }]);
    assert!(matches!(step(&ahead), Step::Frame(_)), "the loss");
    let Step::Arrival(arrival) = step(&ahead) else { panic!("it goes on with what never was") };
    assert_eq!((arrival.welcome, arrival.after), (Some(false), Seq(0)));
    assert_eq!(hall.registry.advance(&ahead), Some((ParticipantId(1), Seq(0))));
    assert_eq!(hall.registry.advance(&behind), Some((ParticipantId(2), Seq(3))), "it has nothing to forget");
}

#[test]
fn a_reader_of_what_was_saved_in_the_end_goes_on_at_another_engine() {
    let hall = Hall::new();
    let client = hall.live(1, 3);
    notified(&hall, SessionNotice::NotSaved { seq: Seq(3), for_clients: false });
    hall.delivers(3, messages(4..=5));
    notified(&hall, SessionNotice::Saved { seq: Seq(5), is_all: true, for_clients: false });
    assert_eq!(frames_of(&client).len(), 1, "nobody is told but the gateway");
    hall.loses();
    hall.reattaches(vec![Attached::Live { session: session(), page: page(1, 6, messages(6..=6)) }]);
    assert_eq!(seqs(&frames_of(&client)[1]), [6], "after the loss");
}

#[test]
fn saves_are_told_once_each_to_those_who_asked_and_with_numbers_that_they_may_know() {
    let hall = Hall::new();
    let asking = hall.adds(1, 3, ReaderKind::Socket { queue_bytes_max: 4096, save_notices: true });
    hall.attached(&asking, page(1, 3, vec![]));
    assert!(matches!(step(&asking), Step::Arrival(_)));
    assert_eq!(hall.registry.advance(&asking), None);
    let silent = hall.live(2, 3);
    hall.delivers(3, messages(4..=4));
    notified(&hall, SessionNotice::Saved { seq: Seq(4), is_all: true, for_clients: true });
    hall.delivers(4, vec![note(5)]);
    notified(&hall, SessionNotice::Saved { seq: Seq(5), is_all: true, for_clients: true });
    notified(&hall, SessionNotice::NotSaved { seq: Seq(5), for_clients: true });
    let told: Vec<_> = frames_of(&asking).into_iter().skip(1).collect();
    let expected = [
        serde_json::json!({"type": "notice", "notice": "ucs_save", "seq": 4}),
        serde_json::json!({"type": "notice", "notice": "ucs_save_fail"}),
    ];
    assert_eq!(told, expected, "of a note's save a customer hears nothing");
    assert_eq!(frames_of(&silent).len(), 1);
}
