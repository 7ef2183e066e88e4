//! Each step of a planned switchover, and what ends it at each.

use super::*;

const BACKUP: LinkId = LinkId(7);
const ASKER: Asker = Asker::Link(LinkId(3), RequestId(11));

fn name(name: &str) -> EngineName {
    EngineName::new(name).expect("valid")
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn switching() -> Switching {
    Switching::new(name("a"), "0.2.0")
}

fn backup(software: &str) -> Option<Backup> {
    Some(Backup { link: BACKUP, name: name("b"), software: Some(software.into()) })
}

fn clear() -> Circumstances {
    Circumstances { backup: backup("0.2.0"), unaware: Vec::new(), is_writable: true }
}

fn ask(switching: &mut Switching, dry_run: bool) -> Vec<SwitchEffect> {
    switching.handle(ms(0), SwitchInput::Asked { by: ASKER, dry_run })
}

/// Asked, and nothing in the way.
fn preparing() -> Switching {
    let mut switching = switching();
    assert_eq!(ask(&mut switching, false), [SwitchEffect::Test]);
    assert_eq!(switching.handle(ms(0), SwitchInput::Tested(clear())), [SwitchEffect::Prepare(BACKUP)]);
    switching
}

fn draining() -> Switching {
    let mut switching = preparing();
    assert!(!switching.is_holding(), "nobody waits while the backup prepares itself");
    assert_eq!(switching.handle(ms(0), SwitchInput::Prepared(BACKUP)), [SwitchEffect::Hold]);
    assert!(switching.is_holding() && switching.is_draining());
    switching
}

fn handing_over() -> Switching {
    let mut switching = draining();
    let effects = switching.handle(ms(0), SwitchInput::Drained { is_behind: false });
    assert_eq!(effects, [SwitchEffect::HandOver(BACKUP)]);
    assert!(switching.is_holding() && !switching.is_draining());
    switching
}

fn given_up(cause: GivenUp) -> SwitchEffect {
    SwitchEffect::Answer(ASKER, SwitchoverOutcome::GivenUp(cause))
}

#[test]
fn a_switchover_goes_through_all_its_steps_and_leaves_the_answer_to_the_successor() {
    let mut switching = handing_over();
    let effects = switching.handle(ms(1), SwitchInput::HandedOver(Epoch(5)));
    assert_eq!(effects, [SwitchEffect::Leave { to: BACKUP, epoch: Epoch(5) }]);
    assert!(switching.is_holding(), "nothing is taken in by who is no longer primary");
    assert_eq!(switching.handle(ms(1), SwitchInput::LinkDown(BACKUP)), []);
}

#[test]
fn a_dry_run_names_all_that_is_in_the_way_and_begins_nothing() {
    let mut switching = switching();
    assert_eq!(ask(&mut switching, true), [SwitchEffect::Test]);
    let found = Circumstances { backup: None, unaware: vec!["gateway".into(), "echo".into()], is_writable: false };
    let blockers = vec![
        Blocker::NoBackup,
        Blocker::StoreNotWritable,
        Blocker::LinkUnaware { link: "gateway".into() },
        Blocker::LinkUnaware { link: "echo".into() },
    ];
    let blocked = SwitchEffect::Answer(ASKER, SwitchoverOutcome::Blocked(blockers));
    assert_eq!(switching.handle(ms(0), SwitchInput::Tested(found)), [blocked]);

    assert_eq!(ask(&mut switching, true), [SwitchEffect::Test]);
    let outcome = SwitchoverOutcome::Clear { from: name("a"), to: name("b") };
    let effects = switching.handle(ms(0), SwitchInput::Tested(clear()));
    assert_eq!(effects, [SwitchEffect::Answer(ASKER, outcome)]);
    assert_eq!(switching.next_deadline(), None);
}

#[test]
fn what_is_in_the_way_of_a_dry_run_is_in_the_way_of_the_real_one() {
    let mut switching = switching();
    ask(&mut switching, false);
    let found = Circumstances { backup: None, ..clear() };
    let blocked = SwitchEffect::Answer(ASKER, SwitchoverOutcome::Blocked(vec![Blocker::NoBackup]));
    assert_eq!(switching.handle(ms(0), SwitchInput::Tested(found)), [blocked]);
    assert!(!switching.is_holding());
}

#[test]
fn an_older_backup_is_in_the_way_and_a_newer_one_is_not() {
    for (software, is_in_the_way) in
        [("0.2.0", false), ("0.2.1", false), ("0.10.0", false), ("1.0.0-rc.1", false), ("0.1.9", true), ("odd", true)]
    {
        let mut switching = switching();
        ask(&mut switching, true);
        let found = Circumstances { backup: backup(software), ..clear() };
        let effects = switching.handle(ms(0), SwitchInput::Tested(found));
        let is_blocked = matches!(effects[..], [SwitchEffect::Answer(_, SwitchoverOutcome::Blocked(_))]);
        assert_eq!(is_blocked, is_in_the_way, "{software}");
    }
}

#[test]
fn a_store_that_does_not_answer_cannot_be_written() {
    let mut switching = switching();
    ask(&mut switching, true);
    assert_eq!(switching.handle(TEST_MAX - ms(1), SwitchInput::Tick), []);
    let effects = switching.handle(TEST_MAX, SwitchInput::Tick);
    let [SwitchEffect::Answer(ASKER, SwitchoverOutcome::Blocked(blockers))] = &effects[..] else {
        panic!("not blocked: {effects:?}")
    };
    assert!(blockers.contains(&Blocker::StoreNotWritable));
    assert_eq!(switching.handle(TEST_MAX, SwitchInput::Tested(clear())), [], "it comes too late");
}

#[test]
fn whoever_asks_while_one_is_under_way_waits_for_it_and_a_dry_run_is_told_of_it() {
    let mut switching = preparing();
    assert_eq!(switching.handle(ms(0), SwitchInput::Asked { by: Asker::Signal, dry_run: false }), []);
    let under_way = SwitchEffect::Answer(ASKER, SwitchoverOutcome::Blocked(vec![Blocker::UnderWay]));
    assert_eq!(ask(&mut switching, true), [under_way]);
    let effects = switching.handle(ms(0), SwitchInput::LinkDown(BACKUP));
    let told = SwitchEffect::Answer(Asker::Signal, SwitchoverOutcome::GivenUp(GivenUp::BackupLost));
    assert_eq!(effects, [SwitchEffect::CallOff(BACKUP), given_up(GivenUp::BackupLost), told]);
}

#[test]
fn the_primary_goes_on_when_the_backup_is_lost_before_the_lease_is_written() {
    let mut switching = draining();
    let effects = switching.handle(ms(0), SwitchInput::LinkDown(BACKUP));
    let resume = SwitchEffect::Resume(GivenUp::BackupLost);
    assert_eq!(effects, [SwitchEffect::CallOff(BACKUP), resume, given_up(GivenUp::BackupLost)]);
    assert!(!switching.is_holding());
    assert_eq!(switching.handle(ms(0), SwitchInput::Drained { is_behind: false }), []);

    let mut switching = handing_over();
    assert_eq!(switching.handle(ms(0), SwitchInput::LinkDown(BACKUP)), [], "the lease may be its own already");
    let effects = switching.handle(ms(0), SwitchInput::NotHandedOver);
    assert_eq!(effects[1], SwitchEffect::Resume(GivenUp::LeaseNotHanded));
}

#[test]
fn each_wait_has_a_bound_and_the_primary_says_which_was_met() {
    let mut switching = preparing();
    assert_eq!(switching.next_deadline(), Some(PREPARE_MAX));
    let effects = switching.handle(PREPARE_MAX, SwitchInput::Tick);
    assert_eq!(effects, [SwitchEffect::CallOff(BACKUP), given_up(GivenUp::BackupLate)], "nothing was held");

    let mut switching = draining();
    assert_eq!(switching.next_deadline(), Some(HOLD_MAX));
    let effects = switching.handle(HOLD_MAX, SwitchInput::Tick);
    assert_eq!(effects[1..], [SwitchEffect::Resume(GivenUp::StoreLate), given_up(GivenUp::StoreLate)]);

    let mut switching = handing_over();
    assert_eq!(switching.next_deadline(), None, "only the store's answer can end this");
    assert_eq!(switching.handle(HOLD_MAX * 9, SwitchInput::Tick), []);
}

#[test]
fn what_was_told_and_cannot_be_saved_keeps_the_primary() {
    let mut switching = draining();
    let effects = switching.handle(ms(0), SwitchInput::Drained { is_behind: true });
    assert_eq!(effects[1..], [SwitchEffect::Resume(GivenUp::NotSaved), given_up(GivenUp::NotSaved)]);
}

#[test]
fn an_engine_that_is_stopped_gives_up_what_it_can() {
    let mut switching = draining();
    let effects = switching.handle(ms(0), SwitchInput::Stopping);
    assert_eq!(effects[1], SwitchEffect::Resume(GivenUp::Stopping));
    assert_eq!(handing_over().handle(ms(0), SwitchInput::Stopping), []);
}

#[test]
fn whoever_is_gone_is_not_told() {
    let mut switching = preparing();
    assert_eq!(switching.handle(ms(0), SwitchInput::LinkDown(LinkId(3))), []);
    assert_eq!(switching.handle(ms(0), SwitchInput::LinkDown(BACKUP)), [SwitchEffect::CallOff(BACKUP)]);
}
