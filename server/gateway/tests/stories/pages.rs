//! Pages, files and health, as a browser and a watchdog get them.

use reqwest::{Client, StatusCode, redirect};
use serde_json::Value;

use crate::House;

async fn get(house: &House, path: &str) -> reqwest::Response {
    let client = Client::builder().redirect(redirect::Policy::none()).build().expect("is a client");
    client.get(house.url(path)).send().await.expect("answers")
}

#[tokio::test]
async fn the_pages_come_with_a_strict_policy() {
    let house = House::start().await;
    let start = get(&house, "/").await;
    assert_eq!(
        (start.status(), &start.headers()["location"]),
        (StatusCode::TEMPORARY_REDIRECT, &"/sample".parse().expect("is a value"))
    );
    for path in ["/sample", "/workspace"] {
        let page = get(&house, path).await;
        assert_eq!(page.status(), StatusCode::OK);
        let header = |name| page.headers()[name].to_str().expect("is text").to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert!(header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-cache");
    }
}

#[tokio::test]
async fn a_file_is_sent_once_and_then_known_by_its_tag() {
    let house = House::start().await;
    let file = get(&house, "/static/client/tandem.js").await;
    assert_eq!(file.status(), StatusCode::OK);
    let tag = file.headers()["etag"].clone();
    let client = Client::new();
    let url = house.url("/static/client/tandem.js");
    let again = client.get(url).header("if-none-match", &tag).send().await.expect("answers");
    assert_eq!((again.status(), &again.headers()["etag"]), (StatusCode::NOT_MODIFIED, &tag));
    let none = get(&house, "/static/client/none.js").await;
    assert_eq!(
        (none.status(), &none.headers()["content-type"]),
        (StatusCode::NOT_FOUND, &"application/problem+json".parse().expect("is a value"))
    );
}

#[tokio::test]
async fn a_gateway_is_alive_always_and_ready_with_a_primary() {
    let house = House::start().await;
    crate::within("readiness", async {
        while get(&house, "/readyz").await.status() != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let (ready, alive) = (house.url("/readyz"), house.url("/healthz"));
    house.peer.dies();
    let unready = crate::within("the loss", async {
        loop {
            let answer = reqwest::get(&ready).await.expect("answers");
            if answer.status() != StatusCode::OK {
                return answer;
            }
        }
    });
    assert_eq!(unready.await.json::<Value>().await.expect("is JSON")["code"], "unavailable");
    assert_eq!(reqwest::get(alive).await.expect("answers").status(), StatusCode::OK);
}
