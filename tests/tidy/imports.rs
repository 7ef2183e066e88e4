//! Which crate may import which: the table of `server/ARCHITECTURE.md`, compared with the manifests.

use std::collections::{BTreeMap, BTreeSet};

use tandem_tests::executable::repository;

use crate::tree::none;

/// Crates that are a runtime: whoever has one can wait, spawn and do I/O.
const RUNTIME: &[&str] = &["tokio", "tokio-util", "tokio-tungstenite", "tungstenite", "async-trait", "mio", "reqwest"];

/// Databases.
const DATABASE: &[&str] = &["rusqlite", "tokio-postgres", "postgres", "deadpool", "deadpool-postgres", "sqlx"];

/// What speaks over a network.
const NETWORK: &[&str] = &["tokio-tungstenite", "tungstenite", "tokio-rustls", "reqwest", "mio"];

/// Web servers.
const WEB: &[&str] = &["axum", "hyper", "tower", "tower-http"];

/// Ways to the operating system.
const SYSTEM: &[&str] = &["rustix", "libc", "nix", "tempfile"];

/// One line of the table.
struct Rule {
    name: &'static str,
    /// Where its manifest is.
    folder: &'static str,
    /// What it may import of ours.
    ours: &'static [&'static str],
    /// What it must never see, directly or through what it imports of ours.
    never: &'static [&'static [&'static str]],
}

/// Bottom layer first; the members of the workspace stand in the same order.
const RULES: [Rule; 14] = [
    Rule { name: "tandem-protocol", folder: "server/protocol", ours: &[], never: &[RUNTIME, DATABASE, WEB, SYSTEM] },
    Rule {
        name: "tandem-telemetry",
        folder: "server/telemetry",
        ours: &["tandem-protocol"],
        never: &[RUNTIME, DATABASE, WEB, SYSTEM],
    },
    Rule {
        name: "tandem-session",
        folder: "server/session",
        ours: &["tandem-protocol"],
        never: &[RUNTIME, DATABASE, WEB, SYSTEM],
    },
    Rule {
        name: "tandem-credentials",
        folder: "server/credentials",
        ours: &["tandem-telemetry"],
        never: &[DATABASE, WEB, NETWORK],
    },
    Rule { name: "tandem-postgres", folder: "tests/postgres", ours: &[], never: &[WEB] },
    Rule {
        name: "tandem-store",
        folder: "server/store",
        ours: &["tandem-protocol", "tandem-postgres"],
        never: &[WEB, &["tandem-session", "tandem-engine"]],
    },
    Rule {
        name: "tandem-link",
        folder: "server/link",
        ours: &["tandem-protocol", "tandem-telemetry", "tandem-credentials"],
        never: &[WEB, DATABASE, &["tandem-store", "tandem-engine", "tandem-gateway"]],
    },
    Rule {
        name: "tandem-drill",
        folder: "server/drill",
        ours: &["tandem-protocol"],
        never: &[WEB, DATABASE, &["tandem-session", "tandem-store", "tandem-link", "tandem-engine", "tandem-gateway"]],
    },
    Rule {
        name: "tandem-engine",
        folder: "server/engine",
        ours: &["tandem-protocol", "tandem-telemetry", "tandem-session", "tandem-store", "tandem-link"],
        never: &[WEB, &["tandem-gateway"]],
    },
    Rule {
        name: "tandem-interaction",
        folder: "server/interaction",
        ours: &["tandem-protocol", "tandem-telemetry", "tandem-store", "tandem-link"],
        never: &[WEB, &["tandem-engine", "tandem-gateway", "tandem-session"]],
    },
    Rule {
        name: "tandem-web",
        folder: "web-sample",
        ours: &["tandem-protocol"],
        never: &[DATABASE, &["tandem-store", "tandem-engine", "tandem-gateway"]],
    },
    Rule {
        name: "tandem-gateway",
        folder: "server/gateway",
        ours: &[
            "tandem-protocol",
            "tandem-telemetry",
            "tandem-credentials",
            "tandem-link",
            "tandem-drill",
            "tandem-web",
        ],
        never: &[DATABASE, &["tandem-store", "tandem-engine", "tandem-session"]],
    },
    Rule {
        name: "tandem",
        folder: "server",
        ours: &[
            "tandem-protocol",
            "tandem-telemetry",
            "tandem-session",
            "tandem-credentials",
            "tandem-store",
            "tandem-link",
            "tandem-drill",
            "tandem-engine",
            "tandem-interaction",
            "tandem-web",
            "tandem-gateway",
        ],
        // It would take a PostgreSQL server's superuser into production.
        never: &[&["tandem-postgres"]],
    },
    Rule {
        name: "tandem-tests",
        folder: "tests",
        ours: &[
            "tandem-protocol",
            "tandem-telemetry",
            "tandem-credentials",
            "tandem-postgres",
            "tandem-link",
            "tandem-store",
            "tandem-session",
        ],
        never: &[],
    },
];

/// The parts of a manifest that the rules are about.
struct Manifest {
    /// Crates that the built code uses.
    uses: BTreeSet<String>,
    /// Crates that its tests or its build use.
    tests_use: BTreeSet<String>,
}

fn read(path: &str) -> toml::Table {
    let path = repository().join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifests() -> BTreeMap<&'static str, Manifest> {
    let names = |table: &toml::Table, section: &str| -> BTreeSet<String> {
        table.get(section).and_then(toml::Value::as_table).into_iter().flat_map(|table| table.keys().cloned()).collect()
    };
    let manifest = |rule: &Rule| {
        let table = read(&format!("{}/Cargo.toml", rule.folder));
        assert_eq!(table["package"]["name"].as_str(), Some(rule.name), "{}", rule.folder);
        assert!(!table.contains_key("target"), "{} has dependencies for one target: teach this test", rule.folder);
        let tests_use = &names(&table, "dev-dependencies") | &names(&table, "build-dependencies");
        (rule.name, Manifest { uses: names(&table, "dependencies"), tests_use })
    };
    RULES.iter().map(manifest).collect()
}

/// Everything that a crate of ours sees through crates of ours, itself not included.
fn seen(name: &str, manifests: &BTreeMap<&str, Manifest>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut to_visit = vec![name.to_owned()];
    while let Some(next) = to_visit.pop() {
        let Some(manifest) = manifests.get(next.as_str()) else { continue };
        let new = manifest.uses.iter().filter(|used| seen.insert((*used).clone()));
        to_visit.extend(new.cloned());
    }
    seen
}

#[test]
fn the_members_of_the_workspace_are_the_crates_of_the_table() {
    let workspace = read("Cargo.toml");
    let members = workspace["workspace"]["members"].as_array().expect("members are listed");
    let members: Vec<&str> = members.iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(members, RULES.map(|rule| rule.folder), "bottom layer first");
}

#[test]
fn a_crate_imports_of_ours_only_what_the_table_allows() {
    let manifests = manifests();
    let forbidden = |rule: &Rule| {
        let manifest = &manifests[rule.name];
        let used = &manifest.uses | &manifest.tests_use;
        let ours = used.into_iter().filter(|used| RULES.iter().any(|rule| rule.name == used));
        let name = rule.name;
        let allowed = rule.ours;
        ours.filter(|used| !allowed.contains(&used.as_str())).map(|used| format!("{name} imports {used}")).collect()
    };
    let offenders: Vec<String> = RULES.iter().flat_map(|rule| -> Vec<String> { forbidden(rule) }).collect();
    none("imports of ours beyond the table", &offenders);
}

#[test]
fn a_crate_never_sees_what_the_table_keeps_from_it() {
    let manifests = manifests();
    let forbidden = |rule: &Rule| -> Vec<String> {
        let seen = seen(rule.name, &manifests);
        let never = rule.never.iter().copied().flatten().filter(|never| seen.contains(**never));
        never.map(|never| format!("{} sees {never}", rule.name)).collect()
    };
    let offenders: Vec<String> = RULES.iter().flat_map(forbidden).collect();
    none("what a crate must never see", &offenders);
}

#[test]
fn every_dependency_is_declared_once_for_the_whole_workspace() {
    let mut offenders = Vec::new();
    for rule in &RULES {
        let manifest = read(&format!("{}/Cargo.toml", rule.folder));
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let table = manifest.get(section).and_then(toml::Value::as_table);
            let own = table.into_iter().flatten().filter(|(_, value)| value.get("workspace").is_none());
            offenders.extend(own.map(|(name, _)| format!("{}: {name} has a version of its own", rule.folder)));
        }
    }
    none("versions stand in the workspace's manifest only", &offenders);
}
