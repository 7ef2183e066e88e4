//! The page as a person sees it.

use tandem_protocol::{
    Blocker, EngineName, Epoch, PairName,
    control::{BackupStatus, StoreStatus},
};

use super::*;

fn engine(name: &str, pid: u32) -> EngineStatus {
    EngineStatus {
        name: EngineName::new(name).expect("valid"),
        address: format!("10.0.0.{pid}:7301"),
        host: format!("chat-{pid}"),
        pid,
        version: "0.1.0".into(),
        started_ms: Timestamp(0),
    }
}

fn link(name: &str, role: &str) -> LinkStatus {
    LinkStatus {
        name: name.into(),
        role: role.into(),
        from: "10.0.0.3:51234".into(),
        since_ms: Some(Timestamp(3_000)),
        heard_ms_ago: 31,
        knows_pair: true,
    }
}

fn status() -> PairStatus {
    PairStatus {
        pair: PairName::new("main").expect("valid"),
        at_ms: Timestamp(100_000),
        epoch: Epoch(4),
        since_ms: Timestamp(1_000),
        primary: engine("a", 1),
        backup: Some(BackupStatus { engine: engine("b", 2), since_ms: Timestamp(2_000), heard_ms_ago: 212 }),
        links: vec![link("gateway", "gateway"), link("echo", "external")],
        sessions: SessionCounts {
            open: 120,
            waiting: 3,
            live: 118,
            clients: 230,
            sessions_max: 100_000,
            clients_max: 200_000,
        },
        traffic: Traffic {
            messages: 5_120,
            messages_per_s: 41.52,
            answer_p50_us: Some(1_800),
            answer_p99_us: Some(5_200),
        },
        saving: SavingStatus {
            waiting: 2,
            batch_ms: Some(1),
            sessions_behind: 0,
            at_end: false,
            save_p50_us: Some(1_500),
            save_p99_us: Some(4_700),
        },
        store: StoreStatus { place: "/var/lib/tandem".into(), in_reach: true },
        blockers: Vec::new(),
        drills_allowed: true,
    }
}

fn takeover() -> Takeover {
    Takeover {
        pair: PairName::new("main").expect("valid"),
        epoch: Epoch(4),
        at_ms: Timestamp(1_764_000_000_000),
        from: Some(EngineName::new("b").expect("valid")),
        to: EngineName::new("a").expect("valid"),
        cause: TakeoverCause::Died,
        took_us: 12_300,
        sessions: 118,
        gap_ms: Some(41),
    }
}

#[test]
fn a_person_sees_on_one_page_how_a_pair_stands() {
    let expected = "\
Pair main, epoch 4, served for 1m 39s

  primary       engine a at 10.0.0.1:7301, process 1 on chat-1, version 0.1.0
  backup        engine b at 10.0.0.2:7301, process 2 on chat-2, version 0.1.0;
                stands by for 1m 38s, heard 212 ms ago
  links         gateway from 10.0.0.3:51234, for 1m 37s, heard 31 ms ago
                echo (program) from 10.0.0.3:51234, for 1m 37s, heard 31 ms ago
  sessions      120 open of at most 100000, 118 of them in memory, 3 waiting in
                a queue; 230 clients of at most 200000
  traffic       41.5 messages a second, half acknowledged within 1.8 ms, 99 %
                within 5.2 ms; 5120 since it serves
  saving        2 events wait, a batch is at the store for 1 ms; half of the
                batches took up to 1.5 ms, 99 % up to 4.7 ms
  store         /var/lib/tandem, in reach
  last takeover 2025-11-24T16:00:00.000Z: engine a from engine b, which had
                died, within 12.3 ms, 118 sessions; clients noticed 41 ms
  switchover    nothing is in the way

  If this process died now
    engine a        engine b takes over; 120 sessions are restored; customers
                    and agents keep their connections
    engine b        nobody notices; until it is back, nobody would take over
                    from engine a
    gateway         no customer and no agent reaches a chat until it is back;
                    pages keep what is said meanwhile and send it then
    echo            chats go on; nothing is answered by this program until it is
                    back
    the store       nothing that is said is acknowledged until it is back; for
                    how long that is waited for, and what becomes of the chats
                    then, the settings say

  All is well.
";
    let page = page(&Verdict::of(Box::new(status()), Some(takeover())));
    assert_eq!(page, expected);
    assert!(page.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn each_thing_that_is_not_well_has_a_line_of_its_own() {
    let blockers = vec![Blocker::NoBackup, Blocker::LinkUnaware { link: "echo".into() }];
    let page = page(&Verdict::of(Box::new(PairStatus { backup: None, blockers, ..status() }), None));
    let expected = "
  ! no backup stands by: nobody would take over
  ! the link echo has not acknowledged who is primary and who is backup
  Degraded: the pair serves, and a person should look.
";
    assert!(page.ends_with(expected), "{page}");
    assert!(page.contains("  backup        none stands by\n"), "{page}");
    let blocked = "  switchover    blocked: no backup stands by; the link echo has not acknowledged\n";
    assert!(page.contains(blocked), "{page}");
}

#[test]
fn what_is_not_known_is_not_made_up() {
    let mut status = status();
    (status.traffic, status.saving) = (Traffic::default(), SavingStatus::default());
    let backup = status.backup.as_mut().expect("there is one");
    (backup.engine.host, backup.engine.version) = (String::new(), String::new());
    let page = page(&Verdict::of(Box::new(status), None));
    for line in [
        "  traffic       0.0 messages a second; 0 since it serves\n",
        "  saving        nothing waits\n",
        "process 2 on a host that it has not\n                said, version not said;",
    ] {
        assert!(page.contains(line), "{page}");
    }
    assert!(!page.contains("last takeover"), "{page}");
}
