//! Pictures for the benchmark of exports: files that differ, of the size of real ones, with their rows. They need not be pictures,
//! since an export holds a file against its row's hash.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{DatabaseUrl, NewImage, OpenOptions, PictureFacts};
use draywatch_core::{CameraId, FrameId};
use draywatch_picture::Sha256;

/// Before the first picture.
pub const FIRST: &str = "2025-01-01T00:00:00Z";
/// The sizes are from here on ...
const SMALLEST: usize = 150_000;
/// ... over so many bytes.
const SPREAD: usize = 100_000;
/// Rows that are written together.
const BATCH: usize = 1_000;

/// The instant of the last one of so many.
pub fn last(count: u32) -> Result<String> {
    let first: DateTime<Utc> = FIRST.parse()?;
    let last = first + TimeDelta::minutes(10) * i32::try_from(count)?;
    Ok(last.to_rfc3339())
}

/// The program in that folder.
pub fn draywatch(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DRAYWATCH_")) {
        command.env_remove(name);
    }
    command.current_dir(home);
    command
}

/// Makes the files and their rows, on the disk; the files, and their bytes in all.
pub async fn pictures(home: &Path, program: &Path, count: u32) -> Result<(Vec<PathBuf>, u64)> {
    let url = DatabaseUrl::Sqlite(home.join("data/database.db"));
    let first: DateTime<Utc> = FIRST.parse()?;
    let options = OpenOptions {
        create: true,
        busy_timeout: Duration::from_secs(5),
        now: first,
    };
    let catalog = draywatch_catalog::open(&url, options).await?;
    std::fs::create_dir_all(home.join("data/images"))?;
    // Marries the two while there is nothing to look at.
    let married = draywatch(program, home)
        .args(["verify", "--repair", "--quiet"])
        .status()?;
    ensure!(married.success(), "the archive cannot be made: {married}");
    let noise = noise();
    let (mut files, mut bytes, mut rows) = (Vec::new(), 0, Vec::new());
    for nth in 0..count {
        let at = first + TimeDelta::minutes(10) * i32::try_from(nth)?;
        let frame = FrameId::first(CameraId::new("in_gate")?, at);
        let seed = usize::try_from(nth)?.wrapping_mul(7_919);
        let contents = &mut noise[seed % SPREAD..][..SMALLEST + seed % SPREAD].to_vec();
        contents[..4].copy_from_slice(&nth.to_be_bytes());
        let file = home.join("data/images").join(frame.relative_path());
        std::fs::create_dir_all(file.parent().unwrap_or(home))?;
        std::fs::write(&file, &contents)?;
        bytes += u64::try_from(contents.len())?;
        files.push(file);
        rows.push(row(frame, contents)?);
        if rows.len() == BATCH {
            catalog.adopt(&rows, first).await?;
            rows.clear();
        }
    }
    catalog.adopt(&rows, first).await?;
    catalog.close().await;
    let synced = Command::new("sync").arg("-f").arg(home).status()?;
    ensure!(synced.success(), "sync failed: {synced}");
    Ok((files, bytes))
}

fn row(frame: FrameId, contents: &[u8]) -> Result<NewImage> {
    Ok(NewImage {
        path: format!("data/images/{}", frame.relative_path()),
        facts: PictureFacts {
            bytes: u64::try_from(contents.len())?,
            sha256: Sha256::of(contents).to_string(),
            media_type: "image/jpeg".to_owned(),
            width: 1200,
            height: 675,
        },
        frame,
        is_thumbnail: false,
        url: None,
        look: None,
    })
}

/// Bytes that no file system makes smaller.
fn noise() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..(SMALLEST + 2 * SPREAD).div_ceil(8))
        .flat_map(|_| next())
        .collect()
}
