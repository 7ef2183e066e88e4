//! What an operator types and reads.

use clap::Parser;

use super::*;
use crate::commands::{Cli, Command};

/// Runs `tandem agent …` on a data directory; returns what it says, or the one line and the exit code.
async fn agent(dir: &std::path::Path, arguments: &[&str]) -> Result<String, (String, u8)> {
    let cli = Cli::try_parse_from(["tandem", "agent"].iter().chain(arguments)).expect("is a command line");
    let Some(Command::Agent(args)) = cli.command else { panic!("is the agent command") };
    args.action.act(Place::Embedded(dir.into())).await.map_err(|failure| match failure {
        Failure::Usage(error) => (format!("{error:#}"), 2),
        Failure::Runtime(error) => (format!("{error:#}"), 1),
        Failure::Told(code) => panic!("is told here: {code}"),
        Failure::StartAgain => panic!("it ends no role"),
    })
}

fn dir() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().canonicalize().expect("is there");
    (dir, path)
}

#[tokio::test]
async fn an_account_is_added_with_a_password_that_is_shown_once_and_is_listed() {
    let (_dir, path) = dir();
    let said = agent(&path, &["add", "ana@example.org", "--display", "Ana Ø", "--skill", "german", "--generate"]).await;
    let said = said.expect("is added");
    let (first, password) = said.split_once('\n').expect("has two lines");
    assert_eq!(first, format!("ana@example.org is account 1, role agent, in {}", path.display()));
    let password = password.trim_end().strip_prefix("password, shown only now: ").expect("is shown");
    agent(&path, &["add", "helper", "--role", "bot", "--skill", "a", "--skill", "b", "--skill", "a", "--generate"])
        .await
        .expect("is added");
    agent(&path, &["add", "lea", "--role", "supervisor", "--capacity", "12", "--generate"]).await.expect("is added");
    agent(&path, &["disable", "lea"]).await.expect("is disabled");
    let expected = "\
ACCOUNT  NAME             DISPLAY  ROLE        CAPACITY  SKILLS  STATE
1        ana@example.org  Ana Ø    agent       3         german  enabled
2        helper           helper   bot         100       a,b     enabled
3        lea              lea      supervisor  12        -       disabled
";
    let listed = agent(&path, &["list"]).await.expect("is listed");
    assert_eq!(listed, expected);
    assert!(!listed.contains(password));
}

#[tokio::test]
async fn a_program_gets_the_list_as_json() {
    let (_dir, path) = dir();
    assert_eq!(agent(&path, &["list", "--json"]).await.expect("is listed"), "[]\n");
    agent(&path, &["add", "ana", "--role", "administrator", "--skill", "german", "--generate"])
        .await
        .expect("is added");
    let expected = "[{\"agent\":1,\"name\":\"ana\",\"display\":\"ana\",\"role\":\"administrator\",\"capacity\":3,\
                    \"skills\":[\"german\"],\"disabled\":false}]\n";
    assert_eq!(agent(&path, &["list", "--json"]).await.expect("is listed"), expected);
}

#[tokio::test]
async fn what_is_done_to_an_account_is_said() {
    let (_dir, path) = dir();
    agent(&path, &["add", "ana", "--generate"]).await.expect("is added");
    let cases = [
        (&["disable", "ana"][..], "ana is disabled; all logins of this account have ended\n"),
        (&["enable", "ana"], "ana is enabled and may log in\n"),
    ];
    for (arguments, expected) in cases {
        assert_eq!(agent(&path, arguments).await.as_deref(), Ok(expected));
    }
    let said = agent(&path, &["password", "ana", "--generate"]).await.expect("is changed");
    let expected = "the password of ana is changed; all logins of this account have ended\npassword, shown only now: ";
    assert!(said.starts_with(expected), "{said}");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_one_line() {
    let (_dir, path) = dir();
    let empty = agent(&path, &["list"]).await.expect("is listed");
    assert_eq!(empty, format!("there are no accounts in {}; `tandem agent add NAME` makes one\n", path.display()));
    let unknown = format!("ben has no account in {}; `tandem agent list` shows who has", path.display());
    for verb in [&["disable", "ben"][..], &["enable", "ben"], &["password", "ben", "--generate"]] {
        assert_eq!(agent(&path, verb).await, Err((unknown.clone(), 1)), "{verb:?}");
    }
    assert_eq!(std::fs::read_dir(&path).expect("reads").count(), 0, "looking makes nothing");
    agent(&path, &["add", "ana", "--generate"]).await.expect("is added");
    for verb in [&["disable", "ben"][..], &["password", "ben", "--generate"]] {
        assert_eq!(agent(&path, verb).await, Err((unknown.clone(), 1)), "{verb:?}");
    }
    let many: Vec<String> = (0..33).flat_map(|number| ["--skill".to_owned(), format!("s{number}")]).collect();
    let mut too_many = vec!["add", "ben", "--generate"];
    too_many.extend(many.iter().map(String::as_str));
    let cases = [
        (
            &["add", "ana", "--generate"][..],
            "ana has an account already; choose another name, or `tandem agent password ana` to change its password",
            1,
        ),
        (
            &["add", "Ben Ny", "--generate"],
            "the name \"Ben Ny\" is refused; a login name must be 1 to 64 of a-z, 0-9, '.', '-', '_' and '@'",
            2,
        ),
        (
            &["disable", ""],
            "the name \"\" is refused; a login name must be 1 to 64 of a-z, 0-9, '.', '-', '_' and '@'",
            2,
        ),
        (
            &["add", "ben", "--display", "two\nlines", "--generate"],
            "a display name must be 1 to 128 characters, none of them a control character",
            2,
        ),
        (
            &["add", "ben", "--skill", "two words", "--generate"],
            "the skill \"two words\" is refused; it must be 1 to 32 of a-z, 0-9, '-' and '_'",
            2,
        ),
        (&too_many, "33 skills are refused; an account has at most 32", 2),
    ];
    for (arguments, expected, code) in cases {
        assert_eq!(agent(&path, arguments).await, Err((expected.to_owned(), code)), "{arguments:?}");
    }
    assert_eq!(agent(&path, &["list"]).await.expect("is listed").lines().count(), 2);
}

#[tokio::test]
async fn a_foreign_directory_is_left_alone() {
    let (_dir, path) = dir();
    std::fs::write(path.join("thesis.txt"), "mine").expect("writes");
    let refused = agent(&path, &["add", "ana", "--generate"]).await;
    let expected =
        format!("{} is not a Tandem data directory: it has no tandem.db but contains thesis.txt", path.display());
    assert_eq!(refused, Err((expected, 1)));
    assert_eq!(std::fs::read_dir(&path).expect("reads").count(), 1);
}

#[test]
fn a_password_comes_one_way_only_and_never_as_an_argument() {
    let both = Cli::try_parse_from(["tandem", "agent", "add", "ana", "--password-stdin", "--generate"]);
    assert!(both.is_err());
    let argument = Cli::try_parse_from(["tandem", "agent", "add", "ana", "--password", "correct horse"]);
    assert!(argument.is_err());
    let second = Cli::try_parse_from(["tandem", "agent", "password", "ana", "correct horse"]);
    assert!(second.is_err());
}

#[test]
fn what_is_asked_wrongly_is_refused_with_what_is_allowed() {
    let refused = |arguments: &[&str]| {
        let line = ["tandem", "agent", "add", "ana"].iter().chain(arguments);
        Cli::try_parse_from(line).expect_err("is refused").to_string()
    };
    assert!(
        refused(&["--role", "king"]).contains("[possible values: agent, supervisor, administrator, bot, integrator]")
    );
    assert!(refused(&["--capacity", "0"]).contains("0 is not in 1..=1000"));
}
