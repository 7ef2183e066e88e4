//! Many chats of two that go on by themselves: each sends at its own moment of the interval, the parties in turn.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, TryStreamExt, future::join_all, stream};
use tandem_protocol::{ClientId, Seq, client::Notice};
use tandem_tests::{Customer, History, Rest, check, checker::Violation, customer::View, deadline::pause};
use tokio::task::JoinHandle;

/// Sessions opened at the same time: enough to keep both processors busy.
const AT_ONCE: usize = 16;

/// The sends of an interval are spread over this many moments.
const MOMENTS: usize = 100;

/// The two pages of a session.
struct Chat {
    parties: [Customer; 2],
}

/// A message, and when it was written.
struct Written {
    chat: usize,
    /// Which of the two parties wrote it.
    party: usize,
    id: ClientId,
    at: Instant,
}

/// How long a message took from its writing until the other party had it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delay {
    pub(crate) written_at: Instant,
    pub(crate) took: Duration,
}

/// The chats and the task that keeps them going.
pub(crate) struct Chats {
    chats: Arc<Vec<Chat>>,
    written: Arc<Mutex<Vec<Written>>>,
    every: Duration,
    pace: JoinHandle<()>,
}

/// What the histories say.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) acked: usize,
    pub(crate) lost: usize,
    pub(crate) doubled: usize,
    pub(crate) out_of_order: usize,
    pub(crate) others: usize,
    pub(crate) disconnected: usize,
    /// What the pages were told of each restoration: its gap as the gateway measured it, in milliseconds.
    pub(crate) told_ms: Vec<u64>,
    /// Notices of any kind that pages were shown.
    pub(crate) notices: usize,
    /// Of every message of the interval.
    pub(crate) delays: Vec<Delay>,
}

impl Verdict {
    pub(crate) fn is_good(&self) -> bool {
        let Self { acked, lost, doubled, out_of_order, others, disconnected, .. } = *self;
        acked > 0 && lost + doubled + out_of_order + others + disconnected == 0
    }

    fn count(&mut self, violation: &Violation) {
        match violation {
            Violation::Lost { .. } | Violation::Misplaced { .. } => self.lost += 1,
            Violation::Twice { .. } | Violation::AckedTwice { .. } => self.doubled += 1,
            Violation::Gap { .. } | Violation::Overtaken { .. } => self.out_of_order += 1,
            Violation::Differs { .. } | Violation::Invented { .. } | Violation::Malformed { .. } => self.others += 1,
        }
    }
}

impl Chats {
    /// Opens the sessions, connects both parties of each and begins.
    pub(crate) async fn open(rest: &Rest, sessions: usize, every: Duration) -> Self {
        let opened = stream::iter(0..sessions).map(|at| async move {
            let ticket = rest.open("customer").await;
            let other = rest.join(&ticket, "other").await;
            let names = [format!("customer {at}"), format!("other {at}")];
            let parties =
                [Customer::with_ticket(rest, ticket, &names[0]), Customer::with_ticket(rest, other, &names[1])];
            join_all(parties.iter().map(Customer::is_connected)).await;
            Ok::<Chat, std::convert::Infallible>(Chat { parties })
        });
        let chats: Vec<Chat> = opened.buffer_unordered(AT_ONCE).try_collect().await.expect("nothing can fail");
        let chats = Arc::new(chats);
        let written = Arc::default();
        let pace = tokio::spawn(keep_going(Arc::clone(&chats), Arc::clone(&written), every));
        Self { chats, written, every, pace }
    }

    /// Lets every session send at least once.
    pub(crate) async fn go_on(&self) {
        pause(self.every).await;
    }

    /// Each session sends a message now; the time from the kill until its other party has it.
    pub(crate) async fn gaps_since(&self, killed_at: Instant) -> Vec<Duration> {
        let written: Vec<_> = self.chats.iter().map(|chat| chat.parties[0].writes("is anybody there?")).collect();
        let gaps = self.chats.iter().zip(&written).map(|(chat, id)| async move {
            let [sender, other] = &chat.parties;
            let seq = sender.is_saved(id).await;
            other.reads_up_to(seq).await;
            let at = usize::try_from(seq.0).expect("a number fits") - 1;
            other.view(|view| view.arrivals[at]).saturating_duration_since(killed_at)
        });
        join_all(gaps).await
    }

    /// Ends the sending, waits until everything has arrived, and judges.
    pub(crate) async fn judge(self) -> Verdict {
        self.pace.abort();
        let mut verdict = Verdict::default();
        for chat in self.chats.iter() {
            let history = chat.end().await;
            verdict.acked += history.acked();
            verdict.disconnected +=
                chat.parties.iter().filter(|party| party.view(|view| view.connections != 1)).count();
            verdict.told_ms.extend(chat.parties.iter().flat_map(|party| party.view(told_ms)));
            verdict.notices += chat.parties.iter().map(|party| party.view(|view| view.notices.len())).sum::<usize>();
            for violation in check(&history) {
                eprintln!("{violation}");
                verdict.count(&violation);
            }
        }
        let written = std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner));
        let seqs: Vec<_> = self.chats.iter().map(|chat| chat.parties.each_ref().map(acknowledged)).collect();
        verdict.delays = written.iter().filter_map(|written| self.delay(&seqs, written)).collect();
        verdict
    }

    /// None for a message that was not saved, which the histories tell.
    fn delay(&self, seqs: &[[HashMap<ClientId, Seq>; 2]], written: &Written) -> Option<Delay> {
        let seq = seqs[written.chat][written.party].get(&written.id)?;
        let other = &self.chats[written.chat].parties[1 - written.party];
        let at = usize::try_from(seq.0).ok()?.checked_sub(1)?;
        let arrived = other.view(|view| view.arrivals.get(at).copied())?;
        Some(Delay { written_at: written.at, took: arrived.saturating_duration_since(written.at) })
    }
}

/// The number of each message of a party.
fn acknowledged(party: &Customer) -> HashMap<ClientId, Seq> {
    party.view(|view| view.acks.iter().cloned().collect())
}

impl Chat {
    /// Waits until both parties have everything; what they saw.
    async fn end(&self) -> History {
        let mut head = Seq::ZERO;
        for party in &self.parties {
            party.has_nothing_waiting().await;
            head = head.max(party.view(|view| view.acks.iter().map(|(_, seq)| *seq).max().unwrap_or_default()));
        }
        for party in &self.parties {
            party.reads_up_to(head).await;
        }
        History::of(self.parties.iter().map(Customer::history))
    }
}

fn told_ms(view: &View) -> Vec<u64> {
    let told = view.notices.iter().filter_map(|notice| match notice {
        Notice::SessionRestored { gap_ms, .. } => Some(*gap_ms),
        _ => None,
    });
    told.collect()
}

/// Sends in every session once an interval, the parties in turn, spread evenly.
async fn keep_going(chats: Arc<Vec<Chat>>, all: Arc<Mutex<Vec<Written>>>, every: Duration) {
    let mut tick = tokio::time::interval(every / u32::try_from(MOMENTS).expect("a small number"));
    for moment in 0_usize.. {
        tick.tick().await;
        let turn = moment / MOMENTS % 2;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, chat) in chats.iter().enumerate().skip(moment % MOMENTS).step_by(MOMENTS) {
            let id = chat.parties[turn].writes("and another thing");
            all.push(Written { chat: at, party: turn, id, at: Instant::now() });
        }
    }
}
