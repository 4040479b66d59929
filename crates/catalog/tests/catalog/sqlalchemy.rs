//! The users' programs themselves: `SQLAlchemy` models of both shapes read and write while we write.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use draywatch_catalog::{Catalog, FrameResult};
use draywatch_core::{FrameId, plan::KnownState};
use serde_json::Value;

use crate::support::*;

/// Rounds of inserting, updating and deleting by each program.
const ROUNDS: u32 = 100;

/// A Python with `SQLAlchemy`, made once in the target folder.
fn python() -> PathBuf {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sqlalchemy-2.0");
    let (python, ready) = (venv.join("bin/python"), venv.join("ready"));
    if !ready.exists() {
        done(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&venv),
            "making a Python environment",
        );
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "SQLAlchemy==2.0.*",
        ];
        done(
            Command::new(&python).args(pip),
            "installing SQLAlchemy from the package index",
        );
        std::fs::write(&ready, "").unwrap();
    }
    python
}

fn done(command: &mut Command, what: &str) -> Output {
    let told = "this test needs python3 with venv, and the Python package index";
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{what} failed ({error}); {told}"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what} failed; {told}:\n{words}");
    output
}

fn program(python: &Path, shape: &str, database: &Path) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/legacy_models.py");
    let mut command = Command::new(python);
    command.arg(script).arg(shape).arg(database);
    command
}

fn read(python: &Path, shape: &str, database: &Path) -> Value {
    let output = done(
        program(python, shape, database).arg("read"),
        "reading through SQLAlchemy",
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn work(python: PathBuf, shape: &'static str, database: PathBuf) -> tokio::task::JoinHandle<Value> {
    tokio::task::spawn_blocking(move || {
        let mut command = program(&python, shape, &database);
        command
            .args(["work", &format!("by_{shape}"), &ROUNDS.to_string()])
            .stdin(Stdio::null());
        let output = done(&mut command, "writing through SQLAlchemy");
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    })
}

/// Writes batches of twenty frames until the programs have ended; how many frames.
async fn write_until(
    catalog: &Arc<dyn Catalog>,
    programs: &[tokio::task::JoinHandle<Value>],
) -> i64 {
    let mut written = 0;
    while programs.iter().any(|program| !program.is_finished()) {
        let frames: Vec<FrameId> = (written..written + 20)
            .map(|n| frame(100_000 + n))
            .collect();
        let entries: Vec<_> = frames.iter().cloned().map(entry).collect();
        let rows = catalog.enlist(&entries, at(100)).await.unwrap();
        let stored = rows
            .iter()
            .zip(&frames)
            .map(|(row, frame)| FrameResult::Stored {
                ledger_id: row.id,
                image: image(frame),
                failure: None,
            });
        catalog
            .record(&stored.collect::<Vec<_>>(), at(200))
            .await
            .unwrap();
        written += 20;
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_programs_and_draywatch_write_at_the_same_time() {
    let python = tokio::task::spawn_blocking(python).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("data/database.db");
    let ((_keep_1, v1), (_keep_2, v2)) = (fixture("legacy-v1.db"), fixture("legacy-v2.db"));
    for (path, there) in [(ours, 0_i64), (v1, 12), (v2, 12)] {
        let catalog = open(&path).await;
        let programs = ["v1", "v2"].map(|shape| work(python.clone(), shape, path.clone()));
        let written = write_until(&catalog, &programs).await;
        for program in programs {
            let counts = program.await.unwrap();
            assert_eq!(
                counts,
                serde_json::json!({"alive": ROUNDS / 5 * 4, "deleted": ROUNDS / 5})
            );
        }
        eprintln!("{written} frames written beside them");
        assert!(written > 20, "we hardly wrote: {written}");
        let known = catalog
            .known(&camera("in_gate"), at(100_000), at(100_000 + written))
            .await
            .unwrap();
        assert_eq!(
            known
                .iter()
                .filter(|k| k.state == KnownState::Stored)
                .count(),
            usize::try_from(written).unwrap()
        );
        let theirs = i64::from(2 * (ROUNDS / 5 * 4));
        for shape in ["v1", "v2"] {
            let seen = read(&python, shape, &path);
            let rows = seen["rows"].as_array().unwrap();
            assert_eq!(
                i64::try_from(rows.len()).unwrap(),
                there + written + theirs,
                "{shape} sees every row"
            );
        }
        let tombstones = number(&path, "SELECT COUNT(*) FROM tombstones").await;
        assert_eq!(tombstones, i64::from(2 * (ROUNDS / 5)));
        assert_eq!(number(&path, "SELECT COUNT(*) FROM frame_ledger").await, 0);
        assert_eq!(catalog.check().await.unwrap(), Vec::<String>::new());
    }
}
