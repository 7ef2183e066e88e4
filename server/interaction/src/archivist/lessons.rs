//! What an event of the log teaches the archive.

use tandem_protocol::{EventBody, ParticipantKind, properties};
use tandem_store::{Fact, Lesson, Written};

use crate::customer;

/// What is to be learnt of an event, if anything is. An error means that stored bytes were altered.
pub(crate) fn lesson(written: &Written) -> Result<Option<Lesson>, serde_json::Error> {
    let event = written.event.parse()?;
    let fact = match event.body {
        // A drill's session is nobody's: for the archive it is erased from its first event.
        EventBody::Opened { properties, .. } if properties::is_drill(&properties) => Fact::Erased,
        EventBody::Opened { subject, properties } => {
            Fact::Opened { subject, identities: customer::identities(&properties) }
        }
        EventBody::Joined { participant, kind, name, visibility, agent, .. } => Fact::Joined {
            participant,
            name,
            is_customer: kind == ParticipantKind::Client,
            // Who only watches has not taken it.
            takes: agent.filter(|_| visibility.is_all()),
        },
        EventBody::Message { participant, text, visibility, .. } => Fact::Said { participant, visibility, text },
        EventBody::Closed { .. } => Fact::Closed,
        EventBody::Erased { .. } => Fact::Erased,
        EventBody::Left { .. }
        | EventBody::Queued { .. }
        | EventBody::Invited { .. }
        | EventBody::InvitationEnded { .. }
        | EventBody::Notice { .. } => return Ok(None),
    };
    Ok(Some(Lesson { session: written.session, seq: event.seq, at: event.at_ms, fact }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tandem_protocol::{
        AgentId, ClientId, ClosedReason, Event, LeaveReason, ParticipantId, RawEvent, Seq, SessionId, Timestamp,
        Visibility, archive::Identity,
    };
    use tandem_store::LogPlace;

    use super::*;

    fn learnt(body: EventBody) -> Option<Fact> {
        let event = RawEvent::of(&Event { seq: Seq(7), at_ms: Timestamp(5), body });
        let session: SessionId = "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("is a UUID");
        let (place, at) = (LogPlace(1), Timestamp(9));
        let written = Written { session, place, at, event, secret: None, closes: false, chained: None };
        let lesson = lesson(&written).expect("is an event");
        lesson.map(|lesson| {
            assert_eq!((lesson.session, lesson.seq, lesson.at), (session, Seq(7), Timestamp(5)));
            lesson.fact
        })
    }

    fn joins(kind: ParticipantKind, visibility: Visibility, agent: Option<AgentId>) -> Option<Fact> {
        let (participant, client_id) = (ParticipantId(2), ClientId::new("j-1").expect("is valid"));
        learnt(EventBody::Joined { participant, kind, name: "N".into(), client_id, visibility, agent, took: None })
    }

    #[test]
    fn an_opened_session_tells_who_its_customer_is() {
        let properties = BTreeMap::from([("email".to_owned(), "ANA@example.org".to_owned())]);
        let identities = vec![Identity::Email("ana@example.org".into())];
        let expected = Fact::Opened { subject: None, identities };
        assert_eq!(learnt(EventBody::Opened { subject: None, properties }), Some(expected));
    }

    #[test]
    fn a_session_of_a_drill_is_learnt_as_erased() {
        let properties = BTreeMap::from([(properties::DRILL.to_owned(), "1".to_owned())]);
        assert_eq!(learnt(EventBody::Opened { subject: None, properties }), Some(Fact::Erased));
    }

    #[test]
    fn who_watches_a_session_has_not_taken_it() {
        let of = |is_customer, takes| {
            Some(Fact::Joined { participant: ParticipantId(2), name: "N".into(), is_customer, takes })
        };
        let agent = Some(AgentId(9));
        assert_eq!(joins(ParticipantKind::Client, Visibility::All, None), of(true, None));
        assert_eq!(joins(ParticipantKind::Agent, Visibility::All, agent), of(false, agent));
        assert_eq!(joins(ParticipantKind::Supervisor, Visibility::Vip, agent), of(false, None));
    }

    #[test]
    fn what_is_said_keeps_who_may_read_it() {
        let (participant, client_id) = (ParticipantId(2), ClientId::new("m-1").expect("is valid"));
        let (text, visibility) = ("hi".to_owned(), Visibility::Int);
        let said = EventBody::Message { participant, client_id, text: text.clone(), visibility };
        assert_eq!(learnt(said), Some(Fact::Said { participant, visibility, text }));
    }

    #[test]
    fn the_end_is_learnt_and_a_leaving_is_not() {
        assert_eq!(learnt(EventBody::Closed { reason: ClosedReason::Ended }), Some(Fact::Closed));
        assert_eq!(learnt(EventBody::Erased { visibility: Visibility::Vip }), Some(Fact::Erased));
        let (participant, reason, visibility) = (ParticipantId(1), LeaveReason::Logout, Visibility::All);
        assert_eq!(learnt(EventBody::Left { participant, reason, visibility }), None);
    }
}
