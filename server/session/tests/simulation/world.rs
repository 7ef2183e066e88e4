//! Two engines, a disk and some clients; a seed decides what happens next.
//!
//! Where the guarantees are checked: D-1 where an engine lets a frame out and where an answer arrives, D-3 and D-4
//! where the disk is written and where events arrive, F-1 on the disk, F-2 at each step-down and each connect, D-2,
//! at each reattachment and in the end.

use std::time::Duration;

use tandem_protocol::{Seq, link::FromEngine};
use tandem_session::{LinkId, SessionSettings};

use crate::{
    client::Client,
    disk::{Disk, Process},
    node::{Node, moment},
};

/// What a run came to, so that a run in which nothing happened is noticed.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) takeovers: u64,
    pub(crate) deposed: u64,
    pub(crate) crashes: u64,
    pub(crate) handed_over: u64,
    pub(crate) acknowledged: usize,
}

impl Totals {
    pub(crate) fn add(&mut self, other: &Self) {
        self.takeovers += other.takeovers;
        self.deposed += other.deposed;
        self.crashes += other.crashes;
        self.handed_over += other.handed_over;
        self.acknowledged += other.acknowledged;
    }
}

/// See the module.
pub(crate) struct World {
    random: fastrand::Rng,
    now: Duration,
    disk: Disk,
    nodes: [Option<Node>; 2],
    clients: Vec<Client>,
    next_link: u64,
    /// The lives of both engines so far.
    lives: u64,
    settings: SessionSettings,
    /// Whether the disk may be full for a while.
    fills: bool,
    totals: Totals,
}

impl World {
    /// Two engines with these settings, on a disk that is never full.
    pub(crate) fn new(seed: u64, settings: SessionSettings) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            now: Duration::ZERO,
            disk: Disk::fenced(),
            nodes: [0, 1].map(|node| Some(Node::new(Process { node, life: 0 }, settings.clone()))),
            clients: [0, 1].map(|me| Client::new(me, settings.clone())).into(),
            next_link: 0,
            lives: 0,
            settings,
            fills: false,
            totals: Totals::default(),
        }
    }

    /// From now on the disk may be full for a while.
    pub(crate) fn with_full_disks(mut self) -> Self {
        self.fills = true;
        self
    }

    pub(crate) fn disk_mut(&mut self) -> &mut Disk {
        &mut self.disk
    }

    pub(crate) fn totals(&self) -> Totals {
        let running = self.nodes.iter().flatten();
        Totals {
            takeovers: self.totals.takeovers + running.clone().map(|node| node.takeovers).sum::<u64>(),
            deposed: self.totals.deposed + running.clone().map(|node| node.deposed).sum::<u64>(),
            handed_over: self.totals.handed_over + running.map(|node| node.handed_over).sum::<u64>(),
            crashes: self.totals.crashes,
            acknowledged: self.clients.iter().map(Client::acknowledged).sum(),
        }
    }

    /// Lets everything happen, faults included.
    pub(crate) fn run_with_faults(&mut self, steps: usize) {
        for _ in 0..steps {
            let node = self.random.usize(..2);
            match self.random.u8(..200) {
                0 => self.crash(node),
                1..3 => self.stop(node),
                3..8 => self.wake(node),
                8..12 => self.restart(node),
                12..14 => self.cut_link(),
                14..50 => self.customer_acts(),
                50..60 => self.pass_time(),
                63..80 => self.switch_over(),
                60..63 if self.fills => self.disk.is_full = !self.disk.is_full,
                _ => self.work(),
            }
        }
    }

    /// No more faults: everything that was asked is answered, every reader catches up; then all is compared.
    pub(crate) fn heal_and_settle(&mut self) {
        self.disk.is_full = false;
        (0..2).for_each(|node| self.restart(node));
        (0..2).for_each(|node| self.wake(node));
        for _ in 0..20_000 {
            self.work();
            if self.random.u8(..16) == 0 {
                self.pass_time();
            }
            if self.is_settled() {
                break;
            }
        }
        assert!(self.is_settled(), "what was asked is not answered although nothing is broken any more");
        for client in &self.clients {
            client.check(&self.disk);
        }
        for transcript in self.disk.transcripts.values() {
            let numbers = transcript.iter().map(|(event, _)| event.seq);
            assert!(numbers.eq((1..=transcript.len() as u64).map(Seq)), "D-4: the transcript has a gap");
        }
    }

    fn is_settled(&self) -> bool {
        let quiet = |node: &Node| node.is_idle() && node.outgoing.values().all(|queue| queue.is_empty());
        self.nodes.iter().flatten().all(quiet)
            && self.clients.iter().all(|client| {
                let at_primary = client.connection.is_some_and(|(node, _)| self.is_serving(node));
                at_primary && client.is_settled() && client.outgoing.is_empty()
            })
    }

    fn is_serving(&self, node: usize) -> bool {
        let epoch = self.disk.epoch();
        self.nodes[node].as_ref().is_some_and(|node| node.core.as_ref().is_some_and(|(of, _)| *of == epoch))
    }

    fn crash(&mut self, at: usize) {
        let Some(node) = self.nodes[at].take() else { return };
        self.totals.crashes += 1;
        self.totals.takeovers += node.takeovers;
        self.totals.deposed += node.deposed;
        self.totals.handed_over += node.handed_over;
        self.disconnect_from(at);
        let now = moment(self.now);
        let Some(other) = self.nodes[1 - at].as_mut() else { return };
        // A stopped one hears of it when it wakes, as of everything.
        other.backup_is_gone(now, &self.disk);
        if !other.is_stopped {
            other.other_is_gone(now, &self.disk);
        }
    }

    /// An operator wants whoever is primary to hand over.
    fn switch_over(&mut self) {
        let now = moment(self.now);
        let Some(at) = (0..2).find(|at| self.nodes[*at].as_ref().is_some_and(|node| node.is_primary())) else { return };
        let Some(backup) = self.nodes[1 - at].as_ref().filter(|other| !other.is_primary()).map(|other| other.me) else {
            return;
        };
        if let Some(node) = self.nodes[at].as_mut().filter(|node| !node.is_stopped) {
            node.is_to_hand_over(now, backup, &self.disk);
        }
    }

    fn restart(&mut self, at: usize) {
        let (settings, lives) = (&self.settings, &mut self.lives);
        self.nodes[at].get_or_insert_with(|| {
            *lives += 1;
            Node::new(Process { node: at, life: *lives }, settings.clone())
        });
    }

    fn stop(&mut self, at: usize) {
        if let Some(node) = &mut self.nodes[at] {
            node.is_stopped = true;
        }
    }

    fn wake(&mut self, at: usize) {
        if let Some(node) = &mut self.nodes[at] {
            node.is_stopped = false;
        }
    }

    /// A connection breaks although both sides live.
    fn cut_link(&mut self) {
        let at = self.random.usize(..self.clients.len());
        let client = &mut self.clients[at];
        let Some((node, link)) = client.connection else { return };
        client.disconnected();
        if let Some(node) = &mut self.nodes[node] {
            node.link_down(moment(self.now), link);
        }
    }

    fn disconnect_from(&mut self, at: usize) {
        for client in &mut self.clients {
            if client.connection.is_some_and(|(node, _)| node == at) {
                client.disconnected();
            }
        }
    }

    fn customer_acts(&mut self) {
        let at = self.random.usize(..self.clients.len());
        self.clients[at].act(&mut self.random);
    }

    fn pass_time(&mut self) {
        self.now += Duration::from_millis(self.random.u64(1..800));
        let now = moment(self.now);
        for node in self.nodes.iter_mut().flatten().filter(|node| !node.is_stopped) {
            node.tick(now, &self.disk);
        }
    }

    /// One thing that needs no fault: the disk works, a report arrives, a frame arrives, a client connects.
    fn work(&mut self) {
        let now = moment(self.now);
        let running = self.nodes.each_ref().map(|node| node.as_ref().map(|node| node.me));
        let at = self.random.usize(..2);
        let client = self.random.usize(..self.clients.len());
        match self.random.u8(..6) {
            0 => {
                // A write that is under way when its process is stopped may still reach the disk.
                if let Some(node) = &mut self.nodes[at] {
                    node.operate(now, &mut self.disk, &running);
                }
            }
            1 => {
                if let Some(node) = self.nodes[at].as_mut().filter(|node| !node.is_stopped) {
                    node.report(now, &self.disk);
                }
            }
            2 => self.frame_to_engine(client),
            3 => self.frame_to_client(client),
            4 => self.word_from(at),
            _ => self.connect(client),
        }
        for node in self.nodes.iter_mut().flatten().filter(|node| !node.is_stopped) {
            node.looks_whether_drained(now, &self.disk);
        }
    }

    /// What one engine has said to the other arrives.
    fn word_from(&mut self, at: usize) {
        let now = moment(self.now);
        let is_heard = self.nodes[1 - at].as_ref().is_some_and(|other| !other.is_stopped);
        let Some(word) = self.nodes[at].as_mut().filter(|_| is_heard).and_then(|node| node.handover.words.pop_front())
        else {
            return;
        };
        if let Some(other) = &mut self.nodes[1 - at] {
            other.hear(now, word, &self.disk);
        }
    }

    fn frame_to_engine(&mut self, client: usize) {
        let now = moment(self.now);
        let client = &mut self.clients[client];
        let Some((at, link)) = client.connection else { return };
        let Some(node) = self.nodes[at].as_mut().filter(|node| !node.is_stopped) else { return };
        if let Some(frame) = client.outgoing.pop_front() {
            node.receive(now, link, frame, &self.disk);
        }
    }

    fn frame_to_client(&mut self, client: usize) {
        let client = &mut self.clients[client];
        let Some((at, link)) = client.connection else { return };
        let Some(node) = self.nodes[at].as_mut() else { return };
        match node.outgoing.get_mut(&link) {
            Some(queue) => match queue.pop_front() {
                Some(FromEngine::Moved(pair)) => {
                    node.outgoing.remove(&link);
                    client.disconnected();
                    client.epoch_seen = client.epoch_seen.max(pair.epoch);
                }
                Some(frame) => client.receive(frame, &self.disk),
                None => {}
            },
            // The engine has stepped down and sent its links away.
            None => client.disconnected(),
        }
    }

    /// A client without a connection, or with one to a hung engine, looks for the primary.
    fn connect(&mut self, client: usize) {
        let current = self.clients[client].connection;
        if let Some((at, link)) = current {
            let is_hung = self.nodes[at].as_ref().is_some_and(|node| node.is_stopped);
            if !is_hung {
                return;
            }
            self.clients[client].disconnected();
            if let Some(node) = &mut self.nodes[at] {
                node.link_down(moment(self.now), link);
            }
        }
        let at = self.random.usize(..2);
        let Some(node) = self.nodes[at].as_mut().filter(|node| !node.is_stopped && node.is_primary()) else { return };
        let epoch = node.core.as_ref().map(|(epoch, _)| *epoch).expect("it is primary");
        if epoch < self.clients[client].epoch_seen {
            return;
        }
        let link = LinkId(self.next_link);
        self.next_link += 1;
        node.link_up(link);
        self.clients[client].connected(at, link, epoch);
    }
}
