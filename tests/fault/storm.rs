//! Kills at random moments under load from many sessions in both directions: D-1 to D-4, F-1, R-1 to R-3.
//!
//! The moments are counted in acknowledged messages and drawn from a seed; the seeds are printed. Each storm kills at
//! least [`KILLS`] processes, so that a run of all of them kills a hundred.

use tandem_tests::{Backup, Engine, Primary, System, seeds, system::Builder};

use crate::chatter::Chatter;

/// Processes killed in one storm.
const KILLS: usize = 25;

/// Sessions that talk meanwhile.
const SESSIONS: usize = 24;

/// Acknowledged messages between two kills, at most: some kills come while the last one is not digested yet.
const BETWEEN_MAX: usize = 150;

#[tokio::test]
async fn nothing_is_lost_in_the_first_storm() {
    storm(embedded(), 1, KILLS, &[Kill::Primary]).await;
}

#[tokio::test]
async fn nothing_is_lost_in_the_second_storm() {
    storm(embedded(), 2, KILLS, &[Kill::Primary, Kill::PrimaryThenItsSuccessor, Kill::Backup]).await;
}

#[tokio::test]
async fn nothing_is_lost_in_the_third_storm() {
    storm(embedded(), 3, KILLS, &[Kill::Primary, Kill::Echo, Kill::Gateway, Kill::Both]).await;
}

#[tokio::test]
async fn nothing_is_lost_in_a_storm_that_never_was_before() {
    storm(embedded(), seeds::fresh(), KILLS, &Kill::ALL).await;
}

/// A system on the embedded store.
fn embedded() -> Builder {
    System::builder()
}

/// What dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kill {
    Primary,
    /// The successor dies as soon as it serves, while the first is still dead.
    PrimaryThenItsSuccessor,
    Backup,
    Both,
    Gateway,
    Echo,
}

impl Kill {
    pub(crate) const ALL: [Self; 6] =
        [Self::Primary, Self::PrimaryThenItsSuccessor, Self::Backup, Self::Both, Self::Gateway, Self::Echo];

    /// How many processes that kills.
    fn deaths(self) -> usize {
        match self {
            Self::PrimaryThenItsSuccessor | Self::Both => 2,
            _ => 1,
        }
    }
}

/// Kills at least so many processes of a system of this kind.
pub(crate) async fn storm(builder: Builder, seed: u64, kills: usize, kinds: &[Kill]) {
    let mut dice = seeds::dice("storm", seed);
    let mut system = builder.echo().start().await;
    let chatter = Chatter::start(&system, SESSIONS).await;
    let mut deaths = 0;
    let mut gateways = 0;
    while deaths < kills {
        chatter.goes_on_for(dice.usize(0..BETWEEN_MAX)).await;
        let kill = kinds[dice.usize(..kinds.len())];
        strike(&mut system, &chatter, kill, &mut dice).await;
        deaths += kill.deaths();
        gateways += usize::from(kill == Kill::Gateway);
    }
    chatter.goes_on_for(100).await;
    assert!(gateways > 0 || chatter.reconnects() == 0, "R-3: a page was disconnected by an engine's death");
    let acked = chatter.settles(&system.rest()).await;
    eprintln!("storm of seed {seed}: {deaths} kills, {acked} messages acknowledged");
    system.finish().await;
}

async fn strike(system: &mut System, chatter: &Chatter, kill: Kill, dice: &mut fastrand::Rng) {
    match kill {
        Kill::Primary => {
            let dead = system.kill(Primary).await;
            come_back(system, chatter, dead, dice).await;
        }
        Kill::PrimaryThenItsSuccessor => {
            let first = system.kill(Primary).await;
            let second = system.kill(Primary).await;
            let [one, other] = if dice.bool() { [first, second] } else { [second, first] };
            system.restart(one).await;
            chatter.goes_on_for(dice.usize(1..30)).await;
            system.restart(other).await;
            system.is_complete().await;
        }
        Kill::Backup => {
            let dead = system.kill(Backup).await;
            come_back(system, chatter, dead, dice).await;
        }
        Kill::Both => {
            system.kill_both();
            system.restart(if dice.bool() { Engine::A } else { Engine::B }).await;
            let down = system.down();
            system.restart(down).await;
            system.is_complete().await;
        }
        Kill::Gateway => {
            system.kill_gateway();
            system.restart_gateway().await;
        }
        Kill::Echo => {
            system.kill_echo();
            system.restart_echo().await;
        }
    }
}

/// The dead engine comes back at once, or after a while on one engine.
async fn come_back(system: &mut System, chatter: &Chatter, dead: Engine, dice: &mut fastrand::Rng) {
    if dice.bool() {
        chatter.goes_on_for(dice.usize(1..50)).await;
    }
    system.restart(dead).await;
    system.is_complete().await;
}
