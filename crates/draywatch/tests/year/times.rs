//! The year over rows in memory, and the month over SQLite in a file.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeZone, Utc};
use draywatch::config::Config;

use crate::archive::Archive;
use crate::audit::{Findings, audit};
use crate::drive::{Drive, Log};
use crate::figures::{Figures, figures};
use crate::memory::Memory;
use crate::script::{Kind, Trouble, by_dice};
use crate::sqlite::Sqlite;
use crate::world::World;

/// Days that the simulated portal keeps besides today.
pub const KEEP: u64 = 14;

pub fn start(year: i32, month: u32, day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, month, day, 8, 3, 21).unwrap()
}

/// Lets a world go by; what was found, and the numbers.
pub async fn live(
    world: &World,
    archive: &dyn Archive,
    config: Config,
    collects_only: bool,
) -> (Findings, Figures, Log) {
    let (began, worked) = (std::time::Instant::now(), cpu());
    let log = Drive::new(world, archive, config, collects_only)
        .run()
        .await;
    let ticks = archive.jobs().ticks(None, u32::MAX).await.unwrap();
    let findings = audit(world, archive, &log, &ticks).await;
    let mut figures = figures(world, &log, &ticks);
    figures.answers.clone_from(&findings.answers);
    figures.seconds = (began.elapsed().as_secs_f64(), cpu() - worked);
    (findings, figures, log)
}

/// Seconds that this thread had a processor: what the time would be on a machine that does nothing else.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|text| text.parse().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

/// This thread, and those that it starts, keep to the processor that they are on: each statement goes to the database's thread
/// and back, one at a time, and to wake another processor takes longer than most statements do (a third of the time this way).
fn stay_on_one_processor() {
    let mut only = rustix::thread::CpuSet::new();
    only.set(rustix::thread::sched_getcpu());
    rustix::thread::sched_setaffinity(None, &only).expect("a processor that we are on");
}

/// Says what is wrong, the first of it at least.
pub fn hold(findings: &Findings) {
    let count = findings.wrong.len();
    let some: Vec<_> = findings.wrong.iter().take(20).collect();
    assert!(count == 0, "{count} things are wrong: {some:#?}");
}

#[tokio::test]
async fn a_year_of_two_cameras_over_rows_in_memory() {
    let mut troubles = by_dice(1, 366);
    // Longer than the portal keeps its days: what it dropped meanwhile is the world's loss.
    troubles.push(Trouble::new(Kind::WeAreDown, 200 * 1440, 17 * 1440, 0));
    // A process that is stopped for three intervals while another is there to take its work over.
    for day in [40, 90, 140, 240, 290] {
        troubles.push(Trouble::new(Kind::Twin, day * 1440, 120, 0));
        troubles.push(Trouble::new(Kind::Stopped, day * 1440 + 31, 30, 0));
    }
    let world = World::new(start(2025, 2, 20), 366, KEEP, false, &troubles);
    let (findings, figures, _) = live(&world, &Memory::default(), Config::default(), false).await;
    println!("A year, rows in memory:\n{figures}");
    hold(&findings);
    assert!(figures.undisturbed_days > 60);
    assert!(figures.most_per_interval <= 1.2);
    assert!(figures.lag.0.num_seconds() < 45);
}

#[tokio::test]
async fn a_month_of_two_cameras_over_a_database_in_a_file() {
    // A month for the drill; else the week in which the clocks change.
    let is_full = std::env::var_os("DRAYWATCH_TEST_FULL").is_some();
    let (first, days) = if is_full { (20, 30) } else { (29, 8) };
    let troubles = by_dice(2, days);
    let world = World::new(start(2025, 10, first), days, KEEP, true, &troubles);
    stay_on_one_processor();
    let sqlite = Sqlite::new(world.start).await;
    let (findings, figures, _) = live(&world, &sqlite, Config::default(), true).await;
    println!("{days} days, SQLite in a file:\n{figures}");
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for (kind, _, _) in &world.troubles {
        *kinds.entry(*kind).or_default() += 1;
    }
    println!("  troubles            {kinds:?}");
    hold(&findings);
    assert!(figures.most_per_interval <= 1.2);
}
