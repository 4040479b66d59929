//! Frames that appear while the portal runs, days that the history drops, and outages that are switched over HTTP.

use std::time::Duration;

use crate::common::{Answer, ask, at, evening, get, get_briefly, instant, start};
use chrono::{DateTime, Utc};
use portal_sim::{Clock, Config, Outage, Portal, Schedule, Thinned, TruthFrame};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A portal as the tests of a service want it: a frame about every twenty seconds.
fn lively(now: DateTime<Utc>) -> Config {
    let schedule = Schedule {
        interval_seconds: 20,
        jitter_seconds: 3,
        drift_seconds: 4,
        period_spread_ms: 200,
        skip_probability: 0.03,
        publish_delay_seconds: 2,
        publish_jitter_seconds: 3,
        ..Schedule::default()
    };
    let history_days = 2;
    Config {
        schedule,
        history_days,
        ..at(now)
    }
}

async fn change(portal: &Portal, changes: Value) -> Answer {
    let url = format!("{}/behaviours", portal.control_url());
    let patience = Duration::from_secs(5);
    ask("PATCH", &url, &changes.to_string(), patience, usize::MAX).await
}

async fn truth(portal: &Portal, rest: &str) -> Vec<TruthFrame> {
    let url = format!("{}/truth?hashes=0&{rest}", portal.control_url());
    serde_json::from_value(get(&url).await.json()).expect("truth")
}

fn page(portal: &Portal) -> String {
    format!("{}?streamName=in_gate", portal.page_url())
}

fn history(portal: &Portal, day: &str) -> String {
    let origin = portal.page_url().replace("/terminal_cameras/apm", "");
    format!("{origin}/api/cameras/in_gate/history?day={day}")
}

/// How a connection to this address fails: `refused`, `reset` or `answered`.
async fn fate(url: &str) -> &'static str {
    let host = url.split('/').nth(2).expect("a host");
    let mut stream = match TcpStream::connect(host).await {
        Ok(stream) => stream,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => return "refused",
        Err(_) => return "reset",
    };
    request(&mut stream, url).await
}

/// Sends one request on a connection.
async fn request(stream: &mut TcpStream, url: &str) -> &'static str {
    let path = url.splitn(4, '/').nth(3).expect("a path");
    let head = format!("GET /{path} HTTP/1.1\r\nHost: sim\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    match stream.read(&mut vec![0; 1 << 20]).await {
        Ok(1..) => "answered",
        _ => "reset",
    }
}

/// Asks until the answer is the one that is waited for: what is switched takes a moment on a busy machine.
async fn becomes<T: PartialEq + std::fmt::Debug>(wanted: T, mut ask: impl AsyncFnMut() -> T) {
    let begun = std::time::Instant::now();
    loop {
        let found = ask().await;
        if found == wanted {
            return;
        }
        let waited = begun.elapsed();
        assert!(
            waited < Duration::from_secs(10),
            "{found:?}, not {wanted:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_appear_one_by_one_and_late() {
    let portal = start(lively(evening())).await;
    let end = evening() + chrono::Duration::minutes(10);
    portal.set_clock(Clock::Fixed(end));
    let window = format!(
        "camera=in_gate&from={}&to=2025-09-12T00:00:00Z",
        rfc(evening())
    );
    let frames = truth(&portal, &window).await;
    assert!((24..=30).contains(&frames.len()), "{}", frames.len());
    let lateness = |frame: &TruthFrame| (frame.appears_at - frame.instant).num_milliseconds();
    assert!(
        frames
            .iter()
            .all(|frame| (2000..=5000).contains(&lateness(frame)))
    );
    assert!(
        frames
            .windows(2)
            .any(|two| lateness(&two[0]) != lateness(&two[1]))
    );
    for frame in frames.iter().take(5) {
        portal.set_clock(Clock::Fixed(
            frame.appears_at - chrono::Duration::milliseconds(1),
        ));
        assert_eq!(get(&frame.url).await.status, 404);
        let day = history(&portal, &portal.today().to_string());
        assert!(!String::from_utf8_lossy(&get(&day).await.body).contains(&frame.url));
        portal.set_clock(Clock::Fixed(frame.appears_at));
        assert_eq!(get(&frame.url).await.status, 200);
        assert!(String::from_utf8_lossy(&get(&day).await.body).contains(&frame.url));
        let live = get(&day.replace("/history", "/live")).await.json();
        assert_eq!(live["images"][0]["image"], frame.url.as_str());
    }
}

fn rfc(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_appear_by_the_machines_clock() {
    let schedule = Schedule {
        interval_seconds: 2,
        ..Schedule::default()
    };
    let config = Config {
        schedule,
        ..Config::default()
    };
    let portal = start(config).await;
    let began = portal.now();
    let window = format!("camera=in_gate&from={}&to=2999-01-01T00:00:00Z", rfc(began));
    for _ in 0..60 {
        let frames = truth(&portal, &window).await;
        if frames.len() >= 2 {
            assert!(frames.iter().all(|frame| frame.appears_at <= portal.now()));
            return;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("no two frames within 15 seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn cameras_have_periods_of_their_own() {
    let portal = start(lively(evening())).await;
    let mut periods = Vec::new();
    for camera in ["in_gate", "out_gate"] {
        let frames = portal
            .frames(camera, "2025-09-09".parse().expect("a date"))
            .expect("frames");
        let (first, last) = (&frames[0], &frames[frames.len() - 1]);
        let slots = i32::try_from(last.slot - first.slot).expect("slots");
        let wanted = usize::try_from(slots).expect("slots") * 97 / 100;
        assert!(
            frames.len().abs_diff(wanted) < 40,
            "{} of {slots}",
            frames.len()
        );
        periods.push((last.instant - first.instant).as_seconds_f64() / f64::from(slots));
    }
    assert!(
        periods.iter().all(|period| (19.79..20.21).contains(period)),
        "{periods:?}"
    );
    assert!((periods[0] - periods[1]).abs() > 0.005, "{periods:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_drops_old_days() {
    let portal = start(lively(evening())).await;
    let day = "camera=in_gate&date=2025-09-08";
    let kept = truth(&portal, day).await;
    assert!(kept.len() > 3000);
    portal.set_clock(Clock::Fixed(evening() + chrono::Duration::days(1)));
    assert!(truth(&portal, day).await.is_empty());
    assert_eq!(truth(&portal, &format!("{day}&expired=1")).await, kept);
    let answer = get(&history(&portal, "2025-09-08")).await.json();
    assert_eq!(
        (&answer["total"], &answer["images"]),
        (&json!(0), &json!([]))
    );
    let html = get(&page(&portal)).await;
    assert!(String::from_utf8_lossy(&html.body).contains("\"oldest\":\"2025-09-09\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_leaves_other_switches_alone() {
    let portal = start(at(evening())).await;
    change(&portal, json!({ "lazy": true, "blank_loads": 1 })).await;
    get(&page(&portal)).await;
    let answer = change(&portal, json!({ "neighbours": 2 })).await;
    assert_eq!(
        (&answer.json()["lazy"], &answer.json()["neighbours"]),
        (&json!(true), &json!(2))
    );
    let html = get(&page(&portal)).await;
    assert!(String::from_utf8_lossy(&html.body).contains("\"blank\":false"));
    assert_eq!(change(&portal, json!({ "lazzy": true })).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_host_goes_down_and_comes_back() {
    let portal = start(at(evening())).await;
    let url = page(&portal);
    for outage in ["refused", "reset"] {
        let mut open = TcpStream::connect(portal.page_socket())
            .await
            .expect("the page");
        assert_eq!(request(&mut open, &url).await, "answered");
        change(&portal, json!({ "page_outage": outage })).await;
        becomes("reset", async || request(&mut open, &url).await).await;
        becomes(outage, async || fate(&url).await).await;
        assert_eq!(
            change(&portal, json!({ "page_outage": null })).await.status,
            200
        );
        becomes("answered", async || fate(&url).await).await;
        assert_eq!(get(&url).await.status, 200);
    }
    change(
        &portal,
        json!({ "page_outage": { "unavailable": { "retry_after": 7 } } }),
    )
    .await;
    let answer = get(&url).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("7"))
    );
    change(&portal, json!({ "page_outage": "silent" })).await;
    assert_eq!(get_briefly(&url).await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cdn_goes_down_and_comes_back() {
    let portal = start(crate::common::sparse(evening())).await;
    let url = portal
        .truth("in_gate", portal.today())
        .await
        .expect("truth")
        .remove(0)
        .url;
    for outage in ["refused", "reset"] {
        let mut open = TcpStream::connect(portal.image_socket())
            .await
            .expect("the CDN");
        assert_eq!(
            request(&mut open, &url.replace("/apm/", "/none/")).await,
            "answered"
        );
        change(&portal, json!({ "cdn_outage": outage })).await;
        becomes("reset", async || request(&mut open, &url).await).await;
        becomes(outage, async || fate(&url).await).await;
        assert_eq!(get(&page(&portal)).await.status, 200);
        change(&portal, json!({ "cdn_outage": null })).await;
        becomes("answered", async || fate(&url).await).await;
        assert_eq!(get(&url).await.status, 200);
    }
    let mut ways = portal.behaviours();
    ways.cdn_outage = Some(Outage::Unavailable { retry_after: 0 });
    portal.set_behaviours(ways);
    let answer = get(&url).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_changes_beyond_recognition() {
    let portal = start(at(evening())).await;
    change(&portal, json!({ "unreadable": true })).await;
    let html = get(&page(&portal)).await;
    assert!(html.status == 200 && !String::from_utf8_lossy(&html.body).contains("app.js"));
    assert_eq!(get(&history(&portal, "2025-09-09")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_can_be_thinner_than_the_present() {
    let whole = start(lively(evening())).await;
    let mut config = lively(evening());
    let before = instant("2025-09-09T12:00:00Z");
    config.schedule.thinned = Some(Thinned { before, every: 60 });
    let thin = start(config).await;
    let day = "2025-09-09".parse().expect("a date");
    let all = whole.frames("in_gate", day).expect("frames");
    let some = thin.frames("in_gate", day).expect("frames");
    let is_taken = |frame: &&portal_sim::Frame| frame.instant >= before || frame.slot % 60 == 0;
    let wanted: Vec<_> = all.iter().filter(is_taken).cloned().collect();
    assert_eq!(some, wanted);
    assert!(some.len() < all.len() && some[0].instant < before);
}
