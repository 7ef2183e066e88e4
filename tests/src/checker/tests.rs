//! Bad histories, one for each way in which a system can break its word, and good ones that only look bad.

use std::sync::Arc;

use tandem_protocol::Visibility;

use super::*;

const ANN: ParticipantId = ParticipantId(1);
const BOT: ParticipantId = ParticipantId(2);

fn id(text: &str) -> ClientId {
    ClientId::new(text).expect("valid")
}

fn message(seq: u64, by: ParticipantId, client_id: &str, text: &str) -> RawEvent {
    let body = EventBody::Message {
        participant: by,
        client_id: id(client_id),
        text: text.into(),
        visibility: Visibility::All,
    };
    RawEvent::of(&Event { seq: Seq(seq), at_ms: tandem_protocol::Timestamp(seq), body })
}

fn opened() -> RawEvent {
    let body = EventBody::Opened { subject: None, properties: Default::default() };
    RawEvent::of(&Event { seq: Seq(1), at_ms: tandem_protocol::Timestamp(1), body })
}

fn sent(client_id: &str, text: &str) -> Sent {
    Sent { by: ANN, client_id: id(client_id), text: text.into(), lane: Some("tab".into()) }
}

fn acked(client_id: &str, seq: u64) -> Acked {
    Acked { by: ANN, client_id: id(client_id), seq: Seq(seq) }
}

fn reader(name: &str, events: Vec<RawEvent>) -> Reader {
    Reader { name: name.into(), events, contradictions: Vec::new(), is_complete: true }
}

/// Ann says two things, the bot answers one; Ann and the bot read all of it.
fn good() -> History {
    let events = vec![
        opened(),
        message(2, ANN, "m-1", "hi"),
        message(3, BOT, "b-1", "you said hi"),
        message(4, ANN, "m-2", "bye"),
    ];
    History {
        sends: vec![sent("m-1", "hi"), sent("m-2", "bye")],
        acks: vec![acked("m-1", 2), acked("m-2", 4)],
        readers: vec![reader("Ann", events.clone()), reader("the bot", events)],
    }
}

fn found(change: impl FnOnce(&mut History)) -> Vec<String> {
    let mut history = good();
    change(&mut history);
    check(&history).iter().map(ToString::to_string).collect()
}

fn every_reader(history: &mut History, change: impl Fn(&mut Vec<RawEvent>)) {
    history.readers.iter_mut().for_each(|reader| change(&mut reader.events));
}

#[test]
fn a_good_history_has_no_violation() {
    assert_eq!(check(&good()), []);
    assert_eq!(check(&History::default()), []);
}

#[test]
fn a_repeated_acknowledgement_with_the_same_number_is_good() {
    assert_eq!(found(|history| history.acks.push(acked("m-1", 2))), [""; 0]);
}

#[test]
fn a_reader_that_is_behind_is_good_until_it_claims_to_be_complete() {
    let behind = |history: &mut History| {
        history.readers[1].events.truncate(2);
        history.readers[1].is_complete = false;
    };
    assert_eq!(found(behind), [""; 0]);
    let lost = found(|history| {
        history.readers[1].events.truncate(2);
    });
    assert_eq!(lost, ["lost (D-2): message m-2 of participant 1 as 4 is not in what the bot read"]);
}

#[test]
fn an_unacknowledged_message_may_be_missing() {
    assert_eq!(found(|history| history.sends.push(sent("m-3", "?"))), [""; 0]);
}

#[test]
fn an_acknowledged_message_that_nobody_has_is_lost() {
    let lost = found(|history| every_reader(history, |events| events.truncate(3)));
    assert_eq!(lost.len(), 2, "{lost:?}");
    assert!(lost.iter().all(|line| line.starts_with("lost (D-2): message m-2")));
}

#[test]
fn a_number_that_now_means_something_else_is_found() {
    let misplaced = found(|history| history.acks[0].seq = Seq(3));
    assert_eq!(
        misplaced,
        ["misplaced (D-2): message m-1 of participant 1 as 3 was acknowledged, but something else has that number"]
    );
}

#[test]
fn a_message_that_stands_twice_is_found() {
    let twice = found(|history| every_reader(history, |events| events.push(message(5, ANN, "m-1", "hi"))));
    assert!(twice.contains(&"twice (D-3): message m-1 of participant 1 as 2 is there again as 5".into()), "{twice:?}");
}

#[test]
fn two_participants_may_use_the_same_client_id() {
    assert_eq!(found(|history| every_reader(history, |events| events.push(message(5, BOT, "m-1", "hi")))), [""; 0]);
}

#[test]
fn an_acknowledgement_that_changes_its_mind_is_found() {
    let changed = found(|history| history.acks.push(acked("m-1", 4)));
    assert!(changed.iter().any(|line| line.starts_with("acknowledged twice (D-3): message m-1")), "{changed:?}");
}

#[test]
fn a_gap_and_a_repeat_and_a_step_back_are_found() {
    for bad in [vec![0, 2, 3], vec![0, 1, 1, 2], vec![0, 2, 1, 3], vec![1, 2, 3]] {
        let found = found(|history| {
            let all = history.readers[1].events.clone();
            history.readers[1].events = bad.iter().map(|&at| all[at].clone()).collect();
        });
        assert!(found.iter().any(|line| line.starts_with("out of order (D-4): the bot")), "{bad:?}: {found:?}");
    }
}

#[test]
fn readers_who_saw_different_things_are_found() {
    let differs = found(|history| history.readers[1].events[2] = message(3, BOT, "b-1", "you said ho"));
    assert_eq!(differs, ["different: event 3 of Ann is not what the bot read"]);
    let again = found(|history| history.readers[0].contradictions.push(message(3, BOT, "b-1", "you said ho")));
    assert_eq!(again, ["different: event 3 of Ann is not what Ann read"]);
}

#[test]
fn a_text_that_nobody_sent_is_found() {
    let changed = found(|history| every_reader(history, |events| events[1] = message(2, ANN, "m-1", "ho")));
    assert_eq!(changed, ["invented: nobody sent message m-1 of participant 1 as 2 with this text"]);
    let foreign = found(|history| every_reader(history, |events| events.push(message(5, ANN, "x", "spam"))));
    assert_eq!(foreign, ["invented: nobody sent message x of participant 1 as 5 with this text"]);
}

#[test]
fn messages_of_one_lane_that_overtake_each_other_are_found() {
    let overtaken = found(|history| history.sends.reverse());
    assert_eq!(
        overtaken,
        ["overtaken (D-4): message m-1 of participant 1 as 2 was sent after message m-2 of participant 1 as 4 and \
          stands before it"]
    );
    let beside = found(|history| {
        history.sends.reverse();
        history.sends.iter_mut().for_each(|sent| sent.lane = None);
    });
    assert_eq!(beside, [""; 0]);
}

#[test]
fn an_event_whose_inside_has_another_number_is_malformed() {
    let malformed = found(|history| {
        every_reader(history, |events| {
            events[2] = RawEvent {
                seq: Seq(3),
                visibility: Visibility::All,
                event: Arc::clone(&message(9, BOT, "b-1", "x").event),
            };
        });
    });
    assert_eq!(malformed, ["event 3 is malformed"]);
}
