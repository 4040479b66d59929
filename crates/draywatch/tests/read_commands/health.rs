//! `health`: what a service told of itself, and for how long that counts.

use draywatch_core::Clock;
use serde_json::json;

use crate::support::*;

/// What a service would have written so many seconds ago, good for so long.
fn told(home: &Home, status: &str, ago: i64, good_for: i64) {
    let timestamp = Clock::system().now() - chrono::TimeDelta::seconds(ago);
    let report = json!({
        "status": status,
        "timestamp": timestamp,
        "expires": timestamp + chrono::TimeDelta::seconds(good_for),
        "is_running": true,
        "jobs": [],
        "database": "ok",
        "database_latency_seconds": 0.001,
        "disk_usage_percent": 12.5,
        "reasons": [],
        "version": "0.1.0",
        "pid": 1,
    });
    home.write("data/images/.health", report.to_string().as_bytes());
}

#[tokio::test]
async fn the_exit_status_is_that_of_health() {
    let home = Home::new();
    for (status, code) in [
        ("healthy", 0),
        ("warning", 0),
        ("degraded", 1),
        ("critical", 2),
    ] {
        told(&home, status, 10, 60);
        let done = home.run(&["health", "--json"]);
        assert_eq!(
            (done.status, &done.json()["status"]),
            (code, &status.into()),
            "{done:?}"
        );
    }
}

/// Its report once counted until it expired, minutes after.
#[tokio::test]
async fn a_service_whose_process_is_gone_is_dead_at_once() {
    let home = Home::new();
    let written = |process: &str| {
        told(&home, "healthy", 1, 60);
        let file = home.at("data/images/.health");
        let text = std::fs::read_to_string(&file).expect("a report");
        let mut report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        report["process"] = process.into();
        std::fs::write(&file, report.to_string()).expect("written");
        home.run(&["health", "--json"])
    };
    let here = draywatch::lease::this_process();
    assert_eq!(written(&here).status, 0, "it lives");
    assert_eq!(written("elsewhere/1/2/3/4").status, 0, "nobody can tell");
    // Another process has got its number.
    let dead = written(&format!("{here}1"));
    assert_eq!(dead.status, 2, "{dead:?}");
    assert!(dead.json().to_string().contains("is gone"), "{dead:?}");
}

#[tokio::test]
async fn a_service_that_is_dead_is_never_healthy() {
    let home = Home::new();
    let none = home.run(&["health", "--json"]);
    assert_eq!(
        (none.status, &none.json()["status"]),
        (2, &"critical".into()),
        "{none:?}"
    );
    told(&home, "healthy", 61, 60);
    let dead = home.run(&["health", "--json"]);
    assert_eq!(
        (dead.status, &dead.json()["is_running"]),
        (2, &false.into()),
        "{dead:?}"
    );
    let words = home.run(&["health"]);
    assert!(words.out.contains("dead or hangs"), "{words:?}");
    told(&home, "healthy", -3600, 60);
    let ahead = home.run(&["health"]);
    assert!(
        ahead.status == 2 && ahead.out.contains("set back"),
        "{ahead:?}"
    );
    home.write("data/images/.health", b"not a report");
    let broken = home.run(&["health"]);
    assert!(
        broken.status == 2 && broken.out.contains(".health"),
        "{broken:?}"
    );
}
