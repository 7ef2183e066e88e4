//! The commands that make keys and certificates, and that an engine which other machines reach wants some.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use tandem_tests::{Alone, command::run, whole::refused};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temp folder has a plain name")
}

#[tokio::test]
async fn an_engine_that_other_machines_reach_starts_with_a_key_and_not_without() {
    let folder = tempfile::tempdir().expect("a directory");
    let (key, file, data) = (folder.path().join("key"), folder.path().join("tandem.toml"), folder.path().join("data"));
    let engine = ["engine", "--listen", "0.0.0.0:0", "--advertise", "engine-a.example:7301", "--data", text(&data)];
    let refusal = refused(&engine, &[]).await;
    assert_eq!(refusal.code, Some(2), "{refusal:?}");
    let expected = "tandem: --listen: engine.listen = \"0.0.0.0:0\" is refused: other machines reach it and links prove \
                    nothing; set links.key-file";
    assert!(refusal.lines[0].starts_with(expected), "{refusal:?}");
    run(["keys", "generate", text(&key)], "").done();
    fs::write(&file, format!("[links]\nkey-file = {:?}\n", text(&key))).expect("is written");
    let engine: Vec<&str> = engine.into_iter().chain(["--config", text(&file)]).collect();
    drop(Alone::start(&engine).await);
    fs::write(&file, "[engine]\nallow-unauthenticated-links = true\n").expect("is written");
    drop(Alone::start(&engine).await);
}

#[test]
fn a_key_that_is_made_is_for_its_owner_only_and_never_made_over_another() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("links.key");
    let said = run(["keys", "generate", text(&file)], "").done();
    assert!(said.contains("copy it to every machine"), "{said}");
    let key = fs::read_to_string(&file).expect("is there");
    assert_eq!((key.trim_end().len(), mode(&file)), (64, 0o600));
    assert!(!said.contains(key.trim_end()), "{said}");
    let again = run(["keys", "generate", text(&file)], "");
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("is there already and is left as it is"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(&file).expect("is there"), key);
}

#[test]
fn certificates_are_made_for_machines_one_after_the_other_by_one_authority() {
    let folder = tempfile::tempdir().expect("a directory");
    let dir = folder.path().join("certificates");
    let make = |hosts: &[&str]| {
        let hosts = hosts.iter().flat_map(|host| ["--host", host]);
        run(["certificates", "make", "--dir", text(&dir)].into_iter().chain(hosts), "")
    };
    let said = make(&["engine-a.example", "10.0.0.2"]).done();
    assert!(said.contains("to 10.0.0.2: ") && said.contains("authority.key where no process"), "{said}");
    let authority = fs::read(dir.join("authority.pem")).expect("is there");
    make(&["gateway.example"]).done();
    assert_eq!(fs::read(dir.join("authority.pem")).expect("is there"), authority);
    for private in ["authority.key", "engine-a.example.key", "10.0.0.2.key", "gateway.example.key"] {
        assert_eq!(mode(&dir.join(private)), 0o600, "{private}");
    }
    for (host, why) in
        [("gateway.example", "has a certificate in this directory already"), ("a/b", "the name of a host")]
    {
        let refused = make(&[host]);
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
}

/// The certificates that the command makes are good for a link: an engine and a gateway with them meet.
#[tokio::test]
async fn an_engine_and_a_gateway_meet_by_certificates_that_the_command_has_made() {
    let folder = tempfile::tempdir().expect("a directory");
    let dir = folder.path().join("certificates");
    let hosts = ["127.0.0.1", "gateway.example"];
    run(["certificates", "make", "--dir", text(&dir), "--host", hosts[0], "--host", hosts[1]], "").done();
    let settings = |host: &str| {
        let file = folder.path().join(format!("{host}.toml"));
        let own = |ending: &str| dir.join(format!("{host}.{ending}"));
        let text = format!(
            "[links]\ncertificate = {:?}\nprivate-key = {:?}\nauthorities = {:?}\npeers = [{:?}, {:?}]\n",
            own("pem"),
            own("key"),
            dir.join("authority.pem"),
            hosts[0],
            hosts[1]
        );
        fs::write(&file, text).expect("is written");
        file
    };
    let data = folder.path().join("data");
    let (engines, gateways) = (settings(hosts[0]), settings(hosts[1]));
    let place = ["--listen", "127.0.0.1:0", "--config"];
    let engine = ["engine", "--data", text(&data)].into_iter().chain(place).chain([text(&engines)]);
    let engine = Alone::start(&engine.collect::<Vec<_>>()).await;
    let gateway = ["gateway", "--primary", &engine.address].into_iter().chain(place).chain([text(&gateways)]);
    let gateway = Alone::start(&gateway.collect::<Vec<_>>()).await;
    gateway.logs("welcomed by the primary").await;
}
