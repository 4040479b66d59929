//! API, control endpoints and counters over raw HTTP.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::common::{Answer, ask, at, evening, get, sparse, start};
use portal_sim::{ApiFailure, Behaviours, Portal, TruthFrame};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

fn history(portal: &Portal, rest: &str) -> String {
    let origin = portal.page_url().replace("/terminal_cameras/apm", "");
    format!("{origin}/api/cameras/in_gate/history?day=2025-09-09{rest}")
}

fn images(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let images = body["images"].as_array().expect("images").iter();
    images
        .map(|image| image["image"].as_str().expect("an address").to_owned())
        .collect()
}

async fn put(portal: &Portal, what: &str, body: &Value) -> Answer {
    let url = format!("{}/{what}", portal.control_url());
    ask(
        "PUT",
        &url,
        &body.to_string(),
        Duration::from_secs(5),
        usize::MAX,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn history_equals_truth() {
    let portal = start(at(evening())).await;
    let url = format!(
        "{}/truth?camera=in_gate&date=2025-09-09&hashes=0",
        portal.control_url()
    );
    let truth: Vec<TruthFrame> = serde_json::from_value(get(&url).await.json()).expect("truth");
    let mut expected: Vec<_> = truth.iter().map(|frame| frame.url.clone()).collect();
    expected.reverse();
    let answer = get(&history(&portal, "")).await;
    assert_eq!(images(&answer), expected);
    assert!(answer.json()["next"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_history_comes_in_pages() {
    let portal = start(at(evening())).await;
    let expected = images(&get(&history(&portal, "")).await);
    portal.set_behaviours(Behaviours {
        endless: true,
        ..Behaviours::default()
    });
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = get(&history(&portal, &cursor)).await;
        let page = images(&answer);
        assert!(page.len() <= 24 && !page.is_empty());
        all.extend(page);
        let Some(next) = answer.json()["next"].as_str().map(str::to_owned) else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(all, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_are_among_those_of_the_day() {
    let portal = start(at(evening())).await;
    let day: HashSet<_> = images(&get(&history(&portal, "")).await)
        .into_iter()
        .collect();
    put(&portal, "behaviours", &json!({ "neighbours": 3 })).await;
    let all: HashSet<_> = images(&get(&history(&portal, "")).await)
        .into_iter()
        .collect();
    assert!(all.is_superset(&day));
    assert_eq!(all.len(), day.len() + 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_slow_and_fails() {
    let portal = start(sparse(evening())).await;
    let with = |failure| Behaviours {
        failing_api: Some(failure),
        ..Behaviours::default()
    };
    portal.set_behaviours(with(ApiFailure::ServerError));
    assert_eq!(get(&history(&portal, "")).await.status, 500);
    portal.set_behaviours(with(ApiFailure::TooMany { retry_after: 9 }));
    let answer = get(&history(&portal, "")).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("9"))
    );
    portal.set_behaviours(with(ApiFailure::ErrorBody));
    let answer = get(&history(&portal, "")).await;
    assert!(answer.status == 200 && answer.json()["error"].is_string());
    portal.set_behaviours(Behaviours {
        fail_api_times: Some(2),
        ..with(ApiFailure::ServerError)
    });
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&history(&portal, "")).await.status);
    }
    assert_eq!(statuses, [500, 500, 200]);
    portal.set_behaviours(Behaviours {
        slow_api_ms: 300,
        ..Behaviours::default()
    });
    let began = Instant::now();
    get(&history(&portal, "")).await;
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_and_faults_over_http() {
    let portal = start(sparse(evening())).await;
    assert_eq!(
        put(&portal, "behaviours", &json!({ "lazzy": true }))
            .await
            .status,
        422
    );
    let answer = put(
        &portal,
        "behaviours",
        &json!({ "lazy": true, "zone": "local" }),
    )
    .await;
    assert!(answer.status == 200 && answer.json()["lazy"] == true && portal.behaviours().lazy);
    let rules = json!([{ "match": { "every_nth": 1 }, "fault": "forbidden", "times": 1 }]);
    assert_eq!(put(&portal, "faults", &rules).await.status, 200);
    let url = portal
        .truth("in_gate", portal.today())
        .await
        .expect("truth")
        .remove(0)
        .url;
    assert_eq!(get(&url).await.status, 403);
    let faults = format!("{}/faults", portal.control_url());
    assert_eq!(get(&faults).await.json()[0]["fault"], "forbidden");
    let deleted = ask(
        "DELETE",
        &faults,
        "",
        Duration::from_millis(300),
        usize::MAX,
    )
    .await;
    assert_eq!(deleted.status, 204);
    assert_eq!(get(&faults).await.json(), json!([]));
    let clock = json!({ "fixed": "2025-11-02T20:00:00Z" });
    put(&portal, "clock", &clock).await;
    assert_eq!(portal.today().to_string(), "2025-11-02");
    let control = portal.image_url().replace("/apm", "/__sim/stats");
    assert_eq!(get(&control).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted() {
    let portal = start(sparse(evening())).await;
    let frame = portal
        .truth("in_gate", portal.today())
        .await
        .expect("truth")
        .remove(0);
    portal.set_behaviours(Behaviours {
        latency_ms: 200,
        ..Behaviours::default()
    });
    tokio::join!(get(&frame.url), get(&frame.url), get(&frame.thumbnail_url));
    get(&format!("{}/nothing.jpeg", portal.image_url())).await;
    get(&history(&portal, "")).await;
    get(&format!("{}?streamName=in_gate", portal.page_url())).await;
    // The bytes of an answer are added after its last one.
    while portal.stats().cdn.in_flight > 0 || portal.stats().cdn.bytes <= 2 * 150_000 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stats = portal.stats();
    let cdn = &stats.cdn;
    assert_eq!(
        (cdn.requests, cdn.full, cdn.thumb, cdn.unknown),
        (4, 2, 1, 1)
    );
    assert_eq!(
        (cdn.peak_concurrent, cdn.peak_concurrent_full, cdn.in_flight),
        (3, 2, 0)
    );
    assert_eq!(cdn.full_addresses[&frame.url], 2);
    assert_eq!(cdn.user_agents["raw/1"], 4);
    assert!(cdn.log.windows(2).all(|two| two[0].at_ms <= two[1].at_ms));
    assert_eq!((stats.page.page_loads, stats.page.history_requests), (1, 1));
    let url = format!("{}/stats?log=0", portal.control_url());
    assert_eq!(get(&url).await.json()["cdn"]["log"], json!([]));
    assert_eq!(portal.stats().cdn.log.len(), 4);
    portal.reset_stats();
    assert_eq!(portal.stats().cdn.requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_portal_is_gone() {
    let portal = start(sparse(evening())).await;
    let mut page = TcpStream::connect(portal.page_socket())
        .await
        .expect("the page");
    let mut image = TcpStream::connect(portal.image_socket())
        .await
        .expect("the CDN");
    drop(portal);
    for stream in [&mut page, &mut image] {
        let mut ignored = [0; 16];
        let read = stream.read(&mut ignored);
        let read = tokio::time::timeout(Duration::from_secs(5), read).await;
        assert!(read.expect("an end").map_or(true, |count| count == 0));
    }
}
