//! `make bench`: draywatch beside curl, the machine's bound and the portal itself, in one run on loopback.
//!
//! It starts the real programs (`draywatch`, `portal-sim`, `curl`, Chromium) and measures them from outside, turn by turn,
//! so that its figures are ratios of one machine at one time. It must not hold a copy of anything that it measures.

mod big;
mod browsing;
mod cli;
mod contest;
mod days;
mod exporting;
mod lag;
mod plot;
mod process;
mod programs;
mod report;
mod samples;
mod service;
mod serving;
mod sim;
mod soak;
mod stats;
mod table;
mod verifying;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use cli::{Cli, Part};
use programs::Programs;
use report::Report;
use sim::{Frame, Simulator};

/// The camera that everything is measured with.
const CAMERA: &str = "in_gate";

/// What every part of the benchmark works with.
struct Bench {
    cli: Cli,
    programs: Programs,
    sim: Simulator,
    /// Removed at the end, however that comes about.
    folder: tempfile::TempDir,
    begun: Instant,
}

impl Bench {
    /// Tells how far it is, on standard error.
    fn say(&self, text: impl std::fmt::Display) {
        eprintln!("bench {:4.0} s: {text}", self.begun.elapsed().as_secs_f64());
    }

    /// A folder that is empty and on the disk that is measured. It stays until the end, see `emptied`.
    fn fresh(&self) -> Result<PathBuf> {
        let made = tempfile::tempdir_in(self.folder.path());
        Ok(made.context("no temporary folder can be made")?.keep())
    }
}

/// Cuts all files in a folder to nothing, so that they take no room. They are not removed yet: ext4 passes over numbers of
/// files that were removed in the last minutes, one by one, so removing those of one run would slow down the next.
fn emptied(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            emptied(&entry.path())?;
        } else {
            std::fs::File::create(entry.path())?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    // Two TLS libraries could be chosen from in the dependency tree; one must be named before the first use.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = runtime
        .context("no runtime")
        .and_then(|runtime| runtime.block_on(bounded(Cli::parse())));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Everything, unless it takes too long or is told to stop: dropping the work ends its processes and removes its folders.
async fn bounded(cli: Cli) -> Result<()> {
    if let Some(part) = &cli.part {
        let work = async {
            match part {
                Part::Big(big) => big::run(big, cli.json.as_deref()).await,
                Part::Export(args) => exporting::run(args, cli.json.as_deref()).await,
                Part::Web(web) => serving::run(web, cli.json.as_deref()).await,
                Part::Soak(args) => soak::run(args, &cli).await,
                Part::Lag(args) => lag::run(args, &cli).await,
            }
        };
        return tokio::select! {
            done = work => done,
            () = told_to_stop() => bail!("stopped"),
        };
    }
    let limit = Duration::from_secs(cli.limit_seconds);
    tokio::select! {
        done = tokio::time::timeout(limit + limit / 4, whole(cli)) => match done {
            Ok(done) => done,
            Err(_) => bail!("it takes more than {} s: is the machine busy with something else?", limit.as_secs()),
        },
        () = told_to_stop() => bail!("stopped"),
    }
}

/// Returns on SIGTERM and on Ctrl-C.
async fn told_to_stop() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

async fn whole(cli: Cli) -> Result<()> {
    let programs = Programs::find(&cli)?;
    let folder = programs.folder(&cli)?;
    let begun = Instant::now();
    let sim = Simulator::start(&programs, &cli).await?;
    let bench = Bench {
        cli,
        programs,
        sim,
        folder,
        begun,
    };
    bench.say("drawing the pictures");
    let frames = bench.sim.warm(bench.cli.frames()).await?;
    let report = measure(&bench, &frames).await?;
    table::print(&report);
    if let Some(path) = &bench.cli.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, text + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    bench.sim.stop().await;
    Ok(())
}

async fn measure(bench: &Bench, frames: &[Frame]) -> Result<Report> {
    let pictures = bench.sim.some_pictures(frames).await?;
    bench.say("verification beside decompress_to_yuv");
    let verification = verifying::compare(&pictures, bench.cli.decode_rounds())?;
    // Before the browsers, whose profile folders are removed when they end: see `emptied`.
    let contest = contest::measure(bench, frames, &pictures).await?;
    bench.say("listing in a browser beside the portal itself");
    let listing = browsing::measure(bench).await?;
    bench.say("five days of one camera, end to end");
    let days = days::measure(bench).await?;
    Ok(Report::new(
        frames.len(),
        verification,
        listing,
        days,
        contest,
    ))
}
