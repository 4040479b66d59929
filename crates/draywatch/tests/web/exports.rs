//! Exports by HTTP are those of the command line.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::site::{PATIENCE, Site, TOKEN, home, problem};

const RANGE: &str = "from=2025-09-07T00:00:00Z&to=2025-09-08T00:00:00Z";

#[tokio::test]
async fn the_same_question_gives_the_bytes_of_the_command_line() {
    let site = Site::new(12).await;
    for (format, media) in [
        ("csv", "text/csv"),
        ("jsonl", "application/x-ndjson"),
        ("parquet", "application/vnd.apache.parquet"),
        ("webdataset", "application/x-tar"),
    ] {
        let words = [
            "export",
            "--camera",
            "in_gate",
            "--from",
            "2025-09-07T00:00:00Z",
            "--to",
            "2025-09-07T23:59:59Z",
            "--format",
            format,
            "-",
        ];
        let out = site.home.command(&words).output().unwrap();
        assert!(out.status.success(), "{out:?}");
        let path = format!("/api/v1/export?format={format}&camera=in_gate&{RANGE}");
        let response = site.get(&path).await;
        assert_eq!(response.status(), 200, "{format}");
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-type").starts_with(media));
        assert!(header("content-disposition").contains("filename=\"draywatch."));
        assert!(response.bytes().await.unwrap() == out.stdout, "{format}");
    }
}

/// Found by schemathesis: the gap mask of two thousand years kept a processor busy for an hour.
#[tokio::test]
async fn a_range_that_nobody_means_ends_soon() {
    let site = Site::new(1).await;
    let range = "from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z";
    let path = format!("/api/v1/export?format=webdataset&{range}");
    let bytes = site.get(&path).await.bytes().await.unwrap();
    let megabytes = bytes.len() / 1_000_000;
    assert!((1..200).contains(&(megabytes + 1)), "{megabytes} MB");
    let before = "from=0001-01-01T00:00:00Z&to=1999-01-01T00:00:00Z";
    let path = format!("/api/v1/export?format=webdataset&{before}");
    problem(site.get(&path).await, 404).await;
}

/// Whoever does not read on is waited for, takes one of two places meanwhile, and leaves it by going away.
#[tokio::test]
async fn few_exports_run_at_once_and_who_goes_away_makes_room() {
    let site = Site::new(1).await;
    // More than what lies between two programs on one machine holds.
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) \
        INSERT INTO images (timestamp, filepath, camera_id) SELECT strftime('%Y-%m-%d %H:%M:%S.000000', \
        '2025-01-01', (i * 3) || ' minutes'), 'data/images/somewhere/in/a/folder/with/a/long/name/' || i, 'in_gate' FROM n";
    site.home.sql(many).await;
    let path = "/api/v1/export?format=jsonl&camera=in_gate&from=2025-01-01T00:00:00Z&to=2025-12-01T00:00:00Z";
    let (first, second) = (site.get(path).await, site.get(path).await);
    assert_eq!(
        (first.status(), second.status()),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
    problem(site.get(path).await, 503).await;
    drop(first);
    let begun = Instant::now();
    let third = loop {
        let third = site.get(path).await;
        if third.status() == 200 {
            break third;
        }
        assert!(begun.elapsed() < PATIENCE, "the place is not free again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let lines = |bytes: bytes::Bytes| String::from_utf8_lossy(&bytes).lines().count();
    // Who reads slowly gets all of it all the same.
    assert_eq!(lines(second.bytes().await.unwrap()), 60_001);
    assert_eq!(lines(third.bytes().await.unwrap()), 60_001);
}

#[tokio::test]
async fn exports_take_the_right_to_read() {
    let settings = format!("web.token = \"{TOKEN}\"\nweb.read_token = \"only-to-read-123456\"");
    let site = Site::with(home(1), &settings).await;
    let path = format!("/api/v1/export?format=csv&{RANGE}");
    problem(site.bare(Method::GET, &path).send().await.unwrap(), 401).await;
    let reader = site
        .bare(Method::GET, &path)
        .bearer_auth("only-to-read-123456");
    assert_eq!(reader.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_makes_no_sense_is_a_problem() {
    let site = Site::new(1).await;
    problem(site.get("/api/v1/export?format=csv").await, 400).await;
    problem(
        site.get(&format!("/api/v1/export?format=zip&{RANGE}"))
            .await,
        400,
    )
    .await;
    // As elsewhere, a camera that there is not is no empty export.
    let stranger = format!("/api/v1/export?format=csv&camera=nope&{RANGE}");
    problem(site.get(&stranger).await, 404).await;
    for (from, to) in [
        ("%2B262142-01-01T00:00:00Z", "%2B262142-06-01T00:00:00Z"),
        ("2025-01-01T00:00:00Z", "%2B10000-01-01T00:00:00Z"),
    ] {
        let years = format!("/api/v1/export?format=csv&from={from}&to={to}");
        problem(site.get(&years).await, 400).await;
    }
    let backwards = "/api/v1/export?format=csv&from=2025-09-08T00:00:00Z&to=2025-09-07T00:00:00Z";
    problem(site.get(backwards).await, 404).await;
}
