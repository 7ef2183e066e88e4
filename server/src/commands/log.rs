//! `tandem log`: what was done to restore a session.

use std::{collections::HashMap, io::Write};

use clap::Args;
use serde_json::{Value, json};
use tandem_protocol::{
    Epoch, PairName, SessionId,
    control::{Control, JOURNAL_LIMIT_MAX, Restoration, RestoredHow, Takeover, Told},
};

use super::{
    Global, failovers,
    table::{dated, millis, moment},
};
use crate::{
    lifecycle::failure::Failure,
    operator::{PairArgs, Unanswered, ask_once},
    settings::{Settings, links},
};

/// Show what was done to restore a session: each time when, by which engine, after which takeover, from how many events,
/// and how long it took.
///
/// It is kept for 30 days. Where there are several pairs, the session's id says which of them is asked.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tandem log 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f
  tandem log 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f --json

Exit codes: 0 shown; 1 no primary found, or the journal cannot be read; 2 the command or a setting is wrong.")]
pub(super) struct LogArgs {
    /// The session.
    #[arg(value_name = "SESSION", value_parser = parse_session)]
    session: SessionId,
    /// One JSON object instead of sentences, as in PROTOCOL.md.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pair: PairArgs,
}

impl LogArgs {
    pub(super) fn execute(self, global: &Global) -> Result<(), Failure> {
        let loaded = global.load([])?;
        let mut pair = self.pair.clone();
        if pair.pair.is_none() && pair.primary.is_none() {
            pair.pair = keeper(&loaded.settings, self.session).map(|pair| pair.to_string());
        }
        let takeovers = Control::Takeovers { before: None, limit: JOURNAL_LIMIT_MAX };
        let asked = vec![Control::Restorations { session: self.session }, takeovers];
        let told = ask_once(loaded, &pair, "log", asked)?;
        let (restorations, takeovers) = match <[Told; 2]>::try_from(told) {
            Ok([Told::Restorations(restorations), Told::Takeovers(takeovers)]) => (restorations, takeovers),
            _ => return Err(Failure::runtime(Unanswered::Strange)),
        };
        let takeovers = takeovers.iter().map(|takeover| (takeover.epoch, takeover)).collect();
        let said = match self.json {
            true => as_json(self.session, &restorations, &takeovers),
            false => as_text(self.session, &restorations, &takeovers),
        };
        std::io::stdout().write_all(said.as_bytes()).map_err(Failure::runtime)
    }
}

fn parse_session(text: &str) -> Result<SessionId, String> {
    let expected = "a session's id is a UUID, such as 0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f";
    text.parse().map_err(|_| expected.to_owned())
}

/// The pair that the session's id names, where the settings know several.
fn keeper(settings: &Settings, session: SessionId) -> Option<PairName> {
    let place = &settings.gateway.place;
    let known = links(&settings.pair.name.0, place.primary.as_ref(), &place.pairs, None);
    let tag = session.pair_tag();
    let first = known.first().map(|link| link.name.clone());
    known.into_iter().map(|link| link.name).find(|name| name.tag() == tag).or(first)
}

fn as_text(session: SessionId, restorations: &[Restoration], takeovers: &HashMap<Epoch, &Takeover>) -> String {
    if restorations.is_empty() {
        return format!("session {session} did not have to be restored in the last 30 days\n");
    }
    let line = |restoration: &Restoration| {
        let Restoration { epoch, engine, at_ms, how, events, took_us, .. } = restoration;
        let takeover = takeovers.get(epoch).map(|takeover| format!(" ({})", cause(takeover)));
        let (at, takeover, took) = (moment(*at_ms), takeover.unwrap_or_default(), millis(*took_us));
        let how = match how {
            RestoredHow::Prepared => "ahead of the switchover",
            RestoredHow::Asked => "as it was asked for",
            RestoredHow::Unattended => "with nobody there, for its timers",
        };
        format!("{at}  engine {engine}, epoch {epoch}{takeover}: restored from {events} events in {took}, {how}\n")
    };
    restorations.iter().map(line).collect()
}

fn cause(takeover: &Takeover) -> String {
    let why = failovers::in_words(takeover.cause);
    match &takeover.from {
        Some(from) if *from != takeover.to => format!("after engine {from}: {why}"),
        _ => why.to_owned(),
    }
}

/// The entries as on the wire, each with its moment as a person reads it and the takeover before it.
fn as_json(session: SessionId, restorations: &[Restoration], takeovers: &HashMap<Epoch, &Takeover>) -> String {
    let entry = |restoration: &Restoration| {
        let mut entry = dated(restoration, restoration.at_ms);
        let takeover = takeovers.get(&restoration.epoch);
        entry["takeover"] = takeover.map_or(Value::Null, |takeover| dated(*takeover, takeover.at_ms));
        entry
    };
    let restorations: Vec<Value> = restorations.iter().map(entry).collect();
    json!({ "session": session, "restorations": restorations }).to_string() + "\n"
}

#[cfg(test)]
mod tests {
    use tandem_protocol::{EngineName, Timestamp, control::TakeoverCause};

    use super::*;

    #[test]
    fn a_person_reads_what_was_done_to_restore_a_session() {
        let session: SessionId = "0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f".parse().expect("is one");
        let name = |name: &str| EngineName::new(name).expect("valid");
        let takeover = Takeover {
            pair: PairName::new("main").expect("valid"),
            epoch: Epoch(2),
            at_ms: Timestamp(1_764_000_000_000),
            from: Some(name("a")),
            to: name("b"),
            cause: TakeoverCause::Died,
            took_us: 1,
            sessions: 1,
            gap_ms: None,
        };
        let restoration = |epoch, how| Restoration {
            session,
            epoch: Epoch(epoch),
            engine: name("b"),
            at_ms: Timestamp(1_764_000_000_007),
            how,
            events: 12,
            took_us: 940,
        };
        let restorations = [restoration(2, RestoredHow::Asked), restoration(3, RestoredHow::Unattended)];
        let takeovers = HashMap::from([(Epoch(2), &takeover)]);
        let expected = "\
2025-11-24T16:00:00.007Z  engine b, epoch 2 (after engine a: process died): restored from 12 events in 0.9 ms, as it was asked for
2025-11-24T16:00:00.007Z  engine b, epoch 3: restored from 12 events in 0.9 ms, with nobody there, for its timers
";
        assert_eq!(as_text(session, &restorations, &takeovers), expected);
        let none = format!("session {session} did not have to be restored in the last 30 days\n");
        assert_eq!(as_text(session, &[], &takeovers), none);
        let told: Value = serde_json::from_str(&as_json(session, &restorations, &takeovers)).expect("is JSON");
        assert_eq!(told["restorations"][0]["takeover"]["cause"], "died");
        assert_eq!(told["restorations"][1]["takeover"], Value::Null);
        assert_eq!(told["restorations"][1]["at"], "2025-11-24T16:00:00.007Z");
    }

    #[test]
    fn what_is_no_sessions_id_is_refused_with_an_example() {
        for bad in ["", "17", "0198c5a2-7b1e-7c3d-9f00"] {
            let refused = parse_session(bad).expect_err("is none");
            assert!(refused.contains("0198c5a2-7b1e-7c3d-9f00-3a5b8c9d0e1f"), "{refused}");
        }
    }
}
