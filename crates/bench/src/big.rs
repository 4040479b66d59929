//! `draywatch-bench big`: a database as large as a fleet's of years, and how long the commands that read it take, from
//! start to exit. It writes the rows as another program would; it must not count or compute what the product does.

mod fill;
mod timing;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use clap::Args;
use draywatch_catalog::{DatabaseUrl, OpenOptions};
use draywatch_core::Clock;
use serde::Serialize;

pub use fill::camera;
use timing::Times;

/// How long a command may take.
const TARGET_MS: f64 = 50.0;
/// The commands that are measured, by words.
const COMMANDS: [&str; 6] = [
    "status",
    "runs",
    "gaps",
    "runs --outcome failed",
    "runs --camera camera_00 --outcome incomplete",
    "gaps --camera camera_00 --days 365",
];
/// Of them, those that the project has promised to be quick.
const PROMISED: usize = 3;

/// What to make, and what of it to measure.
#[derive(Debug, Args)]
pub struct Big {
    /// Image rows.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub images: u64,
    /// Cameras that they are of.
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub cameras: u64,
    /// Make the database in this folder and leave it there [default: a temporary one]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// How often each command, or each request, is carried out.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub rounds: usize,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    images: u64,
    cameras: u64,
    bytes: u64,
    seconds_to_fill: f64,
    seconds_to_count: f64,
    seconds_to_compute_slots: f64,
    commands: Vec<Times>,
}

/// Makes the database, unless the folder has one, and measures.
pub async fn run(big: &Big, json: Option<&Path>) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = big.out.as_deref().unwrap_or(temporary.path());
    let program = beside("draywatch")?;
    let [seconds_to_fill, seconds_to_count, seconds_to_compute_slots] =
        prepare(big, folder).await?;
    let database = folder.join("database.db");
    let bytes = std::fs::metadata(&database)?.len();
    let mut commands = Vec::new();
    for words in COMMANDS {
        commands.push(timing::measure(&program, folder, words, big.rounds)?);
    }
    let found = Found {
        images: big.images,
        cameras: big.cameras,
        bytes,
        seconds_to_fill,
        seconds_to_count,
        seconds_to_compute_slots,
        commands,
    };
    print(&found);
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&found)?;
        std::fs::write(path, text + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Makes the database, unless the folder has one; the seconds that it took to fill it, to count it, and to compute its slots.
pub async fn prepare(big: &Big, folder: &Path) -> Result<[f64; 3]> {
    ensure!(
        big.images > 0 && big.cameras > 0 && big.rounds > 0,
        "none of the numbers may be 0"
    );
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    write_settings(folder, big.cameras)?;
    let database = folder.join("database.db");
    if database.exists() {
        eprintln!(
            "bench: the database of {} is measured as it is",
            folder.display()
        );
        return Ok([0.0; 3]);
    }
    open(&database, Clock::system().now()).await?.close().await;
    marry(&database)?;
    make(big, &database).await
}

/// A program that was built together with this one.
pub fn beside(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where this program lies")?;
    let program = own.parent().unwrap_or(Path::new(".")).join(name);
    let hint = "run `cargo build --release -p draywatch` first";
    ensure!(
        program.is_file(),
        "{} is not there: {hint}",
        program.display()
    );
    Ok(program)
}

fn write_settings(folder: &Path, cameras: u64) -> Result<()> {
    let names: Vec<String> = (0..cameras)
        .map(|nth| format!("{:?}", fill::camera(nth)))
        .collect();
    let text = format!(
        "stream_names = [{}]\ndownload_dir = \"data/images\"\ndatabase_url = \"sqlite:///database.db\"\n",
        names.join(", ")
    );
    Ok(std::fs::write(folder.join("draywatch.toml"), text)?)
}

/// The seconds that it took to fill it, to count it, and to compute its slots.
async fn make(big: &Big, database: &Path) -> Result<[f64; 3]> {
    let now = Clock::system().now();
    open(database, now).await?.close().await;
    let begun = Instant::now();
    fill::fill(database, big.images, big.cameras, now).await?;
    let filled = begun.elapsed().as_secs_f64();
    eprintln!("bench: filled in {filled:.0} s");
    let catalog = open(database, now).await?;
    let begun = Instant::now();
    catalog.recount().await?;
    let counted = begun.elapsed().as_secs_f64();
    eprintln!("bench: counted in {counted:.0} s");
    let begun = Instant::now();
    let left = catalog.refresh_slots(u32::MAX).await?;
    ensure!(left == 0, "{left} days still wait for their slots");
    let computed = begun.elapsed().as_secs_f64();
    eprintln!("bench: slots computed in {computed:.0} s");
    let stored = catalog
        .totals()
        .await?
        .cameras
        .iter()
        .map(|camera| camera.images)
        .sum::<u64>();
    ensure!(
        stored == big.images,
        "{stored} images were counted, not {}",
        big.images
    );
    catalog.close().await;
    Ok([filled, counted, computed])
}

/// Lets the program make the archive that belongs to the database, while there is nothing in either.
fn marry(database: &Path) -> Result<()> {
    let folder = database.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder.join("data/images"))?;
    let mut command = std::process::Command::new(beside("draywatch")?);
    command
        .args(["verify", "--repair", "--quiet"])
        .current_dir(folder);
    let done = command.status()?;
    ensure!(done.success(), "the archive cannot be made: {done}");
    Ok(())
}

async fn open(
    database: &Path,
    now: DateTime<Utc>,
) -> Result<std::sync::Arc<dyn draywatch_catalog::Catalog>> {
    let options = OpenOptions {
        create: true,
        busy_timeout: std::time::Duration::from_secs(5),
        now,
    };
    Ok(draywatch_catalog::open(&DatabaseUrl::Sqlite(database.to_owned()), options).await?)
}

fn print(found: &Found) {
    let mib = found.bytes / 1024 / 1024;
    println!(
        "{} images of {} cameras, {mib} MiB: milliseconds from start to exit\n",
        found.images, found.cameras
    );
    println!(
        "{:44} {:>8} {:>8} {:>8}",
        "draywatch ...", "p50", "p99", "most"
    );
    for (nth, times) in found.commands.iter().enumerate() {
        let verdict = match (nth < PROMISED, times.p99_ms < TARGET_MS) {
            (false, _) => "",
            (true, true) => "  under 50 ms",
            (true, false) => "  NOT under 50 ms",
        };
        println!(
            "{:44} {:8.1} {:8.1} {:8.1}{verdict}",
            times.command, times.p50_ms, times.p99_ms, times.most_ms
        );
    }
}

#[cfg(test)]
mod tests {
    use draywatch_catalog::RunFilter;

    use super::*;

    #[tokio::test]
    async fn what_is_made_is_counted_and_has_slots() {
        let folder = tempfile::tempdir().unwrap();
        let big = Big {
            images: 20_000,
            cameras: 7,
            out: None,
            rounds: 1,
        };
        let database = folder.path().join("database.db");
        make(&big, &database).await.unwrap();
        let now = Clock::system().now();
        let catalog = open(&database, now).await.unwrap();
        assert_eq!(catalog.recount().await.unwrap(), Vec::<String>::new());
        let totals = catalog.totals().await.unwrap();
        assert_eq!(totals.cameras.len(), 7);
        let open: u64 = totals.cameras.iter().map(|camera| camera.open).sum();
        assert!(open > 0, "{totals:?}");
        // Every row must be one that draywatch reads.
        let all = RunFilter {
            limit: u32::MAX,
            ..RunFilter::default()
        };
        assert!(catalog.runs(&all).await.unwrap().len() > 100);
        let newest = totals.cameras[0].newest.unwrap();
        assert!((now - newest).num_minutes().abs() < 60, "{newest}");
    }
}
