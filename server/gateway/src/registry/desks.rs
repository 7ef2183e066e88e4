//! The desks on this gateway: the interaction server is told that each is there and what is done at it.
//!
//! A desk enters through one of the pairs and has *entered* when the interaction server has answered with a view. When
//! that pair is lost or the interaction server at it, its desks enter again, some at a time and without a WebSocket that
//! is closed: at once through another pair, or through whichever is there first. What people do meanwhile waits and is
//! answered once. One lock guards all desks, and what is asked for a desk is asked under it: so nobody enters after he
//! has gone. Order of locks: desks, then a mailbox, then whatever a link locks to queue a request.

mod questions;
mod ways;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use tandem_link::{Full, Link};
use tandem_protocol::{
    ClientId, DeskId, ErrorCode, Refusal,
    desk::{ACTIONS_MAX, Action, DeskAsk, DeskNews},
    link::{Answer, Outcome, Request},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use uuid::Uuid;

pub(crate) use self::questions::QuestionId;
use self::{
    questions::Question,
    ways::{Way, Ways},
};
use super::{
    LOSS_TOLD_AFTER, PairIndex, Registry, Tag,
    desk::{Desk, NewView},
    unexpected,
};
use crate::{frames, problem::Ending};

/// Desks that enter at the same time: so a large contact centre does not fall upon an interaction server that has
/// just been started, and each desk waits for a few answers at most.
const ENTERING_MAX: usize = 64;

/// The pause before desks that were refused for a while enter again.
const ENTER_PAUSE: Duration = Duration::from_secs(1);

/// Who is asked: the link to a pair.
pub(crate) trait Primary: fmt::Debug + Send + Sync {
    /// As [`Link::submit`].
    fn ask(&self, request: Request, tag: Tag) -> Result<(), Full<Tag>>;

    /// As [`Link::withdraw`].
    fn withdraw(&self, is_chosen: &mut dyn FnMut(&Tag) -> bool);
}

impl Primary for Link<Registry> {
    fn ask(&self, request: Request, tag: Tag) -> Result<(), Full<Tag>> {
        self.submit(request, tag)
    }

    fn withdraw(&self, is_chosen: &mut dyn FnMut(&Tag) -> bool) {
        Self::withdraw(self, is_chosen);
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Desks {
    /// One a pair, there before the first desk.
    primaries: Vec<OnceLock<Box<dyn Primary>>>,
    state: Mutex<State>,
    /// A desk was refused for a while.
    refused: Notify,
    /// There was a loss of which desks are to be told.
    loss: Notify,
}

#[derive(Debug)]
struct State {
    ways: Ways,
    seats: HashMap<DeskId, Seat>,
    /// Whose stay is under way, by the id that the interaction server knows it by.
    stays: HashMap<DeskId, DeskId>,
    /// The desks that have become [`Entrance::Due`], in this order.
    due: VecDeque<DeskId>,
    /// Enters without an answer, at most [`ENTERING_MAX`].
    entering: usize,
    /// By number, which is the order in which they came.
    questions: BTreeMap<QuestionId, Question>,
    questions_asked: u64,
    stopping: bool,
}

/// A desk and what is under way for it.
#[derive(Debug)]
struct Seat {
    desk: Arc<Desk>,
    entrance: Entrance,
    /// Where it has asked to be let in last, if it has.
    stay: Option<Stay>,
    /// The pair by whose planned move it was left last.
    moves_with: Option<PairIndex>,
    /// How often it has entered.
    entered: u64,
    /// What was done at it and is not answered, in order; at most [`ACTIONS_MAX`].
    actions: Vec<Doing>,
}

/// A desk at a pair. At another pair it is another desk to the interaction server: what was asked for it before and is
/// done late, because the pair that was lost comes back to it, then cannot undo its entrance at the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stay {
    pair: PairIndex,
    desk: DeskId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entrance {
    /// It is to enter.
    Due,
    /// It has asked. The engine repeats that to the interaction server that comes, so it need not ask again.
    Asked,
    /// It was let in, and the interaction server knows it.
    Entered,
    /// It was refused for a while.
    Refused,
    /// It is ended, and only its socket is not gone yet.
    Ended,
}

#[derive(Debug)]
struct Doing {
    id: ClientId,
    action: Action,
    /// Which entrance it was asked after; none when it waits for the next.
    asked_after: Option<u64>,
}

impl Desks {
    /// No desks, and none of so many pairs is there yet.
    pub(crate) fn new(pairs: usize) -> Self {
        let state = State {
            ways: Ways::new(pairs),
            seats: HashMap::new(),
            stays: HashMap::new(),
            due: VecDeque::new(),
            entering: 0,
            questions: BTreeMap::new(),
            questions_asked: 0,
            stopping: false,
        };
        let primaries = (0..pairs).map(|_| OnceLock::new()).collect();
        Self { primaries, state: Mutex::new(state), refused: Notify::new(), loss: Notify::new() }
    }

    /// From now on there is somebody to ask at this pair.
    pub(crate) fn reach(&self, pair: PairIndex, primary: Box<dyn Primary>) {
        self.primaries[pair.0].set(primary).expect("a pair has one link");
    }

    /// Adds a desk, which enters. An error when the gateway is stopping.
    pub(crate) fn add(&self, desk: &Arc<Desk>) -> Result<(), Ending> {
        let mut state = self.lock();
        if state.stopping {
            return Err(Ending::GoingAway);
        }
        let seat = Seat {
            desk: desk.clone(),
            entrance: Entrance::Due,
            stay: None,
            moves_with: None,
            entered: 0,
            actions: Vec::new(),
        };
        state.seats.insert(desk.id, seat);
        state.due.push_back(desk.id);
        self.enter_due(&mut state);
        Ok(())
    }

    /// A desk is gone: so is the presence of whoever was at it.
    pub(crate) fn remove(&self, desk: DeskId) {
        let mut state = self.lock();
        if let Some(seat) = state.seats.remove(&desk) {
            state.due.retain(|due| *due != desk);
            self.end_stay(&mut state, seat.stay);
        }
    }

    /// Something is done at a desk. A repeat of what is not answered yet is answered with it (D-3).
    pub(crate) fn does(&self, desk: DeskId, id: ClientId, action: Action) {
        let mut state = self.lock();
        let Some(seat) = state.seats.get_mut(&desk) else { return };
        if seat.actions.iter().any(|doing| doing.id == id) {
            return;
        }
        if seat.actions.len() >= ACTIONS_MAX {
            let refusal = Refusal::new(ErrorCode::Busy, "Too many actions of this desk wait for their answer.");
            return seat.desk.says(frames::desk::refused(id, &refusal));
        }
        seat.actions.push(Doing { id, action, asked_after: None });
        self.ask_actions(seat);
    }

    /// Ends all desks and takes no more.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopping = true;
        state.seats.values_mut().for_each(|seat| seat.end(Ending::GoingAway));
    }

    /// Desks that are there.
    pub(crate) fn count(&self) -> usize {
        self.lock().seats.len()
    }

    /// The answer to an enter.
    pub(super) fn enter_answered(&self, stay: DeskId, outcome: Outcome) {
        let mut state = self.lock();
        state.entering -= 1;
        if let Some(seat) = state.seat_at(stay).filter(|seat| seat.entrance == Entrance::Asked) {
            match view_of(outcome) {
                Ok(view) => {
                    seat.entrance = Entrance::Entered;
                    seat.entered += 1;
                    seat.desk.is_entered(view, Instant::now());
                    self.ask_actions(seat);
                }
                Err(refusal) => self.not_entered(seat, &refusal),
            }
        }
        self.enter_due(&mut state);
    }

    /// The answer to an action. One that met an interaction server that did not know the desk yet is asked again.
    pub(super) fn action_answered(&self, stay: DeskId, id: ClientId, outcome: Outcome) {
        let mut state = self.lock();
        let Some(seat) = state.seat_at(stay) else { return };
        let Some(at) = seat.actions.iter().position(|doing| doing.id == id) else { return };
        let is_known = seat.entrance == Entrance::Entered && seat.actions[at].asked_after == Some(seat.entered);
        let frame = match outcome {
            Outcome::Refused(refusal) if refusal.code == ErrorCode::Unavailable && !is_known => {
                seat.actions[at].asked_after = None;
                return self.ask_actions(seat);
            }
            Outcome::Refused(refusal) => frames::desk::refused(id, &refusal),
            Outcome::Done(Answer::Told(result)) => frames::desk::done(id, &result),
            Outcome::Done(answer) => frames::desk::refused(id, &unexpected(&answer)),
        };
        seat.actions.remove(at);
        seat.desk.says(frame);
    }

    /// The interaction server has news for a desk, over the link to this pair.
    pub(super) fn news(&self, pair: PairIndex, stay: DeskId, news: DeskNews) {
        let mut state = self.lock();
        match (state.seat_at(stay), news) {
            (Some(seat), DeskNews::View(json)) => match NewView::read(json) {
                Some(view) => seat.desk.is_shown(view),
                None => tracing::error!("the interaction server sent a view without a version"),
            },
            (Some(seat), DeskNews::Revoked) => seat.end(Ending::Unauthorized),
            // Its exit is on its way, or was lost: nobody may be taken for present who is not.
            (None, _) => self.exit(Stay { pair, desk: stay }),
        }
    }

    /// A primary of the pair is there, and the interaction server too unless the primary says that it is not.
    pub(super) fn is_connected(&self, pair: PairIndex) {
        let mut state = self.lock();
        state.ways.set(pair, Way::Open);
        self.go_on(&mut state);
    }

    /// The pair is lost: the primary that comes has been asked nothing, so that it meets nothing that has been asked
    /// elsewhere meanwhile. `is_planned` says that it moves as planned. Says how many desks were there.
    pub(super) fn is_lost(&self, pair: PairIndex, at: Instant, is_planned: bool) -> usize {
        self.leave(pair, Way::Away, at, is_planned)
    }

    /// The primary says that no interaction server is linked to it; `is_planned` says that it is expected after a move.
    pub(super) fn is_deserted(&self, pair: PairIndex, at: Instant, is_planned: bool) -> usize {
        self.leave(pair, Way::Deserted, at, is_planned)
    }

    /// Another interaction server is at this pair, or the same again: it knows no desk that entered there.
    pub(super) fn enter_again(&self, pair: PairIndex) -> usize {
        let mut state = self.lock();
        state.ways.set(pair, Way::Open);
        let those = [Entrance::Entered, Entrance::Refused];
        let again = state.make_due(|seat| seat.is_at(pair) && those.contains(&seat.entrance));
        self.go_on(&mut state);
        again
    }

    /// The planned move of this pair has failed or takes too long; how many desks it has left without an engine.
    pub(super) fn counts_as_lost(&self, pair: PairIndex) -> usize {
        let state = self.lock();
        let left = state.seats.values().filter(|seat| seat.moves_with == Some(pair));
        let left = left.filter(|seat| seat.desk.counts_as_lost()).count();
        if left > 0 {
            self.loss.notify_one();
        }
        left
    }

    /// Tells desks of a loss that lasts.
    pub(super) fn tell_of_loss(&self) {
        let notice = frames::desk::connection_lost();
        self.lock().seats.values().for_each(|seat| seat.desk.is_told_of_loss(&notice));
    }

    /// What is done at its time and not at news: tells of each loss that lasts, and has desks try again to enter. For
    /// as long as it is polled.
    pub(crate) async fn keep_times(&self) {
        let tell_of_losses = async {
            loop {
                self.loss.notified().await;
                sleep(LOSS_TOLD_AFTER).await;
                self.tell_of_loss();
            }
        };
        tokio::join!(tell_of_losses, self.retry());
    }

    /// Has desks that were refused for a while enter again; for as long as it is polled.
    async fn retry(&self) {
        loop {
            self.refused.notified().await;
            sleep(ENTER_PAUSE).await;
            self.enter_refused();
        }
    }

    fn enter_refused(&self) {
        let mut state = self.lock();
        state.make_due(|seat| seat.entrance == Entrance::Refused);
        self.enter_due(&mut state);
    }

    /// Takes back what was asked through this pair, and asks through another where there is one.
    fn leave(&self, pair: PairIndex, way: Way, at: Instant, is_planned: bool) -> usize {
        let mut state = self.lock();
        state.ways.set(pair, way);
        if let Some(primary) = self.primaries[pair.0].get() {
            let entering = &mut state.entering;
            primary.withdraw(&mut |tag| {
                *entering -= usize::from(matches!(tag, Tag::Enter(_)));
                matches!(tag, Tag::Enter(_) | Tag::Do(..) | Tag::Exit | Tag::Question(_))
            });
        }
        let there = state.seats.values_mut().filter(|seat| seat.is_at(pair) && seat.entrance != Entrance::Ended);
        for seat in there {
            seat.desk.is_lost(at, is_planned);
            seat.moves_with = is_planned.then_some(pair);
            seat.actions.iter_mut().for_each(|doing| doing.asked_after = None);
        }
        let left = state.make_due(|seat| seat.is_at(pair) && !matches!(seat.entrance, Entrance::Due | Entrance::Ended));
        Self::unask_questions(&mut state, pair);
        self.go_on(&mut state);
        if !is_planned {
            self.loss.notify_one();
        }
        left
    }

    /// Asks what waits for a way.
    fn go_on(&self, state: &mut State) {
        self.enter_due(state);
        self.ask_questions(state);
    }

    fn enter_due(&self, state: &mut State) {
        while state.entering < ENTERING_MAX
            && let Some(desk) = state.due.pop_front()
        {
            let Some(seat) = state.seats.get(&desk).filter(|seat| seat.entrance == Entrance::Due) else { continue };
            let here = seat.stay.map(|stay| stay.pair);
            let Some(pair) = state.ways.choose(here, desk.0.as_u128()) else {
                state.due.push_front(desk);
                return;
            };
            let stay = self.begin_stay(state, desk, pair);
            let seat = state.seats.get_mut(&desk).expect("was there just now");
            match self.ask(pair, DeskAsk::Enter { desk: stay, token: seat.desk.token }, Tag::Enter(stay)) {
                Ok(()) => {
                    seat.entrance = Entrance::Asked;
                    state.entering += 1;
                }
                Err(refusal) => self.not_entered(seat, &refusal),
            }
        }
    }

    /// The id by which the desk enters at this pair: where it was before, the one that it had.
    fn begin_stay(&self, state: &mut State, desk: DeskId, pair: PairIndex) -> DeskId {
        let before = state.seats.get(&desk).and_then(|seat| seat.stay);
        if let Some(stay) = before.filter(|stay| stay.pair == pair) {
            return stay.desk;
        }
        self.end_stay(state, before);
        let stay = Stay { pair, desk: if before.is_none() { desk } else { DeskId(Uuid::now_v7()) } };
        state.stays.insert(stay.desk, desk);
        if let Some(seat) = state.seats.get_mut(&desk) {
            seat.stay = Some(stay);
        }
        stay.desk
    }

    /// The desk is no longer there. A pair that is lost has taken all its desks with it.
    fn end_stay(&self, state: &mut State, stay: Option<Stay>) {
        let Some(stay) = stay else { return };
        state.stays.remove(&stay.desk);
        if state.ways.at(stay.pair) != Way::Away {
            self.exit(stay);
        }
    }

    /// A newcomer is told; a desk that was let in before stays, unless it never will be again.
    fn not_entered(&self, seat: &mut Seat, refusal: &Refusal) {
        let ending = Ending::from(refusal.code);
        if seat.desk.is_welcome() && ending.passes() {
            seat.entrance = Entrance::Refused;
            self.refused.notify_one();
        } else {
            seat.end(ending);
        }
    }

    /// Asks what waits, once the desk has entered.
    fn ask_actions(&self, seat: &mut Seat) {
        let Seat { desk, entrance: Entrance::Entered, stay: Some(stay), entered, actions, .. } = seat else { return };
        actions.retain_mut(|doing| {
            if doing.asked_after.is_some() {
                return true;
            }
            let ask = DeskAsk::Do { desk: stay.desk, id: doing.id.clone(), action: doing.action.clone() };
            match self.ask(stay.pair, ask, Tag::Do(stay.desk, doing.id.clone())) {
                Ok(()) => doing.asked_after = Some(*entered),
                Err(refusal) => desk.says(frames::desk::refused(doing.id.clone(), &refusal)),
            }
            doing.asked_after.is_some()
        });
    }

    /// If the link is too full to take it, the next news for the desk bring it about again.
    fn exit(&self, Stay { pair, desk }: Stay) {
        if let Err(refusal) = self.ask(pair, DeskAsk::Exit { desk }, Tag::Exit) {
            tracing::debug!(%desk, %refusal, "an exit could not be told");
        }
    }

    fn ask(&self, pair: PairIndex, ask: DeskAsk, tag: Tag) -> Result<(), Refusal> {
        let primary = self.primaries[pair.0].get().expect("a desk comes after the links");
        primary.ask(Request::Ask(ask), tag).map_err(|full| full.refusal)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Desks are changed one by one, each completely; a panic in between leaves none half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The desk whose stay it is, if it is still there.
    fn seat_at(&mut self, stay: DeskId) -> Option<&mut Seat> {
        let desk = self.stays.get(&stay)?;
        self.seats.get_mut(desk)
    }

    /// Has the chosen desks enter in their turn; says how many.
    fn make_due(&mut self, is_chosen: impl Fn(&Seat) -> bool) -> usize {
        let mut chosen = 0;
        for (desk, seat) in self.seats.iter_mut().filter(|(_, seat)| is_chosen(seat)) {
            seat.entrance = Entrance::Due;
            self.due.push_back(*desk);
            chosen += 1;
        }
        chosen
    }
}

impl Seat {
    fn is_at(&self, pair: PairIndex) -> bool {
        self.stay.is_some_and(|stay| stay.pair == pair)
    }

    /// Nothing more is asked for it but its exit.
    fn end(&mut self, ending: Ending) {
        self.entrance = Entrance::Ended;
        self.desk.end(ending);
    }
}

/// The view in the answer to an enter.
fn view_of(outcome: Outcome) -> Result<NewView, Refusal> {
    match outcome {
        Outcome::Done(Answer::Told(json)) => NewView::read(json).ok_or_else(|| {
            tracing::error!("the interaction server let a desk in without a view");
            Refusal::new(ErrorCode::Internal, "The gateway's log says what happened.")
        }),
        Outcome::Done(answer) => Err(unexpected(&answer)),
        Outcome::Refused(refusal) => Err(refusal),
    }
}

#[cfg(test)]
mod tests;
