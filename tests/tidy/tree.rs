//! The files of the source tree, and what may lie at its top.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use tandem_tests::executable::repository;

/// What a newcomer sees first, and nothing more; dotted names aside.
const TOP: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", "server", "web-sample", "static", "templates", "tests", "README.md"];

/// What git ignores at the top: made by building and running, not part of the tree.
const MADE: [&str; 3] = ["target", "data", "tandem-data"];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["common", "util", "utils", "helper", "helpers", "misc"];

/// A text file with its path from the top of the tree.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files of the tree with this ending, in order of their paths.
pub(crate) fn files(ending: &str) -> Vec<File> {
    let mut found = Vec::new();
    collect(repository(), ending, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "the tree has {ending} files");
    found
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<File>) {
    for path in entries(folder) {
        let name = name_of(&path);
        if name.starts_with('.') || (folder == repository() && MADE.contains(&name.as_str())) || name == "screenshots" {
            continue;
        }
        if path.is_dir() {
            collect(&path, ending, found);
        } else if name.ends_with(ending) {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let path = path.strip_prefix(repository()).expect("is below the top").display().to_string();
            found.push(File { path, text });
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("a folder can be read to its end").path()).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("an entry has a name").to_string_lossy().into_owned()
}

/// Fails with all offenders, each on a line.
pub(crate) fn none(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n{}", offenders.join("\n"));
}

#[test]
fn the_top_of_the_tree_shows_only_what_a_newcomer_needs() {
    let is_seen = |name: &String| !name.starts_with('.') && !MADE.contains(&name.as_str());
    let found: BTreeSet<String> = entries(repository()).iter().map(|path| name_of(path)).filter(is_seen).collect();
    let wanted: BTreeSet<String> = TOP.map(String::from).into();
    assert_eq!(found, wanted);
}

#[test]
fn no_file_or_folder_has_a_name_that_says_nothing() {
    let is_empty = |file: &&File| {
        let stem = |part: &str| part.split('.').next().unwrap_or_default().to_owned();
        file.path.split('/').any(|part| EMPTY_NAMES.contains(&stem(part).as_str()))
    };
    let all: Vec<File> = [".rs", ".js", ".css", ".html"].into_iter().flat_map(files).collect();
    let offenders: Vec<String> = all.iter().filter(is_empty).map(|file| file.path.clone()).collect();
    none("a name must say what a file answers for", &offenders);
}
