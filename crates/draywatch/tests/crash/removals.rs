//! The program killed at every step of a removal (invariant 5): no row without its file, and what was under way is completed,
//! by the next clean-up or by the next collection.

use std::collections::BTreeSet;
use std::process::Stdio;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch::config::{Config, Overrides};
use draywatch::store::Store;
use draywatch_catalog::{FrameResult, NewImage, NewLedgerEntry, PictureFacts};
use draywatch_core::{CameraId, Clock, FrameId};
use tokio::process::Command;

use crate::site::{Site, files_below};
use crate::state::catalog;

/// Frames of a drill: five batches.
const FRAMES: i64 = 2200;
const CAMERA: &str = "in_gate";

fn frame(nth: i64) -> FrameId {
    let start: DateTime<Utc> = DateTime::from_timestamp(1_757_239_200, 0).unwrap();
    FrameId::first(
        CameraId::new(CAMERA).unwrap(),
        start + TimeDelta::minutes(10 * nth),
    )
}

/// An archive with collected frames, one of them on hold.
async fn full(site: &Site) {
    let variables = [
        ("DRAYWATCH_DOWNLOAD_DIR", site.archive()),
        (
            "DRAYWATCH_DATABASE_URL",
            format!("sqlite:///{}", site.database().display()).into(),
        ),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.display().to_string()));
    let config = Config::load(None, variables, &Overrides::none())
        .unwrap()
        .config;
    let clock = Clock::manual(frame(FRAMES).instant);
    let store = Store::open(&config, &clock).await.unwrap();
    let mut entries = Vec::new();
    for nth in 0..FRAMES {
        let (frame, place) = (frame(nth), frame(nth).relative_path());
        let file = site.archive().join(&place);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, place.as_bytes()).unwrap();
        entries.push(NewLedgerEntry {
            path: format!("data/images/{place}"),
            date: frame.instant.date_naive(),
            url: format!("http://127.0.0.1:9/{nth}.jpeg"),
            url_is_listed: true,
            thumbnail_url: None,
            frame,
        });
    }
    let ledger = store.catalog.enlist(&entries, clock.now()).await.unwrap();
    let stored = |entry: &draywatch_catalog::LedgerEntry| FrameResult::Stored {
        ledger_id: entry.id,
        image: NewImage {
            frame: entry.entry.frame.clone(),
            path: entry.entry.path.clone(),
            facts: PictureFacts {
                bytes: entry.entry.frame.relative_path().len() as u64,
                sha256: format!("{:064x}", entry.id),
                media_type: "image/jpeg".into(),
                width: 1200,
                height: 675,
            },
            is_thumbnail: false,
            url: Some(entry.entry.url.clone()),
            look: None,
        },
        failure: None,
    };
    let stored: Vec<FrameResult> = ledger.iter().map(stored).collect();
    store.catalog.record(&stored, clock.now()).await.unwrap();
    store.catalog.close().await;
}

fn command(site: &Site, words: &[&str], crash_at: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_draywatch"));
    command.args(words).current_dir(site.path("."));
    command.env("DRAYWATCH_TEST_CRASH_AT", crash_at);
    command.env("DRAYWATCH_RETENTION_DAYS", "1");
    command.env("DRAYWATCH_PORTAL__IMAGE_URL", "http://127.0.0.1:9/");
    command.env("DRAYWATCH_MAX_RETRIES", "1");
    command.env("TMPDIR", site.temporary()).stdin(Stdio::null());
    command
}

/// Places of frames: with a row; with a file; with a file that is still to go.
struct Found {
    rows: BTreeSet<String>,
    files: BTreeSet<String>,
    pending: BTreeSet<String>,
}

async fn found(site: &Site) -> Found {
    let catalog = catalog(site).await;
    let place = |path: &str| Store::relative(path).unwrap();
    let rows = catalog.images_after(0, 1_000_000).await.unwrap();
    let pending = catalog.pending_removals(0, 1_000_000).await.unwrap();
    catalog.close().await;
    let files = files_below(&site.archive());
    Found {
        rows: rows.iter().map(|row| place(&row.path)).collect(),
        files: files
            .into_iter()
            .filter(|file| !file.starts_with('.'))
            .collect(),
        pending: pending.iter().map(|removal| place(&removal.path)).collect(),
    }
}

/// What holds at every moment: a row has its file, and a file without a row is one that is still to go.
async fn holds(site: &Site) -> Found {
    let found = found(site).await;
    let lost: Vec<_> = found.rows.difference(&found.files).collect();
    assert!(lost.is_empty(), "rows without their files: {lost:?}");
    let forgotten: Vec<_> = found
        .files
        .difference(&found.rows)
        .filter(|file| !found.pending.contains(*file))
        .collect();
    assert!(
        forgotten.is_empty(),
        "files that nobody removes any more: {forgotten:?}"
    );
    found
}

/// Kills a clean-up there; what is left.
async fn kill_at(site: &Site, crash_at: &str) -> Found {
    let done = command(site, &["prune"], crash_at).output().await.unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&done.status);
    assert_eq!(signal, Some(9), "{crash_at} was never reached: {done:?}");
    let found = holds(site).await;
    println!(
        "{crash_at:22} {} rows, {} files, {} still to go",
        found.rows.len(),
        found.files.len(),
        found.pending.len()
    );
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_step_of_a_removal() {
    let is_armed = cfg!(feature = "failpoints");
    assert!(
        is_armed,
        "the crash drills need `--features draywatch/failpoints` (make test has it)"
    );
    let site = Site::new();
    full(&site).await;
    let hold = [
        "hold",
        "add",
        "--from",
        "2025-09-07T10:00:00Z",
        "--to",
        "2025-09-07T10:00:00Z",
        "--reason",
        "x",
    ];
    assert!(command(&site, &hold, "").status().await.unwrap().success());
    for crash_at in [
        "prune-buried:1",
        "archive-removed:1",
        "archive-removed:250",
        "removal-flushed:1",
        "removal-done:1",
        "removal-flushed:2",
        "prune-buried:1",
        "archive-removed:10",
    ] {
        let left = kill_at(&site, crash_at).await;
        assert!(
            left.rows.contains(&frame(0).relative_path()),
            "what is on hold is gone"
        );
    }
    let done = command(&site, &["prune"], "").output().await.unwrap();
    assert!(done.status.success(), "{done:?}");
    let end = holds(&site).await;
    assert_eq!(
        (end.rows.len(), end.files.len(), end.pending.len()),
        (1, 1, 0)
    );
    let folders = std::fs::read_dir(site.archive()).unwrap().count();
    assert_eq!(
        folders, 2,
        "the control folder and the one day with a picture"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_completes_what_was_cut_short() {
    let site = Site::new();
    full(&site).await;
    let left = kill_at(&site, "archive-removed:10").await;
    assert_eq!(left.pending.len(), 500);
    std::fs::write(
        site.path("frames.txt"),
        "http://127.0.0.1:9/apm/2025-09-07/10/2025-09-07T10:00:00-in_gate.jpeg\n",
    )
    .unwrap();
    let fetch = ["fetch", "--camera", CAMERA, "--frames-from", "frames.txt"];
    let done = command(&site, &fetch, "").output().await.unwrap();
    let end = holds(&site).await;
    assert_eq!((end.rows.len(), end.pending.len()), (1700, 0), "{done:?}");
    assert_eq!(end.rows, end.files);
}
