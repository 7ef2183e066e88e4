//! Rules for single source files: sizes, headers, what code and tests never contain.

use crate::tree::{File, files, none};

/// Lines of a file, its tests aside, at which it is refused.
const FILE_LINES_MAX: usize = 600;

/// Lines of a function at which it is refused.
const FUNCTION_LINES_MAX: usize = 70;

/// The only file in which a test's time may pass.
const DEADLINE: &str = "tests/src/deadline.rs";

/// The part of a file that runs in production, and the part that is tests.
pub(crate) fn halves(file: &File) -> (&str, &str) {
    let is_harness = file.path.starts_with("tests/src/") || file.path.starts_with("tests/load/");
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let is_all_tests = (file.path.starts_with("tests/") && !is_harness)
        || file.path.contains("/tests/")
        || file.path.contains("/contract/")
        || file.path.contains("/testing/")
        || ["tests.rs", "simulation.rs", "contract.rs", "testing.rs"].contains(&name)
        || name.ends_with("_tests.rs");
    match file.text.find("\n#[cfg(test)]\nmod ") {
        _ if is_all_tests => ("", &file.text),
        Some(at) => file.text.split_at(at),
        None => (&file.text, ""),
    }
}

/// Where a text stands outside comments, as `path:line`; `from` is the number of lines before it in the file.
fn uses(file: &File, half: &str, wanted: &str) -> Vec<String> {
    let from = file.text.len() - half.len();
    let skipped = if file.text.ends_with(half) { file.text[..from].lines().count() } else { 0 };
    let lines = (skipped + 1..).zip(half.lines());
    let found = lines.filter(|(_, line)| !line.trim_start().starts_with("//") && line.contains(wanted));
    found.map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim())).collect()
}

#[test]
fn a_file_stays_below_600_lines() {
    let code: Vec<File> = [".rs", ".js", ".css"].into_iter().flat_map(files).collect();
    let lines = |file: &File| halves(file).0.lines().count();
    let offenders: Vec<String> = code
        .iter()
        .filter(|file| lines(file) > FILE_LINES_MAX)
        .map(|file| format!("{}: {} lines", file.path, lines(file)))
        .collect();
    none("a file has at most 600 lines, its tests aside", &offenders);
}

#[test]
fn a_function_stays_below_70_lines() {
    let offenders: Vec<String> = files(".rs").iter().flat_map(long_functions).collect();
    none("a function has at most 70 lines", &offenders);
}

/// Functions over the limit. Relies on rustfmt: a function ends at the first closing brace of its own indentation.
fn long_functions(file: &File) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_function(line)) {
        let header = lines[at..].iter().position(|line| line.ends_with(['{', ';', '}'])).unwrap_or_default();
        if !lines[at + header].ends_with('{') {
            continue;
        }
        let indentation = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indentation}}}");
        let length = lines[at..].iter().position(|line| *line == end).map_or(usize::MAX, |last| last + 1);
        if length > FUNCTION_LINES_MAX {
            found.push(format!("{}:{}: {length} lines: {}", file.path, at + 1, line.trim()));
        }
    }
    found
}

fn is_function(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let modifiers = ["pub", "async", "const", "unsafe", "extern"];
    words.find(|word| !modifiers.contains(word) && !word.starts_with("pub(")).is_some_and(|word| word == "fn")
}

#[test]
fn a_file_opens_by_saying_what_it_answers_for() {
    let offenders: Vec<String> =
        files(".rs").iter().filter(|file| !file.text.starts_with("//! ")).map(|file| file.path.clone()).collect();
    none("a Rust file opens with //!", &offenders);
}

#[test]
fn code_does_not_unwrap() {
    let unwrap = concat!(".unw", "rap()");
    let offenders: Vec<String> = files(".rs").iter().flat_map(|file| uses(file, halves(file).0, unwrap)).collect();
    none("expect(\"why it cannot happen\") instead", &offenders);
}

#[test]
fn no_test_is_skipped() {
    let ignore = concat!("#[ign", "ore");
    let offenders: Vec<String> = files(".rs").iter().flat_map(|file| uses(file, &file.text, ignore)).collect();
    none("a test runs or is deleted", &offenders);
}

#[test]
fn no_test_sleeps() {
    let sleep = concat!("sle", "ep(");
    let is_paused = |file: &File| file.text.contains("start_paused");
    let offenders: Vec<String> = files(".rs")
        .iter()
        .filter(|file| file.path != DEADLINE && !is_paused(file))
        .flat_map(|file| {
            let half = if file.path.starts_with("tests/") { &file.text } else { halves(file).1 };
            uses(file, half, sleep)
        })
        .collect();
    none("a test waits for a condition with a deadline, in real time or in paused time", &offenders);
}

/// What a handler may answer by itself: that it has done what was asked.
const SUCCESSES: [&str; 5] = [
    "StatusCode::OK",
    "StatusCode::CREATED",
    "StatusCode::ACCEPTED",
    "StatusCode::NO_CONTENT",
    "StatusCode::NOT_MODIFIED",
];

#[test]
fn only_problem_rs_knows_error_statuses_and_close_codes() {
    let is_elsewhere = |file: &&File| {
        file.path.starts_with("server/gateway/src/") && !file.path.starts_with("server/gateway/src/problem")
    };
    let knows = |file: &File| {
        let statuses = uses(file, halves(file).0, "StatusCode::");
        let errors = statuses.into_iter().filter(|line| !SUCCESSES.iter().any(|success| line.contains(success)));
        errors.chain(uses(file, halves(file).0, "client::close")).collect::<Vec<_>>()
    };
    let offenders: Vec<String> = files(".rs").iter().filter(is_elsewhere).flat_map(knows).collect();
    none("one place where errors become responses", &offenders);
}

#[test]
fn the_session_core_has_no_clock_and_does_no_io() {
    let of_the_core = |file: &&File| file.path.starts_with("server/session/src/");
    let outside =
        ["std::time::Instant", "SystemTime", "std::fs", "std::net", "std::io", "std::thread", "async fn", ".await"];
    let files = files(".rs");
    let core: Vec<&File> = files.iter().filter(of_the_core).collect();
    assert!(!core.is_empty(), "the core is where the design says");
    let offenders: Vec<String> =
        core.iter().flat_map(|file| outside.iter().flat_map(|word| uses(file, halves(file).0, word))).collect();
    none("the session core is pure", &offenders);
}

mod rules {
    //! The rules themselves, on samples that break them.

    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn a_long_function_is_found_and_a_short_one_is_not() {
        let body = "    let x = 1;\n".repeat(FUNCTION_LINES_MAX - 1);
        let long = file("a.rs", &format!("pub(crate) async fn f(\n    a: u8,\n) -> u8 {{\n{body}}}\n"));
        assert_eq!(long_functions(&long).len(), 1);
        let short = file("a.rs", "fn f() {}\n\ntrait T {\n    fn g(\n        &self,\n    );\n    fn h() {\n    }\n}\n");
        assert_eq!(long_functions(&short), [""; 0]);
    }

    #[test]
    fn code_and_tests_are_told_apart() {
        let both = file("server/x/src/a.rs", "//! A.\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n    x.call();\n}\n");
        assert!(halves(&both).0.contains("fn f") && halves(&both).1.contains("x.call"));
        assert_eq!(uses(&both, halves(&both).1, "x.call()"), ["server/x/src/a.rs:6: x.call();"]);
        assert_eq!(uses(&both, halves(&both).0, "fn f"), ["server/x/src/a.rs:2: fn f() {}"]);
        let all = file("tests/e2e/a.rs", "//! A.\n");
        assert_eq!(halves(&all).0, "");
    }

    #[test]
    fn a_comment_breaks_no_rule() {
        let file = file("a.rs", "// StatusCode::OK\nx();\n");
        assert_eq!(uses(&file, &file.text, "StatusCode::"), [""; 0]);
    }
}
