//! The store, as far as the core can tell: a lease that is compared and a log that only grows.

use std::collections::{BTreeMap, HashMap, HashSet};

use tandem_protocol::{ClientId, Epoch, EventBody, ParticipantId, RawEvent, Seq, SessionId, Timestamp, TokenHash};
use tandem_session::{LoadedSession, Record};

/// A process: an engine and its life, for one that is started again is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) node: usize,
    pub(crate) life: u64,
}

/// The lease row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) epoch: Epoch,
    pub(crate) holder: Process,
    pub(crate) renewed_at: Timestamp,
}

/// What survives every crash.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) lease: Option<Lease>,
    pub(crate) transcripts: BTreeMap<SessionId, Vec<(RawEvent, Option<TokenHash>)>>,
    closed: HashSet<SessionId>,
    sent: HashSet<(SessionId, ParticipantId, ClientId)>,
    /// The `queued` event since which a session waits.
    waits: HashMap<SessionId, Seq>,
    /// Refuses every record, as a full disk does; the lease can still be taken.
    pub(crate) is_full: bool,
    /// Off only to show that the invariants notice.
    pub(crate) is_fenced: bool,
}

impl Disk {
    pub(crate) fn fenced() -> Self {
        Self { is_fenced: true, ..Self::default() }
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.lease.map_or(Epoch::ZERO, |lease| lease.epoch)
    }

    /// The compare-and-swap of a takeover.
    pub(crate) fn take(&mut self, seen: Epoch, holder: Process, now: Timestamp) -> Result<Epoch, Lease> {
        match self.lease {
            Some(lease) if lease.epoch != seen => Err(lease),
            _ => {
                self.lease = Some(Lease { epoch: seen.next(), holder, renewed_at: now });
                Ok(seen.next())
            }
        }
    }

    /// False when the epoch is stale (F-1).
    pub(crate) fn renew(&mut self, epoch: Epoch, now: Timestamp) -> bool {
        match &mut self.lease {
            Some(lease) if lease.epoch == epoch => {
                lease.renewed_at = now;
                true
            }
            _ => false,
        }
    }

    /// False when the epoch is stale (F-1). Panics when what is written breaks D-3 or D-4.
    pub(crate) fn append(&mut self, epoch: Epoch, records: &[Record]) -> bool {
        if self.is_fenced && self.epoch() != epoch {
            return false;
        }
        for record in records {
            let transcript = self.transcripts.entry(record.session).or_default();
            let expected = Seq(transcript.len() as u64 + 1);
            assert_eq!(record.event.seq, expected, "D-4: numbered without gap or repeat");
            assert!(!self.closed.contains(&record.session), "nothing follows the end of a session");
            transcript.push((record.event.clone(), record.secret));
            self.check(record);
            if record.closes {
                self.closed.insert(record.session);
            }
        }
        true
    }

    /// Panics when an event may not follow what is there.
    fn check(&mut self, record: &Record) {
        let session = record.session;
        let event = record.event.parse().expect("an event");
        let sent = match event.body {
            EventBody::Message { participant, client_id, .. } => Some((participant, client_id)),
            EventBody::Joined { took, client_id, .. } => {
                let waited = took.map(|_| self.waits.remove(&session));
                assert!(waited.is_none_or(|waited| waited == took), "a session was taken that did not wait");
                Some((ParticipantId::ZERO, client_id))
            }
            EventBody::Queued { client_id, .. } => {
                self.waits.insert(session, event.seq);
                Some((ParticipantId::ZERO, client_id))
            }
            _ => None,
        };
        let is_new = sent.is_none_or(|(by, client_id)| self.sent.insert((session, by, client_id)));
        assert!(is_new, "D-3: the same send is one event");
    }

    /// The open sessions with their heads.
    pub(crate) fn open_sessions(&self) -> Vec<(SessionId, Seq)> {
        let open = self.transcripts.iter().filter(|(session, _)| !self.closed.contains(session));
        open.map(|(session, transcript)| (*session, Seq(transcript.len() as u64))).collect()
    }

    /// The histories without their last events, as from an index that is behind the log.
    pub(crate) fn preview(&self, sessions: &[SessionId]) -> Vec<LoadedSession> {
        let mut beginnings = self.load(sessions);
        beginnings.iter_mut().for_each(|beginning| drop(beginning.history.pop()));
        beginnings
    }

    pub(crate) fn load_after(&self, sessions: &[(SessionId, Seq)]) -> Vec<LoadedSession> {
        let after = |(session, after): &(SessionId, Seq)| {
            let mut loaded = self.load(&[*session]).remove(0);
            loaded.history.drain(..after.0 as usize);
            loaded
        };
        sessions.iter().map(after).collect()
    }

    pub(crate) fn load(&self, sessions: &[SessionId]) -> Vec<LoadedSession> {
        let history = |session: &SessionId| self.transcripts.get(session).cloned().unwrap_or_default();
        sessions.iter().map(|session| LoadedSession { session: *session, history: history(session) }).collect()
    }

    pub(crate) fn read(&self, session: SessionId, after: Seq, events_max: usize) -> Vec<RawEvent> {
        let transcript = self.transcripts.get(&session).map(Vec::as_slice).unwrap_or_default();
        transcript.iter().skip(after.0 as usize).take(events_max).map(|(event, _)| event.clone()).collect()
    }

    pub(crate) fn has(&self, session: SessionId, seq: Seq) -> bool {
        self.transcripts.get(&session).is_some_and(|transcript| transcript.len() as u64 >= seq.0)
    }
}
