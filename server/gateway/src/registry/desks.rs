//! The desks on this gateway: the interaction server is told that each is there and what is done at it.
//!
//! A desk has *entered* when the interaction server has answered with a view. After a loss of the engine, and when
//! another interaction server is there, all desks enter again, some at a time and without a WebSocket that is closed;
//! what people do meanwhile waits and is answered once. One lock guards all desks, and what is asked for a desk is
//! asked under it: so nobody enters after he has gone. Order of locks: desks, then a mailbox, then whatever the link
//! locks to queue a request.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use axum::extract::ws::Utf8Bytes;
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

use super::{
    Registry, Tag,
    desk::{Desk, NewView},
    unexpected,
};
use crate::{frames, problem::Ending};

/// Desks that enter at the same time: so a large contact centre does not fall upon an interaction server that has
/// just been started, and each desk waits for a few answers at most.
const ENTERING_MAX: usize = 64;

/// The pause before desks that were refused for a while enter again.
const ENTER_PAUSE: Duration = Duration::from_secs(1);

/// Who is asked: the link.
pub(super) trait Primary: fmt::Debug + Send + Sync {
    /// As [`Link::submit`].
    fn ask(&self, request: Request, tag: Tag) -> Result<(), Full<Tag>>;
}

impl Primary for Link<Registry> {
    fn ask(&self, request: Request, tag: Tag) -> Result<(), Full<Tag>> {
        self.submit(request, tag)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Desks {
    /// There from the start of the link on, and so before the first desk.
    primary: OnceLock<Box<dyn Primary>>,
    state: Mutex<State>,
    /// A desk was refused for a while.
    refused: Notify,
}

#[derive(Debug, Default)]
struct State {
    seats: HashMap<DeskId, Seat>,
    /// The desks that have become [`Entrance::Due`], in this order.
    due: VecDeque<DeskId>,
    /// Enters without an answer, at most [`ENTERING_MAX`].
    entering: usize,
    stopping: bool,
}

/// A desk and what is under way for it.
#[derive(Debug)]
struct Seat {
    desk: Arc<Desk>,
    entrance: Entrance,
    /// How often it has entered.
    entered: u64,
    /// What was done at it and is not answered, in order; at most [`ACTIONS_MAX`].
    actions: Vec<Doing>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entrance {
    /// It is to enter.
    Due,
    /// It has asked. The link and the engine repeat that to whoever comes, so it need not ask again.
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
    /// From now on there is somebody to ask.
    pub(super) fn reach(&self, primary: Box<dyn Primary>) {
        self.primary.set(primary).expect("a gateway has one link");
    }

    /// Adds a desk, which enters. An error when the gateway is stopping.
    pub(crate) fn add(&self, desk: &Arc<Desk>) -> Result<(), Ending> {
        let mut state = self.lock();
        if state.stopping {
            return Err(Ending::GoingAway);
        }
        let seat = Seat { desk: desk.clone(), entrance: Entrance::Due, entered: 0, actions: Vec::new() };
        state.seats.insert(desk.id, seat);
        state.due.push_back(desk.id);
        self.enter_due(&mut state);
        Ok(())
    }

    /// A desk is gone: so is the presence of whoever was at it.
    pub(crate) fn remove(&self, desk: DeskId) {
        let mut state = self.lock();
        if state.seats.remove(&desk).is_some() {
            state.due.retain(|due| *due != desk);
            self.exit(desk);
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
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopping = true;
        state.seats.values_mut().for_each(|seat| seat.end(Ending::GoingAway));
    }

    /// Desks that are there.
    pub(crate) fn count(&self) -> usize {
        self.lock().seats.len()
    }

    /// The answer to an enter.
    pub(super) fn enter_answered(&self, desk: DeskId, outcome: Outcome) {
        let mut state = self.lock();
        state.entering -= 1;
        if let Some(seat) = state.seats.get_mut(&desk).filter(|seat| seat.entrance == Entrance::Asked) {
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
    pub(super) fn action_answered(&self, desk: DeskId, id: ClientId, outcome: Outcome) {
        let mut state = self.lock();
        let Some(seat) = state.seats.get_mut(&desk) else { return };
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

    /// The interaction server has news for a desk.
    pub(super) fn news(&self, desk: DeskId, news: DeskNews) {
        let mut state = self.lock();
        match (state.seats.get_mut(&desk), news) {
            (Some(seat), DeskNews::View(json)) => match NewView::read(json) {
                Some(view) => seat.desk.is_shown(view),
                None => tracing::error!("the interaction server sent a view without a version"),
            },
            (Some(seat), DeskNews::Revoked) => seat.end(Ending::Unauthorized),
            // Its exit is on its way, or was lost: nobody may be taken for present who is not.
            (None, _) => self.exit(desk),
        }
    }

    /// The engine or the interaction server is gone, or moves as planned: whichever comes knows no desk.
    pub(super) fn lost(&self, at: Instant, is_planned: bool) {
        let mut state = self.lock();
        state.seats.values().for_each(|seat| seat.desk.is_lost(at, is_planned));
        self.enter_all(&mut state, &[Entrance::Entered, Entrance::Refused]);
    }

    /// A planned move has failed or takes too long; how many desks it has left without an engine.
    pub(super) fn counts_as_lost(&self) -> usize {
        self.lock().seats.values().filter(|seat| seat.desk.counts_as_lost()).count()
    }

    /// Tells desks of a loss that lasts.
    pub(super) fn tell_of_loss(&self, notice: &Utf8Bytes) {
        self.lock().seats.values().for_each(|seat| seat.desk.is_told_of_loss(notice));
    }

    /// Another interaction server is there, which knows no desk.
    pub(super) fn enter_again(&self) {
        let mut state = self.lock();
        tracing::info!(desks = state.seats.len(), "another interaction server is there; all desks enter again");
        self.enter_all(&mut state, &[Entrance::Entered, Entrance::Refused]);
    }

    /// Has desks that were refused for a while enter again; for as long as it is polled.
    pub(super) async fn retry(&self) {
        loop {
            self.refused.notified().await;
            sleep(ENTER_PAUSE).await;
            self.enter_refused();
        }
    }

    fn enter_refused(&self) {
        self.enter_all(&mut self.lock(), &[Entrance::Refused]);
    }

    fn enter_all(&self, state: &mut State, those: &[Entrance]) {
        for (desk, seat) in &mut state.seats {
            if those.contains(&seat.entrance) {
                seat.entrance = Entrance::Due;
                state.due.push_back(*desk);
            }
        }
        self.enter_due(state);
    }

    fn enter_due(&self, state: &mut State) {
        while state.entering < ENTERING_MAX
            && let Some(desk) = state.due.pop_front()
        {
            let seat = state.seats.get_mut(&desk).filter(|seat| seat.entrance == Entrance::Due);
            let Some(seat) = seat else { continue };
            let enter = DeskAsk::Enter { desk, token: seat.desk.token };
            match self.ask(enter, Tag::Enter(desk)) {
                Ok(()) => {
                    seat.entrance = Entrance::Asked;
                    state.entering += 1;
                }
                Err(refusal) => self.not_entered(seat, &refusal),
            }
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
        let Seat { desk, entrance: Entrance::Entered, entered, actions } = seat else { return };
        actions.retain_mut(|doing| {
            if doing.asked_after.is_some() {
                return true;
            }
            let ask = DeskAsk::Do { desk: desk.id, id: doing.id.clone(), action: doing.action.clone() };
            match self.ask(ask, Tag::Do(desk.id, doing.id.clone())) {
                Ok(()) => doing.asked_after = Some(*entered),
                Err(refusal) => desk.says(frames::desk::refused(doing.id.clone(), &refusal)),
            }
            doing.asked_after.is_some()
        });
    }

    /// If the link is too full to take it, the next news for the desk bring it about again.
    fn exit(&self, desk: DeskId) {
        if let Err(refusal) = self.ask(DeskAsk::Exit { desk }, Tag::Exit) {
            tracing::debug!(%desk, %refusal, "an exit could not be told");
        }
    }

    fn ask(&self, ask: DeskAsk, tag: Tag) -> Result<(), Refusal> {
        let primary = self.primary.get().expect("a desk comes after the link");
        primary.ask(Request::Ask(ask), tag).map_err(|full| full.refusal)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Desks are changed one by one, each completely; a panic in between leaves none half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
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
