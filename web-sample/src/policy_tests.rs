//! What [`crate::CONTENT_SECURITY_POLICY`] forbids is not written in the first place, and neither is what turns
//! data into markup: a browser's console is too late to learn of it.

use std::{fs, path::Path};

use crate::{asset, page::samples};

/// In any file that a browser reads.
const REFUSED_EVERYWHERE: &[(&str, &str)] =
    &[("javascript:", "a script in a link"), ("@import", "a style sheet chain"), ("//cdn", "another host")];

/// In templates.
const REFUSED_IN_HTML: &[(&str, &str)] = &[(" style=", "a style attribute"), ("|safe", "an unescaped value")];

/// In templates but those of transcripts, which stand alone and have a policy of their own.
const REFUSED_IN_PAGES: &[(&str, &str)] = &[("<style", "inline style")];

/// The folder of transcripts' templates.
const TRANSCRIPTS: &str = "transcript/";

/// In scripts.
const REFUSED_IN_SCRIPTS: &[(&str, &str)] = &[
    ("innerHTML", "markup from data"),
    ("outerHTML", "markup from data"),
    ("insertAdjacentHTML", "markup from data"),
    ("document.write", "markup from data"),
    ("createContextualFragment", "markup from data"),
    ("eval(", "a script from data"),
    ("new Function", "a script from data"),
    ("setAttribute(\"style\"", "an inline style"),
];

/// Template sources and rendered pages and static files, each with its name.
fn all_texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let mut texts: Vec<_> = template_names(&root, "")
        .into_iter()
        .map(|name| (format!("templates/{name}"), fs::read_to_string(root.join(&name)).expect("is a text file")))
        .collect();
    texts.extend(samples::all().into_iter().map(|(name, html)| (format!("rendered {name}"), html)));
    let transcripts = samples::transcripts().into_iter();
    texts.extend(transcripts.map(|html| (format!("rendered {TRANSCRIPTS}whole.html"), html)));
    texts.extend(asset::names().into_iter().map(|name| {
        let bytes = asset::asset(&name).expect("is embedded").bytes.into_owned();
        (format!("static/{name}"), String::from_utf8(bytes).expect("is a text file"))
    }));
    texts
}

fn template_names(root: &Path, below: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(below)).expect("is a directory").map(|entry| entry.expect("is readable")) {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        match entry.file_type().expect("has a type").is_dir() {
            true => names.extend(template_names(root, &format!("{name}/"))),
            false => names.push(name),
        }
    }
    names
}

fn refuse(name: &str, text: &str, refused: &[(&str, &str)]) {
    for (pattern, meaning) in refused {
        assert!(!text.contains(pattern), "{name} contains {pattern:?}: {meaning}");
    }
}

/// The tags of a page, each from `<` to `>`.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag))
}

fn refuse_inline_script(name: &str, html: &str) {
    for tag in tags(html) {
        let words = tag.split_ascii_whitespace().skip(1);
        for attribute in words.filter_map(|word| word.split_once('=').map(|(attribute, _)| attribute)) {
            assert!(!attribute.to_ascii_lowercase().starts_with("on"), "{name}: an event handler in <{tag}>");
        }
        assert!(!tag.starts_with("script") || tag.contains(" src=\""), "{name}: an inline script in <{tag}>");
    }
}

fn refuse_other_hosts(name: &str, text: &str) {
    for scheme in ["http://", "https://", "ws://", "wss://", "\"//", "'//", "(//"] {
        for (at, _) in text.match_indices(scheme) {
            let is_namespace = text[at..].starts_with("http://www.w3.org/");
            assert!(is_namespace, "{name} names another host: {:?}", text[at..].lines().next());
        }
    }
}

#[test]
fn no_file_needs_more_than_the_content_security_policy_allows() {
    for (name, text) in all_texts() {
        if name.ends_with(".md") {
            continue; // A page of documentation; no browser runs it.
        }
        refuse(&name, &text, REFUSED_EVERYWHERE);
        refuse_other_hosts(&name, &text);
        if name.ends_with(".html") || name.ends_with(".svg") {
            refuse(&name, &text, REFUSED_IN_HTML);
            refuse_inline_script(&name, &text);
            if !name.contains(TRANSCRIPTS) {
                refuse(&name, &text, REFUSED_IN_PAGES);
            }
        }
        if name.ends_with(".js") {
            refuse(&name, &text, REFUSED_IN_SCRIPTS);
        }
    }
}

#[test]
fn every_template_is_rendered_by_a_sample() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let sampled: Vec<_> = samples::all().into_iter().map(|(name, _)| name).collect();
    for name in template_names(&root, "") {
        let has_sample = sampled.contains(&name.as_str()) || name.starts_with(TRANSCRIPTS);
        assert!(has_sample, "templates/{name} has no sample");
    }
}

#[test]
fn a_handler_and_an_inline_script_would_be_seen() {
    for html in ["<p onclick=\"x()\">", "<script>x()</script>", "<body class=\"a\" onload=\"x()\">"] {
        let seen = std::panic::catch_unwind(|| refuse_inline_script("a page", html));
        assert!(seen.is_err(), "{html} went through");
    }
}
