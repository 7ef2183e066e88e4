//! What is asked for desks and what they are given, without a socket and without a link.

use std::task::{Context, Waker};

use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use tandem_protocol::{TokenHash, desk::ChosenState};
use uuid::Uuid;

use super::{super::desk::DeskStep, *};

/// A link that keeps what it is asked.
#[derive(Debug, Clone, Default)]
struct Line {
    asked: Arc<Mutex<Vec<(DeskAsk, Tag)>>>,
    full: Arc<Mutex<bool>>,
}

impl Primary for Line {
    fn ask(&self, request: Request, tag: Tag) -> Result<(), Full<Tag>> {
        let Request::Ask(ask) = request else { panic!("{request:?} is not for the interaction server") };
        if *self.full.lock().expect("no test panics under it") {
            return Err(Full { tag, refusal: Refusal::new(ErrorCode::Busy, "Too many requests are waiting.") });
        }
        self.asked.lock().expect("no test panics under it").push((ask, tag));
        Ok(())
    }
}

/// All desks, and the other end of their link.
struct Office {
    desks: Desks,
    line: Line,
}

impl Office {
    fn new() -> Self {
        let (desks, line) = (Desks::default(), Line::default());
        desks.reach(Box::new(line.clone()));
        Self { desks, line }
    }

    /// What was asked since the last look.
    fn asked(&self) -> Vec<DeskAsk> {
        self.line.asked.lock().expect("no test panics under it").drain(..).map(|(ask, _)| ask).collect()
    }

    fn opens(&self) -> Arc<Desk> {
        let desk = Arc::new(Desk::new(DeskId(Uuid::now_v7()), TokenHash([7; 32]), 1024));
        self.desks.add(&desk).expect("is not stopping");
        desk
    }

    /// A desk that has been given its welcome with the view of this version.
    fn welcomed(&self, version: u64) -> Arc<Desk> {
        let desk = self.opens();
        self.enters(&desk, version);
        assert_eq!(given(&desk)[0]["type"], "welcome");
        self.asked();
        desk
    }

    fn enters(&self, desk: &Desk, version: u64) {
        self.desks.enter_answered(desk.id, Outcome::Done(Answer::Told(view(version))));
    }

    fn is_refused(&self, desk: &Desk, code: ErrorCode) {
        self.desks.enter_answered(desk.id, refused(code));
    }

    fn shows(&self, desk: &Desk, version: u64) {
        self.desks.news(desk.id, DeskNews::View(view(version)));
    }

    fn does(&self, desk: &Desk, action: &str) {
        self.desks.does(desk.id, id(action), Action::State(ChosenState::Ready));
    }

    fn answers(&self, desk: &Desk, action: &str, outcome: Outcome) {
        self.desks.action_answered(desk.id, id(action), outcome);
    }
}

fn id(text: &str) -> ClientId {
    ClientId::new(text).expect("is valid")
}

fn view(version: u64) -> Box<RawValue> {
    to_raw_value(&json!({"version": version, "offers": []})).expect("is JSON")
}

fn told(value: &Value) -> Outcome {
    Outcome::Done(Answer::Told(to_raw_value(value).expect("is JSON")))
}

fn refused(code: ErrorCode) -> Outcome {
    Outcome::Refused(Refusal::new(code, "The story wants it so."))
}

/// All that a desk is given, as frames; an end as its close code.
fn given(desk: &Desk) -> Vec<Value> {
    let mut given = Vec::new();
    loop {
        given.push(match desk.next(&Context::from_waker(Waker::noop())) {
            DeskStep::Welcome(view) => json!({"type": "welcome", "view": view}),
            DeskStep::View(view) => json!({"type": "view", "view": view}),
            DeskStep::Frame(frame) => serde_json::from_str(&frame).expect("is JSON"),
            DeskStep::End(ending) => {
                given.push(json!(ending.code()));
                return given;
            }
            DeskStep::Idle => return given,
        });
    }
}

fn versions(given: &[Value]) -> Vec<u64> {
    given.iter().filter_map(|frame| frame["view"]["version"].as_u64()).collect()
}

/// Which actions are asked, by the ids that the desks gave them.
fn actions(asked: &[DeskAsk]) -> Vec<&str> {
    let dos = asked.iter().filter_map(|ask| if let DeskAsk::Do { id, .. } = ask { Some(id.as_str()) } else { None });
    dos.collect()
}

fn entering(asked: &[DeskAsk]) -> usize {
    asked.iter().filter(|ask| matches!(ask, DeskAsk::Enter { .. })).count()
}

#[test]
fn a_desk_enters_and_is_welcomed_with_its_view() {
    let office = Office::new();
    let desk = office.opens();
    let asked = office.asked();
    let [DeskAsk::Enter { desk: entering, token }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((*entering, *token), (desk.id, TokenHash([7; 32])));
    assert!(given(&desk).is_empty() && !desk.is_welcome());
    office.enters(&desk, 5);
    assert!(desk.is_welcome());
    assert_eq!(given(&desk), [json!({"type": "welcome", "view": {"version": 5, "offers": []}})]);
}

#[test]
fn of_views_the_newest_is_given_and_no_older_one_after_it() {
    let office = Office::new();
    let desk = office.welcomed(5);
    [6, 8, 7].iter().for_each(|version| office.shows(&desk, *version));
    assert_eq!(versions(&given(&desk)), [8]);
    [7, 8].iter().for_each(|version| office.shows(&desk, *version));
    assert!(given(&desk).is_empty());
}

#[test]
fn a_view_that_overtakes_the_answer_to_the_enter_is_the_one_that_is_given() {
    let office = Office::new();
    let newcomer = office.opens();
    office.shows(&newcomer, 9);
    assert!(given(&newcomer).is_empty(), "before the welcome there is nothing");
    office.enters(&newcomer, 8);
    assert_eq!(versions(&given(&newcomer)), [9]);
    office.desks.enter_again();
    office.shows(&newcomer, 11);
    office.enters(&newcomer, 10);
    assert_eq!(versions(&given(&newcomer)), [11]);
}

#[test]
fn what_is_no_view_is_dropped() {
    let office = Office::new();
    let desk = office.welcomed(5);
    for nothing in [json!({"offers": []}), json!({"version": 0}), json!(null)] {
        office.desks.news(desk.id, DeskNews::View(to_raw_value(&nothing).expect("is JSON")));
    }
    assert!(given(&desk).is_empty());
    let newcomer = office.opens();
    office.desks.enter_answered(newcomer.id, told(&json!(null)));
    assert_eq!(given(&newcomer), [json!(4003)]);
}

#[test]
fn a_loss_that_lasts_is_told_and_its_end_after_the_view() {
    let office = Office::new();
    let desk = office.welcomed(5);
    let lost_at = Instant::now();
    office.desks.lost(lost_at, false);
    assert!(given(&desk).is_empty(), "it may be over soon");
    office.desks.tell_of_loss(&frames::desk::connection_lost());
    office.desks.lost(Instant::now(), false);
    office.desks.tell_of_loss(&frames::desk::connection_lost());
    assert_eq!(given(&desk), [json!({"type": "notice", "notice": "connection_lost"})]);
    office.enters(&desk, 6);
    let frames = given(&desk);
    assert_eq!((versions(&frames[..1]), &frames[1]["notice"]), (vec![6], &json!("connection_restored")));
    assert!(frames[1]["gap_ms"].is_u64() && frames.len() == 2, "{frames:?}");
}

#[test]
fn a_loss_that_is_soon_over_is_told_together_with_its_end() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.desks.lost(Instant::now(), false);
    office.enters(&desk, 5);
    office.desks.tell_of_loss(&frames::desk::connection_lost());
    let notices: Vec<Value> = given(&desk).iter().map(|frame| frame["notice"].clone()).collect();
    assert_eq!(notices, ["connection_lost", "connection_restored"], "the view is not new");
}

#[test]
fn a_desk_hears_nothing_of_a_planned_move_unless_it_fails() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.desks.lost(Instant::now(), true);
    office.desks.tell_of_loss(&frames::desk::connection_lost());
    office.enters(&desk, 6);
    assert_eq!(office.desks.counts_as_lost(), 0);
    let frames = given(&desk);
    assert_eq!((versions(&frames), frames.len()), (vec![6], 1));

    office.desks.lost(Instant::now(), true);
    assert_eq!(office.desks.counts_as_lost(), 1);
    office.enters(&desk, 7);
    let notices: Vec<Value> = given(&desk).iter().map(|frame| frame["notice"].clone()).collect();
    assert_eq!(notices, [json!("connection_lost"), Value::Null, json!("connection_restored")]);
}

#[test]
fn two_losses_of_which_the_end_of_the_first_was_not_given_are_one() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.desks.lost(Instant::now(), false);
    office.enters(&desk, 6);
    office.desks.lost(Instant::now(), false);
    office.enters(&desk, 7);
    let frames = given(&desk);
    assert_eq!((&frames[0]["notice"], versions(&frames)), (&json!("connection_lost"), vec![7]));
    assert_eq!((&frames[2]["notice"], frames.len()), (&json!("connection_restored"), 3));
}

#[test]
fn a_desk_that_came_during_the_loss_hears_of_neither() {
    let office = Office::new();
    let desk = office.opens();
    office.desks.lost(Instant::now(), false);
    office.desks.tell_of_loss(&frames::desk::connection_lost());
    office.enters(&desk, 5);
    assert_eq!((given(&desk).len(), entering(&office.asked())), (1, 1), "the link repeats what it asked");
}

#[test]
fn all_desks_enter_again_after_a_loss_and_for_another_interaction_server() {
    let office = Office::new();
    let desks = [office.welcomed(5), office.welcomed(5)];
    office.desks.enter_again();
    assert_eq!(entering(&office.asked()), 2);
    office.desks.enter_again();
    office.desks.lost(Instant::now(), false);
    assert_eq!(entering(&office.asked()), 0, "what is not answered yet is answered by whoever comes");
    desks.iter().for_each(|desk| office.enters(desk, 6));
    office.desks.lost(Instant::now(), false);
    assert_eq!(entering(&office.asked()), 2);
}

/// B-1.
#[test]
fn many_desks_enter_some_at_a_time() {
    let office = Office::new();
    let desks: Vec<_> = (0..ENTERING_MAX + 2).map(|_| office.opens()).collect();
    assert_eq!(entering(&office.asked()), ENTERING_MAX);
    office.desks.remove(desks[ENTERING_MAX].id);
    office.asked();
    office.enters(&desks[0], 5);
    let asked = office.asked();
    let [DeskAsk::Enter { desk, .. }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(*desk, desks[ENTERING_MAX + 1].id, "one that is gone does not enter");
    office.desks.remove(desks[1].id);
    office.enters(&desks[1], 5);
    office.enters(&desks[2], 5);
    assert_eq!(office.desks.lock().entering, ENTERING_MAX - 2);
}

#[test]
fn a_newcomer_that_is_refused_is_told_why() {
    let office = Office::new();
    for (code, close) in [(ErrorCode::Unauthorized, 4501), (ErrorCode::Unavailable, 4003), (ErrorCode::Busy, 4004)] {
        let desk = office.opens();
        office.is_refused(&desk, code);
        assert_eq!(given(&desk), [json!(close)]);
    }
}

#[test]
fn a_desk_that_was_let_in_is_ended_only_when_it_never_will_be_again() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.desks.enter_again();
    office.asked();
    for code in [ErrorCode::Unavailable, ErrorCode::Busy] {
        office.is_refused(&desk, code);
        assert!(given(&desk).is_empty() && office.asked().is_empty());
        office.desks.enter_refused();
        assert_eq!(entering(&office.asked()), 1);
    }
    office.is_refused(&desk, ErrorCode::Unauthorized);
    assert_eq!(given(&desk), [json!(4501)]);
}

#[test]
fn a_login_that_is_revoked_ends_its_desk() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.desks.enter_again();
    office.asked();
    office.desks.news(desk.id, DeskNews::Revoked);
    office.enters(&desk, 6);
    office.does(&desk, "a-1");
    office.desks.lost(Instant::now(), false);
    assert_eq!(given(&desk), [json!(4501)]);
    assert!(office.asked().is_empty(), "nothing more is asked for it");
}

#[test]
fn an_action_is_asked_and_answered_once() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.does(&desk, "a-1");
    office.does(&desk, "a-1");
    office.does(&desk, "a-2");
    assert_eq!(actions(&office.asked()), ["a-1", "a-2"]);
    office.answers(&desk, "a-1", told(&json!({"participant": 3})));
    office.answers(&desk, "a-2", refused(ErrorCode::Taken));
    office.answers(&desk, "a-2", told(&json!(null)));
    let frames = given(&desk);
    assert_eq!(frames[0], json!({"type": "done", "id": "a-1", "result": {"participant": 3}}));
    assert_eq!((&frames[1]["id"], &frames[1]["code"]), (&json!("a-2"), &json!("taken")));
    assert_eq!(frames.len(), 2);
}

#[test]
fn what_is_done_while_the_desk_is_not_let_in_waits_in_order() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.desks.lost(Instant::now(), false);
    office.asked();
    office.does(&desk, "a-1");
    office.does(&desk, "a-2");
    assert!(office.asked().is_empty());
    office.enters(&desk, 6);
    assert_eq!(actions(&office.asked()), ["a-1", "a-2"]);
}

/// D-3: it was asked before the failover, and whoever comes after it does not know the desk yet.
#[test]
fn an_action_that_met_a_server_without_the_desk_is_asked_again() {
    let office = Office::new();
    let desk = office.welcomed(5);
    for late in [false, true] {
        office.does(&desk, "a-1");
        office.desks.enter_again();
        office.asked();
        let entered = || office.enters(&desk, 6);
        if late {
            entered();
        }
        office.answers(&desk, "a-1", refused(ErrorCode::Unavailable));
        if !late {
            assert!(office.asked().is_empty());
            entered();
        }
        assert_eq!(actions(&office.asked()), ["a-1"]);
        office.answers(&desk, "a-1", told(&json!(null)));
    }
    office.does(&desk, "a-2");
    office.answers(&desk, "a-2", refused(ErrorCode::Unavailable));
    let answers: Vec<Value> = given(&desk).iter().filter(|frame| frame["id"].is_string()).cloned().collect();
    assert_eq!((answers.len(), &answers[2]["code"]), (3, &json!("unavailable")), "this one knew the desk");
}

/// B-1.
#[test]
fn an_action_too_many_is_refused_and_the_others_go_on() {
    let office = Office::new();
    let desk = office.welcomed(5);
    (0..=ACTIONS_MAX).for_each(|number| office.does(&desk, &number.to_string()));
    assert_eq!(actions(&office.asked()).len(), ACTIONS_MAX);
    let refused = given(&desk).remove(0);
    assert_eq!((&refused["id"], &refused["code"]), (&json!(ACTIONS_MAX.to_string()), &json!("busy")));
    assert!(refused["retry_after_ms"].is_u64());
    office.answers(&desk, "0", told(&json!(null)));
    office.does(&desk, "again");
    assert_eq!(actions(&office.asked()), ["again"]);
}

#[test]
fn a_link_that_takes_no_more_refuses_newcomers_and_actions() {
    let office = Office::new();
    let desk = office.welcomed(5);
    *office.line.full.lock().expect("no test panics under it") = true;
    office.does(&desk, "a-1");
    assert_eq!(given(&desk)[0]["code"], "busy");
    assert_eq!(given(&office.opens()), [json!(4004)]);
    office.desks.enter_again();
    assert!(given(&desk).is_empty(), "it tries again");
    *office.line.full.lock().expect("no test panics under it") = false;
    office.desks.enter_refused();
    assert_eq!(entering(&office.asked()), 1);
}

/// Nobody is taken for present who is not.
#[test]
fn a_desk_that_is_gone_exits_and_never_enters_again() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.does(&desk, "a-1");
    office.asked();
    office.desks.remove(desk.id);
    office.desks.remove(desk.id);
    office.desks.lost(Instant::now(), false);
    office.desks.enter_again();
    office.answers(&desk, "a-1", told(&json!(null)));
    let exits = |asked: &[DeskAsk]| matches!(asked, [DeskAsk::Exit { desk: gone }] if *gone == desk.id);
    assert!(exits(&office.asked()));
    office.shows(&desk, 6);
    assert!(exits(&office.asked()), "news mean that the exit was lost");
    assert_eq!(office.desks.count(), 0);
}

/// B-1.
#[test]
fn a_desk_that_does_not_read_its_answers_is_cut_off() {
    let office = Office::new();
    let desk = office.welcomed(5);
    let long = json!("x".repeat(2_000));
    office.does(&desk, "a-1");
    office.answers(&desk, "a-1", told(&long));
    assert_eq!(given(&desk).len(), 1, "nothing waited before it, so it may be longer than the queue");
    for action in ["a-2", "a-3"] {
        office.does(&desk, action);
        office.answers(&desk, action, told(&long));
    }
    office.shows(&desk, 6);
    assert_eq!(desk.ending(), Some(Ending::SlowReader));
    assert_eq!(given(&desk).last(), Some(&json!(4001)));
}

#[test]
fn a_gateway_that_stops_ends_all_desks_and_takes_no_more() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.desks.stop();
    assert_eq!(given(&desk), [json!(4000)]);
    assert_eq!(office.desks.add(&desk), Err(Ending::GoingAway));
}

#[test]
fn a_desk_is_printed_without_what_it_holds() {
    let office = Office::new();
    let desk = office.opens();
    assert_eq!(format!("{desk:?}"), format!("Desk({:?})", desk.id));
}
