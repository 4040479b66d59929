//! `draywatch-bench web`: what `draywatch serve` takes to answer over a database as large as a fleet's of years, how much memory it needs
//! for that, and how many pictures a second it hands out beside nginx with the same files. It must not answer anything itself.
//!
//! Times are a client's on the same machine, by one connection and one after the other: the server's own and the loopback's. `wrk` and the
//! server it asks share the machine's processors, for both servers alike.

mod contest;
mod looking;
mod pictures;
mod queries;
mod server;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::big::{self, Big};
use contest::Rate;
use looking::Look;
use queries::Answered;
use server::Server;

/// How long an answer may take.
const TARGET_MS: f64 = 50.0;
/// How much memory the server may have.
const TARGET_MIB: u64 = 150;
/// The share of nginx's rate that is wanted.
const TARGET_RATE: f64 = 0.5;
/// How long a day of thumbnails may take in a browser.
const TARGET_LOOK_MS: f64 = 300.0;

/// What to make and measure.
#[derive(Debug, Args)]
pub struct Web {
    #[command(flatten)]
    big: Big,
    /// Seconds of each turn of `wrk`.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    seconds: u32,
    /// Turns of each server for each kind of file; medians are reported.
    #[arg(long, value_name = "N", default_value_t = 3)]
    turns: usize,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    images: u64,
    cameras: u64,
    answers: Vec<Answered>,
    peak_mib: u64,
    looks: Vec<Look>,
    rates: Vec<Rate>,
    api: Vec<(String, f64)>,
}

/// Makes the database unless the folder has one, and measures.
pub async fn run(web: &Web, json: Option<&Path>) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder: PathBuf = web
        .big
        .out
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    big::prepare(&web.big, &folder).await?;
    let shown = pictures::make(&folder).await?;
    let server = Server::start(&folder).await?;
    let answers = queries::measure(&server, &shown, web.big.cameras, web.big.rounds).await?;
    let looks = looking::measure(&server, &shown).await?;
    let rates = contest::measure(&server, &folder, &shown, web.seconds, web.turns).await?;
    let api = contest::answers(&server, &shown, web.seconds).await?;
    let found = Found {
        images: web.big.images,
        cameras: web.big.cameras,
        answers,
        peak_mib: server.peak_mib()?,
        looks,
        rates,
        api,
    };
    print(&found);
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&found)?;
        std::fs::write(path, text + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let slow = found.answers.iter().any(|one| one.p99_ms >= TARGET_MS);
    let large = found.peak_mib >= TARGET_MIB;
    let behind = found.rates.iter().any(|one| one.of_nginx() < TARGET_RATE);
    let late = found.looks.iter().any(|one| one.p50_ms >= TARGET_LOOK_MS);
    ensure!(
        !slow && !large && !behind && !late,
        "not all targets are met"
    );
    Ok(())
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "" } else { "  NOT met" }
}

fn print(found: &Found) {
    println!(
        "{} images of {} cameras: milliseconds from request to the last byte (target: p99 under {TARGET_MS:.0})\n",
        found.images, found.cameras
    );
    println!(
        "{:58} {:>8} {:>8} {:>8} {:>9}",
        "GET", "p50", "p99", "most", "KiB"
    );
    for one in &found.answers {
        println!(
            "{:58} {:8.1} {:8.1} {:8.1} {:9.1}{}",
            one.path,
            one.p50_ms,
            one.p99_ms,
            one.most_ms,
            one.kib,
            verdict(one.p99_ms < TARGET_MS)
        );
    }
    println!(
        "\nA day in Chromium: milliseconds from the navigation to the last thumbnail decoded (target: under {TARGET_LOOK_MS:.0}, median)\n"
    );
    for one in &found.looks {
        println!(
            "{:58} {:8.0} {:8.0}{:>21} thumbnails{}",
            one.what,
            one.p50_ms,
            one.p99_ms,
            one.thumbnails,
            verdict(one.p50_ms < TARGET_LOOK_MS)
        );
    }
    println!("\nAnswers a second, by wrk, turn by turn (target: {TARGET_RATE} of nginx)\n");
    println!(
        "{:30} {:>10} {:>10} {:>10}",
        "files", "draywatch", "nginx", "share"
    );
    for one in &found.rates {
        println!(
            "{:30} {:10.0} {:10.0} {:10.2}{}",
            one.what,
            one.draywatch,
            one.nginx,
            one.of_nginx(),
            verdict(one.of_nginx() >= TARGET_RATE)
        );
    }
    println!("\nAnswers of the API a second, by wrk with the same connections\n");
    for (what, rate) in &found.api {
        println!("{what:30} {rate:10.0}");
    }
    println!(
        "\nPeak memory of the server: {} MiB (target: under {TARGET_MIB}){}",
        found.peak_mib,
        verdict(found.peak_mib < TARGET_MIB)
    );
}
