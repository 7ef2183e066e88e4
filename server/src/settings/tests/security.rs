//! Keys and certificates: what is refused, what suffices for other machines, and that no secret is shown.

use super::{file, refused, refused_variable, variable};
use crate::settings::{Given, load};

const KEY: &str = "s3cret-s3cret-s3cret-s3cret-s3cret";

#[test]
fn an_engine_that_other_machines_reach_is_fine_with_a_key_or_certificates() {
    let listen = "[engine]\nlisten = \"10.0.0.7:7301\"\n";
    for links in [
        "[links]\nkey-file = \"/etc/tandem/key\"",
        "[links]\ncertificate = \"c\"\nprivate-key = \"k\"\nauthorities = \"a\"\npeers = [\"b.example\", \"10.0.0.8\"]",
    ] {
        let (_folder, path) = file(&format!("{listen}{links}"));
        load(&Given { file: Some(path), ..Given::default() }).expect("is fine");
    }
}

#[test]
fn a_gateway_with_a_certificate_needs_no_permission_to_be_reached() {
    let tls = "[gateway]\nlisten = \"0.0.0.0:443\"\n[gateway.tls]\ncertificate = \"c\"\nprivate-key = \"k\"";
    let (_folder, path) = file(tls);
    let loaded = load(&Given { file: Some(path), ..Given::default() }).expect("is fine");
    assert!(loaded.settings.gateway.place.tls.files().is_some());
    assert!(loaded.show().contains("[gateway.tls]"), "{}", loaded.show());
}

#[test]
fn settings_that_protect_nothing_are_refused() {
    let cases = [
        (
            "[links]\nkey = \"k\"\nkey-file = \"f\"",
            "FILE: links.key-file is refused: links.key has a key already; give it in one place",
        ),
        (
            "[links]\ncertificate = \"c\"\nauthorities = \"a\"",
            "FILE: links.private-key is missing: links.certificate, links.private-key and links.authorities are set \
             together or not at all",
        ),
        (
            "[links]\npeers = [\"b.example\"]",
            "FILE: links.peers is refused: it has no effect without links.certificate",
        ),
        (
            "[links]\nserver-name = \"not a name\"",
            "FILE: links.server-name = \"not a name\" is refused; it must be the name of a host or an IP address, such as \
             \"engine-a.example.net\"",
        ),
        (
            "[gateway.tls]\ncertificate = \"c\"",
            "FILE: gateway.tls.private-key is missing: gateway.tls.certificate and gateway.tls.private-key are set \
             together or not at all",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(text), expected);
    }
}

#[test]
fn the_key_of_the_links_is_not_shown_however_it_is_given() {
    let given = Given { environment: vec![variable("TANDEM_LINKS__KEY", KEY)], ..Given::default() };
    let loaded = load(&given).expect("is fine");
    assert!(loaded.show().contains("# key ="), "{}", loaded.show());
    for shown in [loaded.show(), format!("{loaded:?}"), refused_variable("TANDEM_LINKS", KEY)] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    let refusal = refused(&format!("[links]\nkey = [\"{KEY}\"]"));
    assert!(refusal.starts_with("FILE: links.key = (secret) is refused"), "{refusal}");
    let refusal = refused(&format!("links = \"{KEY}\""));
    assert!(!refusal.contains("s3cret"), "{refusal}");
}
