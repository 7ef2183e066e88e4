//! A page of a transcript, for one who may read so much of it.

use std::collections::BTreeMap;

use tandem_protocol::{
    ParticipantId, RawEvent, Seq, Timestamp, Visibility,
    archive::{PastChat, TranscriptPage},
    limits::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX},
};
use tandem_store::{Fact, Transcript};

use crate::archivist::lesson;

/// The events after one, as many as a page holds. More are to be asked for while the last of them is before the head.
pub(super) fn page(chat: PastChat, transcript: &Transcript, after: Seq, sees: Visibility) -> TranscriptPage {
    let seen = || transcript.events.iter().filter(|written| written.event.visibility.is_seen_by(sees));
    let head = seen().next_back().map_or(Seq::ZERO, |written| written.event.seq);
    let mut bytes = 0;
    let fits = |event: &&RawEvent| {
        // A single larger event still makes a page.
        let is_first = bytes == 0;
        bytes += event.len_bytes();
        is_first || bytes <= PAGE_BYTES_MAX
    };
    let next = seen().map(|written| &written.event).filter(|event| event.seq > after);
    let events: Vec<RawEvent> = next.take(PAGE_EVENTS_MAX).take_while(fits).cloned().collect();
    let mut names: BTreeMap<ParticipantId, String> = BTreeMap::new();
    for written in seen() {
        if let Ok(Some(tandem_store::Lesson { fact: Fact::Joined { participant, name, .. }, .. })) = lesson(written) {
            names.insert(participant, name);
        }
    }
    TranscriptPage { chat, head, events, names }
}

/// The chat as its transcript tells, for as long as the archive has not read it.
pub(super) fn chat(transcript: &Transcript) -> PastChat {
    let mut chat = PastChat {
        session: transcript.session,
        opened_at_ms: transcript.events.first().map_or(Timestamp::ZERO, |written| written.at),
        closed_at_ms: None,
        subject: None,
        customer: String::new(),
        contact: None,
        agents: Vec::new(),
        disposition: None,
        erased: false,
    };
    for learnt in transcript.events.iter().filter_map(|written| lesson(written).ok().flatten()) {
        match learnt.fact {
            Fact::Opened { subject, .. } => chat.subject = subject,
            Fact::Joined { name, is_customer: true, .. } if chat.customer.is_empty() => chat.customer = name,
            Fact::Joined { takes: Some(agent), .. } if !chat.agents.contains(&agent) => chat.agents.push(agent),
            Fact::Closed => chat.closed_at_ms = Some(learnt.at),
            Fact::Erased => chat.erased = true,
            Fact::Joined { .. } | Fact::Said { .. } => {}
        }
    }
    chat
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{AgentId, ClientId, ClosedReason, Event, EventBody, PairName, ParticipantKind, SessionId};
    use tandem_store::{LogPlace, Written};

    use super::*;

    fn transcript(bodies: Vec<EventBody>) -> Transcript {
        let session: SessionId = "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("is a UUID");
        let written = |(seq, body): (u64, EventBody)| {
            let at = Timestamp(seq);
            let event = RawEvent::of(&Event { seq: Seq(seq), at_ms: at, body });
            Written { session, place: LogPlace(1), at, event, secret: None, closes: false, chained: None }
        };
        let events = (1..).zip(bodies).map(written).collect();
        Transcript { pair: PairName::new("main").expect("is a name"), session, events }
    }

    fn joined(participant: u32, agent: Option<u32>, visibility: Visibility) -> EventBody {
        let client_id = ClientId::new("j").expect("is valid");
        let kind = if agent.is_some() { ParticipantKind::Agent } else { ParticipantKind::Client };
        let (participant, name, agent) = (ParticipantId(participant), format!("N{participant}"), agent.map(AgentId));
        EventBody::Joined { participant, kind, name, client_id, visibility, agent, took: None }
    }

    fn said(text: &str, visibility: Visibility) -> EventBody {
        let client_id = ClientId::new("m").expect("is valid");
        EventBody::Message { participant: ParticipantId(1), client_id, text: text.into(), visibility }
    }

    fn opened() -> EventBody {
        EventBody::Opened { subject: Some("S".into()), properties: BTreeMap::new() }
    }

    fn seqs(page: &TranscriptPage) -> Vec<u64> {
        page.events.iter().map(|event| event.seq.0).collect()
    }

    #[test]
    fn a_reader_gets_what_he_may_read_and_the_names_of_whom_he_may_see() {
        let bodies = vec![
            opened(),
            joined(1, None, Visibility::All),
            joined(2, Some(7), Visibility::Vip),
            said("a note", Visibility::Int),
            said("a whisper", Visibility::Vip),
        ];
        let transcript = transcript(bodies);
        let of = |sees| page(chat(&transcript), &transcript, Seq::ZERO, sees);
        let (int, vip) = (of(Visibility::Int), of(Visibility::Vip));
        assert_eq!((seqs(&int), int.head, int.names.len()), (vec![1, 2, 4], Seq(4), 1));
        assert_eq!((seqs(&vip), vip.head, vip.names.len()), (vec![1, 2, 3, 4, 5], Seq(5), 2));
        assert_eq!(seqs(&page(chat(&transcript), &transcript, Seq(2), Visibility::All)), [] as [u64; 0]);
    }

    #[test]
    fn a_page_is_bounded_and_the_next_one_goes_on() {
        let large = "x".repeat(PAGE_BYTES_MAX / 2);
        let bodies = (0..5).map(|_| said(&large, Visibility::All)).collect();
        let transcript = transcript(bodies);
        let of = |after| page(chat(&transcript), &transcript, Seq(after), Visibility::All);
        assert_eq!(seqs(&of(0)), [1]);
        assert_eq!((seqs(&of(4)), of(4).head), (vec![5], Seq(5)));
        let many = self::transcript((0..PAGE_EVENTS_MAX + 1).map(|_| said("x", Visibility::All)).collect());
        assert_eq!(page(chat(&many), &many, Seq::ZERO, Visibility::All).events.len(), PAGE_EVENTS_MAX);
    }

    #[test]
    fn a_chat_is_described_by_its_transcript_alone() {
        let bodies = vec![
            opened(),
            joined(1, None, Visibility::All),
            joined(2, Some(7), Visibility::All),
            joined(3, Some(9), Visibility::Vip),
            EventBody::Closed { reason: ClosedReason::Ended },
        ];
        let chat = chat(&transcript(bodies));
        assert_eq!((chat.subject.as_deref(), chat.customer.as_str()), (Some("S"), "N1"));
        assert_eq!((chat.agents, chat.closed_at_ms), (vec![AgentId(7)], Some(Timestamp(5))));
    }
}
