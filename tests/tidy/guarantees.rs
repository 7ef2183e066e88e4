//! Every numbered guarantee is cited by a test that breaks when it is broken.

use crate::{
    sources,
    tree::{files, none},
};

/// The ids of `server/PROTOCOL.md`.
const GUARANTEES: [&str; 11] = ["D-1", "D-2", "D-3", "D-4", "F-1", "F-2", "R-1", "R-2", "R-3", "B-1", "O-1"];

/// This folder speaks of all of them without testing any.
const TIDY: &str = "tests/tidy/";

#[test]
fn every_guarantee_is_cited_by_a_test() {
    let tests: Vec<String> = files(".rs")
        .iter()
        .filter(|file| !file.path.starts_with(TIDY))
        .map(|file| sources::halves(file).1.to_owned())
        .collect();
    let is_uncited = |id: &&&str| !tests.iter().any(|test| cites(test, id));
    let uncited: Vec<String> = GUARANTEES.iter().filter(is_uncited).map(|id| (*id).to_owned()).collect();
    none("guarantees that no test cites", &uncited);
}

/// Whether a text names an id and not a longer one.
fn cites(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(at, _)| !text[at + id.len()..].starts_with(|next: char| next.is_ascii_digit()))
}

#[test]
fn a_longer_id_is_not_taken_for_a_shorter_one() {
    assert!(cites("as D-1 says", "D-1"));
    assert!(!cites("as D-12 says", "D-1"));
}
