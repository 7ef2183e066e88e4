//! All synthetic customers of a drill.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, TryStreamExt, future::ready, stream};
use tandem_protocol::{ErrorCode, EventBody, Seq, link::Open, properties};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::LOOK_EVERY;
use crate::{
    ask::{Asker, Unanswered},
    customer::{Customer, Order, Page, index_of},
    judge::{Entry, gap},
    plan::Plan,
    transport::Gateway,
};

/// Requests of the drill under way at one time: little beside what a link takes.
const AT_ONCE: usize = 16;

/// What customers and subjects are called; nobody sees it.
const NAME: &str = "Drill";

/// How long customers may take to hang up.
const HANG_UP_MAX: Duration = Duration::from_secs(5);

/// How often an erasure that is put off, as the end is not saved yet or another one is in its way, is asked for again;
/// together with the pauses some seconds.
const ERASE_TRIES: usize = 20;

/// The pause between them.
const ERASE_PAUSE: Duration = Duration::from_millis(250);

/// See the module.
pub(super) struct Crowd {
    customers: Vec<Arc<Customer>>,
    /// Of those, so many may have a session, from the first.
    opened: Arc<AtomicUsize>,
    orders: watch::Sender<Order>,
    tasks: JoinSet<()>,
}

impl Crowd {
    pub(super) fn new(plan: &Plan) -> Self {
        let customers = (0..plan.sessions).map(|_| Arc::new(Customer::new(&plan.pair))).collect();
        let orders = watch::Sender::new(Order::Wait);
        Self { customers, opened: Arc::default(), orders, tasks: JoinSet::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.customers.len()
    }

    /// Opens a session for each. It may be dropped: what may have been opened is known.
    pub(super) async fn open(&self, asker: &Asker, drill: Uuid) -> Result<(), Unanswered> {
        let opened = stream::iter(self.customers.clone()).map(|customer| {
            let (asker, counted) = (asker.clone(), self.opened.clone());
            async move {
                counted.fetch_add(1, Ordering::Relaxed);
                asker.open(opening(&customer, drill)).await
            }
        });
        opened.buffered(AT_ONCE).try_collect().await
    }

    /// Connects them, so that their turns are spread evenly.
    pub(super) fn connect(&mut self, gateway: &Arc<dyn Gateway>, every: Duration) {
        let share = every / u32::try_from(self.customers.len()).unwrap_or(u32::MAX).max(1);
        for (customer, at) in self.customers.iter().zip(0..) {
            let (gateway, orders) = (gateway.clone(), self.orders.subscribe());
            self.tasks.spawn(customer.clone().live(gateway, every, share * at, orders));
        }
    }

    pub(super) fn speak(&self) {
        self.orders.send_replace(Order::Speak);
    }

    /// For how many it holds, and how many of the others have been ended by the gateway.
    pub(super) fn count(&self, holds: impl Fn(&Page) -> bool) -> (usize, usize) {
        let mut counts = (0, 0);
        for customer in &self.customers {
            match customer.with(|page| (holds(page), page.stopped.is_some())) {
                (true, _) => counts.0 += 1,
                (false, true) => counts.1 += 1,
                (false, false) => {}
            }
        }
        counts
    }

    /// How many the gateway has ended.
    pub(super) fn ended(&self) -> usize {
        self.count(|page| page.stopped.is_some()).0
    }

    /// Has them say nothing new, and waits until what they said is acknowledged.
    pub(super) async fn finish(&self, max: Duration) {
        self.orders.send_replace(Order::Finish);
        let until = Instant::now() + max;
        let is_done = || {
            let (done, ended) = self.count(Page::has_nothing_waiting);
            done + ended == self.len()
        };
        while !self.tasks.is_empty() && !is_done() && Instant::now() < until {
            sleep(LOOK_EVERY).await;
        }
    }

    /// Has them hang up. How many have lost a connection before that.
    pub(super) async fn hang_up(&mut self) -> u64 {
        self.orders.send_replace(Order::End);
        let tasks = &mut self.tasks;
        let all = async { while tasks.join_next().await.is_some() {} };
        // Whoever does not come to an end, since a peer reads nothing, is dropped.
        let _ = timeout(HANG_UP_MAX, all).await;
        self.tasks.shutdown().await;
        self.count(|page| page.breaks > 0 || page.stopped.is_some()).0 as u64
    }

    /// What each session that has gone on had to wait.
    pub(super) fn gaps(&self, failed_at: Instant, succeeded_at: Instant) -> Vec<Duration> {
        self.customers.iter().filter_map(|customer| customer.with(|page| gap(page, failed_at, succeeded_at))).collect()
    }

    /// The whole transcript of each session.
    pub(super) async fn transcripts(&self, asker: &Asker) -> Vec<(Arc<Customer>, Result<Vec<Entry>, Unanswered>)> {
        let all = stream::iter(self.customers.clone()).map(|customer| {
            let asker = asker.clone();
            async move {
                let transcript = read(&asker, &customer).await;
                (customer, transcript)
            }
        });
        all.buffer_unordered(AT_ONCE).collect().await
    }

    /// Ends and erases every session that may have been opened; how many are left.
    pub(super) async fn erase(&self, asker: &Asker) -> usize {
        let opened = self.opened.load(Ordering::Relaxed);
        let erased = stream::iter(self.customers[..opened].to_vec()).map(|customer| {
            let asker = asker.clone();
            async move { erase(&asker, &customer).await }
        });
        let left = erased.buffer_unordered(AT_ONCE).filter(|is_erased| ready(!is_erased));
        left.count().await
    }
}

fn opening(customer: &Customer, drill: Uuid) -> Open {
    Open {
        session: customer.session,
        subject: Some(NAME.to_owned()),
        properties: [(properties::DRILL.to_owned(), drill.to_string())].into(),
        name: NAME.to_owned(),
        token_hash: customer.token_hash(),
    }
}

async fn read(asker: &Asker, customer: &Customer) -> Result<Vec<Entry>, Unanswered> {
    let mut transcript: Vec<Entry> = Vec::new();
    loop {
        let after = transcript.last().map_or(Seq::ZERO, |(seq, _)| *seq);
        let page = asker.read(customer.session, customer.token_hash(), after).await?;
        let head = page.head;
        for raw in &page.events {
            let event = raw.parse().map_err(|_| Unanswered::Strange)?;
            let message = match event.body {
                EventBody::Message { client_id, .. } => index_of(&client_id),
                _ => None,
            };
            transcript.push((event.seq, message));
        }
        // A page without events is the end, whatever its head says.
        if page.events.is_empty() || transcript.last().is_some_and(|(seq, _)| *seq >= head) {
            return Ok(transcript);
        }
    }
}

/// Whether nothing of it is left.
async fn erase(asker: &Asker, customer: &Customer) -> bool {
    match asker.close(customer.session, customer.token_hash()).await {
        // It was never opened, as far as anybody knows.
        Err(Unanswered::Refused(refusal)) if refusal.code == ErrorCode::UnknownSession => return true,
        // Where it has ended already there is still something to erase.
        _ => {}
    }
    for _ in 0..ERASE_TRIES {
        match asker.erase(customer.session).await {
            Ok(()) => return true,
            Err(Unanswered::Refused(refusal)) if refusal.code.is_retryable() => sleep(ERASE_PAUSE).await,
            Err(_) => return false,
        }
    }
    false
}
