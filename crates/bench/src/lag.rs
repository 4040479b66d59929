//! Two services beside each other on one live portal, one by the cameras' rhythm and one by the plain interval: how long after its
//! appearance is a frame recorded? Must not know how either decides.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use draywatch_catalog::{Catalog, RunFilter};
use draywatch_core::CameraId;
use draywatch_core::zone::FUTURE_TOLERANCE;
use serde::Deserialize;

use crate::cli::{Cli, LagArgs};
use crate::programs::Programs;
use crate::service::{self, CAMERAS, Service, now};
use crate::sim::Simulator;
use crate::stats::{median, number, share};

/// So many frames of each camera are there when the services start: enough for a rhythm.
const BEFORE: u32 = 12;
/// Nobody has more rows than this in a measurement.
const ALL: u32 = 1_000_000;
/// How long the first collection of everything may take.
const FIRST: Duration = Duration::from_mins(5);

/// A frame as it really is.
#[derive(Debug, Deserialize)]
struct Published {
    instant: DateTime<Utc>,
    appears_at: DateTime<Utc>,
}

/// One way to keep time.
struct Mode {
    name: &'static str,
    service: Service,
    catalog: Arc<dyn Catalog>,
}

/// What came of one camera in one mode.
struct Row {
    mode: &'static str,
    camera: &'static str,
    listings: usize,
    /// Seconds that each listing took.
    took: Vec<f64>,
    lags: Vec<f64>,
    gaps: usize,
}

/// Runs both, prints the table.
pub async fn run(args: &LagArgs, cli: &Cli) -> Result<()> {
    let programs = Programs::beside()?;
    let folder = programs.folder(cli)?;
    let programs = programs.copied(folder.path())?;
    let sim = live_portal(args, &programs).await?;
    let mut modes = Vec::new();
    for (name, follows) in [("plain interval", "false"), ("at publish", "true")] {
        let place = folder.path().join(follows);
        std::fs::create_dir(&place)?;
        modes.push(start(args, name, follows, &programs.draywatch, &place, &sim).await?);
    }
    for mode in &mut modes {
        until_first_listings(mode).await?;
    }
    let from = now();
    let to = from + TimeDelta::minutes(args.minutes.into());
    eprintln!(
        "lag: frames are counted until {}",
        to.format("%H:%M:%S UTC")
    );
    // What appeared last has two intervals to be found.
    let end = to + TimeDelta::seconds((args.interval * 2 + 10).into());
    while now() < end {
        for mode in &mut modes {
            mode.service.is_alive()?;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut rows = Vec::new();
    for mode in &mut modes {
        mode.service.stop().await?;
        for camera in CAMERAS {
            rows.push(measure(mode, camera, &sim, (from, to)).await?);
        }
        mode.catalog.close().await;
    }
    sim.stop().await;
    print(args, &rows);
    verdict(&rows)
}

/// Cameras keep a time of their own: not quite the interval, so that the plain one meets each phase.
fn frames_every(args: &LagArgs) -> u32 {
    args.interval + (args.interval / 30).max(1)
}

async fn live_portal(args: &LagArgs, programs: &Programs) -> Result<Simulator> {
    let jitter = args.jitter.unwrap_or(args.interval / 20).to_string();
    let drift = args.drift.unwrap_or(args.interval / 5).to_string();
    let (skip, delay) = (args.skip_probability, args.publish_delay);
    let more = [
        format!("--jitter={jitter}"),
        format!("--drift={drift}"),
        format!("--skip-probability={skip}"),
        format!("--publish-delay={delay}"),
        format!("--publish-jitter={delay}"),
        format!("--period-spread={}", args.interval * 10),
    ];
    let busy_for = TimeDelta::seconds((args.interval * BEFORE).into());
    service::portal(&programs.portal_sim, frames_every(args), busy_for, &more).await
}

async fn start(
    args: &LagArgs,
    name: &'static str,
    follows: &str,
    program: &Path,
    folder: &Path,
    sim: &Simulator,
) -> Result<Mode> {
    let settings = [("DRAYWATCH_SERVICE__CAPTURE_AT_PUBLISH", follows)];
    let mut service = Service::start(program, folder, sim, args.interval, &settings)?;
    let catalog = service.catalog().await?;
    Ok(Mode {
        name,
        service,
        catalog,
    })
}

/// Waits until each camera has been collected once.
async fn until_first_listings(mode: &mut Mode) -> Result<()> {
    let deadline = tokio::time::Instant::now() + FIRST;
    for camera in CAMERAS {
        while listings(mode, camera).await?.is_empty() {
            mode.service.is_alive()?;
            let is_time = tokio::time::Instant::now() < deadline;
            ensure!(is_time, "nothing is collected:\n{}", mode.service.log()?);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    Ok(())
}

/// The listings of a camera that have ended: when they began, and how many seconds they took.
async fn listings(mode: &Mode, camera: &str) -> Result<Vec<(DateTime<Utc>, f64)>> {
    let filter = RunFilter {
        camera: Some(id(camera)?),
        limit: ALL,
        ..RunFilter::default()
    };
    let runs = mode.catalog.runs(&filter).await?;
    let listed = runs.iter().filter(|run| run.run.date.is_some());
    let ended = listed.filter_map(|run| Some((run.run.started_at, run.end.as_ref()?)));
    Ok(ended
        .map(|(at, end)| (at, end.listing_took.as_secs_f64()))
        .collect())
}

fn id(camera: &str) -> Result<CameraId> {
    CameraId::new(camera).ok().context("no name of a camera")
}

async fn measure(
    mode: &Mode,
    camera: &'static str,
    sim: &Simulator,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Row> {
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (first, last) = (text(from - TimeDelta::minutes(5)), text(to));
    let path = format!("truth?camera={camera}&from={first}&to={last}&hashes=0");
    let truth: Vec<Published> = sim.get(&path).await?;
    let rows = mode
        .catalog
        .newest_frames(&id(camera)?, now() + FUTURE_TOLERANCE, ALL)
        .await?;
    let rows: BTreeMap<_, _> = rows
        .iter()
        .map(|row| (row.instant, row.committed))
        .collect();
    let (mut lags, mut gaps) = (Vec::new(), 0);
    for frame in truth {
        if frame.appears_at < from || frame.appears_at >= to {
            continue;
        }
        match rows.get(&frame.instant).copied().flatten() {
            Some(committed) => lags.push((committed - frame.appears_at).as_seconds_f64()),
            None => gaps += 1,
        }
    }
    let listings = listings(mode, camera).await?;
    let counted = listings.iter().filter(|(at, _)| (from..to).contains(at));
    let took: Vec<f64> = counted.map(|(_, took)| *took).collect();
    Ok(Row {
        mode: mode.name,
        camera,
        listings: took.len(),
        took,
        lags,
        gaps,
    })
}

fn print(args: &LagArgs, rows: &[Row]) {
    println!(
        "{} minutes, a frame about every {} s, collected every {} s: seconds from its appearance to its row\n",
        args.minutes,
        frames_every(args),
        args.interval
    );
    println!(
        "  mode            camera      listings  an interval  median took   frames  median lag   p95 lag   gaps"
    );
    let intervals = f64::from(args.minutes) * 60.0 / f64::from(args.interval);
    for row in rows {
        println!(
            "  {:<15} {:<10} {:>9} {:>12.2} {:>10.1} s {:>8} {:>9.1} s {:>7.1} s {:>6}",
            row.mode,
            row.camera,
            row.listings,
            number(row.listings) / intervals,
            median(row.took.iter().copied()),
            row.lags.len(),
            median(row.lags.iter().copied()),
            share(row.lags.iter().copied(), 0.95),
            row.gaps
        );
    }
}

/// Half the lag of plain polling for each camera, and no gaps.
fn verdict(rows: &[Row]) -> Result<()> {
    println!();
    let mut is_met = true;
    for camera in CAMERAS {
        let of_camera: Vec<&Row> = rows.iter().filter(|row| row.camera == camera).collect();
        let lags = |row: &Row| median(row.lags.iter().copied());
        let [plain, at_publish] = of_camera[..] else {
            continue;
        };
        let ratio = lags(at_publish) / lags(plain);
        is_met &= ratio <= 0.5;
        println!(
            "  {camera:<10} median lag at publish is {ratio:.2} of that of the plain interval (at most 0.50)"
        );
    }
    let gaps: usize = rows.iter().map(|row| row.gaps).sum();
    println!("  gaps: {gaps} (none)");
    ensure!(is_met && gaps == 0, "a target is missed, see above");
    Ok(())
}
