//! Every command in the documentation exists, with every option that it is shown with.

use std::{path::Path, process::Command};

use tandem_tests::executable::{self, repository};

use crate::tree::{File, files, none};

/// Programs of a reader's machine that the documentation may use.
const FOREIGN: [&str; 19] = [
    "cd",
    "chmod",
    "chown",
    "cp",
    "curl",
    "docker",
    "export",
    "git",
    "install",
    "journalctl",
    "kill",
    "ls",
    "mkdir",
    "sqlite3",
    "sudo",
    "systemctl",
    "systemd-sysusers",
    "systemd-tmpfiles",
    "tail",
];

/// Kinds of code block that hold commands.
const SHELLS: [&str; 4] = ["sh", "bash", "shell", "console"];

/// A command as the documentation shows it.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    place: String,
    words: Vec<String>,
}

#[test]
fn the_commands_of_the_documentation_exist() {
    let commands: Vec<Shown> = files(".md").iter().flat_map(commands).collect();
    assert!(!commands.is_empty(), "the documentation shows commands");
    let offenders: Vec<String> =
        commands.iter().filter_map(|shown| Some(format!("{}: {}", shown.place, wrong(&shown.words)?))).collect();
    none("commands that a reader cannot run", &offenders);
}

/// The commands in the shell blocks of a page; in a `console` block those after a prompt.
fn commands(file: &File) -> Vec<Shown> {
    let mut found = Vec::new();
    let mut block: Option<&str> = None;
    for (number, line) in (1..).zip(file.text.lines()) {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            block = if block.is_none() { Some(kind.trim()) } else { None };
            continue;
        }
        let Some(kind) = block.filter(|kind| SHELLS.contains(kind)) else { continue };
        let line = if kind == "console" { line.strip_prefix("$ ") } else { Some(line) };
        let parts = line.into_iter().flat_map(simple_commands);
        found.extend(parts.map(|words| Shown { place: format!("{}:{number}", file.path), words }));
    }
    found
}

/// The simple commands of a line, without comments, redirections and assignments.
fn simple_commands(line: &str) -> Vec<Vec<String>> {
    let code = line.split(" #").next().unwrap_or_default();
    let code = if code.trim_start().starts_with('#') { "" } else { code };
    let parts = code.split(" | ").flat_map(|part| part.split(" && ")).flat_map(|part| part.split("; "));
    let words = |part: &str| -> Vec<String> {
        let words =
            part.trim_end_matches(['&', '\\', ' ']).split_whitespace().take_while(|word| !word.starts_with('>'));
        words.skip_while(|word| is_assignment(word)).map(str::to_owned).collect()
    };
    // A line that continues an earlier one begins with an option.
    parts.map(words).filter(|words| words.first().is_some_and(|word| !word.starts_with(['-', '\'', '"']))).collect()
}

fn is_assignment(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    word.contains('=') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

/// What is wrong with a command, if anything.
fn wrong(words: &[String]) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    let name = Path::new(program).file_name()?.to_str()?;
    match name {
        "cargo" => wrong_cargo(arguments),
        "tandem" => wrong_options(&executable::tandem(), arguments),
        "run" => wrong_script(program, arguments),
        _ if FOREIGN.contains(&name) => None,
        _ => Some(format!("{program} is not known")),
    }
}

/// A script of ours: it is there, and its options stand in it.
fn wrong_script(path: &str, arguments: &[String]) -> Option<String> {
    let Ok(text) = std::fs::read_to_string(repository().join(path)) else { return Some(format!("{path} is missing")) };
    let unknown = arguments.iter().find(|word| word.starts_with("--") && !text.contains(word.as_str()))?;
    Some(format!("{path} has no {unknown}"))
}

/// Cargo with a program of ours: the program is there and has the options after `--`.
fn wrong_cargo(arguments: &[String]) -> Option<String> {
    let value_of = |option: &str| {
        let at = arguments.iter().position(|word| word == option)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let package = value_of("-p").unwrap_or("tandem");
    let manifests = files("Cargo.toml");
    if !manifests.iter().any(|file| file.text.contains(&format!("name = \"{package}\""))) {
        return Some(format!("there is no package {package}"));
    }
    let test = value_of("--test").filter(|test| !repository().join("tests").join(test).join("main.rs").is_file());
    if let Some(test) = test {
        return Some(format!("there is no test target {test}"));
    }
    if arguments.first().map(String::as_str) != Some("run") {
        return None;
    }
    let own = arguments.iter().position(|word| word == "--").map_or(&[][..], |at| &arguments[at + 1..]);
    match value_of("--bin") {
        Some(bin) => wrong_options(&executable::own(bin), own),
        None => wrong_options(&executable::tandem(), own),
    }
}

/// A program of ours: its help names the options.
fn wrong_options(program: &Path, arguments: &[String]) -> Option<String> {
    let is_name = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    let subcommands: Vec<&String> = arguments.iter().take_while(is_name).collect();
    let output = Command::new(program).args(&subcommands).arg("--help").output().expect("the program can be started");
    if !output.status.success() {
        return Some(format!("{} has no {subcommands:?}", program.display()));
    }
    let help = String::from_utf8_lossy(&output.stdout);
    let options = arguments.iter().filter(|word| word.starts_with("--"));
    let unknown = options.map(|word| word.split('=').next().unwrap_or_default()).find(|word| !help.contains(word))?;
    Some(format!("{} {subcommands:?} has no {unknown}", program.display()))
}

mod rules {
    //! The reading of pages, on a sample.

    use super::*;

    #[test]
    fn commands_are_found_in_shell_blocks_only() {
        let text = "`rm x`\n```toml\nx = 1\n```\n```console\n$ A=1 tests/run --seed 7 | tail  # c\n3 passed\n```\n\
            ```sh\ncd x && tandem run\n# none\n```\n";
        let file = File { path: "a.md".into(), text: text.into() };
        let found: Vec<String> = commands(&file).iter().map(|shown| shown.words.join(" ")).collect();
        assert_eq!(found, ["tests/run --seed 7", "tail", "cd x", "tandem run"]);
    }

    #[test]
    fn a_missing_script_and_a_foreign_program_are_told() {
        let words = |line: &str| line.split(' ').map(String::from).collect::<Vec<_>>();
        assert!(wrong(&words("tests/none/run")).is_some());
        assert!(wrong(&words("frobnicate")).is_some());
        assert!(wrong(&words("cargo test -p nothing")).is_some());
        assert!(wrong(&words("kill -9 123")).is_none());
    }
}
