//! Choosing a state, and taking sessions: those offered, those that wait, those to which one is invited.

use tandem_protocol::{
    AgentId, ErrorCode, InvitationEnd, Refusal, Seq, SessionId, Visibility,
    desk::{Accepted, ChosenState},
    link::{Credential, Join, Request},
    routing::EndInvitation,
};

use tandem_store::TakenChat;

use super::{Core, Course};
use crate::routing::{
    desks::told,
    due::Subject,
    effect::{Act, Note, Purpose},
    known::Known,
    names,
    requests::Wish,
};

/// Characters of a reason for not being ready.
const REASON_CHARS_MAX: usize = 64;

impl Core {
    pub(super) fn choose_state(&mut self, act: &Act, state: ChosenState) -> Result<Course, Refusal> {
        if let ChosenState::NotReady { reason: Some(reason) } = &state
            && reason.chars().count() > REASON_CHARS_MAX
        {
            let sentence = format!("A reason has at most {REASON_CHARS_MAX} characters.");
            return Err(Refusal::new(ErrorCode::BadRequest, sentence));
        }
        self.choose(act.agent, state, Purpose::Act(act.clone()));
        Ok(Course::UnderWay)
    }

    pub(super) fn accept(&mut self, act: &Act, session: SessionId, seq: Seq) -> Result<Course, Refusal> {
        let agent = act.agent;
        let known = self.open(session)?;
        if let Some(participant) = known.participant_of(agent).filter(|own| own.visibility.is_all()) {
            // A repeat, or a second desk of his.
            return Ok(Course::Done(told(&Accepted { session, participant: participant.participant })));
        }
        if self.is_joining(known, agent) {
            return Err(Refusal::new(ErrorCode::Taken, "You are about to have this chat."));
        }
        if self.wishes_for(known).any(|wish| matches!(wish, Wish::Join(_))) {
            return Err(Refusal::new(ErrorCode::Taken, self.who_has(session)));
        }
        let is_invited = known.state.invitations.iter().any(|asked| asked.agent == agent && asked.seq == seq);
        if is_invited {
            self.check_room(agent, session)?;
            let (client_id, replacing) = (names::invited(seq, agent), known.unseen_of(agent));
            self.join(act, session, Joining { client_id, taking: None, replacing });
            return Ok(Course::UnderWay);
        }
        if known.waiting().is_none_or(|waits| waits.seq != seq) {
            return Err(Refusal::new(ErrorCode::Taken, self.who_has(session)));
        }
        let (client_id, replacing) = (names::take(seq, agent), known.unseen_of(agent));
        if self.is_offered(&session, agent) {
            self.check_room_for_offer(agent, session)?;
        } else {
            self.check_may_take(agent, session, known)?;
        }
        self.join(act, session, Joining { client_id, taking: Some(seq), replacing });
        Ok(Course::UnderWay)
    }

    /// Withdraws an offer for which its agent has no room by now, and refuses him.
    fn check_room_for_offer(&mut self, agent: AgentId, session: SessionId) -> Result<(), Refusal> {
        let room = self.check_room(agent, session);
        if room.is_err() {
            self.set_offer(session, None);
            self.retie(session);
            self.due.now(Subject::Session(session));
        }
        room
    }

    fn check_may_take(&self, id: AgentId, session: SessionId, known: &Known) -> Result<(), Refusal> {
        let may = self.agents.get(&id).is_some_and(|agent| self.may_take(agent, id, known));
        if !may {
            return Err(Refusal::new(ErrorCode::Forbidden, "This chat waits for somebody else."));
        }
        self.check_room(id, session)
    }

    /// Refuses an agent whose other chats leave no room for this one, unless he is at work in it already. What he was
    /// asked to is kept free for him; but he may have less room by now, or have got others at the start, while the pair
    /// of this one was away.
    pub(super) fn check_room(&self, id: AgentId, session: SessionId) -> Result<(), Refusal> {
        let is_in_it = self.sessions.get(&session).is_some_and(|known| known.has_at_work(id));
        let has_room = self.agents.get(&id).is_some_and(|agent| agent.has_room_for(&session));
        if is_in_it || has_room { Ok(()) } else { Err(no_room()) }
    }

    /// Asks the engine to let an agent attend to a session's customer.
    pub(super) fn join(&mut self, act: &Act, session: SessionId, joining: Joining) {
        let agent = act.agent;
        let join = self.joining(session, agent, joining, Visibility::All);
        self.set_offer(session, None);
        self.ask_to_join(TakenChat { session, agent }, act.clone(), Request::Join(join));
        // At once: the next decision must know that his room is taken.
        self.retie(session);
    }

    pub(super) fn joining(&self, session: SessionId, agent: AgentId, joining: Joining, visibility: Visibility) -> Join {
        let account = self.agents.get(&agent).and_then(|agent| agent.account.as_ref());
        let account = account.expect("whoever has a desk has an account");
        let Joining { client_id, taking, replacing } = joining;
        Join {
            session,
            by: Credential::Role,
            client_id,
            kind: account.role.joins_as(),
            name: account.display.clone(),
            token_hash: Some(self.tokens.hash_of(session, agent)),
            visibility,
            agent: Some(agent),
            taking,
            replacing,
        }
    }

    pub(super) fn decline_offer(&mut self, act: &Act, session: SessionId, seq: Seq) -> Result<Course, Refusal> {
        let agent = act.agent;
        let Some(known) = self.sessions.get(&session) else { return Ok(Course::nothing()) };
        if known.offer.is_some_and(|offer| offer.agent == agent && offer.seq == seq) {
            self.note(Note::Declined { session, agent });
            self.set_offer(session, None);
            self.decline(session, agent);
            self.retie(session);
            self.due.now(Subject::Session(session));
            return Ok(Course::nothing());
        }
        let is_invited = known.state.invitations.iter().any(|asked| asked.agent == agent && asked.seq == seq);
        if is_invited && known.is_open() {
            self.note(Note::Declined { session, agent });
            let end = EndInvitation { session, agent, reason: InvitationEnd::Declined };
            self.ask(session, Wish::EndInvitation(agent, seq), Some(act.clone()), Request::EndInvitation(end));
            return Ok(Course::UnderWay);
        }
        // He is asked no more, which is what declining is for.
        Ok(Course::nothing())
    }

    /// A sentence that tells who has a session that somebody else wanted.
    pub(in crate::routing) fn who_has(&self, session: SessionId) -> String {
        let known = self.sessions.get(&session);
        let joining = known.and_then(|known| {
            self.wishes_for(known).find_map(|wish| match wish {
                Wish::Join(agent) => Some(self.display_of(*agent)),
                _ => None,
            })
        });
        let attending = known.and_then(|known| known.attending().next()).map(|(_, other)| other.name.as_str());
        match joining.or(attending).filter(|name| !name.is_empty()) {
            Some(name) => format!("{name} has taken this chat."),
            None => "Somebody else was faster, or this chat waits elsewhere by now.".to_owned(),
        }
    }
}

fn no_room() -> Refusal {
    Refusal::new(ErrorCode::NoRoom, "You have all the chats that you may have. End or file one away first.")
}

/// How somebody joins.
pub(in crate::routing) struct Joining {
    pub(super) client_id: tandem_protocol::ClientId,
    pub(super) taking: Option<Seq>,
    pub(super) replacing: Vec<tandem_protocol::ParticipantId>,
}
