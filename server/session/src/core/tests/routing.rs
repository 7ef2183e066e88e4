//! Queues, takings, transfers and invitations, and what followers are told of them.

use tandem_protocol::{
    AgentId, InvitationEnd, Place, QueueCause, QueueName, QueueState, SessionState,
    routing::{Changed, EndInvitation, Invite, Leaving, Placed, Route},
};

use super::*;

pub(super) const BEN: AgentId = AgentId(1);
const EVA: AgentId = AgentId(2);

fn client_id(text: &str) -> ClientId {
    ClientId::new(text).expect("valid")
}

pub(super) fn route_to(queue: &str, after: Seq) -> Route {
    Route {
        session: session(1),
        client_id: client_id(&format!("queue-after-{after}")),
        queue: QueueName::new(queue).expect("valid"),
        agent: None,
        cause: QueueCause::Opened,
        by: None,
        after,
        text: None,
        note: None,
        leaving: Vec::new(),
    }
}

fn take(agent: AgentId, queued: Seq) -> Join {
    let join = staff(1, ParticipantKind::Agent, Visibility::All, agent.0 as u8);
    let client_id = client_id(&format!("take-{queued}-{agent}"));
    Join { client_id, agent: Some(agent), taking: Some(queued), ..joining(join) }
}

fn joined(answer: Result<Answer, Refusal>) -> ParticipantId {
    match answer.expect("joins") {
        Answer::Joined { participant, .. } => participant,
        other => panic!("{other:?} is no join"),
    }
}

impl Desk {
    pub(super) fn routes(&mut self, route: Route) -> Seq {
        saved_at(self.ask(Request::Route(route)))
    }

    pub(super) fn takes(&mut self, agent: AgentId, queued: Seq) -> Result<Answer, Refusal> {
        self.ask(Request::Join(take(agent, queued)))
    }

    fn state(&mut self) -> SessionState {
        self.attaches(1, Seq::ZERO).state
    }

    fn queue(&mut self) -> QueueState {
        *self.state().queue.expect("it was queued")
    }

    /// The core of the engine that takes over.
    fn fails_over(self) -> Self {
        let open = OpenSession { session: session(1) };
        Self { stored: self.stored, next_request: self.next_request, ..Self::with(SessionSettings::default(), &[open]) }
    }
}

#[test]
fn of_two_agents_who_take_a_session_one_gets_it_and_the_other_is_told() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    assert!(desk.queue().waiting);
    let ben = joined(desk.takes(BEN, queued));
    assert_eq!(code(desk.takes(EVA, queued)), ErrorCode::Taken);
    assert_eq!(joined(desk.takes(BEN, queued)), ben, "a repeat is the first time (D-3)");
    let state = desk.state();
    assert!(!state.queue.expect("it was queued").waiting);
    assert_eq!(state.participants.iter().filter_map(|known| known.agent).collect::<Vec<_>>(), [BEN]);
}

#[test]
fn what_was_routed_and_taken_is_known_after_a_failover() {
    // D-2, D-3
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let ben = joined(desk.takes(BEN, queued));
    desk.ask(Request::Invite(invite("i-1", EVA, ben))).expect("invites");
    let before = desk.state();
    let mut desk = desk.fails_over();
    assert_eq!(desk.state(), before);
    assert_eq!(joined(desk.takes(BEN, queued)), ben);
    assert_eq!(code(desk.takes(EVA, queued)), ErrorCode::Taken);
    assert_eq!(desk.routes(route_to("sales", Seq::ZERO)), queued, "a repeat is the first time (D-3)");
}

#[test]
fn a_transfer_notes_leaves_and_queues_in_one_piece() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let ben = joined(desk.takes(BEN, queued));
    let transfer = Route {
        cause: QueueCause::Transferred,
        by: Some(ben),
        note: Some("wants a refund".into()),
        leaving: vec![Leaving { participant: ben, reason: LeaveReason::Logout }],
        ..route_to("refunds", queued)
    };
    let requeued = desk.routes(transfer.clone());
    let last = desk.last_events(3);
    assert!(
        matches!(&last[0], EventBody::Message { visibility: Visibility::Int, participant, .. } if *participant == ben)
    );
    assert!(matches!(&last[1], EventBody::Left { participant, .. } if *participant == ben));
    assert!(matches!(&last[2], EventBody::Queued { cause: QueueCause::Transferred, .. }));
    assert_eq!(desk.routes(transfer), requeued, "a repeat is the first time (D-3)");
    assert_eq!(code(desk.takes(EVA, queued)), ErrorCode::Taken, "it waits elsewhere by now");
    joined(desk.takes(EVA, requeued));
}

#[test]
fn a_session_that_was_routed_meanwhile_is_not_routed_by_one_who_does_not_know() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let late = Route { client_id: client_id("late"), ..route_to("other", Seq::ZERO) };
    assert_eq!(code(desk.ask(Request::Route(late))), ErrorCode::Taken);
    assert_eq!(desk.queue().seq, queued);
}

#[test]
fn a_customer_is_neither_passed_on_nor_replaced() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let leaving = vec![Leaving { participant: ParticipantId(1), reason: LeaveReason::Removed }];
    let route = Route { leaving, ..route_to("sales", Seq::ZERO) };
    assert_eq!(code(desk.ask(Request::Route(route))), ErrorCode::BadRequest);
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let replace = Join { replacing: vec![ParticipantId(1)], ..take(BEN, queued) };
    assert_eq!(code(desk.ask(Request::Join(replace))), ErrorCode::BadRequest);
    assert!(desk.queue().waiting);
}

#[test]
fn a_supervisor_takes_over_in_the_place_of_the_agent() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let ben = joined(desk.takes(BEN, queued));
    let supervisor = joining(staff(1, ParticipantKind::Supervisor, Visibility::All, 9));
    let over = Join { agent: Some(EVA), replacing: vec![ben], ..supervisor };
    joined(desk.ask(Request::Join(over)));
    let here: Vec<_> = desk.state().participants.into_iter().filter(|known| known.joined).collect();
    assert_eq!(here.iter().map(|known| known.agent).collect::<Vec<_>>(), [None, Some(EVA)]);
}

#[test]
fn nobody_but_a_role_joins_as_an_account_or_in_anothers_place() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let as_account = Join { by: ANA, agent: Some(BEN), ..joining(join(1, ParticipantKind::External, 8)) };
    assert_eq!(code(desk.ask(Request::Join(as_account))), ErrorCode::Forbidden);
    let in_place =
        Join { by: ANA, replacing: vec![ParticipantId(2)], ..joining(join(1, ParticipantKind::External, 8)) };
    assert_eq!(code(desk.ask(Request::Join(in_place))), ErrorCode::Forbidden);
}

fn invite(id: &str, agent: AgentId, by: ParticipantId) -> Invite {
    Invite { session: session(1), client_id: client_id(id), agent, by }
}

#[test]
fn an_invitation_stands_until_the_agent_joins_or_it_ends() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let ben = joined(desk.takes(BEN, queued));
    let invited = saved_at(desk.ask(Request::Invite(invite("i-1", EVA, ben))));
    assert_eq!(saved_at(desk.ask(Request::Invite(invite("i-1", EVA, ben)))), invited, "a repeat (D-3)");
    assert_eq!(code(desk.ask(Request::Invite(invite("i-2", EVA, ben)))), ErrorCode::Taken);
    let end = EndInvitation { session: session(1), agent: EVA, reason: InvitationEnd::Declined };
    desk.ask(Request::EndInvitation(end.clone())).expect("ends");
    desk.ask(Request::EndInvitation(end)).expect("a repeat changes nothing");
    assert!(desk.state().invitations.is_empty());
    desk.ask(Request::Invite(invite("i-3", EVA, ben))).expect("asks again");
    let mut state = desk.state();
    assert_eq!(state.invitations.len(), 1);
    state.narrow(Visibility::All);
    assert!(state.invitations.is_empty(), "a customer learns who is asked");
    let eva = Join { agent: Some(EVA), ..joining(staff(1, ParticipantKind::Agent, Visibility::All, 2)) };
    joined(desk.ask(Request::Join(eva)));
    assert!(desk.state().invitations.is_empty());
    assert_eq!(code(desk.ask(Request::Invite(invite("i-4", EVA, ben)))), ErrorCode::Taken, "she is in it");
}

#[test]
fn an_agent_who_comes_again_is_known_by_the_same_token() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let first = joined(desk.takes(BEN, queued));
    let leaving = vec![Leaving { participant: first, reason: LeaveReason::Gone }];
    let requeued = desk.routes(Route { leaving, cause: QueueCause::AgentGone, ..route_to("sales", queued) });
    let second = joined(desk.takes(BEN, requeued));
    assert_ne!(first, second);
    let by = Credential::Token(TokenHash([BEN.0 as u8; 32]));
    let attach = Attach { session: session(1), by, also: Vec::new(), after: Seq::ZERO };
    let answer = desk.ask(Request::Attach(vec![attach])).expect("attaches");
    let Answer::Attached(attached) = answer else { panic!("{answer:?}") };
    assert!(matches!(&attached[0], Attached::Live { page, .. } if page.participant == Some(second)));
}

#[test]
fn a_follower_is_told_of_every_change_but_not_of_messages() {
    // D-1
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let followed = desk.ask(Request::Follow(vec![session(1), session(99)])).expect("follows");
    let Answer::Followed(known) = followed else { panic!("{followed:?}") };
    assert_eq!(known.iter().map(|known| (known.session, known.head)).collect::<Vec<_>>(), [(session(1), Seq(2))]);
    desk.says(1, "m-1", "hi").expect("says");
    assert!(told(&mut desk).is_empty(), "a message is nobody's business here");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let changed = told(&mut desk);
    assert_eq!(changed.iter().map(|changed| changed.head).collect::<Vec<_>>(), [queued]);
    desk.opens(2).expect("opens");
    assert_eq!(told(&mut desk).iter().map(|changed| changed.session).collect::<Vec<_>>(), [session(2)]);
    desk.core.link_down(desk.now, LINK, &mut Vec::new());
    desk.core.link_up(LINK);
    desk.takes(BEN, queued).expect("takes");
    assert!(told(&mut desk).is_empty(), "the follower is gone");
}

/// What followers were told since the last time.
fn told(desk: &mut Desk) -> Vec<Changed> {
    let others = std::mem::take(&mut desk.others);
    let changed = others.into_iter().filter_map(|effect| match effect {
        Effect::Changed { changed, .. } => Some(changed),
        _ => None,
    });
    changed.flatten().collect()
}

#[test]
fn a_place_is_told_to_readers_and_shown_until_the_session_is_taken() {
    //
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    desk.attaches(1, Seq::ZERO);
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let place = Place { place: 2, wait_ms: Some(60_000) };
    let mut effects = Vec::new();
    let placed = Placed { session: session(1), seq: queued, place };
    desk.core.placed(&[placed, placed, Placed { seq: Seq(1), ..placed }], &mut effects);
    assert!(matches!(effects.as_slice(), [Effect::Place { place: told, .. }] if *told == place), "{effects:?}");
    assert_eq!(desk.queue().place, Some(place));
    desk.takes(BEN, queued).expect("takes");
    assert_eq!(desk.queue().place, None);
}

#[test]
fn what_could_not_be_saved_of_the_routing_has_never_been() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    desk.submit(Request::Join(take(BEN, queued)));
    desk.core.take_batch().expect("waits");
    desk.core.not_saved(desk.now, &mut Vec::new());
    let queue = desk.queue();
    assert!(queue.waiting && queue.seq == queued, "the join that took it was undone");
}

#[test]
fn a_customer_cannot_answer_for_the_service_in_advance() {
    // D-3
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    for id in ["queue-after-0", "take-3-1"] {
        let taken = Join { client_id: client_id(id), ..joining(join(1, ParticipantKind::External, 8)) };
        joined(desk.ask(Request::Join(taken)));
    }
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    assert!(desk.queue().waiting, "the route was taken for a repeat");
    let ben = joined(desk.ask(Request::Join(Join { client_id: client_id("take-3-1"), ..take(BEN, queued) })));
    let mut desk = desk.fails_over();
    assert_eq!(joined(desk.ask(Request::Join(Join { client_id: client_id("take-3-1"), ..take(BEN, queued) }))), ben);
    assert_eq!(desk.routes(route_to("sales", Seq::ZERO)), queued);
}

#[test]
fn customers_leave_room_for_those_who_are_to_answer_them() {
    // B-1
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let brings = |desk: &mut Desk, at: u8| desk.ask(Request::Join(joining(join(1, ParticipantKind::External, at))));
    let brought = (8..72).filter(|at| brings(&mut desk, *at).is_ok()).count();
    assert_eq!(brought, 31);
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    joined(desk.takes(BEN, queued));
}

#[test]
fn a_token_of_staff_opens_nothing_once_its_holder_has_left_and_what_ended_with_him_all() {
    let mut desk = Desk::new();
    desk.opens(1).expect("opens");
    let queued = desk.routes(route_to("sales", Seq::ZERO));
    let ben = joined(desk.takes(BEN, queued));
    let reads = |desk: &mut Desk, agent: AgentId| {
        let by = Credential::Token(TokenHash([agent.0 as u8; 32]));
        desk.ask(Request::Read { session: session(1), by, after: Seq::ZERO, limit: 100 })
    };
    reads(&mut desk, BEN).expect("he is in it");
    let leaving = vec![Leaving { participant: ben, reason: LeaveReason::Logout }];
    let requeued = desk.routes(Route { leaving, cause: QueueCause::Transferred, ..route_to("refunds", queued) });
    assert_eq!(code(reads(&mut desk, BEN)), ErrorCode::SessionClosed);
    let eva = joined(desk.takes(EVA, requeued));
    let by = Credential::Participant(eva);
    desk.ask(Request::Close { session: session(1), by }).expect("ends");
    assert_eq!(code(reads(&mut desk, BEN)), ErrorCode::SessionClosed);
    reads(&mut desk, EVA).expect("it ended with her in it");
}

#[test]
fn one_session_that_cannot_be_read_harms_no_other_of_its_batch() {
    let open = [1, 2].map(|number| OpenSession { session: session(number) });
    let mut healthy = Desk::new();
    healthy.opens(1).expect("opens");
    let mut desk = Desk { stored: healthy.stored, ..Desk::with(SessionSettings::default(), &open) };
    let attach = |number| Attach { session: session(number), by: ANA, also: Vec::new(), after: Seq::ZERO };
    desk.submit(Request::Attach(vec![attach(1), attach(2)]));
    desk.submit(Request::Follow(vec![session(1), session(2)]));
    let mut effects = Vec::new();
    desk.core.loaded(desk.now, vec![desk.history_of(session(1))], &mut effects);
    assert!(effects.is_empty(), "the other one may still be read");
    desk.core.load_failed(desk.now, &[session(2)], &mut effects);
    let outcomes: Vec<&Outcome> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Answer { outcome, .. } => Some(outcome),
            _ => None,
        })
        .collect();
    let attached = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Done(Answer::Attached(attached)) => Some(attached),
        _ => None,
    });
    assert!(
        matches!(&attached.expect("it is attached")[..], [Attached::Live { .. }, Attached::Refused { refusal, .. }]
        if refusal.code == ErrorCode::Unavailable)
    );
    // An answer to a follow leaves out what nobody knows; what cannot be read is known, so it is asked for by itself.
    let is_refused =
        |outcome: &&Outcome| matches!(outcome, Outcome::Refused(refusal) if refusal.code == ErrorCode::Unavailable);
    assert!(outcomes.iter().copied().any(|outcome| is_refused(&outcome)), "{outcomes:?}");
}
