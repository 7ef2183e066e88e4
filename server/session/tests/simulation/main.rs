//! The pure core and the lease keeper of two engines, with a disk, links and clients, in one thread: every step is
//! chosen by a seed, and every step may be the one at which an engine dies, stops or wakes; now and then the primary is
//! asked to hand over.
//!
//! Each numbered guarantee is an invariant here. A failing seed is printed and, given as `TANDEM_SEED`, runs alone.
//! How many seeds run is `TANDEM_SEEDS`; the default takes seconds.

mod client;
mod disk;
mod node;
mod switching;
mod world;

use tandem_session::{AutoSave, OnSaveError, Restoration, SessionSettings};
use world::World;

const SEEDS: u64 = 3_000;

/// For what differs from the default in one thing.
const SEEDS_OF_AN_OPTION: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
}

/// The guarantees D-1, D-2, D-3, D-4, F-1, F-2, R-1 and R-2; see [`World`] for where each is checked.
#[test]
fn every_guarantee_holds_whenever_an_engine_dies() {
    run(SEEDS, |seed| World::new(seed, SessionSettings::default()));
}

/// `session-restoration-mode = none`: what was acknowledged stays in the transcript (D-2), every reader is told of the
/// end, and no session of a dead engine stays open.
#[test]
fn every_guarantee_holds_where_sessions_die_with_their_engine() {
    let settings = SessionSettings { restoration: Restoration::None, ..SessionSettings::default() };
    run(SEEDS_OF_AN_OPTION, |seed| World::new(seed, settings.clone()));
}

/// `transcript-save-on-error = close`: no guarantee is given up for a disk that is full.
#[test]
fn every_guarantee_holds_where_the_disk_is_full_for_a_while() {
    run(SEEDS_OF_AN_OPTION, |seed| World::new(seed, SessionSettings::default()).with_full_disks());
}

/// `transcript-save-on-error = continue`: what is not said to be unsaved is on the disk and stays there (D-1, D-2), and
/// whoever knew more than the next engine starts anew. Of the rest only order and dedupe hold (D-3, D-4).
#[test]
fn what_is_said_to_be_saved_is_saved_where_sessions_go_on_without_the_disk() {
    let settings = SessionSettings { on_save_error: OnSaveError::Continue, ..SessionSettings::default() };
    run(SEEDS_OF_AN_OPTION, |seed| World::new(seed, settings.clone()).with_full_disks());
}

/// `transcript-auto-save = 0`: D-1 and D-2 are not claimed; nothing is said to be saved that is not.
#[test]
fn nothing_is_said_to_be_saved_that_is_not_where_transcripts_are_saved_at_the_end() {
    let settings = SessionSettings { auto_save: AutoSave::AtEnd, ..SessionSettings::default() };
    run(SEEDS_OF_AN_OPTION, |seed| World::new(seed, settings.clone()).with_full_disks());
}

#[expect(clippy::print_stdout, reason = "a failing seed must be seen; cargo shows it with the failure")]
fn run(seeds: u64, world: impl Fn(u64) -> World) {
    let seeds = number("TANDEM_SEED").map_or(0..number("TANDEM_SEEDS").unwrap_or(seeds), |seed| seed..seed + 1);
    let mut totals = world::Totals::default();
    for seed in seeds.clone() {
        println!("seed {seed}");
        let mut world = world(seed);
        world.run_with_faults(600);
        world.heal_and_settle();
        totals.add(&world.totals());
    }
    println!("{} seeds: {totals:?}", seeds.end - seeds.start);
    assert!(totals.handed_over > 0 || seeds.end - seeds.start == 1, "a simulation without switchovers shows nothing");
    assert!(totals.takeovers > 0 || seeds.end - seeds.start == 1, "a simulation without takeovers shows nothing");
    assert!(totals.acknowledged > 0, "a simulation without messages shows nothing");
}

/// The checks themselves are checked: a store that does not compare the epoch is caught (F-1).
#[test]
fn a_store_without_a_fence_is_noticed() {
    let broken = (0..400).any(|seed| {
        std::panic::catch_unwind(|| {
            let mut world = World::new(seed, SessionSettings::default());
            world.disk_mut().is_fenced = false;
            world.run_with_faults(600);
            world.heal_and_settle();
        })
        .is_err()
    });
    assert!(broken, "no seed noticed that deposed engines may write");
}
