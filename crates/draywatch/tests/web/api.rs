//! What the API tells of images, runs, days and health, and how it tells of mistakes.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::site::{PATIENCE, Site, nth, picture, problem};
use crate::support::{at, facts};

fn ids(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn images_are_told_page_by_page() {
    let site = Site::new(12).await;
    let first = site.json("/api/v1/images?limit=5").await;
    let mut all = ids(&first);
    let mut next = first["next"].clone();
    while let Some(cursor) = next.as_str() {
        let page = site
            .json(&format!("/api/v1/images?limit=5&cursor={cursor}"))
            .await;
        all.extend(ids(&page));
        next = page["next"].clone();
    }
    let mut sorted = all.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=12).collect::<Vec<i64>>());
    let newest = &first["items"][0];
    let bytes = picture(11);
    assert_eq!(newest["sha256"], facts(&bytes).sha256);
    assert_eq!(newest["camera"], "in_gate");
    assert_eq!(
        newest["time"]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap(),
        nth(11).instant
    );
    let [from, to] = [2, 4].map(|number| at(number * 600).format("%Y-%m-%dT%H:%M:%SZ").to_string());
    let some = site.json(&format!("/api/v1/images?camera=in_gate&from={from}&to={to}&order=oldest&processed=false&verdict=unexamined")).await;
    assert_eq!(some["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        site.json("/api/v1/images?camera=elsewhere").await["items"],
        Value::Array(Vec::new())
    );
    let id = newest["id"].as_i64().unwrap();
    assert_eq!(site.json(&format!("/api/v1/images/{id}")).await, *newest);
    problem(site.get("/api/v1/images/9999").await, 404).await;
}

#[tokio::test]
async fn cameras_runs_days_and_health_are_told() {
    let site = Site::new(3).await;
    let cameras = site.json("/api/v1/cameras").await;
    let names: Vec<&str> = cameras["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["in_gate", "out_gate"]);
    assert_eq!(cameras["items"][0]["images"], 3);
    let days = site
        .json("/api/v1/coverage?camera=in_gate&to=2025-09-07&days=2")
        .await;
    assert_eq!(days["days"].as_array().unwrap().len(), 2);
    assert_eq!(days["days"][1]["slots"].as_array().unwrap().len(), 144);
    assert_eq!(
        days["days"][1]["slots"][18], "stored",
        "03:00 in Los Angeles"
    );
    let short = site
        .json("/api/v1/coverage?camera=in_gate&to=2025-03-09&days=1")
        .await;
    assert_eq!(
        short["days"][0]["slots"].as_array().unwrap().len(),
        138,
        "clocks go forward"
    );
    let gaps = site
        .json("/api/v1/gaps?camera=in_gate&to=2025-09-07&days=1")
        .await;
    assert_eq!(gaps["items"][0]["answer"], "not_observed");
    assert_eq!(gaps["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        site.json("/api/v1/coverage?camera=in_gate&to=9999-01-01&days=3")
            .await["days"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    problem(site.get("/api/v1/gaps?camera=nobody").await, 404).await;
    assert_eq!(site.json("/api/v1/runs").await["next"], Value::Null);
    problem(site.get("/api/v1/runs/1").await, 404).await;
    let health = site.json("/api/v1/health").await;
    assert_eq!(
        (&health["status"], &health["is_running"]),
        (&"critical".into(), &false.into())
    );
    assert!(
        health["reasons"][0]["message"]
            .as_str()
            .unwrap()
            .contains("no service has run here yet")
    );
    assert_eq!(
        site.json("/api/v1/health/history").await["items"],
        Value::Array(Vec::new())
    );
    // Figures are looked at every two seconds.
    let begun = Instant::now();
    loop {
        let metrics = site.get("/metrics").await.text().await.unwrap();
        if metrics.contains("camera=\"in_gate\"") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{metrics}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn mistakes_are_told_as_problems_that_name_them() {
    let site = Site::new(1).await;
    for (path, code, word) in [
        ("/api/v1/images?limit=0", 400, "from 1 to 200"),
        ("/api/v1/images?limit=501", 400, "limit"),
        ("/api/v1/images?limit=x", 400, "limit"),
        ("/api/v1/images?camera=../x", 400, "camera"),
        ("/api/v1/images?from=yesterday", 400, "from"),
        ("/api/v1/images?cursor=abc", 400, "cursor"),
        ("/api/v1/images?unknown=1", 400, "unknown"),
        ("/api/v1/images?limit=1&limit=2", 400, "limit"),
        ("/api/v1/images?verdict=nice", 400, "nice"),
        ("/api/v1/images?camera=%00", 400, "camera"),
        ("/api/v1/images?camera=%ff", 400, "query"),
        ("/api/v1/images/abc", 400, "path"),
        ("/api/v1/images/99999999999999999999", 400, "path"),
        ("/api/v1/cameras?x=1", 400, "x"),
        ("/api/v1/coverage", 400, "camera"),
        ("/api/v1/coverage?camera=in_gate&days=401", 400, "days"),
        ("/api/v2/images", 404, "/api/v2/images"),
        ("/nowhere", 404, "nothing"),
    ] {
        let told = problem(site.get(path).await, code).await;
        assert!(told.contains(word), "{path}: {told}");
    }
    let put = site
        .ask(Method::PUT, "/api/v1/images")
        .send()
        .await
        .unwrap();
    assert_eq!(put.headers()["allow"], "GET,HEAD");
    problem(put, 405).await;
    for (kind, body, code) in [
        ("application/json", "{", 400),
        ("application/json", "{\"limit\": 0}", 400),
        ("application/json", "{\"more\": 0}", 400),
        ("text/plain", "{}", 415),
        ("application/json", &" ".repeat(70_000), 413),
    ] {
        let request = site
            .ask(Method::POST, "/api/v1/leases")
            .header("content-type", kind);
        problem(request.body(body.to_owned()).send().await.unwrap(), code).await;
    }
}

#[tokio::test]
async fn without_a_database_health_is_served_and_the_api_says_when_to_come_again() {
    let home = crate::support::Home::new();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = crate::site::Server::start(&home, "").await;
    let client = reqwest::Client::new();
    let get = |path: &str| client.get(format!("{}{path}", server.base)).send();
    assert_eq!(get("/livez").await.unwrap().status(), 200);
    assert_eq!(get("/readyz").await.unwrap().status(), 503);
    assert_eq!(get("/metrics").await.unwrap().status(), 200);
    let answer = get("/api/v1/cameras").await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "5");
    problem(answer, 503).await;
    assert_eq!(get("/api/v1/health").await.unwrap().status(), 200);
}
