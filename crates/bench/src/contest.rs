//! The same pictures fetched by draywatch and by curl, turn by turn, each round beside the machine's bound.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::Value;
use tokio::process::Command;

use crate::process::{self, Finished};
use crate::sim::Frame;
use crate::stats::{median, number};
use crate::verifying::all_cores;
use crate::{Bench, CAMERA, emptied};

/// The longest that one program may take.
const LIMIT: Duration = Duration::from_mins(2);
/// How long the parts with a browser take, which follow.
const BROWSING: Duration = Duration::from_secs(45);
/// How long the bound is measured, each time.
const BOUND_FOR: Duration = Duration::from_millis(500);

/// One combination of latency and concurrency; figures are medians of the rounds.
#[derive(Debug, Serialize)]
pub struct Cell {
    /// The CDN's answer time in milliseconds.
    pub latency_ms: u64,
    /// Downloads at once.
    pub concurrency: usize,
    /// Rounds measured.
    pub rounds: usize,
    /// Frames a second: verified, durable, recorded.
    pub draywatch: f64,
    /// Frames a second: neither verified nor recorded.
    pub curl: f64,
    /// Pictures that all processors verify a second.
    pub bound: f64,
    /// draywatch by curl; median of the rounds' own ratios, as the next two.
    pub of_curl: f64,
    /// draywatch by the bound.
    pub of_bound: f64,
    /// draywatch by the lesser of 0.95 of curl and 0.7 of the bound.
    pub of_lesser: f64,
    /// Processor milliseconds a frame: draywatch, curl, the simulated portal while serving draywatch.
    pub cpu_ms: [f64; 3],
    /// The most memory that draywatch had, in KiB.
    pub peak_kib: u64,
}

/// One round of one combination.
struct Round {
    draywatch: f64,
    curl: f64,
    bound: f64,
    cpu_ms: [f64; 3],
    peak_kib: u64,
}

impl Round {
    fn of_lesser(&self) -> f64 {
        self.draywatch / (0.95 * self.curl).min(0.7 * self.bound)
    }
}

/// All combinations, round by round, for as long as there is time for another round.
pub async fn measure(bench: &Bench, frames: &[Frame], pictures: &[Vec<u8>]) -> Result<Vec<Cell>> {
    let cells = bench.cli.cells();
    let mut rounds: Vec<Vec<Round>> = cells.iter().map(|_| Vec::new()).collect();
    for nth in 0..bench.cli.rounds() {
        let begun = Instant::now();
        for ((latency, concurrency), done) in cells.iter().zip(&mut rounds) {
            bench.sim.set_latency(*latency).await?;
            bench.sim.forget().await?;
            let round = pair(bench, frames, pictures, *concurrency, nth % 2 == 1).await?;
            bench.say(format!(
                "round {}, {latency:2} ms, {concurrency:2} at once: draywatch {:4.0}/s, curl {:4.0}/s, bound {:4.0}/s",
                nth + 1,
                round.draywatch,
                round.curl,
                round.bound
            ));
            done.push(round);
        }
        let next = bench.begun.elapsed() + begun.elapsed() + BROWSING;
        if nth + 1 < bench.cli.rounds() && next.as_secs() > bench.cli.limit_seconds {
            bench.say("no time for another round");
            break;
        }
    }
    let cells = cells.into_iter().zip(&rounds);
    Ok(cells
        .map(|(cell, rounds)| summed_up(cell, rounds))
        .collect())
}

fn summed_up((latency_ms, concurrency): (u64, usize), rounds: &[Round]) -> Cell {
    let middle = |of: &dyn Fn(&Round) -> f64| median(rounds.iter().map(of));
    Cell {
        latency_ms,
        concurrency,
        rounds: rounds.len(),
        draywatch: middle(&|round| round.draywatch),
        curl: middle(&|round| round.curl),
        bound: middle(&|round| round.bound),
        of_curl: middle(&|round| round.draywatch / round.curl),
        of_bound: middle(&|round| round.draywatch / round.bound),
        of_lesser: middle(&Round::of_lesser),
        cpu_ms: [0, 1, 2].map(|of| middle(&|round| round.cpu_ms[of])),
        peak_kib: rounds.iter().map(|round| round.peak_kib).max().unwrap_or(0),
    }
}

/// Both programs, one after the other, with the bound measured before, between and after them; who begins changes from
/// round to round.
async fn pair(
    bench: &Bench,
    frames: &[Frame],
    pictures: &[Vec<u8>],
    concurrency: usize,
    curl_first: bool,
) -> Result<Round> {
    let mut bounds = vec![all_cores(pictures, BOUND_FOR)?];
    let mut done = Vec::new();
    for is_curl in [curl_first, !curl_first] {
        let before = process::cpu_of(bench.sim.pid());
        let finished = if is_curl {
            with_curl(bench, frames, concurrency).await?
        } else {
            with_draywatch(bench, frames, concurrency).await?
        };
        done.push((finished, process::cpu_of(bench.sim.pid()) - before));
        bounds.push(all_cores(pictures, BOUND_FOR)?);
    }
    if curl_first {
        done.reverse();
    }
    let [(draywatch, served), (curl, _)] = &done[..] else {
        bail!("one of the two did not run");
    };
    let count = number(frames.len());
    let each = |seconds: f64| seconds * 1_000.0 / count;
    Ok(Round {
        draywatch: count / draywatch.seconds,
        curl: count / curl.seconds,
        bound: median(bounds),
        cpu_ms: [draywatch.cpu_seconds, curl.cpu_seconds, *served].map(each),
        peak_kib: draywatch.peak_kib,
    })
}

async fn with_draywatch(bench: &Bench, frames: &[Frame], concurrency: usize) -> Result<Finished> {
    let folder = bench.fresh()?;
    let list: String = frames
        .iter()
        .map(|frame| frame.url.clone() + "\n")
        .collect();
    std::fs::write(folder.join("frames.txt"), list)?;
    let mut command = draywatch(bench, &folder, 0)?;
    command.args(["fetch", "--camera", CAMERA, "--frames-from", "frames.txt"]);
    command
        .arg("--concurrent-downloads")
        .arg(concurrency.to_string());
    rustix::fs::sync();
    let done = process::run(command, LIMIT).await?;
    emptied(&folder)?;
    let stored = sum(&done.stdout, "stored")?;
    ensure!(
        stored == frames.len() as u64,
        "draywatch stored {stored} of {} frames: {}",
        frames.len(),
        done.stdout
    );
    Ok(done)
}

/// draywatch in a folder of its own, with settings for the simulated portal and none of the user's.
pub fn draywatch(bench: &Bench, folder: &Path, pause_seconds: u32) -> Result<Command> {
    let settings = format!(
        "download_dir = \"images\"\ndatabase_url = \"sqlite:///database.db\"\n[portal]\npage_url = \"{}\"\n\
         image_url = \"{}\"\nimage_time = \"utc\"\npause_between_days_seconds = {pause_seconds}\n",
        bench.sim.page_url, bench.sim.image_url
    );
    std::fs::write(folder.join("bench.toml"), settings)?;
    let mut command = Command::new(&bench.programs.draywatch);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("DRAYWATCH_") && !text.starts_with("DRAYWATCH_BROWSER__") {
            command.env_remove(&name);
        }
    }
    command.current_dir(folder);
    command.args(["--config", "bench.toml", "--quiet", "--json"]);
    Ok(command)
}

/// A count added up over the lines of a collection's account.
pub fn sum(lines: &str, name: &str) -> Result<u64> {
    let mut sum = 0;
    for line in lines.lines() {
        let day: Value = serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?;
        sum += day.get(name).and_then(Value::as_u64).unwrap_or(0);
    }
    Ok(sum)
}

async fn with_curl(bench: &Bench, frames: &[Frame], concurrency: usize) -> Result<Finished> {
    let folder = bench.fresh()?;
    let mut config = String::new();
    for (nth, frame) in frames.iter().enumerate() {
        writeln!(
            config,
            "url = \"{}\"\noutput = \"images/{nth:05}.jpg\"",
            frame.url
        )?;
    }
    std::fs::write(folder.join("curl.txt"), config)?;
    let mut command = Command::new("curl");
    command.current_dir(&folder);
    command.args([
        "--disable",
        "--noproxy",
        "*",
        "--silent",
        "--show-error",
        "--fail",
    ]);
    command.args([
        "--create-dirs",
        "--config",
        "curl.txt",
        "-Z",
        "--parallel-max",
    ]);
    command.arg(concurrency.to_string());
    rustix::fs::sync();
    let done = process::run(command, LIMIT).await?;
    let files = std::fs::read_dir(folder.join("images"))?.count();
    emptied(&folder)?;
    ensure!(
        files == frames.len(),
        "curl stored {files} of {} frames",
        frames.len()
    );
    Ok(done)
}
