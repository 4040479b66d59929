//! How the service says that it is: by HTTP, in the file, by the command, and in the database.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use rustix::process::Signal;
use serde_json::Value;
use sqlx::Row;

use portal_sim::{Fault, FaultRule, Outage};

use crate::database::{lock, unlock};
use crate::harness::{PATIENCE, World};
use crate::process::{Service, ask};
use crate::store;

/// What a service answers by HTTP.
struct Door {
    client: Client,
    address: String,
}

impl Door {
    async fn of(service: &mut Service) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let line = service.says(0, &["health is served"]).await;
        let (_, address) = line.rsplit_once("address=").expect("an address");
        Self {
            client: Client::builder().no_proxy().build().expect("a client"),
            address: format!("http://{}", address.trim()),
        }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(format!("{}{path}", self.address)).send();
        let answer = answer.await.expect("an answer");
        let code = answer.status().as_u16();
        (code, answer.text().await.expect("its text"))
    }

    async fn metrics(&self) -> String {
        let answer = self.client.get(format!("{}/metrics", self.address));
        let answer = answer.header("Accept", "application/openmetrics-text; version=1.0.0");
        let answer = answer.send().await.expect("an answer");
        let code = answer.status().as_u16();
        let page = answer.text().await.expect("its text");
        assert!(code == 200 && page.ends_with("# EOF\n"), "{code}: {page}");
        page
    }

    /// Waits until `/healthz` has that status for that reason.
    async fn becomes(&self, status: &str, reason: &str) -> Value {
        let begun = Instant::now();
        loop {
            let (code, text) = self.get("/healthz").await;
            let report: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(
                code == 503,
                report["status"] == "critical",
                "{code}: {text}"
            );
            let is_for = |found: &Value| found["id"] == reason && found["status"] == status;
            let reasons = report["reasons"].as_array().expect("reasons");
            if report["status"] == status && (reason.is_empty() || reasons.iter().any(is_for)) {
                return report;
            }
            assert!(begun.elapsed() < PATIENCE, "not {status}: {text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The value of a series, which is named with all its labels.
fn value(page: &str, series: &str) -> Option<f64> {
    let mut values = page
        .lines()
        .filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    values.next()?.parse().ok()
}

/// Waits until every frame is told of by the metrics; how many frames `in_gate` has.
async fn metrics_are_of_what_was_done(door: &Door, world: &World, service: &Service) -> f64 {
    world.complete(&service.log).await;
    let mut database = store::connect(&world.home.database()).await;
    let begun = Instant::now();
    loop {
        let sql = "SELECT COUNT(*) FROM images WHERE camera_id = 'in_gate'";
        let row = sqlx::query(sql).fetch_one(&mut database).await.expect(sql);
        let images: i64 = row.get(0);
        let page = door.metrics().await;
        let of = |name: &str| value(&page, &format!("{name}{{camera=\"in_gate\"}}"));
        let stored = of("draywatch_frames_stored_total").unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "some hundred frames")]
        let is_told = stored >= images as f64 && images > 0;
        if is_told {
            let age = of("draywatch_frame_age_seconds").expect("an age");
            let coverage = of("draywatch_coverage_ratio").expect("coverage");
            assert!(age >= 0.0 && (0.0..=1.0).contains(&coverage), "{page}");
            for name in [
                "draywatch_disk_free_bytes",
                "draywatch_database_latency_seconds",
                "draywatch_run_duration_seconds_sum",
            ] {
                assert!(
                    value(&page, name).is_some_and(|value| value > 0.0),
                    "{name}: {page}"
                );
            }
            return stored;
        }
        assert!(begun.elapsed() < PATIENCE, "{images} images: {page}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn ids(report: &Value) -> Vec<&str> {
    let reasons = report["reasons"].as_array().expect("reasons");
    reasons
        .iter()
        .filter_map(|reason| reason["id"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_told_in_every_way() {
    let mut world = World::new(&["in_gate", "out_gate"]).await;
    world.home.set("enable_health_check", "true");
    world.home.set("health_check_port", "0");
    world.home.set("timeout", "5");
    let before = ask(&world.home, &["health"]).await;
    assert_eq!(
        (before.code, &before.json["status"]),
        (2, &"critical".into()),
        "nobody has run yet"
    );

    let mut service = Service::start(&world.home);
    let door = Door::of(&mut service).await;
    assert_eq!(door.get("/livez").await.0, 200);
    let report = door.becomes("healthy", "").await;
    for name in ["timestamp", "expires", "database", "disk_usage_percent"] {
        assert!(!report[name].is_null(), "{name}: {report}");
    }
    assert_eq!(
        (&report["is_running"], &report["database"]),
        (&true.into(), &"ok".into())
    );
    let jobs = report["jobs"].as_array().expect("jobs");
    let collects = jobs
        .iter()
        .find(|job| job["id"] == "collect:in_gate")
        .expect("a job");
    assert!(
        collects["next_run"].is_string()
            && collects["pending"].is_boolean()
            && collects["name"] == "collect in_gate"
    );
    assert_eq!(door.get("/readyz").await.0, 200);
    assert_eq!(door.get("/nothing").await.0, 404);
    // The file follows what is served.
    let begun = Instant::now();
    loop {
        let told = ask(&world.home, &["health"]).await;
        if told.code == 0 && told.json["is_running"] == true {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{}: {}", told.code, told.json);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let stored = metrics_are_of_what_was_done(&door, &world, &service).await;

    world.change(|ways| ways.page_outage = Some(Outage::Refused));
    door.becomes("degraded", "portal").await;
    assert!(
        value(&door.metrics().await, "draywatch_health_status").is_some_and(|status| status > 1.5)
    );
    let begun = Instant::now();
    loop {
        let told = ask(&world.home, &["health"]).await;
        if told.code == 1 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{}: {}", told.code, told.json);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        door.get("/readyz").await.0,
        200,
        "it can do its work all the same"
    );
    world.change(|ways| ways.page_outage = None);
    door.becomes("healthy", "").await;
    let page = door.metrics().await;
    // Which of the two met the outage first is chance.
    let failed = ["in_gate", "out_gate"].map(|camera| {
        let series = format!("draywatch_runs_total{{camera=\"{camera}\",outcome=\"failed\"}}");
        value(&page, &series).unwrap_or_default()
    });
    assert!(failed.iter().sum::<f64>() > 0.5, "{page}");
    let in_gate = r#"draywatch_frames_stored_total{camera="in_gate"}"#;
    assert!(value(&page, in_gate) >= Some(stored), "{page}");

    service.stop(&world).await;
    let after = ask(&world.home, &["health"]).await;
    assert_eq!(
        (after.code, &after.json["is_running"]),
        (2, &false.into()),
        "{}",
        after.json
    );
    let mut database = store::connect(&world.home.database()).await;
    let sql = "SELECT status FROM health_changes ORDER BY at, id";
    let rows = sqlx::query(sql).fetch_all(&mut database).await.expect(sql);
    let history: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    // In this order; on a busy machine a camera may be late at any time besides.
    let mut changes = history.iter();
    let mut came = |status: &str| changes.any(|found| found == status);
    assert!(
        came("healthy") && came("degraded") && came("healthy"),
        "{history:?}"
    );
    assert_eq!(
        history.last().map(String::as_str),
        Some("critical"),
        "its stop is on record"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_lies_is_named_until_it_shows_something() {
    let mut world = World::with_past(&["in_gate"], chrono::TimeDelta::minutes(21)).await;
    world.home.set("enable_health_check", "true");
    world.home.set("health_check_port", "0");
    let lies = FaultRule::always(Fault::Placeholder);
    world.portal.set_faults(vec![lies]);
    let mut service = Service::start(&world.home);
    let door = Door::of(&mut service).await;
    let report = door.becomes("degraded", "picture:in_gate").await;
    let reasons = report["reasons"].to_string();
    assert!(
        reasons.contains("in_gate: placeholder (it sends a card") && reasons.contains("since"),
        "{reasons}"
    );
    world.portal.set_faults(Vec::new());
    door.becomes("healthy", "").await;
    // What it stored is what it was sent, which is not the truth.
    service.signal(Signal::TERM);
    assert_eq!(service.ends().await.0, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_is_told_and_stops_nothing() {
    let mut world = World::new(&["in_gate"]).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    world.home.set("enable_health_check", "true");
    world.home.set("health_check_port", &port.to_string());
    let mut service = Service::start(&world.home);
    service
        .says(0, &["ERROR", "health cannot be served", &port.to_string()])
        .await;
    world.complete(&service.log).await;
    let begun = Instant::now();
    loop {
        let told = ask(&world.home, &["health"]).await;
        if told.json["status"] == "warning" {
            assert!(
                ids(&told.json).contains(&"health_check_port"),
                "{}",
                told.json
            );
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", told.json);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    // It once stayed so until a restart.
    drop(taken);
    let door = Door::of(&mut service).await;
    door.becomes("healthy", "").await;
    service.stop(&world).await;
}

/// Everything but the database goes on telling. A look once waited for the lock, before its report was written and alerts were sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_keeps_nobody_from_being_told() {
    let mut world = World::new(&["in_gate"]).await;
    world.home.set("enable_health_check", "true");
    world.home.set("health_check_port", "0");
    world.home.set("alerts.from_status", "\"degraded\"");
    let mut service = Service::start(&world.home);
    let door = Door::of(&mut service).await;
    world.complete(&service.log).await;
    door.becomes("healthy", "").await;
    let (mark, begins) = (world.alarm.mark(), world.portal.now());
    let other = lock(&world).await;
    // What is told stays fresh all the while, and the alert comes before the lock goes.
    let begun = Instant::now();
    while world.alarm.since(mark).is_empty() {
        let (_, text) = door.get("/healthz").await;
        let report: Value = serde_json::from_str(&text).expect("JSON");
        let told: DateTime<Utc> = report["timestamp"]
            .as_str()
            .expect("a time")
            .parse()
            .expect("a time by its rules");
        assert!(
            world.portal.now() - told < TimeDelta::seconds(25),
            "{report}"
        );
        assert!(begun.elapsed() < PATIENCE, "no alert: {report}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    door.becomes("degraded", "camera:in_gate").await;
    let told = ask(&world.home, &["health"]).await;
    assert_eq!(told.code, 1, "{}", told.json);
    let rows = async || {
        let mut database = store::connect(&world.home.database()).await;
        let sql = "SELECT COUNT(*) FROM health_changes WHERE status = 'degraded' AND at >= ?";
        let since = begins.format("%Y-%m-%d %H:%M:%S").to_string();
        let row = sqlx::query(sql).bind(since).fetch_one(&mut database).await;
        row.expect(sql).get::<i64, _>(0)
    };
    unlock(other).await;
    let begun = Instant::now();
    while rows().await == 0 {
        assert!(begun.elapsed() < PATIENCE, "not on record");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    door.becomes("healthy", "").await;
    service.stop(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_one_alert_and_one_all_clear() {
    let mut world = World::new(&["in_gate", "out_gate"]).await;
    world.home.set("timeout", "5");
    world.home.set("alerts.from_status", "\"degraded\"");
    let mut service = Service::start(&world.home);
    world.complete(&service.log).await;
    world.change(|ways| ways.page_outage = Some(Outage::Refused));
    // The cameras are late first, the cause shows after them: still one alert, of which an update tells.
    let begun = Instant::now();
    while !world.alarm.since(0).iter().any(|(_, message)| {
        let wrong = message["wrong"].as_array();
        wrong.is_some_and(|wrong| wrong.iter().any(|line| line["id"] == "portal"))
    }) {
        assert!(begun.elapsed() < PATIENCE, "{:?}", world.alarm.since(0));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.change(|ways| ways.page_outage = None);
    let (_, over) = world.alarm.hears(0, &["resolve"]).await;
    let heard = world.alarm.since(0);
    let raised = heard
        .iter()
        .filter(|(_, message)| message["event"] == "raise");
    assert_eq!(raised.count(), 1, "{heard:?}");
    let over = over["over"].as_array().expect("what is over");
    assert!(over.iter().any(|line| line["id"] == "portal"), "{over:?}");
    assert!(service.is_alive());
    service.stop(&world).await;
}
