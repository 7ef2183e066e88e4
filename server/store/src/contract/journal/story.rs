//! The words in which the stories of the journal are told.

use tandem_protocol::{
    EngineName, Epoch, PairName, SessionId,
    control::{
        Act, ActKind, Actor, Drill, DrillFailure, Gaps, Noted, Restoration, RestoredHow, Takeover, TakeoverCause,
    },
};
use uuid::Uuid;

use crate::Journal;
pub(crate) use crate::contract::{
    directory::story::later,
    story::{NOW, session},
};

/// A pair of this name.
pub(crate) fn pair(name: &str) -> PairName {
    PairName::new(name).expect("is a name")
}

/// An engine of this name.
pub(crate) fn named(name: &str) -> EngineName {
    EngineName::new(name).expect("is a name")
}

/// A takeover with which an epoch of the pair `main` began, so many milliseconds after the beginning.
pub(crate) fn takeover(epoch: u64) -> Takeover {
    Takeover {
        pair: pair("main"),
        epoch: Epoch(epoch),
        at_ms: later(epoch),
        from: (epoch > 1).then(|| named("a")),
        to: named("b"),
        cause: if epoch > 1 { TakeoverCause::Died } else { TakeoverCause::First },
        took_us: 4_711,
        sessions: u64::MAX,
        gap_ms: None,
    }
}

/// What a gateway noticed of it.
pub(crate) fn gap(epoch: u64, gap_ms: u64) -> Noted {
    Noted::Gap { pair: pair("main"), epoch: Epoch(epoch), gap_ms }
}

/// The nth act, so many milliseconds after the beginning.
pub(crate) fn act(number: u64) -> Act {
    Act {
        id: Uuid::from_u128(u128::from(number)),
        at_ms: later(number),
        by: Actor { who: "ann".into(), from: "192.0.2.7".into() },
        act: ActKind::Switchover,
        about: "main".into(),
        outcome: "done".into(),
    }
}

/// The nth drill, so many milliseconds after the beginning.
pub(crate) fn drill(number: u64) -> Drill {
    Drill {
        id: Uuid::from_u128(u128::from(number)),
        pair: pair("main"),
        at_ms: later(number),
        by: Actor { who: "root@host".into(), from: "tandem drill (process 4711, uid 0)".into() },
        failure: DrillFailure::Kill,
        sessions: 50,
        every_ms: 100,
        from: named("a"),
        epoch: Epoch(7),
        to: Some(named("b")),
        gaps: Some(Gaps { p50_us: 1, p99_us: 2, max_us: 3 }),
        acknowledged: 5_000,
        lost: 0,
        doubled: 0,
        out_of_order: 0,
        disconnected: 0,
        aborted: None,
        took_ms: 20_000,
    }
}

/// The nth session was restored in this epoch, so many milliseconds after the beginning.
pub(crate) fn restoration(number: u16, epoch: u64, after_ms: u64) -> Restoration {
    Restoration {
        session: session(number),
        epoch: Epoch(epoch),
        engine: named("b"),
        at_ms: later(after_ms),
        how: RestoredHow::Asked,
        events: 12,
        took_us: 900,
    }
}

/// Writes these down.
pub(crate) async fn notes(journal: &impl Journal, notes: Vec<Noted>) {
    journal.note(notes).await.expect("writes");
}

/// The epochs and gaps of the last takeovers of `main`.
pub(crate) async fn epochs(journal: &impl Journal, before: Option<u64>, limit: u32) -> Vec<(u64, Option<u64>)> {
    let takeovers = journal.takeovers(&pair("main"), before.map(Epoch), limit).await.expect("reads");
    takeovers.into_iter().map(|takeover| (takeover.epoch.0, takeover.gap_ms)).collect()
}

/// When a session was restored, in milliseconds after the beginning.
pub(crate) async fn restored(journal: &impl Journal, session: SessionId) -> Vec<u64> {
    let restorations = journal.restorations(session).await.expect("reads");
    restorations.into_iter().map(|restoration| restoration.at_ms.0 - NOW.0).collect()
}
