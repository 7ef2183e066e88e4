//! Each step of precedence, and each refusal's exact sentence.

use std::path::PathBuf;

use super::*;

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("tandem.toml");
    std::fs::write(&path, text).expect("is written");
    (folder, path)
}

fn variable(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// What a file is refused with; the file's path reads FILE.
fn refused(text: &str) -> String {
    let (_folder, path) = file(text);
    let given = Given { file: Some(path.clone()), ..Given::default() };
    load(&given).expect_err("is refused").to_string().replace(&path.display().to_string(), "FILE")
}

fn refused_variable(name: &str, value: &str) -> String {
    let given = Given { environment: vec![variable(name, value)], ..Given::default() };
    load(&given).expect_err("is refused").to_string()
}

fn listen(given: &Given) -> String {
    load(given).expect("is fine").settings.gateway.place.listen.0.to_string()
}

#[test]
fn flags_are_stronger_than_the_environment_than_the_file_than_the_defaults() {
    let mut given = Given::default();
    assert_eq!(listen(&given), "127.0.0.1:8080");
    let (_folder, path) = file("[gateway]\nlisten = \"127.0.0.1:1\"");
    given.file = Some(path);
    assert_eq!(listen(&given), "127.0.0.1:1");
    given.environment = vec![variable("TANDEM_GATEWAY__LISTEN", "127.0.0.1:2")];
    assert_eq!(listen(&given), "127.0.0.1:2");
    given.flags = Flag::of("--listen", "gateway.listen", Some("127.0.0.1:3")).into_iter().collect();
    assert_eq!(listen(&given), "127.0.0.1:3");
}

#[test]
fn every_kind_of_value_can_come_from_the_environment() {
    let environment = vec![
        variable("TANDEM_ENGINE__NAME", "1"),
        variable("TANDEM_ENGINE__SETTINGS__CLIENT_DISCONNECT_TIMEOUT", "90 s"),
        variable("TANDEM_ENGINE__SETTINGS__LIMIT_FOR_SESSIONS", "7"),
        variable("TANDEM_GATEWAY__ALLOWED_ORIGINS", r#"["https://a.example", "https://b.example"]"#),
        variable("TANDEM_GATEWAY__CLIENTS_MAX", "5"),
        variable("TANDEM_RUN__ECHO", "false"),
        variable("TANDEM_RUN__ENGINE_PORTS", "0"),
        variable("TANDEM_CONFIG", "names the file and is read by the command line"),
        variable("HOME", "/root"),
    ];
    let settings = load(&Given { environment, ..Given::default() }).expect("is fine").settings;
    assert_eq!(settings.engine.name.0.as_str(), "1");
    assert_eq!(settings.engine.settings.client_disconnect_timeout.0.as_secs(), 90);
    assert_eq!(settings.engine.settings.limit_for_sessions.0, 7);
    assert_eq!(settings.gateway.service.allowed_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(settings.gateway.service.clients_max, 5);
    assert!(!settings.run.echo);
    assert_eq!(settings.run.engine_ports.0.0, [0, 0]);
}

#[test]
fn the_gateway_takes_the_longest_message_from_the_engine_unless_told_otherwise() {
    let (_folder, path) = file("[engine.settings]\nmessage-bytes-max = 1000");
    let mut given = Given { file: Some(path), ..Given::default() };
    assert_eq!(load(&given).expect("is fine").settings.gateway.service.message_bytes_max, 1_000);
    given.environment = vec![variable("TANDEM_GATEWAY__MESSAGE_BYTES_MAX", "2000")];
    assert_eq!(load(&given).expect("is fine").settings.gateway.service.message_bytes_max, 2_000);
}

#[test]
fn a_missing_file_is_named() {
    let given = Given { file: Some("/nowhere/tandem.toml".into()), ..Given::default() };
    let refused = load(&given).expect_err("is refused").to_string();
    assert_eq!(refused, "/nowhere/tandem.toml: cannot be read: No such file or directory (os error 2)");
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_the_line() {
    let refused = refused("[engine]\nname = a b\n");
    assert!(refused.starts_with("FILE: line 2 is not valid TOML: "), "{refused}");
    assert_eq!(refused.lines().count(), 1, "{refused}");
}

#[test]
fn unknown_keys_are_refused_by_name_in_every_table() {
    let text =
        "colour = 1\n[pair]\nnames = \"x\"\n[engine.settings]\ntranscript-auto-save = 1\n[engine.lease]\nttl = 1";
    let expected = "\
FILE: unknown key colour; the top level allows echo, engine, gateway, log, pair, run
FILE: unknown key engine.lease.ttl; [engine.lease] allows expiry, renew
FILE: unknown key engine.settings.transcript-auto-save; [engine.settings] allows client-disconnect-timeout, \
limit-for-clients, limit-for-sessions, message-bytes-max, transcript-resend-attempts, transcript-resend-delay
FILE: unknown key pair.names; [pair] allows name";
    assert_eq!(refused(text), expected);
}

#[test]
fn an_unknown_variable_is_refused_by_its_name() {
    let expected = "TANDEM_ENGINE__LEASE__TTL: unknown key engine.lease.ttl; [engine.lease] allows expiry, renew";
    assert_eq!(refused_variable("TANDEM_ENGINE__LEASE__TTL", "1 s"), expected);
}

#[test]
fn a_value_in_the_place_of_a_table_is_refused() {
    let expected = "FILE: pair = \"main\" is refused; pair is a table with name";
    assert_eq!(refused("pair = \"main\""), expected);
}

#[test]
fn a_bad_value_is_refused_with_what_is_allowed() {
    let cases = [
        (
            "[engine.settings]\nclient-disconnect-timeout = \"1 s\"",
            "FILE: engine.settings.client-disconnect-timeout = \"1 s\" is refused; it must be a duration from 5s to \
             20days, such as \"500 ms\" or \"60 s\"",
        ),
        (
            "[engine.settings]\nclient-disconnect-timeout = 60",
            "FILE: engine.settings.client-disconnect-timeout = 60 is refused; it must be a duration from 5s to \
             20days, such as \"500 ms\" or \"60 s\"",
        ),
        (
            "[engine.settings]\nmessage-bytes-max = 0",
            "FILE: engine.settings.message-bytes-max = 0 is refused; it must be a whole number from 1 to 65536",
        ),
        (
            "[engine.settings]\ntranscript-resend-attempts = -1",
            "FILE: engine.settings.transcript-resend-attempts = -1 is refused; it must be a whole number from 0 to 1000",
        ),
        (
            "[engine]\nname = \"A b\"",
            "FILE: engine.name = \"A b\" is refused; it must be 1 to 32 of a-z, 0-9, '-' and '_'",
        ),
        (
            "[engine]\nlisten = \"localhost\"",
            "FILE: engine.listen = \"localhost\" is refused; it must be an IP address and a port, such as \
             \"127.0.0.1:8080\"",
        ),
        (
            "[engine]\nallow-unauthenticated-links = \"yes\"",
            "FILE: engine.allow-unauthenticated-links = \"yes\" is refused; it must be true or false",
        ),
        (
            "[gateway]\nprimary = \"chat-1\"",
            "FILE: gateway.primary = \"chat-1\" is refused; it must be a host and a port, such as \
             \"chat-1.example.net:7301\"",
        ),
        (
            "[gateway]\nallowed-origins = [\"shop.example\"]",
            "FILE: gateway.allowed-origins = [\"shop.example\"] is refused; it must be a list of origins such as \
             \"https://shop.example\"",
        ),
        ("[gateway]\nheartbeat = \"1 ms\"", "FILE: gateway.heartbeat = \"1 ms\" is refused; it must be 100ms..1h"),
        (
            "[gateway]\nclients-max = \"many\"",
            "FILE: gateway.clients-max = \"many\" is refused; it must be a whole number",
        ),
        (
            "[run]\nengine-ports = \"7301,7301\"",
            "FILE: run.engine-ports = \"7301,7301\" is refused; it must be two different ports, such as \"7301,7302\", \
             or \"0\" for any free ones",
        ),
        ("[log]\nformat = \"xml\"", "FILE: log.format = \"xml\" is refused; it must be \"text\" or \"json\""),
        (
            "[log]\nlevel = \"loud\"",
            "FILE: log.level = \"loud\" is refused; it must be off, error, warn, info, debug or trace, or such levels \
             by module, as in \"info,tandem_link=debug\"",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(text), expected);
    }
}

#[test]
fn a_bad_value_in_each_of_two_sections_is_refused_at_once() {
    let refused = refused("[log]\nformat = \"xml\"\n[pair]\nname = \"\"");
    assert_eq!(refused.lines().count(), 2, "{refused}");
}

#[test]
fn a_secret_is_not_shown_when_it_is_refused_nor_by_config_show() {
    let expected = "FILE: gateway.idempotency-secret = (secret) is refused; it must be at least 32 characters long";
    assert_eq!(refused("[gateway]\nidempotency-secret = \"short\""), expected);
    let environment = vec![variable("TANDEM_GATEWAY__IDEMPOTENCY_SECRET", &"s3cret".repeat(8))];
    let shown = load(&Given { environment, ..Given::default() }).expect("is fine").show();
    assert!(shown.contains("# idempotency-secret"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn an_expiry_shorter_than_two_renewals_is_refused() {
    let expected = "FILE: engine.lease.expiry = \"600ms\" is refused; it must be at least twice \
                    engine.lease.renew = \"500ms\"";
    assert_eq!(refused("[engine.lease]\nexpiry = \"600 ms\""), expected);
}

#[test]
fn an_engine_that_other_machines_reach_is_refused_unless_it_is_allowed_in_so_many_words() {
    let listen = "[engine]\nlisten = \"10.0.0.7:7301\"\n";
    let expected = "FILE: engine.listen = \"10.0.0.7:7301\" is refused: other machines reach it and links are not \
                    authenticated yet; listen on a loopback address, or set engine.allow-unauthenticated-links = \
                    true where only trusted machines connect";
    assert_eq!(refused(listen), expected);
    let (_folder, path) = file(&format!("{listen}allow-unauthenticated-links = true"));
    load(&Given { file: Some(path), ..Given::default() }).expect("is allowed");
}

#[test]
fn an_engine_on_every_address_must_say_how_it_is_reached() {
    let text = "[engine]\nlisten = \"0.0.0.0:7301\"\nallow-unauthenticated-links = true\n";
    let expected = "FILE: engine.listen = \"0.0.0.0:7301\" names no address that others can connect to; set \
                    engine.advertise too";
    assert_eq!(refused(text), expected);
    let (_folder, path) = file(&format!("{text}advertise = \"chat-1.example.net:7301\""));
    load(&Given { file: Some(path), ..Given::default() }).expect("is fine");
}

#[test]
fn a_gateway_that_other_machines_reach_without_tls_is_refused_unless_it_is_allowed() {
    let listen = "[gateway]\nlisten = \"0.0.0.0:80\"\n";
    let expected = "FILE: gateway.listen = \"0.0.0.0:80\" is refused: other machines reach it and the gateway does no \
                    TLS; listen on a loopback address, or set gateway.allow-plain-http = true where a proxy before \
                    it does TLS";
    assert_eq!(refused(listen), expected);
    let (_folder, path) = file(&format!("{listen}allow-plain-http = true"));
    load(&Given { file: Some(path), ..Given::default() }).expect("is allowed");
}

#[test]
fn what_config_show_prints_is_a_file_with_the_same_settings() {
    let environment = vec![
        variable("TANDEM_ENGINE__LEASE__RENEW", "1 s"),
        variable("TANDEM_GATEWAY__ALLOWED_ORIGINS", r#"["https://a.example"]"#),
    ];
    let loaded = load(&Given { environment, ..Given::default() }).expect("is fine");
    let shown = loaded.show();
    assert!(shown.contains("\n[engine.lease]\nexpiry = \"3s\""), "{shown}");
    let renew = shown.lines().find(|line| line.starts_with("renew")).expect("is shown");
    assert_eq!(renew, format!("{:<48} # TANDEM_ENGINE__LEASE__RENEW", "renew = \"1s\""));
    let (_folder, path) = file(&shown);
    let again = load(&Given { file: Some(path), ..Given::default() }).expect("is a valid file");
    assert_eq!(again.settings, loaded.settings);
}
