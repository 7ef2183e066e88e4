//! Pairs and the interaction server's links come and go at random, and what was asked arrives early, late or never: in
//! the end every desk is there once, nobody is there who has gone, and everything that was done is answered once.

use std::collections::BTreeSet;

use super::*;

const PAIRS: usize = 3;
const SEEDS: u64 = 400;
const STEPS: usize = 200;

/// A gateway's link to one pair.
#[derive(Debug, Default)]
struct Wire {
    is_connected: bool,
    last: u64,
    /// What is neither answered nor withdrawn.
    unacked: BTreeMap<u64, Tag>,
    /// What the engine has not read yet.
    sent: VecDeque<(u64, DeskAsk)>,
}

#[derive(Debug, Clone, Default)]
struct SharedWire(Arc<Mutex<Wire>>);

impl SharedWire {
    fn get(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().expect("no test panics under it")
    }
}

impl Primary for SharedWire {
    fn ask(&self, request: Request, tag: Tag) -> Result<(), Full<Tag>> {
        let Request::Ask(ask) = request else { panic!("{request:?} is not for the interaction server") };
        let mut wire = self.get();
        assert!(wire.is_connected, "{ask:?} would wait in the link, perhaps for hours");
        wire.last += 1;
        let id = wire.last;
        wire.unacked.insert(id, tag);
        wire.sent.push_back((id, ask));
        Ok(())
    }

    fn withdraw(&self, is_chosen: &mut dyn FnMut(&Tag) -> bool) {
        self.get().unacked.retain(|_, tag| !is_chosen(tag));
    }
}

/// What a primary passes on; a life is that of the gateway's connection.
#[derive(Debug)]
enum Passed {
    Asked { life: u64, id: u64, ask: DeskAsk },
    GatewayGone { life: u64 },
}

/// The primary of a pair, as far as it stands between the gateway and the interaction server.
#[derive(Debug, Default)]
struct Relay {
    /// Of the gateway's connection.
    life: u64,
    has_server: bool,
    /// Questions that are not answered, whether they were passed on or not.
    waiting: BTreeMap<(u64, u64), DeskAsk>,
    /// On the way to the interaction server.
    passed: VecDeque<Passed>,
}

struct World {
    random: fastrand::Rng,
    desks: Desks,
    wires: Vec<SharedWire>,
    relays: Vec<Relay>,
    /// Whom the interaction server believes to be there, at which pair and in which life.
    entered: BTreeMap<DeskId, (usize, u64)>,
    version: u64,
    here: Vec<Arc<Desk>>,
    /// What was done at each desk that is here, and what each was told.
    done: BTreeMap<DeskId, Vec<String>>,
    told: BTreeMap<DeskId, Vec<String>>,
    actions: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let desks = Desks::new(PAIRS);
        let wires: Vec<SharedWire> = (0..PAIRS).map(|_| SharedWire::default()).collect();
        for (pair, wire) in wires.iter().enumerate() {
            desks.reach(PairIndex(pair), Box::new(wire.clone()));
        }
        Self {
            random: fastrand::Rng::with_seed(seed),
            desks,
            wires,
            relays: (0..PAIRS).map(|_| Relay::default()).collect(),
            entered: BTreeMap::new(),
            version: 0,
            here: Vec::new(),
            done: BTreeMap::new(),
            told: BTreeMap::new(),
            actions: 0,
        }
    }

    fn step(&mut self) {
        let pair = self.random.usize(..PAIRS);
        match self.random.u8(..24) {
            0 => self.opens(),
            1 if !self.here.is_empty() => self.closes(),
            2..=4 if !self.here.is_empty() => self.does(),
            5..=10 => self.engine_reads(pair),
            11..=16 => self.server_hears(pair),
            17 => self.connection_breaks(pair),
            18 => self.engine_dies(pair),
            19 => self.server_leaves(pair),
            20 | 21 => self.connects(pair),
            22 | 23 => self.server_links(pair),
            _ => {}
        }
        self.reads();
    }

    fn opens(&mut self) {
        let desk = Arc::new(Desk::new(DeskId(Uuid::now_v7()), TokenHash([7; 32]), 1 << 20));
        self.desks.add(&desk).expect("is not stopping");
        self.here.push(desk);
    }

    fn closes(&mut self) {
        let desk = self.here.swap_remove(self.random.usize(..self.here.len()));
        self.desks.remove(desk.id);
        self.done.remove(&desk.id);
        self.told.remove(&desk.id);
    }

    fn does(&mut self) {
        let desk = self.here[self.random.usize(..self.here.len())].id;
        let done = self.done.entry(desk).or_default();
        let unanswered = done.len() - self.told.get(&desk).map_or(0, Vec::len);
        if unanswered < ACTIONS_MAX {
            self.actions += 1;
            let action = format!("a-{}", self.actions);
            self.desks.does(desk, id(&action), Action::State(ChosenState::Ready));
            done.push(action);
        }
    }

    /// The primary reads one frame of the gateway.
    fn engine_reads(&mut self, pair: usize) {
        let Some((id, ask)) = self.wires[pair].get().sent.pop_front() else { return };
        let relay = &mut self.relays[pair];
        relay.waiting.insert((relay.life, id), ask.clone());
        if relay.has_server {
            relay.passed.push_back(Passed::Asked { life: relay.life, id, ask });
        }
    }

    /// The interaction server takes one thing from a primary, and the answer is back at once.
    fn server_hears(&mut self, pair: usize) {
        let (life, id, ask) = match self.relays[pair].passed.pop_front() {
            None => return,
            Some(Passed::GatewayGone { life }) => return self.entered.retain(|_, at| *at != (pair, life)),
            Some(Passed::Asked { life, id, ask }) => (life, id, ask),
        };
        self.version += 1;
        let outcome = match ask {
            DeskAsk::Enter { desk, .. } => {
                self.entered.insert(desk, (pair, life));
                told_view(self.version)
            }
            DeskAsk::Exit { desk } => {
                self.entered.remove(&desk);
                told(&json!(null))
            }
            DeskAsk::Do { desk, .. } if !self.entered.contains_key(&desk) => refused(ErrorCode::Unavailable),
            _ => told(&json!(null)),
        };
        if self.relays[pair].waiting.remove(&(life, id)).is_none() || life != self.relays[pair].life {
            return;
        }
        let tag = self.wires[pair].get().unacked.remove(&id);
        match tag {
            Some(Tag::Enter(stay)) => self.desks.enter_answered(stay, outcome),
            Some(Tag::Do(stay, action)) => self.desks.action_answered(stay, action, outcome),
            Some(_) | None => {}
        }
    }

    /// The gateway's connection ends while the primary lives, which may read what was sent only now.
    fn connection_breaks(&mut self, pair: usize) {
        if !std::mem::take(&mut self.wires[pair].get().is_connected) {
            return;
        }
        let late = std::mem::take(&mut self.wires[pair].get().sent);
        self.desks.is_lost(PairIndex(pair), Instant::now(), self.random.bool());
        assert!(self.wires[pair].get().unacked.is_empty(), "the next primary would be asked");
        let (relay, arrives) = (&mut self.relays[pair], self.random.bool());
        let life = relay.life;
        relay.waiting.clear();
        if relay.has_server {
            let late = late.into_iter().filter(|_| arrives).map(|(id, ask)| Passed::Asked { life, id, ask });
            relay.passed.extend(late);
            relay.passed.push_back(Passed::GatewayGone { life });
        }
    }

    fn engine_dies(&mut self, pair: usize) {
        self.server_leaves(pair);
        self.connection_breaks(pair);
    }

    /// The interaction server's link to the pair ends; nobody at it is there any more.
    fn server_leaves(&mut self, pair: usize) {
        let relay = &mut self.relays[pair];
        if std::mem::take(&mut relay.has_server) {
            relay.passed.clear();
            self.entered.retain(|_, (at, _)| *at != pair);
            if self.wires[pair].get().is_connected {
                self.desks.is_deserted(PairIndex(pair), Instant::now(), self.random.bool());
            }
        }
    }

    fn connects(&mut self, pair: usize) {
        if std::mem::replace(&mut self.wires[pair].get().is_connected, true) {
            return;
        }
        self.relays[pair].life += 1;
        self.desks.is_connected(PairIndex(pair));
        if !self.relays[pair].has_server {
            self.desks.is_deserted(PairIndex(pair), Instant::now(), self.random.bool());
        }
    }

    fn server_links(&mut self, pair: usize) {
        let relay = &mut self.relays[pair];
        if std::mem::replace(&mut relay.has_server, true) {
            return;
        }
        let again =
            relay.waiting.iter().map(|((life, id), ask)| Passed::Asked { life: *life, id: *id, ask: ask.clone() });
        relay.passed.extend(again);
        if self.wires[pair].get().is_connected {
            self.desks.enter_again(PairIndex(pair));
        }
    }

    /// The pages read what they are told.
    fn reads(&mut self) {
        for desk in &self.here {
            for frame in given(desk) {
                match (frame["type"].as_str(), frame["id"].as_str()) {
                    (Some("done"), Some(action)) => self.told.entry(desk.id).or_default().push(action.to_owned()),
                    (Some("welcome" | "view" | "notice"), _) => {}
                    _ => panic!("a desk was told {frame}"),
                }
            }
        }
    }

    /// Everything comes back, and all that is on its way arrives. Whoever the interaction server believes to be there is
    /// shown something.
    fn settles(&mut self) {
        for pair in 0..PAIRS {
            self.connects(pair);
            self.server_links(pair);
        }
        for _ in 0..3 {
            while (0..PAIRS).any(|pair| self.is_busy(pair)) {
                for pair in 0..PAIRS {
                    self.engine_reads(pair);
                    self.server_hears(pair);
                }
            }
            self.version += 1;
            for (desk, (pair, life)) in self.entered.clone() {
                if life == self.relays[pair].life {
                    self.desks.news(PairIndex(pair), desk, DeskNews::View(view(self.version)));
                }
            }
        }
        self.reads();
    }

    fn is_busy(&self, pair: usize) -> bool {
        !self.wires[pair].get().sent.is_empty() || !self.relays[pair].passed.is_empty()
    }

    fn judge(mut self, seed: u64) {
        let state = self.desks.lock();
        let stays: BTreeSet<(DeskId, usize)> =
            state.seats.values().filter_map(|seat| seat.stay.map(|stay| (stay.desk, stay.pair.0))).collect();
        let entered: BTreeSet<(DeskId, usize)> = self.entered.iter().map(|(desk, (pair, _))| (*desk, *pair)).collect();
        assert_eq!((stays.len(), state.entering, state.stays.len()), (self.here.len(), 0, stays.len()), "seed {seed}");
        assert_eq!(entered, stays, "seed {seed}: who is there");
        drop(state);
        for (desk, mut done) in std::mem::take(&mut self.done) {
            let mut told = self.told.remove(&desk).unwrap_or_default();
            done.sort();
            told.sort();
            assert_eq!(told, done, "seed {seed}: each is answered once");
        }
    }
}

/// R-3, D-3, B-1.
#[test]
fn whatever_comes_and_goes_every_desk_is_there_once_and_all_that_was_done_is_answered_once() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| world.step());
        world.settles();
        world.judge(seed);
    }
}
