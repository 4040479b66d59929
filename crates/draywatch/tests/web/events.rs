//! New images as they come: each once and in order, whoever wrote them and however often the client had to connect again.

use std::time::{Duration, Instant};

use futures::StreamExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::Value;

use crate::site::{PATIENCE, Site, problem};

/// As many as the contract says.
const FRAMES: u32 = 1000;

/// Events of a connection until one says stop; (event, id, data).
async fn listen(
    site: &Site,
    path: &str,
    last: Option<&str>,
    mut each: impl FnMut(&str, &str, &str) -> bool,
) {
    let mut request = site.ask(Method::GET, path);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut parts = answer.bytes_stream();
    let mut text = String::new();
    loop {
        let part = tokio::time::timeout(PATIENCE, parts.next()).await;
        let part = part.expect("an event in time").expect("no end").unwrap();
        text += std::str::from_utf8(&part).unwrap();
        while let Some((event, rest)) = text.split_once("\n\n") {
            let field = |name: &str| {
                event
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            };
            let goes_on =
                event.starts_with(':') || each(&field("event:"), &field("id:"), &field("data:"));
            let rest = rest.to_owned();
            if !goes_on {
                return;
            }
            text = rest;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_frames_come_once_and_in_order_across_connections() {
    let site = std::sync::Arc::new(Site::new(2).await);
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut last: Option<String> = None;
    // The first connection learns where it is before anything comes.
    listen(&site, "/api/v1/events", None, |event, id, _| {
        assert_eq!((event, id), ("here", "2"));
        last = Some(id.to_owned());
        false
    })
    .await;
    let writer = {
        let site = std::sync::Arc::clone(&site);
        let mut random = StdRng::seed_from_u64(random.random());
        // Another program, by its own connection: some rows at a time.
        tokio::spawn(async move {
            let mut written = 0;
            while written < FRAMES {
                let count = random.random_range(1..=40).min(FRAMES - written);
                let rows: Vec<String> = (written..written + count)
                    .map(|nth| format!("('2025-10-01 00:00:00', 'x/{nth}.jpg', 'in_gate')"))
                    .collect();
                let sql = format!(
                    "INSERT INTO images (timestamp, filepath, camera_id) VALUES {}",
                    rows.join(", ")
                );
                site.home.sql(&sql).await;
                written += count;
                tokio::time::sleep(Duration::from_millis(random.random_range(0..40))).await;
            }
        })
    };
    let mut seen: Vec<i64> = Vec::new();
    let mut connections = 0;
    while seen.len() < FRAMES as usize {
        connections += 1;
        let mut stop_after = random.random_range(1..120);
        let from = last.clone();
        listen(
            &site,
            "/api/v1/events",
            from.as_deref(),
            |event, id, data| {
                last = Some(id.to_owned());
                if event == "image" {
                    let image: Value = serde_json::from_str(data).unwrap();
                    assert_eq!(image["id"].to_string(), id);
                    seen.push(image["id"].as_i64().unwrap());
                }
                stop_after -= 1;
                stop_after > 0 && seen.len() < FRAMES as usize
            },
        )
        .await;
    }
    writer.await.unwrap();
    assert_eq!(
        seen,
        (3..3 + i64::from(FRAMES)).collect::<Vec<_>>(),
        "seed {seed}"
    );
    assert!(connections > 5, "{connections}");
}

#[tokio::test]
async fn a_row_of_another_process_is_told_within_two_seconds() {
    let site = std::sync::Arc::new(Site::new(1).await);
    let (told, hear) = tokio::sync::oneshot::channel();
    let mut told = Some(told);
    let (here, is_here) = tokio::sync::oneshot::channel();
    let mut here = Some(here);
    let listener = {
        let site = std::sync::Arc::clone(&site);
        tokio::spawn(async move {
            listen(
                &site,
                "/api/v1/events?camera=out_gate",
                None,
                |event, _, data| {
                    if event == "here" {
                        here.take().map(|here| here.send(()));
                        return true;
                    }
                    assert!(data.contains("out_gate"), "{data}");
                    told.take().map(|told| told.send(Instant::now()));
                    false
                },
            )
            .await;
        })
    };
    is_here.await.unwrap();
    let sql = "INSERT INTO images (timestamp, filepath, camera_id) VALUES ('2025-10-01 00:00:00', 'x/a.jpg', 'in_gate'), \
               ('2025-10-01 00:00:00', 'x/b.jpg', 'out_gate')";
    site.home.sql(sql).await;
    let written = Instant::now();
    let heard = hear.await.unwrap();
    assert!(heard.saturating_duration_since(written) < Duration::from_secs(2));
    listener.await.unwrap();
    for last in ["x", "-1", "1.5", "99999999999999999999"] {
        let request = site
            .ask(Method::GET, "/api/v1/events")
            .header("last-event-id", last);
        problem(request.send().await.unwrap(), 400).await;
    }
}
