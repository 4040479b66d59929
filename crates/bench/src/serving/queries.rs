//! Requests, one after the other, and how long each kind takes. Must not judge.

use std::time::Instant;

use anyhow::{Result, ensure};
use reqwest::Client;
use serde::Serialize;

use super::pictures::Shown;
use super::server::Server;
use crate::stats::{number, share};

/// How one kind of request was answered.
#[derive(Debug, Serialize)]
pub struct Answered {
    /// The path, as it was asked for the first time.
    pub path: String,
    /// The median of the times from the request to the last byte.
    pub p50_ms: f64,
    /// What one in a hundred exceeds.
    pub p99_ms: f64,
    /// The longest.
    pub most_ms: f64,
    /// The size of the first answer.
    pub kib: f64,
}

/// What is asked for. Numbers in braces change from request to request, so that not one place of the database is asked again and again:
/// `{camera}` is one of the cameras, `{day}` one of the last two hundred.
fn kinds(shown: &Shown) -> Vec<String> {
    let (camera, date) = (&shown.camera, &shown.date);
    let id = shown.images[0].0;
    [
        "/healthz",
        "/metrics",
        "/api/v1/cameras",
        "/api/v1/images",
        "/api/v1/images?camera={camera}&from={day}T00:00:00Z&limit=150&order=oldest",
        "/api/v1/images?camera={camera}&to={day}T12:00:00Z&limit=200",
        "/api/v1/images?processed=false&order=oldest",
        "/api/v1/images?camera={camera}&verdict=frozen",
        "/api/v1/images?verdict=dark",
        "/api/v1/images?camera={camera}&processed=true",
        &format!("/api/v1/images/{id}"),
        &format!("/api/v1/images/{id}/file"),
        &format!("/api/v1/images/{id}/thumbnails/160"),
        &format!("/api/v1/images/{id}/thumbnails/640"),
        "/api/v1/runs",
        "/api/v1/runs?camera={camera}&outcome=failed",
        &format!("/api/v1/runs/{}", shown.run),
        "/api/v1/gaps?camera={camera}",
        "/api/v1/gaps?camera={camera}&days=365",
        "/api/v1/coverage?camera={camera}",
        "/api/v1/coverage?camera={camera}&days=365",
        "/api/v1/health",
        "/api/v1/health/history",
        "/",
        &format!("/day/{camera}/{date}"),
        "/day/{camera}/{day}",
        "/timelapse?camera={camera}",
        "/coverage?camera={camera}",
        "/coverage",
        "/runs",
        "/runs?camera={camera}&outcome=failed",
        &format!("/runs/{}", shown.run),
        "/health",
        "/settings",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Asks for each kind so many times, once more unmeasured before.
pub async fn measure(
    server: &Server,
    shown: &Shown,
    cameras: u64,
    rounds: usize,
) -> Result<Vec<Answered>> {
    let client = Client::builder().no_proxy().build()?;
    let newest: chrono::NaiveDate = shown.date.parse()?;
    let mut answers = Vec::new();
    for kind in kinds(shown) {
        let (mut times, mut first, mut bytes) = (Vec::new(), String::new(), 0);
        for nth in 0..=rounds {
            let camera = crate::big::camera(u64::try_from(nth * 7)? % cameras.max(1));
            let day = newest - chrono::Days::new(u64::try_from(nth * 13 % 200)?);
            let path = kind
                .replace("{camera}", &camera)
                .replace("{day}", &day.to_string());
            let begun = Instant::now();
            let answer = client.get(format!("{}{path}", server.base)).send().await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            let took = begun.elapsed().as_secs_f64() * 1000.0;
            // Without a service that runs, health is not well, and says so.
            ensure!(
                status.is_success() || path == "/healthz",
                "GET {path}: {status}: {}",
                String::from_utf8_lossy(&body)
            );
            if nth > 0 {
                times.push(took);
            } else {
                bytes = body.len();
                first = path;
            }
        }
        eprintln!("bench: {first}");
        let rank = |part| share(times.iter().copied(), part);
        answers.push(Answered {
            path: first,
            p50_ms: rank(0.5),
            p99_ms: rank(0.99),
            most_ms: rank(1.0),
            kib: number(bytes) / 1024.0,
        });
    }
    ensure!(!answers.is_empty(), "nothing was asked");
    Ok(answers)
}
