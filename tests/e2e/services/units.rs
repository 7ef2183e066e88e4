//! The units in `server/deploy/systemd`, as systemd and the executable understand them. What they say is run by no test,
//! since that takes a machine of its own: here each line is one that systemd knows, and each command one that Tandem knows.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tandem_tests::{
    command::run,
    deployment::{INSTALLED, value},
    executable::{repository, tandem},
};

/// The exposure that `systemd-analyze security` gives at most, in tenths of its points: from 10.0, anything, to 0.0,
/// nothing. What is left is the network, which is what Tandem is for.
const EXPOSURE_MAX: &str = "20";

/// What `tandem run` and the units of the roles have in common, and what keeps the two engines' processes in sight of each
/// other.
const ENGINES: [&str; 2] = ["tandem-engine@.service", "tandem-run.service"];

fn folder() -> PathBuf {
    repository().join("server/deploy/systemd")
}

/// The units by their names.
fn units() -> BTreeMap<String, String> {
    let entries =
        fs::read_dir(folder()).expect("the units are there").map(|entry| entry.expect("it can be read").path());
    let is_unit = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "service" || ending == "target");
    let named = |path: PathBuf| {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a unit is text"))
    };
    entries.filter(is_unit).map(named).collect()
}

/// The services, each with its text.
fn services() -> BTreeMap<String, String> {
    let mut units = units();
    units.retain(|name, _| name.ends_with(".service"));
    assert!(units.len() > 4, "each role has a unit");
    units
}

/// The units as they would lie on a machine on which this executable is installed.
fn installed() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("tandem-units-").tempdir().expect("the temp folder is writable");
    for (name, text) in units() {
        let text = text.replace(INSTALLED, &tandem().display().to_string());
        fs::write(folder.path().join(name), text).expect("the temp folder is writable");
    }
    folder
}

/// What systemd's own tool says of the units, which is nothing where all is well.
fn analyzed(arguments: &[&str], units: &[PathBuf]) -> (bool, String) {
    let output = Command::new("systemd-analyze").args(arguments).args(units).output();
    let output = output.unwrap_or_else(|error| panic!("these tests need systemd: apt-get install systemd ({error})"));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn paths(folder: &Path, names: impl IntoIterator<Item = String>) -> Vec<PathBuf> {
    names.into_iter().map(|name| folder.join(name)).collect()
}

#[test]
fn systemd_takes_every_unit() {
    let folder = installed();
    let units = paths(folder.path(), units().into_keys());
    let (is_well, said) = analyzed(&["verify", "--man=no", "--recursive-errors=no"], &units);
    assert!(is_well && said.trim().is_empty(), "systemd-analyze verify:\n{said}");
}

#[test]
fn a_unit_with_a_mistake_is_refused_by_the_same_test() {
    let folder = installed();
    let path = folder.path().join("tandem-gateway.service");
    let text = fs::read_to_string(&path).expect("it is there").replace("Restart=always", "Restart=sometimes");
    fs::write(&path, text).expect("the temp folder is writable");
    let (_, said) = analyzed(&["verify", "--man=no", "--recursive-errors=no"], &[path]);
    assert!(said.contains("restart specifier"), "{said}");
}

#[test]
fn no_service_may_do_more_than_it_needs() {
    let folder = installed();
    for name in services().into_keys() {
        let unit = paths(folder.path(), [name]);
        let threshold = format!("--threshold={EXPOSURE_MAX}");
        let (is_safe, said) = analyzed(&["security", "--offline=true", "--no-pager", &threshold], &unit);
        assert!(is_safe, "{said}");
    }
}

#[test]
fn each_service_starts_a_command_that_the_executable_knows() {
    for (name, unit) in services() {
        let line = value(&unit, "ExecStart").unwrap_or_else(|| panic!("{name} starts nothing"));
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some(INSTALLED), "{name}");
        let role = words.next().expect("a role is started");
        let help = run([role, "--help"], "").done();
        for flag in words.filter(|word| word.starts_with("--")) {
            assert!(help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")), "{name}: {flag}");
        }
    }
}

#[test]
fn a_service_is_ready_watched_and_started_again_whatever_happens() {
    for (name, unit) in services() {
        for (key, wanted) in [("Type", "notify"), ("NotifyAccess", "main"), ("Restart", "always"), ("User", "tandem")] {
            assert_eq!(value(&unit, key), Some(wanted), "{name}: {key}");
        }
        assert_eq!(value(&unit, "StartLimitIntervalSec"), Some("0"), "{name} is never given up");
        assert_eq!(value(&unit, "WatchdogSignal"), Some("SIGKILL"), "{name}: a stopped process heeds nothing else");
        assert!(value(&unit, "WatchdogSec").is_some(), "{name}");
    }
}

/// An engine on one machine looks at the other one's process and ends it when it hangs.
#[test]
fn engines_see_each_other() {
    for (name, unit) in services() {
        let is_apart =
            ["ProtectProc", "ProcSubset", "PrivateUsers", "DynamicUser"].iter().any(|key| value(&unit, key).is_some());
        assert_eq!(!is_apart, ENGINES.contains(&name.as_str()), "{name}");
    }
}
