//! Links with certificates: whose are believed, and what each side says of the others.

use std::fs;

use tandem_credentials::{Keys, Watched};
use tandem_protocol::{
    Epoch, PairName, Speaks,
    link::{FromEngine, Hello, LinkRole},
};
use tokio::net::TcpListener;

use super::*;
use crate::{
    Credentials,
    connection::{Accepted, ConnectionSettings, Dialled, frame},
    testing::authority::{Authority, credentials, look, server_name},
};

fn hello() -> Hello {
    let pair = PairName::new("main").unwrap();
    Hello::new(Speaks::ALL, pair, LinkRole::Gateway, "gateway", Epoch(7))
}

/// One who dials `host` and an engine try to make a link, and the engine has the last word on it. Each side's sentence where
/// it fails.
async fn link_to(host: &str, dialling: &Credentials, accepting: &Credentials) -> Result<Hello, [String; 2]> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("{host}:{}", listener.local_addr().unwrap().port());
    let settings = ConnectionSettings::with(accepting.clone());
    let engine = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let Accepted { hello, mut reader, outbox, writer, .. } =
            crate::connection::accept(tcp, &settings).await.map_err(|error| error.to_string())?;
        outbox.end(Some(frame(&FromEngine::NotPrimary(None)))).unwrap();
        let reading = async { while let Ok(Some(_)) = reader.next().await {} };
        tokio::join!(writer.run_to_the_end(), reading);
        Ok(hello)
    });
    let heard = async {
        let settings = ConnectionSettings::with(dialling.clone());
        let Dialled { mut reader, outbox: _outbox, writer } =
            crate::connection::dial(&address, hello(), &settings).await?;
        let writing = tokio::spawn(writer.run());
        let word = reader.next().await;
        drop(reader);
        writing.abort();
        word
    };
    match (heard.await, engine.await.unwrap()) {
        (Ok(Some(FromEngine::NotPrimary(None))), Ok(hello)) => Ok(hello),
        (Err(here), Err(there)) => Err([here.to_string(), there]),
        (here, there) => panic!("{here:?}, {there:?}"),
    }
}

async fn link(dialling: &Credentials, accepting: &Credentials) -> Result<Hello, [String; 2]> {
    link_to("127.0.0.1", dialling, accepting).await
}

#[tokio::test]
async fn two_with_certificates_of_the_same_authority_make_a_link() {
    let authority = Authority::new();
    let [gateway, engine] = ["gateway", "engine"].map(|process| authority.trusts(process, "127.0.0.1"));
    assert_eq!(link(&gateway, &engine).await.unwrap().name, "gateway");
}

#[tokio::test]
async fn a_key_is_asked_for_beside_a_certificate() {
    let authority = Authority::new();
    let both = |process, key: &str| {
        let files = authority.certifies(process, "127.0.0.1", true);
        let mutual = Watched::read("", files.paths(), move || Mutual::read(&files)).unwrap();
        Credentials::new(Some(Watched::fixed("", Keys::of(&key.repeat(32)).unwrap())), Some(mutual))
    };
    assert!(link(&both("gateway", "k"), &both("engine", "k")).await.is_ok());
    let [here, there] = link(&both("gateway", "j"), &both("engine", "k")).await.unwrap_err();
    assert!(here.contains("shared key") && there.contains("shared key"), "{here}; {there}");
    let [here, there] = link(&authority.trusts("bare", "127.0.0.1"), &both("engine", "k")).await.unwrap_err();
    assert!(here.contains("this side has none") && there.contains("no shared key"), "{here}; {there}");
}

#[tokio::test]
async fn an_expired_certificate_or_one_of_another_authority_is_refused_on_either_side() {
    let (authority, other) = (Authority::new(), Authority::new());
    let good = authority.trusts("good", "127.0.0.1");
    let expired = credentials(authority.certifies("expired", "127.0.0.1", false));
    let strange = other.trusts("strange", "127.0.0.1");
    for (bad, why) in [(&expired, "xpired"), (&strange, "UnknownIssuer")] {
        let [here, there] = link(&good, bad).await.unwrap_err();
        assert!(here.starts_with("the certificates are not accepted: ") && here.contains(why), "{here}");
        assert!(there.starts_with("the certificates are not accepted: "), "{there}");
        let [here, there] = link(bad, &good).await.unwrap_err();
        assert!(here.starts_with("the certificates are not accepted: "), "{here}");
        assert!(there.starts_with("the certificates are not accepted: "), "{there}");
    }
}

#[tokio::test]
async fn an_engines_certificate_is_for_the_address_that_is_dialled_unless_another_name_is_given() {
    let authority = Authority::new();
    let engine = authority.trusts("engine", "engine-a.example");
    let gateway = authority.trusts("gateway", "gateway.example");
    let [here, there] = link(&gateway, &engine).await.unwrap_err();
    assert!(here.contains("not valid for name") || here.contains("NotValidForName"), "{here}");
    assert!(there.starts_with("the certificates are not accepted: "), "{there}");
    let mut files = authority.certifies("named", "gateway.example", true);
    files.server_name = Some(server_name("engine-a.example"));
    assert!(link(&credentials(files), &engine).await.is_ok());
    let by_name = authority.trusts("local", "localhost");
    assert!(link_to("localhost", &gateway, &by_name).await.is_ok());
}

#[tokio::test]
async fn a_list_of_peers_leaves_others_of_the_same_authority_out() {
    let authority = Authority::new();
    let mut files = authority.certifies("engine", "127.0.0.1", true);
    files.peers = vec![server_name("gateway.example"), server_name("127.0.0.1")];
    let engine = credentials(files.clone());
    assert!(link(&authority.trusts("gateway", "gateway.example"), &engine).await.is_ok());
    let [here, there] = link(&authority.trusts("other", "other.example"), &engine).await.unwrap_err();
    assert_eq!(here, "the engine's links.peers has none of the names in this side's certificate");
    assert_eq!(there, "the other side's certificate has none of the names in links.peers");
    files.peers = vec![server_name("engine-b.example")];
    let careful = credentials(files);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let settings = ConnectionSettings::with(authority.trusts("plain", "127.0.0.1"));
    let accepting =
        tokio::spawn(async move { crate::connection::accept(listener.accept().await.unwrap().0, &settings).await });
    let refused = crate::connection::dial(&address, hello(), &ConnectionSettings::with(careful)).await;
    assert!(matches!(refused, Err(ConnectionError::Unproven(Unproven::NoPeer))), "{refused:?}");
    assert!(accepting.await.unwrap().is_err());
}

#[tokio::test]
async fn a_side_that_encrypts_never_speaks_to_one_that_does_not_and_both_say_why() {
    let certified = Authority::new().trusts("either", "127.0.0.1");
    let plain = Credentials::default();
    let key = Credentials::new(Some(Watched::fixed("", Keys::of(&"k".repeat(32)).unwrap())), None);
    for without in [&plain, &key] {
        let [here, there] = link(without, &certified).await.unwrap_err();
        assert!(here.starts_with("the engine's links are encrypted and this side has no certificate"), "{here}");
        assert!(there.starts_with("whoever connects does not encrypt"), "{there}");
        let [here, there] = link(&certified, without).await.unwrap_err();
        assert!(here.starts_with("this side encrypts its links and the engine does not"), "{here}");
        assert!(there.starts_with("whoever connects encrypts and this engine does not"), "{there}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_replaced_is_shown_from_then_on() {
    let authority = Authority::new();
    let gateway = authority.trusts("gateway", "127.0.0.1");
    let engine = credentials(authority.certifies("engine", "127.0.0.1", false));
    assert!(link(&gateway, &engine).await.is_err(), "it has expired");
    let renewed = authority.certifies("engine", "127.0.0.1", true);
    look(&engine);
    assert!(link(&gateway, &engine).await.is_ok());
    fs::write(&renewed.certificate, "damaged").unwrap();
    look(&engine);
    assert!(link(&gateway, &engine).await.is_ok(), "what cannot be read changes nothing");
}

#[tokio::test]
async fn a_link_with_certificates_carries_large_frames_and_ends_when_the_other_side_dies() {
    let authority = Authority::new();
    let [gateway, engine] = ["gateway", "engine"].map(|process| authority.trusts(process, "127.0.0.1"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let settings = ConnectionSettings::with(engine);
    let accepting =
        tokio::spawn(async move { crate::connection::accept(listener.accept().await.unwrap().0, &settings).await });
    let Dialled { mut reader, outbox: _outbox, writer } =
        crate::connection::dial(&address, hello(), &ConnectionSettings::with(gateway)).await.unwrap();
    let writing = tokio::spawn(writer.run());
    let accepted = accepting.await.unwrap().unwrap();
    let engine_writes = tokio::spawn(accepted.writer.run());
    let large = FromEngine::Opened(vec![tandem_protocol::SessionId(uuid::Uuid::nil()); 100_000]);
    accepted.outbox.push(frame(&large)).unwrap();
    let Some(FromEngine::Opened(all)) = reader.next().await.unwrap() else { panic!("another frame") };
    assert_eq!(all.len(), 100_000);
    // As a kill does: no goodbye, neither of the WebSocket nor of TLS.
    accepted.outbox.cut();
    drop(accepted.reader);
    engine_writes.await.unwrap();
    assert!(!matches!(reader.next().await, Ok(Some(_))));
    writing.abort();
}
