//! The keeper's decisions, one story each.

use super::*;

fn keeper() -> LeaseKeeper {
    LeaseKeeper::new(EngineName::new("b").expect("valid"), LeaseTimes::default())
}

fn lease_of(holder: &str, renewed_at: u64) -> SeenLease {
    SeenLease {
        epoch: Epoch(4),
        holder: EngineName::new(holder).expect("valid"),
        address: "127.0.0.1:7301".into(),
        renewed_at: Timestamp(renewed_at),
        is_released: false,
        is_holder_gone: false,
        is_own: false,
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A keeper that stands by for engine `a`.
fn backup() -> LeaseKeeper {
    let mut keeper = keeper();
    assert_eq!(keeper.handle(seconds(0), LeaseInput::Tick), [LeaseEffect::Read]);
    let effects = keeper.handle(seconds(0), LeaseInput::Read(Some(lease_of("a", 100))));
    assert_eq!(effects, [LeaseEffect::Follow("127.0.0.1:7301".into())]);
    keeper
}

#[test]
fn the_first_engine_takes_a_lease_that_nobody_holds() {
    let mut keeper = keeper();
    keeper.handle(seconds(0), LeaseInput::Tick);
    let effects = keeper.handle(seconds(0), LeaseInput::Read(None));
    assert_eq!(effects, [LeaseEffect::Take { seen: Epoch::ZERO, cause: TakeCause::Free }]);
    assert_eq!(keeper.handle(seconds(0), LeaseInput::Taken(Epoch(1))), [LeaseEffect::Serve(Epoch(1))]);
    assert_eq!(keeper.primary_epoch(), Some(Epoch(1)));
}

#[test]
fn a_backup_takes_over_at_once_when_the_primary_refuses_connections() {
    let mut keeper = backup();
    let effects = keeper.handle(seconds(0), LeaseInput::FollowLost { is_refused: true });
    assert_eq!(effects, [LeaseEffect::Take { seen: Epoch(4), cause: TakeCause::Refused }]);
    assert!(keeper.is_undecided());
}

#[test]
fn a_silent_primary_is_waited_for_until_its_lease_has_expired() {
    let mut keeper = backup();
    assert_eq!(keeper.handle(seconds(1), LeaseInput::FollowLost { is_refused: false }), [LeaseEffect::Read]);
    let effects = keeper.handle(seconds(1), LeaseInput::Read(Some(lease_of("a", 100))));
    assert_eq!(effects, [LeaseEffect::Follow("127.0.0.1:7301".into())]);
    keeper.handle(seconds(2), LeaseInput::Tick);
    assert_eq!(keeper.handle(seconds(2), LeaseInput::Read(Some(lease_of("a", 101)))), [], "it renewed");
    keeper.handle(seconds(4), LeaseInput::Tick);
    assert_eq!(keeper.handle(seconds(4), LeaseInput::Read(Some(lease_of("a", 101)))), []);
    keeper.handle(seconds(5), LeaseInput::Tick);
    let effects = keeper.handle(seconds(5), LeaseInput::Read(Some(lease_of("a", 101))));
    assert_eq!(effects, [LeaseEffect::Take { seen: Epoch(4), cause: TakeCause::Expired }]);
}

#[test]
fn only_a_silent_or_unreachable_holder_of_the_write_lock_is_ended() {
    let mut keeper = keeper();
    keeper.handle(seconds(0), LeaseInput::Tick);
    keeper.handle(seconds(0), LeaseInput::Read(None));
    let again = LeaseEffect::Take { seen: Epoch::ZERO, cause: TakeCause::Free };
    assert_eq!(keeper.handle(seconds(0), LeaseInput::Blocked), [again], "somebody is busy");

    let mut keeper = backup();
    keeper.handle(seconds(0), LeaseInput::FollowLost { is_refused: true });
    let again = LeaseEffect::Take { seen: Epoch(4), cause: TakeCause::Refused };
    assert_eq!(keeper.handle(seconds(0), LeaseInput::Blocked), [LeaseEffect::KillHolder, again]);

    let mut keeper = backup();
    keeper.handle(seconds(3), LeaseInput::Tick);
    keeper.handle(seconds(3), LeaseInput::Read(Some(lease_of("a", 100))));
    let again = LeaseEffect::Take { seen: Epoch(4), cause: TakeCause::Expired };
    assert_eq!(keeper.handle(seconds(3), LeaseInput::Blocked), [LeaseEffect::KillHolder, again]);
}

#[test]
fn a_fenced_primary_steps_down_and_becomes_backup() {
    // F-2
    let mut keeper = keeper();
    keeper.handle(seconds(0), LeaseInput::Tick);
    keeper.handle(seconds(0), LeaseInput::Read(None));
    keeper.handle(seconds(0), LeaseInput::Taken(Epoch(1)));
    assert_eq!(keeper.handle(seconds(1), LeaseInput::Tick), [LeaseEffect::Renew(Epoch(1))]);
    assert_eq!(keeper.handle(seconds(2), LeaseInput::Tick), [], "one renewal at a time");
    let effects = keeper.handle(seconds(9), LeaseInput::Fenced);
    assert_eq!(effects, [LeaseEffect::StepDown(Epoch(1)), LeaseEffect::Read]);
    let effects = keeper.handle(seconds(9), LeaseInput::Read(Some(lease_of("a", 7))));
    assert_eq!(effects, [LeaseEffect::Follow("127.0.0.1:7301".into())]);
    assert_eq!(keeper.primary_epoch(), None);
}

#[test]
fn a_primary_steps_down_when_its_successor_says_so_and_for_nobody_else() {
    // F-2
    let mut keeper = keeper();
    keeper.handle(seconds(0), LeaseInput::Tick);
    assert_eq!(keeper.handle(seconds(0), LeaseInput::Deposed(Epoch(9))), [], "it serves nobody");
    keeper.handle(seconds(0), LeaseInput::Read(None));
    keeper.handle(seconds(0), LeaseInput::Taken(Epoch(5)));
    assert_eq!(keeper.handle(seconds(1), LeaseInput::Deposed(Epoch(5))), [], "no newer epoch");
    let effects = keeper.handle(seconds(1), LeaseInput::Deposed(Epoch(6)));
    assert_eq!(effects, [LeaseEffect::StepDown(Epoch(5)), LeaseEffect::Read]);
    assert_eq!(keeper.handle(seconds(1), LeaseInput::Deposed(Epoch(6))), [], "it has stepped down");
}

fn primary(epoch: u64) -> LeaseKeeper {
    let mut keeper = keeper();
    keeper.handle(seconds(0), LeaseInput::Tick);
    keeper.handle(seconds(0), LeaseInput::Read(None));
    keeper.handle(seconds(0), LeaseInput::Taken(Epoch(epoch)));
    keeper
}

#[test]
fn a_primary_hands_over_between_two_renewals_and_becomes_backup() {
    let mut keeper = primary(4);
    keeper.handle(seconds(1), LeaseInput::Tick);
    assert_eq!(keeper.handle(seconds(1), LeaseInput::HandOver), [], "a renewal is under way");
    assert_eq!(keeper.handle(seconds(1), LeaseInput::Renewed), [LeaseEffect::GiveAway(Epoch(4))]);
    assert_eq!(keeper.handle(seconds(3), LeaseInput::Tick), [], "no renewal while it hands over");
    assert_eq!(keeper.primary_epoch(), Some(Epoch(4)));
    assert_eq!(keeper.handle(seconds(3), LeaseInput::HandedOver(Epoch(5))), [LeaseEffect::Read]);
    assert_eq!((keeper.primary_epoch(), keeper.is_undecided()), (None, true));
    let effects = keeper.handle(seconds(3), LeaseInput::Read(Some(lease_of("a", 1))));
    assert_eq!(effects, [LeaseEffect::Follow("127.0.0.1:7301".into())]);
}

#[test]
fn a_primary_that_could_not_hand_over_goes_on_and_renews() {
    let mut keeper = primary(4);
    assert_eq!(keeper.handle(seconds(1), LeaseInput::HandOver), [LeaseEffect::GiveAway(Epoch(4))]);
    assert_eq!(keeper.handle(seconds(1), LeaseInput::NotHandedOver), []);
    assert_eq!(keeper.primary_epoch(), Some(Epoch(4)));
    assert_eq!(keeper.handle(seconds(2), LeaseInput::Tick), [LeaseEffect::Renew(Epoch(4))]);
}

#[test]
fn a_backup_to_which_the_lease_is_given_serves_without_taking_it() {
    // F-1: the epoch was raised by who had it.
    let mut keeper = backup();
    assert_eq!(keeper.handle(seconds(1), LeaseInput::Given(Epoch(4))), [], "no newer epoch");
    assert_eq!(keeper.handle(seconds(1), LeaseInput::Given(Epoch(5))), [LeaseEffect::Serve(Epoch(5))]);
    assert_eq!(keeper.handle(seconds(1), LeaseInput::Given(Epoch(5))), [], "it serves already");
    assert_eq!(keeper.primary_epoch(), Some(Epoch(5)));
}

#[test]
fn a_backup_that_reads_of_itself_in_the_lease_waits_for_the_word_of_it_but_not_for_long() {
    let given = |is_own| LeaseInput::Read(Some(SeenLease { epoch: Epoch(5), is_own, ..lease_of("b", 1) }));
    let take = LeaseEffect::Take { seen: Epoch(5), cause: TakeCause::Own };
    let mut keeper = backup();
    assert_eq!(keeper.handle(seconds(1), given(true)), []);
    assert_eq!(keeper.handle(seconds(1), LeaseInput::Given(Epoch(5))), [LeaseEffect::Serve(Epoch(5))]);

    let mut keeper = backup();
    assert_eq!(keeper.handle(seconds(1), given(true)), []);
    let taken = keeper.handle(seconds(2), given(true));
    assert_eq!(taken.first(), Some(&take), "the primary died before it said so");

    let mut keeper = backup();
    assert_eq!(keeper.handle(seconds(1), given(false)), [take], "another process of this name had it");
}

#[test]
fn a_lost_race_makes_a_backup() {
    let mut keeper = backup();
    keeper.handle(seconds(0), LeaseInput::FollowLost { is_refused: true });
    let effects = keeper.handle(seconds(0), LeaseInput::LostRace(lease_of("c", 1)));
    assert_eq!(effects, [LeaseEffect::Follow("127.0.0.1:7301".into())]);
}

#[test]
fn a_store_in_trouble_deposes_nobody_and_is_asked_again() {
    let mut keeper = backup();
    keeper.handle(seconds(0), LeaseInput::FollowLost { is_refused: true });
    assert_eq!(keeper.handle(seconds(0), LeaseInput::StoreFailed), []);
    assert_eq!(keeper.handle(seconds(1), LeaseInput::Tick), [LeaseEffect::Read]);

    keeper.handle(seconds(1), LeaseInput::Read(None));
    keeper.handle(seconds(1), LeaseInput::Taken(Epoch(5)));
    keeper.handle(seconds(2), LeaseInput::Tick);
    assert_eq!(keeper.handle(seconds(2), LeaseInput::RenewFailed), []);
    assert_eq!(keeper.primary_epoch(), Some(Epoch(5)));
    assert_eq!(keeper.handle(seconds(3), LeaseInput::Tick), [LeaseEffect::Renew(Epoch(5))]);
}
