//! `draywatch-bench export`: shards of pictures by `draywatch export` beside `cp -r` of the same files, turn by turn, in one run.
//!
//! Caches are cold for both in the same way: before each turn, what is in memory of every picture is given up (`posix_fadvise`, which
//! concerns these files only), and nothing is left to be written. The export is on the disk when it ends; `cp` leaves that to the
//! system, so it is told with and without a `sync -f` behind it.

mod make;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use rustix::fs::{Advice, fadvise};
use serde::Serialize;

use crate::big::beside;
use crate::emptied;
use crate::stats::{median, number};

/// What to make and measure.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Pictures, of 150 to 250 KB each: 20,000 take 4 GB, and twice that while they are copied.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    images: u32,
    /// Turns of each of the two; medians are reported.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: u32,
    /// Keep temporary files in this folder; its disk is what is measured [default: beside the programs]
    #[arg(long, value_name = "FOLDER")]
    at: Option<PathBuf>,
}

/// What was found: medians, in MB (of a million bytes) a second.
#[derive(Debug, Serialize)]
struct Found {
    images: u32,
    bytes: u64,
    rounds: u32,
    export: f64,
    copy: f64,
    copy_and_sync: f64,
    of_copy: f64,
    of_copy_and_sync: f64,
}

/// Seconds of one round.
struct Round {
    export: f64,
    copy: f64,
    sync: f64,
}

/// Makes the pictures, measures, and removes all that was made.
pub async fn run(args: &ExportArgs, json: Option<&Path>) -> Result<()> {
    ensure!(
        args.images > 0 && args.rounds > 0,
        "neither number may be 0"
    );
    let program = beside("draywatch")?;
    let there = program.parent().unwrap_or(Path::new("."));
    let folder = tempfile::tempdir_in(args.at.as_deref().unwrap_or(there))?;
    let home = folder.path();
    eprintln!("bench: making {} pictures", args.images);
    let (files, bytes) = make::pictures(home, &program, args.images).await?;
    let mut rounds = Vec::new();
    for nth in 0..args.rounds {
        let round = round(home, &program, &files, nth % 2 == 1)?;
        eprintln!(
            "bench: round {}: export {:.1} s, cp -r {:.1} s, and sync {:.1} s",
            nth + 1,
            round.export,
            round.copy,
            round.sync
        );
        rounds.push(round);
    }
    let size = number(usize::try_from(bytes / 1_000_000)?);
    let middle = |of: &dyn Fn(&Round) -> f64| median(rounds.iter().map(of));
    let found = Found {
        images: args.images,
        bytes,
        rounds: args.rounds,
        export: size / middle(&|round| round.export),
        copy: size / middle(&|round| round.copy),
        copy_and_sync: size / middle(&|round| round.copy + round.sync),
        of_copy: middle(&|round| round.copy / round.export),
        of_copy_and_sync: middle(&|round| (round.copy + round.sync) / round.export),
    };
    println!(
        "{} pictures, {size:.0} MB, medians of {} rounds\n\
         export        {:6.0} MB/s, on the disk at the end\n\
         cp -r         {:6.0} MB/s    export is at {:.2} of it\n\
         cp -r, sync   {:6.0} MB/s    export is at {:.2} of it",
        found.images,
        found.rounds,
        found.export,
        found.copy,
        found.of_copy,
        found.copy_and_sync,
        found.of_copy_and_sync
    );
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&found)?;
        std::fs::write(path, text + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Both, one after the other; who begins changes from round to round.
fn round(home: &Path, program: &Path, files: &[PathBuf], copy_first: bool) -> Result<Round> {
    let (mut export, mut copy, mut sync) = (0.0, 0.0, 0.0);
    for is_copy in [copy_first, !copy_first] {
        let target = tempfile::tempdir_in(home)?.keep().join("out");
        forget(files)?;
        if is_copy {
            let mut command = Command::new("cp");
            copy = timed(command.arg("-r").arg(home.join("data/images")).arg(&target))?;
            sync = timed(Command::new("sync").arg("-f").arg(&target))?;
        } else {
            let mut command = make::draywatch(program, home);
            let words = [
                "export",
                "--quiet",
                "--format",
                "webdataset",
                "--camera",
                "in_gate",
            ];
            let last = make::last(u32::try_from(files.len())?)?;
            let range = ["--from", make::FIRST, "--to", &*last];
            export = timed(command.args(words).args(range).arg(&target))?;
        }
        // Not removed: that would slow down the next copy, but not the next export (see there).
        emptied(&target)?;
        timed(Command::new("sync").arg("-f").arg(home))?;
    }
    Ok(Round { export, copy, sync })
}

/// Gives up what is in memory of these files.
fn forget(files: &[PathBuf]) -> Result<()> {
    for path in files {
        let file = std::fs::File::open(path)?;
        fadvise(&file, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}

fn timed(command: &mut Command) -> Result<f64> {
    let begun = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(begun.elapsed().as_secs_f64())
}
