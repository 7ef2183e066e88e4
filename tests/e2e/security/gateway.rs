//! A gateway that encrypts, without a proxy before it.

use tandem_tests::{
    Customer, Guard, Rest, System, Tunnel, Whole, check, command::run, eventually, tunnel, whole::Given,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::chat_outlives_the_primary;

async fn encrypted(guard: &Guard) -> System {
    let text = |path: std::path::PathBuf| path.to_str().expect("a temp folder has a plain name").to_owned();
    let builder = System::builder()
        .setting("gateway.tls.certificate", text(guard.certificate()))
        .setting("gateway.tls.private-key", text(guard.private_key()));
    builder.echo().start().await
}

/// over a secure WebSocket as over a plain one.
#[tokio::test]
async fn a_chat_over_a_secure_websocket_goes_on_when_the_primary_is_killed() {
    let guard = Guard::by_certificate();
    let mut system = encrypted(&guard).await;
    let tunnel = Tunnel::to(system.gateway_address(), &guard.authorities()).await;
    let rest = Rest::at(&tunnel.address);
    let customer = Customer::start_with_echo(&rest, "Ann").await;
    customer.says("hi").await;
    customer.reads("You said: hi").await;
    chat_outlives_the_primary(&mut system, &customer).await;
    system.is_complete().await;
    assert_eq!(customer.view(|view| view.connections), 1);
    assert_eq!(check(&customer.history()), []);
    drop(customer);
    system.finish().await;
}

#[tokio::test]
async fn a_browser_is_told_to_come_by_https_only_and_one_who_does_not_hears_why() {
    let guard = Guard::by_certificate();
    let system = encrypted(&guard).await;
    let tunnel = Tunnel::to(system.gateway_address(), &guard.authorities()).await;
    let page = Rest::at(&tunnel.address).request(reqwest::Method::GET, "/sample").send().await.expect("is served");
    assert_eq!(page.headers()["strict-transport-security"], "max-age=31536000");
    let mut plain = TcpStream::connect(system.gateway_address()).await.expect("somebody listens");
    plain.write_all(b"GET /sample HTTP/1.1\r\nHost: chat.example\r\n\r\n").await.expect("is heard");
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.expect("is an answer");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("This port speaks HTTPS"), "{answer}");
    // From a page of another host, or of this one by plain HTTP, no login is taken.
    for (origin, status) in [("http://chat.example", 403), ("https://evil.example", 403), ("https://chat.example", 401)]
    {
        let rest = Rest::at(&tunnel.address);
        let login = rest.request(reqwest::Method::POST, "/api/v1/agent/login");
        let login = login.header("host", "chat.example").header("origin", origin);
        let answer = login.json(&serde_json::json!({ "name": "ana", "password": "x" })).send().await.expect("answers");
        if status == 403 {
            assert_eq!(answer.status(), status, "{origin}");
        } else {
            assert_ne!(answer.status(), 403, "{origin}");
        }
    }
    system.finish().await;
}

/// An operator's commands believe a gateway that encrypts as a browser does, or by the authority that they are told of.
#[tokio::test]
async fn a_drill_and_a_probe_reach_a_gateway_that_encrypts_if_they_know_its_authority() {
    let guard = Guard::by_certificate();
    let system = encrypted(&guard).await;
    system.may_switch_over().await;
    let (_, port) = system.gateway_address().rsplit_once(':').expect("is an address");
    let gateway = format!("https://localhost:{port}");
    let authority = guard.authorities();
    let authority = authority.to_str().expect("a temp folder has a plain name").to_owned();
    let few = ["--switchover", "--yes", "--sessions", "5", "--every", "50ms", "--gateway", &gateway];
    let stranger = system.runs_drill(&few).await;
    assert_eq!(stranger.code, Some(1));
    assert!(stranger.stderr.contains("cannot be reached: invalid peer certificate"), "{}", stranger.stderr);
    let known: Vec<_> = few.into_iter().chain(["--ca", &authority]).collect();
    let drilled = system.runs_drill(&known).await.done();
    assert!(drilled.starts_with("passed: engine a handed over, engine b took over\n"), "{drilled}");
    let probe = move |flags: &[&str]| run(["health", "--ready", "--gateway", &gateway].iter().chain(flags), "");
    let (stranger, known) =
        tokio::task::spawn_blocking(move || (probe(&[]), probe(&["--ca", &authority]))).await.expect("they end");
    assert_eq!((stranger.code, known.code), (Some(1), Some(0)), "{} {}", stranger.stderr, known.stderr);
    system.finish().await;
}

/// B-1: a handshake that is never finished takes nothing from others.
#[tokio::test]
async fn those_who_connect_and_say_nothing_are_in_nobodys_way() {
    let guard = Guard::by_certificate();
    let text = |path: std::path::PathBuf| path.to_str().expect("a temp folder has a plain name").to_owned();
    let builder = System::builder()
        .setting("gateway.tls.certificate", text(guard.certificate()))
        .setting("gateway.tls.private-key", text(guard.private_key()));
    let system = builder.setting("gateway.http-connections-max", 2).start().await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(system.gateway_address()).await.expect("somebody listens"));
    }
    let tunnel = Tunnel::to(system.gateway_address(), &guard.authorities()).await;
    let customer = Customer::start(&Rest::at(&tunnel.address), "Ann").await;
    customer.says("hi").await;
    drop((customer, silent));
    system.finish().await;
}

#[tokio::test]
async fn a_gateways_certificate_is_replaced_while_chats_go_on() {
    let mut guard = Guard::by_certificate();
    let system = encrypted(&guard).await;
    let tunnel = Tunnel::to(system.gateway_address(), &guard.authorities()).await;
    let customer = Customer::start_with_echo(&Rest::at(&tunnel.address), "Ann").await;
    customer.says("hi").await;
    guard.changes_authority();
    eventually("the new certificate is shown", async || {
        tunnel::connect(system.gateway_address(), &guard.authorities()).await.ok()
    })
    .await;
    customer.says("still there?").await;
    customer.reads("You said: still there?").await;
    assert_eq!(customer.view(|view| view.connections), 1);
    drop(customer);
    system.finish().await;
}

#[tokio::test]
async fn one_command_with_a_certificate_prints_addresses_that_begin_with_https() {
    let guard = Guard::by_certificate();
    let text = |path: std::path::PathBuf| path.to_str().expect("a temp folder has a plain name").to_owned();
    let variables = vec![
        ("TANDEM_GATEWAY__TLS__CERTIFICATE".to_owned(), text(guard.certificate())),
        ("TANDEM_GATEWAY__TLS__PRIVATE_KEY".to_owned(), text(guard.private_key())),
    ];
    let mut whole = Whole::start_with(Given { variables, ..Given::default() }).await;
    let started = whole.says("started").await;
    assert_eq!(started["sample"], format!("https://{}/sample", whole.address()));
    assert_eq!(started["workspace"], format!("https://{}/workspace", whole.address()));
    let tunnel = Tunnel::to(whole.address(), &guard.authorities()).await;
    let customer = Customer::start_with_echo(&Rest::at(&tunnel.address), "Ann").await;
    customer.says("hi").await;
    drop(customer);
    whole.ends(&[]).await;
}
