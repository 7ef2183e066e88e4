//! What people do at their desks: each action is done once and answered, however often it is asked (D-3).
//!
//! A repeat of an action under way waits for the same outcome; one of an action done a moment ago gets it again. After
//! a restart nothing of this is remembered: then the names of requests make the engine know a repeat, and an action
//! whose aim is reached already is answered as done.

mod passing;
mod reading;
mod supervising;
mod taking;

use std::collections::{BTreeMap, VecDeque};

use tandem_protocol::{
    AgentId, ClientId, DeskId, ErrorCode, ParticipantId, Refusal, SessionId,
    desk::{ACTIONS_MAX, Action, DeskAsk},
    limits::NOTE_BYTES_MAX,
    link::Outcome,
};

use super::{
    Core,
    desks::{refused, told},
    doorstep::Asked,
    effect::{Act, AskRef, Failed, Found, GatewayAt, Purpose},
    known::Known,
    pairs::PairIndex,
};

/// Outcomes remembered for each agent: more than may wait at one desk.
const ANSWERED_MAX: usize = 2 * ACTIONS_MAX;

/// Actions under way, and who waits for them.
#[derive(Debug, Default)]
pub(super) struct Actions {
    under_way: BTreeMap<Act, UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    desk: DeskId,
    /// Whose pair it waits for.
    session: Option<SessionId>,
    asks: Vec<AskRef>,
    /// What it returns can be asked for again, so that it need not be remembered.
    is_reading: bool,
}

impl Actions {
    /// The link to a pair is lost: whoever asked through it waits no more, though what is under way will still be done.
    pub(super) fn forget_questions(&mut self, pair: PairIndex) {
        self.under_way.values_mut().for_each(|under_way| under_way.asks.retain(|ask| ask.pair != pair));
    }
}

/// What an agent's last actions came to, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Answered(VecDeque<(ClientId, Outcome)>);

/// What became of an action that is not refused.
#[derive(Debug)]
pub(super) enum Course {
    /// It is done.
    Done(Outcome),
    /// It will be answered.
    UnderWay,
}

impl Course {
    /// It is done and returns nothing.
    pub(super) fn nothing() -> Self {
        Self::Done(told(&()))
    }
}

impl Core {
    /// Somebody does something.
    pub(super) fn act(&mut self, ask: AskRef, gateway: GatewayAt, desk: DeskId, act: Act, action: Action) {
        if let Some(outcome) = self.answered(&act) {
            return self.reply(ask, outcome);
        }
        if let Some(under_way) = self.actions.under_way.get_mut(&act) {
            under_way.asks.push(ask);
            return;
        }
        if concerns(&action).is_some_and(|session| !self.pairs.is_settled_for(&session)) {
            return self.wait_for_pair(Asked { ask, gateway, body: DeskAsk::Do { desk, id: act.id, action } });
        }
        if self.is_busy(desk) {
            return self.reply(ask, refused(ErrorCode::Busy, "Too much is under way at this desk."));
        }
        let is_reading = matches!(action, Action::Earlier { .. } | Action::Transcript { .. } | Action::Canned);
        self.actions
            .under_way
            .insert(act.clone(), UnderWay { desk, session: concerns(&action), asks: vec![ask], is_reading });
        match self.perform(&act, action) {
            Ok(Course::Done(outcome)) => self.done(&act, outcome),
            Ok(Course::UnderWay) => {}
            Err(refusal) => self.done(&act, Outcome::Refused(refusal)),
        }
    }

    /// Whether as much is under way at a desk as may be. What the engine of a lost pair has not answered does not count:
    /// chats of other pairs go on.
    fn is_busy(&self, desk: DeskId) -> bool {
        let is_away = |session: SessionId| !self.pairs.is_settled_for(&session);
        let counts = |under_way: &&UnderWay| under_way.desk == desk && !under_way.session.is_some_and(is_away);
        self.actions.under_way.values().filter(counts).count() >= ACTIONS_MAX
    }

    fn answered(&self, act: &Act) -> Option<Outcome> {
        let answered = &self.agents.get(&act.agent)?.answered;
        answered.0.iter().find(|(answered, _)| *answered == act.id).map(|(_, outcome)| outcome.clone())
    }

    fn perform(&mut self, act: &Act, action: Action) -> Result<Course, Refusal> {
        match action {
            Action::State(state) => self.choose_state(act, state),
            Action::Accept { session, seq } => self.accept(act, session, seq),
            Action::Decline { session, seq } => self.decline_offer(act, session, seq),
            Action::Transfer { session, queue, agent, note } => self.transfer(act, session, queue, agent, note),
            Action::Invite { session, agent } => self.invite(act, session, agent),
            Action::Uninvite { session, agent } => self.uninvite(act, session, agent),
            Action::Leave { session } => self.leave_session(act, session),
            Action::End { session, disposition, remark } => self.end(act, session, disposition, remark),
            Action::Watch { session } => self.watch_session(act, session),
            Action::TakeOver { session } => self.take_over(act, session),
            Action::Earlier { session } => self.earlier(act, session),
            Action::Transcript { session, after } => self.read(act, session, after),
            Action::Canned => self.canned(act),
            Action::SaveCanned { canned } => self.save_canned(act, canned),
            Action::DeleteCanned { id } => self.delete_canned(act, id),
        }
    }

    /// An action has come to its end.
    pub(super) fn done(&mut self, act: &Act, outcome: Outcome) {
        let Some(UnderWay { asks, is_reading, .. }) = self.actions.under_way.remove(act) else { return };
        // What may succeed later is tried anew when it is repeated.
        let is_final = !matches!(&outcome, Outcome::Refused(refusal) if refusal.code.is_retryable());
        if is_final && !is_reading {
            let answered = &mut self.agent_mut(act.agent).answered.0;
            answered.push_back((act.id.clone(), outcome.clone()));
            if answered.len() > ANSWERED_MAX {
                answered.pop_front();
            }
        }
        for ask in asks {
            self.reply(ask, outcome.clone());
        }
    }

    /// The directory has done what an action, or something else, needed.
    pub(super) fn on_ran(&mut self, purpose: Purpose, ran: Result<Found, Failed>) {
        match purpose {
            Purpose::Nothing => {}
            Purpose::Taken(session, agent, pending) => self.on_taken(session, agent, pending, ran),
            Purpose::Released(session, agent) => self.on_released(session, agent, ran),
            Purpose::Act(act) => {
                let outcome = found(ran);
                self.done(&act, outcome);
            }
            Purpose::Filed(session, act) => self.on_filed(session, &act, ran),
            Purpose::Delete(act, id) => self.on_found_to_delete(&act, id, ran),
            Purpose::Read(act, session, after) => self.on_reach_known(&act, session, after, &ran),
            Purpose::Look { ask, wanted } => self.on_looker_known(ask, *wanted, ran),
            Purpose::Oversee { ask } => self.on_overseer_known(ask, ran),
            Purpose::Enter { ask, desk, gateway } => self.on_looked_up(ask, desk, gateway, ran),
            Purpose::Logout { ask, token, is_stranger } => self.on_logged_out(ask, token, is_stranger, ran),
        }
    }

    /// The number under which an agent attends to a session's customer.
    pub(super) fn attended_by(&self, agent: AgentId, session: SessionId) -> Result<ParticipantId, Refusal> {
        let known = self.open(session)?;
        match known.participant_of(agent) {
            Some(participant) if participant.visibility.is_all() => Ok(participant.participant),
            Some(_) => Err(Refusal::new(ErrorCode::Forbidden, "You only watch this chat. Take it over to do that.")),
            None => Err(Refusal::new(ErrorCode::Forbidden, "You are not in this chat.")),
        }
    }

    /// A session that goes on.
    fn open(&self, session: SessionId) -> Result<&Known, Refusal> {
        let unknown = || Refusal::new(ErrorCode::UnknownSession, "There is no such chat.");
        let known = self.sessions.get(&session).ok_or_else(unknown)?;
        let ended = || Refusal::new(ErrorCode::SessionClosed, "This chat has ended.");
        known.is_open().then_some(known).ok_or_else(ended)
    }
}

/// The session whose pair must be there for an action: what only the directory is asked needs none.
pub(super) fn concerns(action: &Action) -> Option<SessionId> {
    match action {
        Action::Accept { session, .. }
        | Action::Decline { session, .. }
        | Action::Transfer { session, .. }
        | Action::Invite { session, .. }
        | Action::Uninvite { session, .. }
        | Action::Leave { session }
        | Action::End { session, .. }
        | Action::Watch { session }
        | Action::TakeOver { session }
        | Action::Transcript { session, .. } => Some(*session),
        Action::State(_)
        | Action::Earlier { .. }
        | Action::Canned
        | Action::SaveCanned { .. }
        | Action::DeleteCanned { .. } => None,
    }
}

/// What an errand found, as an action returns it.
fn found(ran: Result<Found, Failed>) -> Outcome {
    match ran {
        Ok(Found::Done | Found::Possible(true) | Found::Login(_) | Found::Reach(_)) => told(&()),
        Ok(Found::Possible(false)) => {
            refused(ErrorCode::BadRequest, "There is another reply with this shortcut, or with this id.")
        }
        Ok(Found::Earlier(chats)) => told(&chats),
        Ok(Found::Canned(canned)) => told(&canned),
        Err(Failed) => refused(ErrorCode::Unavailable, "It could not be saved or looked up. Please try again."),
    }
}

/// A text that people write beside a chat; none if it says nothing.
pub(super) fn checked_note(what: &str, text: Option<String>) -> Result<Option<String>, Refusal> {
    let text = text.filter(|text| !text.trim().is_empty());
    if text.as_ref().is_some_and(|text| text.len() > NOTE_BYTES_MAX) {
        return Err(Refusal::new(ErrorCode::BadRequest, format!("A {what} has at most {NOTE_BYTES_MAX} bytes.")));
    }
    Ok(text)
}
