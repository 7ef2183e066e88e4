//! What the primary passes on between gateways and the interaction server.

use tandem_protocol::{
    AskId, DeskId, GatewayLink,
    desk::{DeskAsk, DeskNews},
};

use super::*;

const GATEWAY: LinkId = LINK;
const SERVER: LinkId = LinkId(50);

fn told() -> Outcome {
    Outcome::Done(Answer::Done)
}

fn exit() -> Request {
    Request::Ask(DeskAsk::Exit { desk: DeskId(uuid::Uuid::from_u128(1)) })
}

fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.core.gateway_up(GATEWAY, &mut Vec::new());
    desk
}

fn comes(desk: &mut Desk, link: LinkId) -> Vec<Effect> {
    let mut effects = Vec::new();
    desk.core.link_up(link);
    desk.core.interaction_up(link, &mut effects);
    effects
}

/// What the interaction server is asked.
fn asked(effects: &[Effect], server: LinkId) -> Vec<AskId> {
    let asked = effects.iter().filter_map(|effect| match effect {
        Effect::Asked { link, ask, gateway, .. } if *link == server => {
            assert_eq!(*gateway, GatewayLink(GATEWAY.0));
            Some(*ask)
        }
        _ => None,
    });
    asked.collect()
}

fn answers(effects: &[Effect]) -> Vec<&Outcome> {
    let answers = effects.iter().filter_map(|effect| match effect {
        Effect::Answer { outcome, .. } => Some(outcome),
        _ => None,
    });
    answers.collect()
}

#[test]
fn a_gateway_that_finds_no_server_is_told_so_and_one_that_finds_it_is_not() {
    let mut desk = Desk::new();
    let mut effects = Vec::new();
    desk.core.gateway_up(GATEWAY, &mut effects);
    assert!(matches!(effects.as_slice(), [Effect::InteractionGone { links }] if links == &[GATEWAY]), "{effects:?}");
    comes(&mut desk, SERVER);
    let mut effects = Vec::new();
    desk.core.gateway_up(LinkId(2), &mut effects);
    assert!(effects.is_empty(), "{effects:?}");
}

#[test]
fn a_question_waits_for_a_server_and_is_asked_again_when_it_dies_before_it_has_answered() {
    // D-2
    let mut desk = desk();
    let (_, effects) = desk.submit(exit());
    assert!(effects.is_empty(), "nobody is there to be asked");
    let first = asked(&comes(&mut desk, SERVER), SERVER);
    assert_eq!(first.len(), 1);
    let mut effects = Vec::new();
    desk.core.link_down(desk.now, SERVER, &mut effects);
    assert!(matches!(effects.as_slice(), [Effect::InteractionGone { links }] if links == &[GATEWAY]), "{effects:?}");
    let next = LinkId(51);
    let effects = comes(&mut desk, next);
    assert!(matches!(effects.last(), Some(Effect::EnterAgain { links }) if links == &[GATEWAY]), "{effects:?}");
    assert_eq!(asked(&effects, next), first);
    let mut effects = Vec::new();
    desk.core.replied(SERVER, first[0], told(), &mut effects);
    assert!(effects.is_empty(), "the one that was replaced is not heard");
    desk.core.replied(next, first[0], told(), &mut effects);
    desk.core.replied(next, first[0], told(), &mut effects);
    assert_eq!(answers(&effects).len(), 1, "answered once");
}

#[test]
fn a_gateway_that_goes_takes_its_questions_along_and_the_server_is_told() {
    let mut desk = desk();
    comes(&mut desk, SERVER);
    let (_, effects) = desk.submit(exit());
    let ask = asked(&effects, SERVER)[0];
    let mut effects = Vec::new();
    desk.core.link_down(desk.now, GATEWAY, &mut effects);
    assert!(
        matches!(effects.as_slice(), [Effect::GatewayGone { link: SERVER, gateway: GatewayLink(1) }]),
        "{effects:?}"
    );
    effects.clear();
    desk.core.replied(SERVER, ask, told(), &mut effects);
    assert!(effects.is_empty(), "nobody waits for it");
}

#[test]
fn news_reach_the_gateway_that_holds_the_desk_while_it_is_there() {
    let mut desk = desk();
    comes(&mut desk, SERVER);
    let push = |desk: &mut Desk, from, gateway| {
        let mut effects = Vec::new();
        let page = DeskId(uuid::Uuid::from_u128(1));
        desk.core.pushed(from, GatewayLink(gateway), page, DeskNews::Revoked, &mut effects);
        effects.len()
    };
    assert_eq!(push(&mut desk, SERVER, GATEWAY.0), 1);
    assert_eq!(push(&mut desk, SERVER, 77), 0, "there is no such gateway");
    assert_eq!(push(&mut desk, LinkId(51), GATEWAY.0), 0, "another is the server");
}

#[test]
fn a_question_that_nobody_answers_is_refused_in_the_end() {
    // B-1
    let mut desk = desk();
    desk.submit(exit());
    desk.passes(Duration::from_secs(61));
    let refusals = answers(&desk.others);
    assert!(
        matches!(refusals.as_slice(), [Outcome::Refused(refusal)] if refusal.code == ErrorCode::Unavailable),
        "{refusals:?}"
    );
}

#[test]
fn more_questions_than_may_wait_are_refused_at_once() {
    // B-1
    let mut desk = desk();
    let refused = (0..10_000).filter(|_| !desk.submit(exit()).1.is_empty()).count();
    assert_eq!(refused, 10_000 - 8_192);
}
