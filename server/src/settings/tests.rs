//! Each step of precedence, and each refusal's exact sentence.

mod options;
mod pairs;
mod security;
mod store;
mod watching;

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
    let text = "colour = 1\n[pair]\nnames = \"x\"\n[engine.settings]\ntranscript-format = 1\n[engine.lease]\nttl = 1";
    let expected = "\
FILE: unknown key colour; the top level allows echo, engine, gateway, interaction, links, log, metrics, pair, run, store, traces
FILE: unknown key engine.lease.ttl; [engine.lease] allows expiry, renew
FILE: unknown key engine.settings.transcript-format; [engine.settings] allows client-disconnect-timeout, \
limit-for-clients, limit-for-sessions, message-bytes-max, session-restoration-mode, transcript-auto-save, \
transcript-resend-attempts, transcript-resend-delay, transcript-save-notices, transcript-save-on-error
FILE: unknown key pair.names; [pair] allows link-version, name";
    assert_eq!(refused(text), expected);
}

#[test]
fn an_unknown_variable_is_refused_by_its_name() {
    let expected = "TANDEM_ENGINE__LEASE__TTL: unknown key engine.lease.ttl; [engine.lease] allows expiry, renew";
    assert_eq!(refused_variable("TANDEM_ENGINE__LEASE__TTL", "1 s"), expected);
}

#[test]
fn a_value_in_the_place_of_a_table_is_refused() {
    let expected = "FILE: pair = \"main\" is refused; pair is a table with link-version, name";
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
        (
            "[gateway]\ntrusted-proxies = [\"10.0.0.5\", \"proxy.example\"]",
            "FILE: gateway.trusted-proxies[1] = \"proxy.example\" is refused; it must be an IP address or a network \
             that is not everywhere, such as \"10.0.0.5\" or \"10.1.0.0/16\"",
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
fn a_bad_value_of_the_interaction_server_is_refused_with_what_is_allowed() {
    let cases = [
        (
            "offer-timeout = \"2 h\"",
            "interaction.offer-timeout = \"2 h\" is refused; it must be a duration from 200ms to 1h, such as \"500 ms\" \
             or \"60 s\"",
        ),
        (
            "transcript-retention = \"59 min\"",
            "interaction.transcript-retention = \"59 min\" is refused; it must be \"off\", or a duration from 1h to \
             100years, such as \"500 ms\" or \"60 s\"",
        ),
        (
            "dispositions = []",
            "interaction.dispositions = [] is refused; it must be a list of 1 to 50 different texts of 1 to 64 \
             characters",
        ),
        (
            "reasons = [\"lunch\", \"lunch\"]",
            "interaction.reasons = [\"lunch\", \"lunch\"] is refused; it must be a list of 0 to 50 different texts of 1 \
             to 64 characters",
        ),
        (
            "reasons = [\"no_answer\"]",
            "interaction.reasons is refused: \"no_answer\" is given by Tandem itself; choose another word",
        ),
        ("queues = []", "interaction.queues = [] is refused; it must be a list of 1 to 100 entries"),
        ("queues = [7]", "interaction.queues[0] = 7 is refused; it must be a table"),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(&format!("[interaction]\n{text}")), format!("FILE: {expected}"));
    }
}

/// Two queues, of which the second has this in it.
fn queues(second: &str) -> String {
    format!("[[interaction.queues]]\nname = \"people\"\n\n[[interaction.queues]]\n{second}\n")
}

#[test]
fn a_bad_value_of_a_queue_is_refused_with_the_queues_number() {
    let cases = [
        ("priority = 3", "interaction.queues[1] = { priority = 3 } is refused; it must have name"),
        (
            "name = \"A b\"",
            "interaction.queues[1].name = \"A b\" is refused; it must be 1 to 32 of a-z, 0-9, '-' and '_'",
        ),
        (
            "name = \"b\"\npriority = 1001",
            "interaction.queues[1].priority = 1001 is refused; it must be a whole number from -1000 to 1000",
        ),
        (
            "name = \"b\"\nskills = [\"a\", \"C++\"]",
            "interaction.queues[1].skills[1] = \"C++\" is refused; it must be 1 to 32 of a-z, 0-9, '-' and '_'",
        ),
        ("name = \"b\"\nbot = 1", "interaction.queues[1].bot = 1 is refused; it must be true or false"),
        (
            "name = \"b\"\ntext-outside = \"\"",
            "interaction.queues[1].text-outside = \"\" is refused; it must be a text of 1 to 1024 bytes",
        ),
        (
            "name = \"b\"\ncolour = 1",
            "unknown key interaction.queues[1].colour; [[interaction.queues]] allows bot, hours, name, priority, skills, \
             text-outside, then",
        ),
    ];
    for (second, expected) in cases {
        assert_eq!(refused(&queues(second)), format!("FILE: {expected}"));
    }
    let hours = refused(&queues("name = \"b\"\nhours = \"always\""));
    let expected = "FILE: interaction.queues[1].hours = \"always\" is refused; hours are written as \
                    \"Mon-Fri 09:00-17:30, Sat 10:00-14:00 Europe/Berlin\": ";
    assert!(hours.starts_with(expected), "{hours}");
}

#[test]
fn queues_that_contradict_each_other_are_refused() {
    let cases = [
        ("name = \"people\"", "there are two queues named people"),
        ("name = \"b\"\nbot = true\nthen = \"c\"", "the queue b passes on to c, which is no queue for people"),
        ("name = \"b\"\nbot = true\nthen = \"b\"", "the queue b passes on to b, which is no queue for people"),
        ("name = \"b\"\nthen = \"people\"", "the queue b is for people and has a then; only a bot queue passes on"),
    ];
    for (second, expected) in cases {
        assert_eq!(refused(&queues(second)), format!("FILE: interaction.queues is refused: {expected}"));
    }
    let bots = "[[interaction.queues]]\nname = \"b\"\nbot = true\n";
    let expected = "FILE: interaction.queues is refused: there must be a queue for people; bots pass on to it";
    assert_eq!(refused(bots), expected);
}

#[test]
fn queues_are_understood_as_they_are_written() {
    let second = "name = \"bot\"\npriority = -7\nskills = [\"german\"]\nbot = true\nthen = \"people\"\n\
                  hours = \"Mon-Fri 09:00-17:30 Europe/Berlin\"\ntext-outside = \"Come back, please.\"";
    let (_folder, path) = file(&queues(second));
    let settings = load(&Given { file: Some(path), ..Given::default() }).expect("is fine").settings;
    let [people, bot] = &settings.interaction.service().queues[..] else { panic!("are two") };
    assert_eq!((people.name.as_str(), people.priority, people.bot), ("people", 0, false));
    assert_eq!((bot.name.as_str(), bot.priority, bot.bot), ("bot", -7, true));
    assert_eq!(bot.skills, ["german"]);
    assert_eq!(bot.then.as_ref().map(ToString::to_string).as_deref(), Some("people"));
    assert_eq!(bot.hours.as_ref().map(ToString::to_string).as_deref(), Some("Mon-Fri 09:00-17:30 Europe/Berlin"));
    assert_eq!(bot.text_outside, "Come back, please.");
    assert!(people.hours.is_none() && people.text_outside.starts_with("Nobody is here"));
    let environment = vec![variable("TANDEM_INTERACTION__QUEUES", r#"[{ name = "sales" }]"#)];
    let settings = load(&Given { environment, ..Given::default() }).expect("is fine").settings;
    assert_eq!(settings.interaction.queues.0[0].name.0.as_str(), "sales");
}

#[test]
fn the_defaults_of_the_interaction_server_are_its_own() {
    let ours = Settings::default().interaction.service();
    assert_eq!(format!("{ours:?}"), format!("{:?}", tandem_interaction::InteractionSettings::default()));
}

#[test]
fn accounts_lie_with_the_engines_data_unless_they_are_told_otherwise() {
    let data_dir = |given: &Given| load(given).expect("is fine").settings.interaction.data_dir.0.to_string();
    let mut given = Given::default();
    assert_eq!(data_dir(&given), "tandem-data");
    given.flags = Flag::of("--data", "engine.data-dir", Some("/srv/a")).into_iter().collect();
    assert_eq!(data_dir(&given), "/srv/a");
    given.environment = vec![variable("TANDEM_INTERACTION__DATA_DIR", "/srv/b")];
    assert_eq!(data_dir(&given), "/srv/b");
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
    let expected = "FILE: engine.listen = \"10.0.0.7:7301\" is refused: other machines reach it and links prove nothing; set \
                    links.key-file (`tandem keys generate FILE` makes one) or links.certificate, listen on a loopback \
                    address, or set engine.allow-unauthenticated-links = true where only trusted machines connect";
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
    let expected = "FILE: gateway.listen = \"0.0.0.0:80\" is refused: other machines reach it without TLS; set \
                    gateway.tls.certificate and gateway.tls.private-key, listen on a loopback address, or set \
                    gateway.allow-plain-http = true where a proxy before it does TLS";
    assert_eq!(refused(listen), expected);
    let (_folder, path) = file(&format!("{listen}allow-plain-http = true"));
    load(&Given { file: Some(path), ..Given::default() }).expect("is allowed");
}

#[test]
fn what_config_show_prints_is_a_file_with_the_same_settings() {
    let environment = vec![
        variable("TANDEM_ENGINE__LEASE__RENEW", "1 s"),
        variable("TANDEM_GATEWAY__ALLOWED_ORIGINS", r#"["https://a.example"]"#),
        variable(
            "TANDEM_INTERACTION__QUEUES",
            r#"[{ name = "a", skills = ["x"] }, { name = "b", bot = true, then = "a" }]"#,
        ),
    ];
    let loaded = load(&Given { environment, ..Given::default() }).expect("is fine");
    let shown = loaded.show();
    assert!(shown.contains("\n[engine.lease]\nexpiry = \"3s\""), "{shown}");
    let renew = shown.lines().find(|line| line.starts_with("renew")).expect("is shown");
    assert_eq!(renew, format!("{:<48} # TANDEM_ENGINE__LEASE__RENEW", "renew = \"1s\""));
    let queue = shown.split("[[interaction.queues]]\n").nth(2).expect("there are two");
    assert!(queue.starts_with("bot = true "), "{queue}");
    assert!(queue.contains("then = \"a\"") && queue.contains("# TANDEM_INTERACTION__QUEUES"), "{queue}");
    let (_folder, path) = file(&shown);
    let again = load(&Given { file: Some(path), ..Given::default() }).expect("is a valid file");
    assert_eq!(again.settings, loaded.settings);
}
