//! What is asked for desks and what they are given, without a socket and without a link.

mod chaos;

use std::task::{Context, Waker};

use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use tandem_protocol::{TokenHash, desk::ChosenState};
use uuid::Uuid;

use super::{super::desk::DeskStep, *};

/// The first pair, which is the only one of most stories.
const MAIN: PairIndex = PairIndex(0);

/// A second one.
const WEST: PairIndex = PairIndex(1);

/// A link that keeps what it is asked.
#[derive(Debug, Clone, Default)]
struct Line {
    asked: Arc<Mutex<Vec<(DeskAsk, Tag)>>>,
    /// Everything that is neither answered nor withdrawn.
    waiting: Arc<Mutex<Vec<Tag>>>,
    full: Arc<Mutex<bool>>,
}

impl Primary for Line {
    fn ask(&self, request: Request, tag: Tag) -> Result<(), Full<Tag>> {
        let Request::Ask(ask) = request else { panic!("{request:?} is not for the interaction server") };
        if *self.full.lock().expect("no test panics under it") {
            return Err(Full { tag, refusal: Refusal::new(ErrorCode::Busy, "Too many requests are waiting.") });
        }
        let same = match &tag {
            Tag::Enter(stay) => Tag::Enter(*stay),
            Tag::Do(stay, id) => Tag::Do(*stay, id.clone()),
            Tag::Question(question) => Tag::Question(*question),
            _ => Tag::Exit,
        };
        self.waiting.lock().expect("no test panics under it").push(same);
        self.asked.lock().expect("no test panics under it").push((ask, tag));
        Ok(())
    }

    fn withdraw(&self, is_chosen: &mut dyn FnMut(&Tag) -> bool) {
        self.waiting.lock().expect("no test panics under it").retain(|tag| !is_chosen(tag));
    }
}

impl Line {
    /// What was asked since the last look.
    fn asked(&self) -> Vec<DeskAsk> {
        self.asked.lock().expect("no test panics under it").drain(..).map(|(ask, _)| ask).collect()
    }

    /// Whether an answer to this would come to the gateway.
    fn takes_answer(&self, is_it: impl Fn(&Tag) -> bool) -> bool {
        let mut waiting = self.waiting.lock().expect("no test panics under it");
        let at = waiting.iter().position(is_it);
        at.map(|at| waiting.remove(at)).is_some()
    }
}

/// All desks, and the other ends of their links.
struct Office {
    desks: Desks,
    line: Line,
    west: Line,
}

impl Office {
    /// One pair is there.
    fn new() -> Self {
        let office = Self::with_pairs(1);
        office.desks.is_connected(MAIN);
        office
    }

    /// Of so many pairs none is there yet.
    fn with_pairs(pairs: usize) -> Self {
        let (desks, line, west) = (Desks::new(pairs), Line::default(), Line::default());
        for (at, line) in [&line, &west].into_iter().take(pairs).enumerate() {
            desks.reach(PairIndex(at), Box::new(line.clone()));
        }
        Self { desks, line, west }
    }

    /// The main pair is lost, and its next primary is there.
    fn fails_over(&self) {
        self.desks.is_lost(MAIN, Instant::now(), false);
        self.desks.is_connected(MAIN);
    }

    /// The primary of the main pair has handed over, and the next one is there.
    fn moves_as_planned(&self) {
        self.desks.is_lost(MAIN, Instant::now(), true);
        self.desks.is_connected(MAIN);
    }

    /// What was asked through the main pair since the last look.
    fn asked(&self) -> Vec<DeskAsk> {
        self.line.asked()
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
        self.enter_is_answered(&self.line, desk.id, told_view(version));
    }

    fn is_refused(&self, desk: &Desk, code: ErrorCode) {
        self.enter_is_answered(&self.line, desk.id, refused(code));
    }

    /// Through this link, if it still waits for it.
    fn enter_is_answered(&self, line: &Line, stay: DeskId, outcome: Outcome) {
        if line.takes_answer(|tag| matches!(tag, Tag::Enter(of) if *of == stay)) {
            self.desks.enter_answered(stay, outcome);
        }
    }

    fn shows(&self, desk: &Desk, version: u64) {
        self.desks.news(MAIN, desk.id, DeskNews::View(view(version)));
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

fn told_view(version: u64) -> Outcome {
    Outcome::Done(Answer::Told(view(version)))
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
    office.desks.enter_again(MAIN);
    office.shows(&newcomer, 11);
    office.enters(&newcomer, 10);
    assert_eq!(versions(&given(&newcomer)), [11]);
}

#[test]
fn what_is_no_view_is_dropped() {
    let office = Office::new();
    let desk = office.welcomed(5);
    for nothing in [json!({"offers": []}), json!({"version": 0}), json!(null)] {
        office.desks.news(MAIN, desk.id, DeskNews::View(to_raw_value(&nothing).expect("is JSON")));
    }
    assert!(given(&desk).is_empty());
    let newcomer = office.opens();
    office.enter_is_answered(&office.line, newcomer.id, told(&json!(null)));
    assert_eq!(given(&newcomer), [json!(4003)]);
}

#[test]
fn a_loss_that_lasts_is_told_and_its_end_after_the_view() {
    let office = Office::new();
    let desk = office.welcomed(5);
    let lost_at = Instant::now();
    office.desks.is_lost(MAIN, lost_at, false);
    assert!(given(&desk).is_empty(), "it may be over soon");
    office.desks.tell_of_loss();
    office.desks.is_lost(MAIN, Instant::now(), false);
    office.desks.tell_of_loss();
    assert_eq!(given(&desk), [json!({"type": "notice", "notice": "connection_lost"})]);
    office.desks.is_connected(MAIN);
    office.enters(&desk, 6);
    let frames = given(&desk);
    assert_eq!((versions(&frames[..1]), &frames[1]["notice"]), (vec![6], &json!("connection_restored")));
    assert!(frames[1]["gap_ms"].is_u64() && frames.len() == 2, "{frames:?}");
}

#[test]
fn a_loss_that_is_soon_over_is_told_together_with_its_end() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.fails_over();
    office.enters(&desk, 5);
    office.desks.tell_of_loss();
    let notices: Vec<Value> = given(&desk).iter().map(|frame| frame["notice"].clone()).collect();
    assert_eq!(notices, ["connection_lost", "connection_restored"], "the view is not new");
}

#[test]
fn a_desk_hears_nothing_of_a_planned_move_unless_it_fails() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.moves_as_planned();
    // The interaction server comes after the gateway.
    office.desks.is_deserted(MAIN, Instant::now(), true);
    office.desks.enter_again(MAIN);
    office.desks.tell_of_loss();
    office.enters(&desk, 6);
    assert_eq!(office.desks.counts_as_lost(MAIN), 0);
    let frames = given(&desk);
    assert_eq!((versions(&frames), frames.len()), (vec![6], 1));

    office.moves_as_planned();
    assert_eq!(office.desks.counts_as_lost(MAIN), 1);
    office.enters(&desk, 7);
    let notices: Vec<Value> = given(&desk).iter().map(|frame| frame["notice"].clone()).collect();
    assert_eq!(notices, [json!("connection_lost"), Value::Null, json!("connection_restored")]);
}

#[test]
fn a_planned_move_that_fails_is_told_to_the_desks_that_it_left_and_to_no_others() {
    let office = Office::with_pairs(2);
    office.desks.is_connected(MAIN);
    let ours = office.welcomed(5);
    office.desks.is_connected(WEST);
    office.desks.is_lost(MAIN, Instant::now(), true);
    assert_eq!((office.asked().len(), entering(&office.west.asked())), (0, 1), "it enters through the other at once");
    office.desks.is_lost(WEST, Instant::now(), true);
    assert_eq!(office.desks.counts_as_lost(MAIN), 0, "it moves with the other pair by now");
    office.desks.tell_of_loss();
    assert!(given(&ours).is_empty());
    assert_eq!(office.desks.counts_as_lost(WEST), 1);
    office.desks.tell_of_loss();
    assert_eq!(given(&ours), [json!({"type": "notice", "notice": "connection_lost"})]);
}

#[test]
fn two_losses_of_which_the_end_of_the_first_was_not_given_are_one() {
    let office = Office::new();
    let desk = office.welcomed(5);
    office.fails_over();
    office.enters(&desk, 6);
    office.fails_over();
    office.enters(&desk, 7);
    let frames = given(&desk);
    assert_eq!((&frames[0]["notice"], versions(&frames)), (&json!("connection_lost"), vec![7]));
    assert_eq!((&frames[2]["notice"], frames.len()), (&json!("connection_restored"), 3));
}

#[test]
fn a_desk_that_came_during_the_loss_hears_of_neither() {
    let office = Office::new();
    let desk = office.opens();
    office.fails_over();
    office.desks.tell_of_loss();
    office.enters(&desk, 5);
    assert_eq!((given(&desk).len(), entering(&office.asked())), (1, 2), "the next primary is asked anew");
}

#[test]
fn all_desks_enter_again_after_a_loss_and_for_another_interaction_server() {
    let office = Office::new();
    let desks = [office.welcomed(5), office.welcomed(5)];
    office.desks.enter_again(MAIN);
    assert_eq!(entering(&office.asked()), 2);
    office.desks.enter_again(MAIN);
    assert_eq!(entering(&office.asked()), 0, "what is not answered yet is answered by whoever comes");
    desks.iter().for_each(|desk| office.enters(desk, 6));
    for _ in 0..2 {
        office.desks.is_lost(MAIN, Instant::now(), false);
        assert_eq!(entering(&office.asked()), 0, "nobody is there");
        office.desks.is_connected(MAIN);
        assert_eq!(entering(&office.asked()), 2);
    }
    assert_eq!(office.desks.lock().entering, 2, "what the lost primary was asked is withdrawn");
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
    office.desks.enter_again(MAIN);
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
    office.desks.enter_again(MAIN);
    office.asked();
    office.desks.news(MAIN, desk.id, DeskNews::Revoked);
    office.enters(&desk, 6);
    office.does(&desk, "a-1");
    office.fails_over();
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
    office.fails_over();
    office.asked();
    office.does(&desk, "a-1");
    office.does(&desk, "a-2");
    assert!(office.asked().is_empty());
    office.enters(&desk, 6);
    assert_eq!(actions(&office.asked()), ["a-1", "a-2"]);
}

/// D-3: it was asked before, and the interaction server that comes does not know the desk yet.
#[test]
fn an_action_that_met_a_server_without_the_desk_is_asked_again() {
    let office = Office::new();
    let desk = office.welcomed(5);
    for late in [false, true] {
        office.does(&desk, "a-1");
        office.desks.enter_again(MAIN);
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
    office.desks.enter_again(MAIN);
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
    office.fails_over();
    office.desks.enter_again(MAIN);
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

/// One is asked for at two pairs, of which the main one is chosen, since the other is not there yet.
fn at_two_pairs() -> (Office, Arc<Desk>) {
    let office = Office::with_pairs(2);
    office.desks.is_connected(MAIN);
    let desk = office.welcomed(5);
    office.desks.is_connected(WEST);
    assert!(office.asked().is_empty() && office.west.asked().is_empty(), "it stays where it is");
    (office, desk)
}

/// The desk that enters through the second pair.
fn entered_west(office: &Office) -> DeskId {
    let asked = office.west.asked();
    let [DeskAsk::Enter { desk, token }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(*token, TokenHash([7; 32]));
    *desk
}

/// R-3, D-3: it need not wait for the pair that is lost, and what was done at it is done once.
#[test]
fn a_desk_whose_pair_is_lost_enters_through_another_with_what_was_not_answered() {
    let (office, desk) = at_two_pairs();
    office.does(&desk, "a-1");
    office.asked();
    assert_eq!(office.desks.is_lost(MAIN, Instant::now(), false), 1);
    let stay = entered_west(&office);
    assert_ne!(stay, desk.id, "what the lost pair does late is for a desk that is not there");
    office.does(&desk, "a-2");
    office.enter_is_answered(&office.west, stay, told_view(6));
    assert_eq!(actions(&office.west.asked()), ["a-1", "a-2"]);
    office.desks.action_answered(stay, id("a-1"), told(&json!(null)));
    office.desks.tell_of_loss();
    let frames = given(&desk);
    assert_eq!((&frames[0]["notice"], versions(&frames)), (&json!("connection_lost"), vec![6]));
    assert!(frames.iter().any(|frame| frame["id"] == "a-1" && frame["type"] == "done"), "{frames:?}");
    office.desks.is_connected(MAIN);
    assert!(office.asked().is_empty() && office.west.asked().is_empty(), "it stays where it is now");
    office.desks.remove(desk.id);
    assert!(matches!(office.west.asked().as_slice(), [DeskAsk::Exit { desk }] if *desk == stay));
}

#[test]
fn a_desk_whose_pair_has_no_interaction_server_leaves_it_and_enters_through_another() {
    let (office, desk) = at_two_pairs();
    office.desks.is_deserted(MAIN, Instant::now(), false);
    let asked = office.asked();
    assert!(matches!(asked.as_slice(), [DeskAsk::Exit { desk: gone }] if *gone == desk.id), "{asked:?}");
    let stay = entered_west(&office);
    office.enter_is_answered(&office.west, stay, told_view(6));
    office.desks.enter_again(MAIN);
    office.desks.enter_again(WEST);
    assert!(office.asked().is_empty(), "it is not there any more");
    assert_eq!(entered_west(&office), stay, "at the same pair it is the same desk");
}

/// One interaction server serves all pairs: when it is gone, it is gone from each.
#[test]
fn desks_wait_until_the_interaction_server_is_at_one_of_the_pairs() {
    let (office, desk) = at_two_pairs();
    office.desks.is_deserted(MAIN, Instant::now(), false);
    let stay = entered_west(&office);
    office.desks.is_deserted(WEST, Instant::now(), false);
    office.asked();
    office.does(&desk, "a-1");
    assert!(office.asked().is_empty() && office.west.asked().is_empty());
    assert_eq!(office.desks.lock().entering, 0);
    office.desks.enter_again(MAIN);
    let asked = office.asked();
    let [DeskAsk::Enter { desk: back, .. }] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(![desk.id, stay].contains(back), "each stay has an id of its own");
    office.enter_is_answered(&office.line, *back, told_view(9));
    assert_eq!(actions(&office.asked()), ["a-1"]);
}

/// Nobody is taken for present who is not.
#[test]
fn news_for_a_stay_that_is_over_end_it_where_they_come_from() {
    let (office, desk) = at_two_pairs();
    office.desks.is_lost(MAIN, Instant::now(), false);
    let stay = entered_west(&office);
    office.desks.is_connected(MAIN);
    office.shows(&desk, 7);
    let asked = office.asked();
    assert!(matches!(asked.as_slice(), [DeskAsk::Exit { desk: gone }] if *gone == desk.id), "{asked:?}");
    assert!(given(&desk).iter().all(|frame| frame["type"] != "view"));
    office.enter_is_answered(&office.west, stay, told_view(8));
    assert_eq!(versions(&given(&desk)), [8]);
}

#[test]
fn the_loss_of_one_pair_is_not_told_at_desks_of_another() {
    let (office, desk) = at_two_pairs();
    office.desks.is_lost(WEST, Instant::now(), false);
    office.desks.is_deserted(WEST, Instant::now(), false);
    office.desks.tell_of_loss();
    assert!(given(&desk).is_empty() && office.asked().is_empty());
}

#[tokio::test]
async fn a_question_is_asked_through_another_pair_when_the_first_is_lost_before_it_has_answered() {
    let office = Office::with_pairs(2);
    let mut login = office.desks.question(DeskAsk::Logout { token: TokenHash([1; 32]) }).expect("there is room");
    assert!(office.asked().is_empty(), "nobody is there");
    office.desks.is_connected(MAIN);
    assert_eq!(office.asked().len(), 1);
    office.desks.is_lost(MAIN, Instant::now(), false);
    office.desks.is_connected(WEST);
    assert_eq!(office.west.asked().len(), 1);
    assert!(!office.line.takes_answer(|tag| matches!(tag, Tag::Question(_))), "it is taken back");
    let question = *office.desks.lock().questions.first_key_value().expect("it waits").0;
    office.desks.question_answered(question, told(&json!(null)));
    assert!(matches!(login.answered().await, Some(Outcome::Done(Answer::Told(_)))));
}

/// B-1.
#[test]
fn a_question_that_nobody_waits_for_is_forgotten() {
    let office = Office::with_pairs(1);
    drop(office.desks.question(DeskAsk::Logout { token: TokenHash([1; 32]) }));
    office.desks.is_connected(MAIN);
    assert!(office.asked().is_empty() && office.desks.lock().questions.is_empty());
}
