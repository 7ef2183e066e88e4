//! What `server/deploy` gives to whoever sets Tandem up, read as he reads it: the settings files of the page "High
//! availability on two machines", and the units' command lines.
//!
//! So a story runs what is documented and nothing like it. Paths of a real machine become paths below a test's folder.

use std::{ffi::OsString, fs, path::Path};

use crate::executable::{repository, tandem};

/// Where settings and secrets lie on a machine.
const SETTINGS: &str = "/etc/tandem";

/// Where roles keep what they keep.
const STATE: &str = "/var/lib/tandem";

/// Where the executable is installed.
pub const INSTALLED: &str = "/usr/local/bin/tandem";

/// The page.
///
/// # Panics
/// When it is missing.
#[must_use]
pub fn page() -> String {
    read("HIGH-AVAILABILITY.md")
}

/// The text of a file of `server/deploy`.
///
/// # Panics
/// When it is missing.
#[must_use]
pub fn read(name: &str) -> String {
    let path = repository().join("server/deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every block of code of the page, with its language.
#[must_use]
pub fn blocks() -> Vec<(String, String)> {
    let page = page();
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((language.to_owned(), text.join("\n") + "\n"));
        }
    }
    blocks
}

/// The block of the page that is this file: its first line is a comment that begins with the name.
///
/// # Panics
/// When the page has none.
#[must_use]
pub fn file(name: &str) -> String {
    let first = format!("# {name}");
    let is_it =
        |text: &str| text.lines().next().is_some_and(|line| line == first || line.starts_with(&format!("{first},")));
    let found = blocks().into_iter().find(|(_, text)| is_it(text));
    found.unwrap_or_else(|| panic!("the page has no block that begins with {first:?}")).1
}

/// What `text` says, with its paths below `folder`.
#[must_use]
pub fn below(folder: &Path, text: &str) -> String {
    let below = |path: &str| folder.join(path.trim_start_matches('/')).display().to_string();
    text.replace(SETTINGS, &below(SETTINGS)).replace(STATE, &below(STATE))
}

/// What a unit says for a key; the last one, where it says several.
#[must_use]
pub fn value<'a>(unit: &'a str, key: &str) -> Option<&'a str> {
    unit.lines().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

/// How a machine below `folder` starts a unit: its variables, those of its file included, and its command line. `instance`
/// is what stands after the `@`.
///
/// # Panics
/// When the unit says none.
#[must_use]
pub fn command(folder: &Path, unit: &str, instance: &str) -> Vec<OsString> {
    let unit = below(folder, &read(&format!("systemd/{unit}")).replace("%i", instance));
    let mut command: Vec<String> = vec!["env".into()];
    command.extend(unit.lines().filter_map(|line| line.strip_prefix("Environment=")).map(ToOwned::to_owned));
    if let Some(file) = value(&unit, "EnvironmentFile") {
        // One that is missing is passed over, as the dash before its name says.
        let variables = fs::read_to_string(file.trim_start_matches('-')).unwrap_or_default();
        let is_set = |line: &&str| !line.starts_with('#') && line.contains('=');
        command.extend(variables.lines().filter(is_set).map(ToOwned::to_owned));
    }
    let started = value(&unit, "ExecStart").expect("a service starts something");
    let started = started.replace(INSTALLED, &tandem().display().to_string());
    command.extend(started.split_whitespace().map(ToOwned::to_owned));
    command.into_iter().map(OsString::from).collect()
}
