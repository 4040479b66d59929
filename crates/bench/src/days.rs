//! Days of one camera from end to end: browser, listing, fetching, recording, all in one `draywatch backfill`.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::contest::{draywatch, sum};
use crate::{Bench, CAMERA, emptied, process};

const LIMIT: Duration = Duration::from_mins(2);
/// The CDN's answer time.
const LATENCY_MS: u64 = 50;
const CONCURRENCY: &str = "16";

/// How long days take.
#[derive(Debug, Serialize)]
pub struct Days {
    /// How many days.
    pub days: usize,
    /// Frames in them.
    pub frames: u64,
    /// Seconds without a pause between two days.
    pub seconds: f64,
    /// Seconds with the pause of two seconds that is the default.
    pub seconds_with_pause: f64,
    /// The most memory that draywatch itself had, in KiB.
    pub peak_kib: u64,
}

/// Collects the newest whole days, without and with the pause.
pub async fn measure(bench: &Bench) -> Result<Days> {
    bench.sim.set_latency(LATENCY_MS).await?;
    let days = bench.cli.days();
    let (frames, seconds, peak) = collect(bench, days, 0).await?;
    let (_, seconds_with_pause, peak_with_pause) = collect(bench, days, 2).await?;
    Ok(Days {
        days,
        frames,
        seconds,
        seconds_with_pause,
        peak_kib: peak.max(peak_with_pause),
    })
}

async fn collect(bench: &Bench, count: usize, pause_seconds: u32) -> Result<(u64, f64, u64)> {
    let days = bench.sim.days(count).await?;
    let mut frames = 0;
    for day in &days {
        frames += bench.sim.day(*day, true).await?.len() as u64;
    }
    let folder = bench.fresh()?;
    let mut command = draywatch(bench, &folder, pause_seconds)?;
    command.args(["backfill", "--camera", CAMERA, "--from"]);
    command.arg(days[0].to_string());
    command.arg("--to").arg(days[days.len() - 1].to_string());
    command.args(["--concurrent-downloads", CONCURRENCY]);
    rustix::fs::sync();
    let done = process::run(command, LIMIT).await?;
    emptied(&folder)?;
    let stored = sum(&done.stdout, "stored")?;
    ensure!(
        stored == frames,
        "draywatch stored {stored} of {frames} frames: {}",
        done.stdout
    );
    Ok((frames, done.seconds, done.peak_kib))
}
