//! What a person is told, story by story.

use tandem_protocol::{EngineName, LoginName, Secret};

use super::*;

const A: Who = Who { role: "engine", name: "a" };
const B: Who = Who { role: "engine", name: "b" };
const GATEWAY: Who = Who { role: "gateway", name: "gateway" };
const INTERACTION: Who = Who { role: "interaction", name: "interaction" };
const ECHO: Who = Who { role: "echo", name: "echo" };

fn ready(who: Who, pid: u32, address: Option<&str>) -> News {
    let address = address.map(str::to_owned);
    News::Ready(who, Ready { role: who.role.into(), name: who.name.into(), address, metrics: None, pid })
}

fn says(name: &str, role: PairRole, epoch: u64) -> News {
    let name = EngineName::new(name).expect("is a valid name");
    News::Says(Report::Role(EngineRole { name, role, epoch: Epoch(epoch) }))
}

fn dies(who: Who, pid: u32) -> News {
    News::Ended { who, pid, how: "killed by signal 9".into() }
}

fn said(facts: Vec<Fact>) -> Vec<String> {
    facts.iter().map(ToString::to_string).collect()
}

fn made() -> Login {
    let name = LoginName::new("demo").expect("is a login name");
    Login::Made { name, password: Secret::new("k7xm-q2vn-9hda-t4rw") }
}

/// A system with engine a (10) as primary and b (11) as backup.
fn running() -> Board {
    let mut board = Board::new(&Place::Embedded("/data".into()), Path::new("/data"), false);
    let start = [
        ready(A, 10, Some("127.0.0.1:7301")),
        ready(B, 11, Some("127.0.0.1:7302")),
        ready(GATEWAY, 12, Some("127.0.0.1:8080")),
        ready(ECHO, 13, None),
        ready(INTERACTION, 14, None),
        says("a", PairRole::Primary, 1),
    ];
    for news in start {
        assert_eq!(board.on(news), [], "nothing is said before all is up");
    }
    assert_eq!(board.expect(5, made()), []);
    assert!(!board.is_complete());
    assert_eq!(board.on(says("b", PairRole::Backup, 1)).len(), 1);
    assert!(board.is_complete());
    board
}

/// What is said when all is up, with this login.
fn started(login: Login) -> Vec<Fact> {
    let mut board = Board::new(&Place::Embedded("/data".into()), Path::new("/data"), false);
    board.on(ready(A, 10, Some("127.0.0.1:7301")));
    board.on(ready(B, 11, Some("127.0.0.1:7302")));
    board.on(ready(INTERACTION, 14, None));
    board.on(ready(GATEWAY, 12, Some("127.0.0.1:8080")));
    board.on(ready(ECHO, 13, None));
    board.on(says("a", PairRole::Primary, 1));
    board.on(says("b", PairRole::Backup, 1));
    board.expect(5, login)
}

#[test]
fn a_newcomer_is_told_where_to_chat_how_to_log_in_whom_to_kill_and_how_to_stop() {
    let expected = "\
Tandem is running.
  customers    http://127.0.0.1:8080/sample
  agents       http://127.0.0.1:8080/workspace
  operators    http://127.0.0.1:8080/control
               log in as demo with the password k7xm-q2vn-9hda-t4rw, shown only now
  primary      engine a  process 10       127.0.0.1:7301
  backup       engine b  process 11       127.0.0.1:7302
  interaction            process 14
  gateway                process 12       127.0.0.1:8080
  echo                   process 13
  data         /data
Kill the primary and chat on: kill -9 10
Stop everything with Ctrl-C.";
    assert_eq!(said(started(made())), [expected]);
}

#[test]
fn where_metrics_are_read_is_said_in_one_line() {
    let mut board = Board::new(&Place::Embedded("/data".into()), Path::new("/data"), false);
    for (who, pid, port) in [(A, 10, 7311), (B, 11, 7312), (GATEWAY, 12, 7313), (INTERACTION, 14, 7314)] {
        let (address, metrics) = (Some("127.0.0.1:1".into()), Some(format!("127.0.0.1:{port}")));
        let ready = Ready { role: who.role.into(), name: who.name.into(), address, metrics, pid };
        assert_eq!(board.on(News::Ready(who, ready)), []);
    }
    board.on(says("a", PairRole::Primary, 1));
    board.on(says("b", PairRole::Backup, 1));
    let said = said(board.expect(4, made()));
    let line =
        "  metrics      http://127.0.0.1:7311/metrics  (ports: a 7311, b 7312, gateway 7313, interaction 7314)\n";
    assert!(said[0].contains(line), "{}", said[0]);
}

#[test]
fn who_comes_again_is_told_how_to_log_in() {
    let (name, hint) = (LoginName::new("demo").expect("is a login name"), "tandem agent …".to_owned());
    let cases = [
        (Login::Known { name, hint: hint.clone() }, "log in as demo; for a new password: tandem agent …"),
        (Login::Own { hint: hint.clone() }, "log in with your account; to see which there are: tandem agent …"),
        (Login::Nobody { hint }, "nobody has an account yet; to make one: tandem agent …"),
    ];
    for (login, expected) in cases {
        let said = said(started(login));
        assert_eq!(said[0].lines().nth(4).map(str::trim), Some(expected));
    }
}

#[test]
fn a_program_is_told_the_same_as_json() {
    let json = |login| serde_json::to_value(&started(login)[0]).expect("a fact has only string keys")["started"].take();
    let first = json(made());
    assert_eq!(first["workspace"], "http://127.0.0.1:8080/workspace");
    assert_eq!(first["control"], "http://127.0.0.1:8080/control");
    assert_eq!(first["login"], serde_json::json!({ "name": "demo", "password": "k7xm-q2vn-9hda-t4rw" }));
    assert_eq!(first["interaction"], serde_json::json!({ "name": "interaction", "pid": 14 }));
    let name = LoginName::new("demo").expect("is a login name");
    let later = json(Login::Known { name, hint: "tandem agent …".into() });
    assert_eq!(later["login"], serde_json::json!({ "name": "demo" }));
    assert_eq!(json(Login::Nobody { hint: "tandem agent …".into() }).get("login"), None);
}

#[test]
fn a_killed_primary_is_succeeded_and_comes_back_as_the_backup() {
    let mut board = running();
    let died = ["engine a (process 10, the primary) ended: killed by signal 9; it is started again"];
    assert_eq!(said(board.on(dies(A, 10))), died);
    let took_over = ["engine b (process 11) took over and is the primary, epoch 2"];
    assert_eq!(said(board.on(says("b", PairRole::Primary, 2))), took_over);
    assert_eq!(board.primary(), Some(B));
    assert_eq!(board.on(ready(A, 20, Some("127.0.0.1:7301"))), []);
    let back = ["engine a (process 20) came back as the backup; to try it once more: kill -9 11"];
    assert_eq!(said(board.on(says("a", PairRole::Backup, 2))), back);
}

#[test]
fn a_takeover_is_told_before_the_return_it_made_possible() {
    let mut board = running();
    board.on(dies(A, 10));
    board.on(ready(A, 20, Some("127.0.0.1:7301")));
    assert_eq!(board.on(says("a", PairRole::Backup, 2)), []);
    let both = [
        "engine b (process 11) took over and is the primary, epoch 2",
        "engine a (process 20) came back as the backup; to try it once more: kill -9 11",
    ];
    assert_eq!(said(board.on(says("b", PairRole::Primary, 2))), both);
}

#[test]
fn a_takeover_may_be_heard_of_before_the_death() {
    let mut board = running();
    board.on(says("b", PairRole::Primary, 2));
    let died = ["engine a (process 10) ended: killed by signal 9; it is started again"];
    assert_eq!(said(board.on(dies(A, 10))), died);
    assert_eq!(board.primary(), Some(B));
}

#[test]
fn a_primary_that_hung_comes_back_when_it_wakes() {
    let mut board = running();
    board.on(says("b", PairRole::Primary, 2));
    let back = ["engine a (process 10) came back as the backup; to try it once more: kill -9 11"];
    assert_eq!(said(board.on(says("a", PairRole::Backup, 2))), back);
}

#[test]
fn a_gateway_comes_back_without_a_part_in_the_pair() {
    let mut board = running();
    let died = ["gateway (process 12) ended: killed by signal 9; it is started again"];
    assert_eq!(said(board.on(dies(GATEWAY, 12))), died);
    assert_eq!(said(board.on(ready(GATEWAY, 22, None))), ["gateway (process 22) came back"]);
}

#[test]
fn a_child_that_does_not_come_back_is_told_with_the_next_try() {
    let mut board = running();
    let why = "gateway ended before it was ready: exit code 1".to_owned();
    let news = News::NotBack { who: GATEWAY, why, wait: Duration::from_millis(400) };
    let expected = "gateway ended before it was ready: exit code 1; next try in 400 ms";
    assert_eq!(said(board.on(news)), [expected]);
}
