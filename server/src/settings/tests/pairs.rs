//! `[[gateway.pairs]]` and `[[interaction.pairs]]`: what is refused, and which links come of it.

use super::*;
use crate::settings::{PairLink, links};

const MAIN: &str = "[[gateway.pairs]]\nname = \"main\"\nprimary = \"10.0.0.1:7301\"\n";
/// Two names of which an id shows the same.
const TWINS: [&str; 2] = ["pair-42", "pair-211"];

const WEST: &str = "[[gateway.pairs]]\nname = \"west\"\nprimary = \"10.0.0.3:7301\"\n";

/// Name, primary and cache of each link of the gateway.
fn links_of(text: &str) -> Vec<(String, String, Option<String>)> {
    let (_folder, path) = file(text);
    let settings = load(&Given { file: Some(path), ..Given::default() }).expect("is fine").settings;
    let place = settings.gateway.place;
    let links = links(&settings.pair.name.0, place.primary.as_ref(), &place.pairs, place.pair_cache.as_ref());
    let shown =
        |PairLink { name, primary, cache }| (name.to_string(), primary, cache.map(|cache| cache.display().to_string()));
    links.into_iter().map(shown).collect()
}

fn link(name: &str, primary: &str, cache: Option<&str>) -> (String, String, Option<String>) {
    (name.to_owned(), primary.to_owned(), cache.map(str::to_owned))
}

#[test]
fn one_pair_is_that_of_the_pair_section_at_the_single_primary() {
    assert_eq!(links_of(""), [link("main", "127.0.0.1:7301", None)]);
    let text = "[pair]\nname = \"east\"\n[gateway]\nprimary = \"10.0.0.1:7301\"\npair-cache = \"/var/pair.json\"";
    assert_eq!(links_of(text), [link("east", "10.0.0.1:7301", Some("/var/pair.json"))]);
}

#[test]
fn several_pairs_take_the_place_of_the_single_one_and_each_has_a_cache_of_its_own() {
    let text = format!("[pair]\nname = \"east\"\n[gateway]\npair-cache = \"/var/pair.json\"\n{MAIN}{WEST}");
    let expected = [
        link("main", "10.0.0.1:7301", Some("/var/pair.main.json")),
        link("west", "10.0.0.3:7301", Some("/var/pair.west.json")),
    ];
    assert_eq!(links_of(&text), expected);
    let text = format!("[gateway]\npair-cache = \"pair\"\n{WEST}");
    assert_eq!(links_of(&text), [link("west", "10.0.0.3:7301", Some("pair.west"))]);
}

#[test]
fn a_single_primary_beside_several_pairs_is_refused_wherever_it_is_given() {
    let expected = "gateway.primary is refused beside [[gateway.pairs]]; name the primary of each pair there, and no \
                    other";
    let both = format!("[gateway]\nprimary = \"10.0.0.1:7301\"\n{MAIN}");
    assert_eq!(refused(&both), format!("FILE: {expected}"));
    let (_folder, path) = file(MAIN);
    let flags = Flag::of("--primary", "gateway.primary", Some("10.0.0.1:7301")).into_iter().collect();
    let given = Given { file: Some(path), flags, ..Given::default() };
    assert_eq!(load(&given).expect_err("is refused").to_string(), format!("--primary: {expected}"));
}

#[test]
fn pairs_that_cannot_be_told_apart_are_refused() {
    let expected = "FILE: gateway.pairs is refused: there are two pairs named main";
    assert_eq!(refused(&format!("{MAIN}{WEST}{MAIN}")), expected);
    let [first, second] = TWINS.map(|name| MAIN.replace("main", name));
    let [one, other] = TWINS;
    let expected = format!(
        "FILE: gateway.pairs is refused: ids of sessions cannot tell the pairs {one} and {other} apart; give the newer \
         one another name"
    );
    assert_eq!(refused(&format!("{first}{WEST}{second}")), expected);
}

#[test]
fn a_bad_value_of_a_pair_is_refused_with_the_pairs_number() {
    let cases = [
        (
            WEST.replace("west", "West"),
            "gateway.pairs[1].name = \"West\" is refused; it must be 1 to 32 of a-z, 0-9, '-' and '_'",
        ),
        (
            WEST.replace("10.0.0.3:7301", "chat-3"),
            "gateway.pairs[1].primary = \"chat-3\" is refused; it must be a host and a port, such as \
             \"chat-1.example.net:7301\"",
        ),
        (
            "[[gateway.pairs]]\nname = \"west\"\n".to_owned(),
            "gateway.pairs[1] = { name = \"west\" } is refused; it must have primary",
        ),
        (
            format!("{WEST}backup = \"10.0.0.4:7301\"\n"),
            "unknown key gateway.pairs[1].backup; [[gateway.pairs]] allows name, primary",
        ),
    ];
    for (second, expected) in cases {
        assert_eq!(refused(&format!("{MAIN}{second}")), format!("FILE: {expected}"));
    }
}

#[test]
fn what_config_show_prints_of_several_pairs_is_a_file_with_the_same_settings() {
    let (_folder, path) = file(&format!("{MAIN}{WEST}"));
    let loaded = load(&Given { file: Some(path), ..Given::default() }).expect("is fine");
    let shown = loaded.show();
    assert_eq!(shown.matches("[[gateway.pairs]]").count(), 2, "{shown}");
    let (_folder, path) = file(&shown);
    let again = load(&Given { file: Some(path), ..Given::default() }).expect("is a valid file");
    assert_eq!(again.settings, loaded.settings);
}

#[test]
fn the_interaction_server_has_a_list_of_its_own_with_the_same_rules() {
    let [main, west] = [MAIN, WEST].map(|pair| pair.replace("gateway", "interaction"));
    let (_folder, path) = file(&format!("[interaction]\npair-cache = \"pair.json\"\n{main}{west}"));
    let settings = load(&Given { file: Some(path), ..Given::default() }).expect("is fine").settings;
    let section = settings.interaction;
    let links = links(&settings.pair.name.0, section.primary.as_ref(), &section.pairs, section.pair_cache.as_ref());
    let names: Vec<String> = links.iter().map(|link| link.name.to_string()).collect();
    assert_eq!(names, ["main", "west"]);
    assert_eq!(settings.gateway.place.pairs, Settings::default().gateway.place.pairs, "the gateway is told of its own");
    let expected = "FILE: interaction.pairs is refused: there are two pairs named west";
    assert_eq!(refused(&format!("{main}{west}{west}")), expected);
    let expected = "FILE: interaction.primary is refused beside [[interaction.pairs]]; name the primary of each pair there, \
                    and no other";
    assert_eq!(refused(&format!("[interaction]\nprimary = \"10.0.0.1:7301\"\n{main}")), expected);
}
