//! What an operator's command may do with sessions: those of its drills, and nothing with any other.

use tandem_protocol::properties;

use super::*;

fn opens_for_drill(number: u128) -> Request {
    let Request::Open(mut asked) = open(number) else { unreachable!("it opens") };
    asked.properties.insert(properties::DRILL.to_owned(), "1".to_owned());
    Request::Open(asked)
}

fn close(number: u128, by: Credential) -> Request {
    Request::Close { session: session(number), by }
}

fn read(number: u128, by: Credential) -> Request {
    Request::Read { session: session(number), by, after: Seq::ZERO, limit: 100 }
}

fn erase(number: u128) -> Request {
    Request::Erase { session: session(number) }
}

#[test]
fn an_operator_opens_reads_ends_and_erases_sessions_of_a_drill() {
    let mut desk = Desk::new();
    desk.core.operator_up(LINK);
    desk.ask(opens_for_drill(1)).expect("opens");
    desk.ask(read(1, ANA)).expect("its customer may read it");
    desk.ask(close(1, ANA)).expect("its customer may end it");
    let (_, effects) = desk.submit(erase(1));
    assert!(matches!(effects[..], [Effect::Erase { .. }]), "{effects:?}");
}

#[test]
fn an_operator_touches_no_session_of_a_customer() {
    let mut desk = Desk::new();
    desk.opens(1).expect("a gateway opens it");
    desk.ask(Request::Leave { session: session(1), by: ANA }).expect("and it ends");
    desk.core.operator_up(LINK);
    let role = Credential::Role;
    let customer = Credential::Participant(ParticipantId(1));
    let asked = [open(2), erase(1), erase(3), read(1, role), read(1, customer), close(1, role), send(1, "m", "x")];
    for body in asked {
        assert_eq!(code(desk.ask(body)), ErrorCode::Forbidden);
    }
}
