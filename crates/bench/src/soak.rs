//! Many collections in a row, each with a browser session of its own: what the service uses at the end is what it used at the
//! beginning. Must not know how a collection works.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chrono::TimeDelta;
use draywatch_catalog::Catalog;
use draywatch_core::schedule::TickState;
use serde_json::Value;

use crate::cli::{Cli, SoakArgs};
use crate::programs::Programs;
use crate::samples::{self, Sample};
use crate::service::{self, CAMERAS, Service};
use crate::sim::Simulator;
use crate::{plot, table};

/// How often it is looked at what is used.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Seconds from one new frame to the next, so that there is something to store now and then, and a listing stays short.
const FRAMES_EVERY: u32 = 60;
/// How long what was left by the last collection may take to be gone.
const GONE: Duration = Duration::from_secs(10);

/// What is compared, and by how much its median in the last quarter may exceed that in the first: a share, and so many more.
type Figure = (&'static str, fn(&Sample) -> usize, f64, f64);
pub const FIGURES: [Figure; 5] = [
    ("browsers", |sample| sample.browsers, 0.0, 1.0),
    ("browser processes", |sample| sample.processes, 0.25, 3.0),
    ("file descriptors", |sample| sample.files, 0.1, 4.0),
    ("threads", |sample| sample.threads, 0.1, 3.0),
    ("memory KiB", |sample| sample.memory_kib, 0.15, 4096.0),
];

/// Runs the service until it has done so many collections.
pub async fn run(args: &SoakArgs, cli: &Cli) -> Result<()> {
    let programs = Programs::beside()?;
    let folder = programs.folder(cli)?;
    let programs = programs.copied(folder.path())?;
    let busy_for = TimeDelta::minutes(5);
    let sim = service::portal(&programs.portal_sim, FRAMES_EVERY, busy_for, &[]).await?;
    let settings = [("DRAYWATCH_SERVICE__CAPTURE_AT_PUBLISH", "false")];
    let program = &programs.draywatch;
    let mut service = Service::start(program, folder.path(), &sim, args.interval, &settings)?;
    let catalog = service.catalog().await?;
    let begun = Instant::now();
    let samples = watch(args, &mut service, &*catalog).await?;
    let took = begun.elapsed();
    let failed = count(&*catalog, |state| state != TickState::Done).await?;
    catalog.close().await;
    let temporary = service.temporary();
    service.stop().await?;
    let left = left_behind(&temporary).await?;
    let sessions = sessions(&sim).await?;
    let done = samples.last().map_or(0, |sample| sample.collections);
    println!(
        "{done} collections of {} cameras in {:.1} min, the portal's page loaded {sessions} times, {failed} ticks failed or missed\n",
        CAMERAS.len(),
        took.as_secs_f64() / 60.0
    );
    let grown = table::soak(&samples);
    if let Some(path) = &args.svg {
        std::fs::write(path, plot::svg(&samples)).context("the curves cannot be written")?;
    }
    sim.stop().await;
    ensure!(left.is_empty(), "left behind: {left:?}");
    ensure!(sessions >= done, "fewer sessions than collections");
    ensure!(
        failed * 20 <= done,
        "too many ticks failed:\n{}",
        service.log()?
    );
    ensure!(grown.is_empty(), "grown: {}", grown.join(", "));
    Ok(())
}

/// Samples until all collections are done.
async fn watch(
    args: &SoakArgs,
    service: &mut Service,
    catalog: &dyn Catalog,
) -> Result<Vec<Sample>> {
    let deadline = Instant::now() + Duration::from_mins(args.limit_minutes);
    let mut samples = Vec::new();
    let mut told = 0;
    loop {
        service.is_alive()?;
        let done = count(catalog, |state| state == TickState::Done).await?;
        samples.extend(samples::take(service.pid(), &service.temporary(), done));
        if done >= args.collections {
            return Ok(samples);
        }
        if Instant::now() > deadline {
            bail!("{done} collections in {} minutes", args.limit_minutes);
        }
        if done >= told + 50 {
            told = done;
            eprintln!("soak: {done} of {} collections", args.collections);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Ticks of cameras that ended in such a way.
async fn count(catalog: &dyn Catalog, is_wanted: fn(TickState) -> bool) -> Result<usize> {
    let mut count = 0;
    for camera in CAMERAS {
        let job = format!("collect:{camera}");
        let ticks = catalog.ticks(Some(&job), 1_000_000).await?;
        let closed = ticks.iter().filter(|tick| !tick.state.is_open());
        count += closed.filter(|tick| is_wanted(tick.state)).count();
    }
    Ok(count)
}

/// How often the page was loaded: once for each session at least.
async fn sessions(sim: &Simulator) -> Result<usize> {
    let stats: Value = sim.get("stats?log=0").await?;
    let loads = stats.pointer("/page/page_loads").and_then(Value::as_u64);
    Ok(usize::try_from(loads.context("no page loads")?)?)
}

/// Processes and profile folders that are there when the service is not any more.
async fn left_behind(temporary: &std::path::Path) -> Result<Vec<String>> {
    let begun = Instant::now();
    loop {
        let mut left = Vec::new();
        for entry in std::fs::read_dir(temporary)? {
            left.push(entry?.file_name().to_string_lossy().into_owned());
        }
        let (_, processes) = samples::of_browsers(0, temporary);
        if processes > 0 {
            left.push(format!("{processes} processes"));
        }
        if left.is_empty() || begun.elapsed() > GONE {
            return Ok(left);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
