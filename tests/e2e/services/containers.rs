//! The image and the composition in `server/deploy`, read and not run: that takes a daemon. Everything in them that is
//! Tandem's is asked of the executable.

use std::{collections::BTreeSet, fs};

use serde_yaml_ng::{Mapping, Value};
use tandem_tests::{
    command::{run, run_through},
    deployment,
    executable::repository,
};

/// The composition, with what is merged into a service in its place.
fn compose() -> Value {
    let mut compose: Value = serde_yaml_ng::from_str(&deployment::read("compose.yaml")).expect("it is YAML");
    compose.apply_merge().expect("what is merged is there");
    compose
}

/// The services that are Tandem's, by their names.
fn roles() -> Vec<(String, Value)> {
    let compose = compose();
    let services = compose["services"].as_mapping().expect("there are services").clone();
    let ours = |(_, service): &(Value, Value)| service["image"] == "tandem";
    let named = |(name, service): (Value, Value)| (name.as_str().expect("a name is text").to_owned(), service);
    let roles: Vec<(String, Value)> = services.into_iter().filter(ours).map(named).collect();
    assert_eq!(roles.len(), 4, "a pair, a gateway and an interaction server");
    roles
}

fn words(list: &Value) -> Vec<String> {
    list.as_sequence().expect("it is a list").iter().map(|word| word.as_str().expect("of words").to_owned()).collect()
}

/// `--listen` of an engine as the variable that says the same, `TANDEM_ENGINE__LISTEN`.
fn variable(role: &str, flag: &str) -> String {
    let key = match flag {
        "--data" => "data-dir".to_owned(),
        flag => flag.trim_start_matches('-').to_owned(),
    };
    format!("TANDEM_{}__{}", role.to_uppercase(), key.replace('-', "_").to_uppercase())
}

fn variables(service: &Value) -> Vec<(String, String)> {
    let environment = service["environment"].as_mapping().cloned().unwrap_or_else(Mapping::new);
    let text = |value: Value| value.as_str().expect("it is text").to_owned();
    environment.into_iter().map(|(name, value)| (text(name), text(value))).collect()
}

#[test]
fn each_container_starts_a_command_with_settings_that_tandem_takes() {
    for (name, service) in roles() {
        let command = words(&service["command"]);
        let (role, flags) = command.split_first().expect("a role is started");
        let help = run([role.as_str(), "--help"], "").done();
        let mut given = variables(&service);
        for pair in flags.chunks(2) {
            assert!(help.contains(&format!("{} <", pair[0])), "{name}: {} is no flag of {role}", pair[0]);
            given.push((variable(role, &pair[0]), pair[1].clone()));
        }
        let set = given.iter().map(|(name, value)| format!("{name}={value}").into());
        let prefix: Vec<_> = ["env".into()].into_iter().chain(set).collect();
        let checked = run_through(&prefix, ["config", "check"], "");
        assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), "ok\n"), "{name}: {}", checked.stderr);
    }
}

#[test]
fn a_setting_that_does_not_exist_would_be_found() {
    let prefix = ["env", "TANDEM_ENGINE__LISTENS=0.0.0.0:7301"].map(Into::into);
    assert_eq!(run_through(&prefix, ["config", "check"], "").code, Some(2));
}

#[test]
fn both_engines_are_found_where_they_say_that_they_are() {
    let roles = roles();
    let engines: BTreeSet<&str> =
        roles.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with("engine-")).collect();
    for (name, service) in &roles {
        let command = words(&service["command"]);
        let of = |flag: &str| command.iter().position(|word| word == flag).map(|at| command[at + 1].as_str());
        let place = of("--advertise").or(of("--primary")).expect("a role is at an engine or is one");
        let (host, port) = place.rsplit_once(':').expect("it has a port");
        assert!(engines.contains(host) && port == "7301", "{name}: {place}");
        assert_eq!(of("--advertise").is_some(), engines.contains(name.as_str()), "{name}");
    }
}

#[test]
fn every_container_is_started_again_keeps_its_data_and_may_do_nothing_else() {
    let compose = compose();
    for (name, service) in roles() {
        assert_eq!(service["restart"], "always", "{name}");
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(words(&service["cap_drop"]), ["ALL"], "{name}");
        for volume in words(&service["volumes"]) {
            let (volume, place) = volume.split_once(':').expect("it is mounted somewhere");
            assert!(compose["volumes"].get(volume).is_some(), "{name}: {volume} is no volume");
            assert_eq!(place, "/var/lib/tandem", "{name}");
        }
        assert_eq!(service["depends_on"]["postgres"]["condition"], "service_healthy", "{name}");
    }
    assert!(compose["services"]["postgres"]["healthcheck"]["test"].is_sequence());
    let ports = words(&compose["services"]["gateway"]["ports"]);
    assert!(ports.iter().all(|port| port.starts_with("127.0.0.1:")), "plain HTTP is for a proxy beside it: {ports:?}");
}

#[test]
fn secrets_are_files_and_stand_in_none_of_these() {
    let compose = compose();
    let declared = compose["secrets"].as_mapping().expect("there are secrets");
    for (name, secret) in declared {
        assert!(secret["file"].is_string(), "{name:?}");
    }
    for (name, service) in compose["services"].as_mapping().expect("there are services") {
        let secrets: Vec<String> = words(&service["secrets"]);
        assert!(secrets.iter().all(|secret| declared.contains_key(secret.as_str())), "{name:?}");
        for (variable, value) in variables(service) {
            let is_secret = ["PASSWORD", "KEY", "SECRET"].iter().any(|word| variable.contains(word));
            let file = value.strip_prefix("/run/secrets/");
            assert!(!is_secret || variable.ends_with("_FILE"), "{name:?}: {variable}");
            assert!(
                !is_secret || file.is_some_and(|file| secrets.iter().any(|secret| secret == file)),
                "{name:?}: {value}"
            );
            assert!(!value.contains("postgres://tandem:"), "{name:?}: a password stands in {variable}");
        }
    }
}

#[test]
fn the_gateways_health_is_asked_by_the_executable_itself() {
    let compose = compose();
    let test = words(&compose["services"]["gateway"]["healthcheck"]["test"]);
    assert_eq!(test[..2], ["CMD", "tandem"]);
    let ran = run(test[2..].iter().map(String::as_str).chain(["--gateway", "http://127.0.0.1:1"]), "");
    assert_eq!(ran.code, Some(1), "a gateway that is not there is not well: {}", ran.stderr);
}

/// An instruction of the image's recipe, with what follows it.
fn instructions(name: &str) -> Vec<String> {
    let recipe = deployment::read("Dockerfile").replace("\\\n", " ");
    let lines = recipe.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_image_runs_tandem_as_nobody_in_particular_and_not_as_process_1() {
    assert_eq!(instructions("USER"), ["tandem"]);
    assert_eq!(instructions("STOPSIGNAL"), ["SIGTERM"]);
    let entry: Vec<String> = serde_json::from_str(&instructions("ENTRYPOINT")[0]).expect("it is in exec form");
    assert_eq!(entry, ["tini", "--", "tandem"]);
    let _: Vec<String> = serde_json::from_str(&instructions("CMD")[0]).expect("it is in exec form");
    assert!(instructions("FROM").last().expect("it is made from something").starts_with("debian:12"));
}

#[test]
fn everything_that_the_image_is_built_from_is_let_into_the_build() {
    let ignored = deployment::read("Dockerfile.dockerignore");
    let let_in: BTreeSet<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).expect("it is there");
    let manifest: toml::Table = toml::from_str(&manifest).expect("it is TOML");
    let members = manifest["workspace"]["members"].as_array().expect("there are members");
    let tops = members.iter().map(|member| member.as_str().expect("is a path").split('/').next().expect("has a part"));
    for needed in tops.chain(["Cargo.toml", "Cargo.lock", "static", "templates"]) {
        assert!(let_in.contains(needed), "{needed}");
    }
}
