//! Databases that users have from before, with a program of theirs at work on them while we collect.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use draywatch::store::Store;
use serde_json::Value;

use crate::site::Site;
use crate::state::{State, place, until};
use crate::world::{Hashes, World};

const CAMERA: &str = "in_gate";
/// Rounds of inserting, marking and deleting rows of its own by the user's program.
const ROUNDS: &str = "60";

/// A Python with `SQLAlchemy`, made once in the target folder.
fn python() -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sqlalchemy-2.0-drills");
    let (python, ready) = (venv.join("bin/python"), venv.join("ready"));
    if !ready.exists() {
        done(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&venv),
            "making a Python environment",
        );
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "SQLAlchemy==2.0.*",
        ];
        done(
            Command::new(&python).args(install),
            "installing SQLAlchemy from the package index",
        );
        std::fs::write(&ready, "").unwrap();
    }
    python
}

fn done(command: &mut Command, what: &str) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{what} failed: {error} (python3 with venv is needed)"));
    assert!(
        output.status.success(),
        "{what} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn catalog_tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalog/tests")
}

/// The user's program of the catalog's tests, on rows of its own.
fn writer(python: &Path, shape: &str, site: &Site) -> Command {
    let mut command = Command::new(python);
    command
        .arg(catalog_tests().join("python/legacy_models.py"))
        .arg(shape)
        .arg(site.database());
    command
}

/// A user's program on rows that we make.
fn handler(python: &Path, shape: &str, site: &Site) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/handle_rows.py");
    let mut command = Command::new(python);
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONPATH", catalog_tests().join("python"));
    command
        .arg(script)
        .args([shape, site.database().to_str().unwrap(), CAMERA]);
    command
}

/// Runs a program beside the test.
fn beside(mut command: Command, what: &'static str) -> tokio::task::JoinHandle<Value> {
    tokio::task::spawn_blocking(move || {
        let output = done(command.stdin(Stdio::null()), what);
        serde_json::from_slice(&output.stdout).unwrap()
    })
}

/// The legacy rows as the model of that shape sees them.
fn legacy_rows(python: &Path, shape: &str, site: &Site) -> Vec<Value> {
    let output = done(
        writer(python, shape, site).arg("read"),
        "reading through SQLAlchemy",
    );
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let is_old = |row: &&Value| row[2].as_str().unwrap().contains("/2025-09-07/");
    seen["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(is_old)
        .cloned()
        .collect()
}

/// Paths in an account of `handle_rows.py`, by their place in the archive.
fn places(account: &Value, what: &str) -> BTreeSet<String> {
    let paths = account[what].as_array().unwrap().iter();
    paths
        .map(|path| Store::relative(path.as_str().unwrap()).unwrap())
        .collect()
}

/// Our rows: what draywatch collected of the world's days.
async fn ours(site: &Site, world: &World) -> State {
    let mut state = State::of(site).await;
    let truth = world.files(false);
    state
        .rows
        .retain(|row| Store::relative(&row.path).is_some_and(|file| truth.contains_key(&file)));
    state
}

/// What must hold after each fetch: our rows are the truth without what the program deleted, as the program left them.
async fn assert_nothing_lost(site: &Site, world: &World, account: &Value) {
    let state = ours(site, world).await;
    let (deleted, marked) = (places(account, "deleted"), places(account, "marked"));
    let mut wanted: Hashes = world.files(false);
    assert_eq!(state.files, wanted, "files and truth");
    wanted.retain(|file, _| !deleted.contains(file));
    assert_eq!(state.promised(), wanted, "rows and truth");
    let processed: BTreeSet<String> = state
        .rows
        .iter()
        .filter(|row| row.processed)
        .map(place)
        .collect();
    assert_eq!(processed, marked, "rows that the program marked");
    assert!(state.ledger.is_empty(), "owed: {:#?}", state.ledger);
    assert_eq!(
        (state.temporaries, state.quarantine),
        (Vec::new(), Vec::new())
    );
}

/// Puts a database from before in its place.
fn take_over(site: &Site, fixture: &str) {
    std::fs::create_dir_all(site.path("data")).unwrap();
    std::fs::copy(
        catalog_tests().join("fixtures").join(fixture),
        site.database(),
    )
    .unwrap();
}

async fn drill(shape: &'static str, fixture: &str) {
    let python = tokio::task::spawn_blocking(python).await.unwrap();
    let (world, site) = (World::start(&[CAMERA], 1, 1200).await, Site::new());
    take_over(&site, fixture);
    let before = legacy_rows(&python, shape, &site);
    assert_eq!(before.len(), 12);
    world.slow(Duration::from_millis(250));
    let date = world.last.to_string();
    let fetch = ["fetch", "--date", &date, "--camera", CAMERA];
    let mut run = site.start(&world, &fetch, &[("DRAYWATCH_BATCH_SIZE", "4")]);
    let mut own = writer(&python, shape, &site);
    own.args(["work", "user_program", ROUNDS]);
    let own = beside(own, "writing rows of its own");
    let rows = world.truth.len().to_string();
    let mut handling = handler(&python, shape, &site);
    handling.args([world.first.to_string(), rows]);
    let handled = beside(handling, "handling our rows");
    run.ends_with(0).await;
    let (counts, account) = (own.await.unwrap(), handled.await.unwrap());
    println!(
        "{shape}: {counts} of its own; {} of ours marked, {} deleted",
        places(&account, "marked").len(),
        places(&account, "deleted").len()
    );
    assert_eq!(counts, serde_json::json!({"alive": 48, "deleted": 12}));
    assert_nothing_lost(&site, &world, &account).await;
    world.portal.reset_stats();
    site.start(&world, &fetch, &[]).ends_with(0).await;
    assert_nothing_lost(&site, &world, &account).await;
    assert_eq!(
        world.portal.stats().cdn.requests,
        0,
        "what was deleted is fetched again"
    );
    assert_eq!(
        legacy_rows(&python, shape, &site),
        before,
        "rows from before have changed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_of_the_first_shape_works_on_beside_us() {
    drill("v1", "legacy-v1.db").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_of_the_second_shape_works_on_beside_us() {
    drill("v2", "legacy-v2.db").await;
}

/// A row of a thumbnail is deleted while its full picture is on its way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_deleted_while_its_picture_comes_is_not_brought_back() {
    let python = tokio::task::spawn_blocking(python).await.unwrap();
    let (world, site) = (World::start(&[CAMERA], 1, 3600).await, Site::new());
    let date = world.last.to_string();
    let fetch = ["fetch", "--date", &date, "--camera", CAMERA];
    take_over(&site, "legacy-v2.db");
    world.hide_full_pictures();
    site.start(&world, &fetch, &[]).ends_with(1).await;
    world.lift_faults();
    world.slow(Duration::from_secs(10));
    let mut run = site.start(&world, &fetch, &[("DRAYWATCH_CONCURRENT_DOWNLOADS", "32")]);
    until(
        Duration::from_secs(60),
        "full pictures are asked for",
        || (world.portal.stats().cdn.in_flight > 0).then_some(()),
    )
    .await;
    let rows = world.truth.len().to_string();
    let mut handling = handler(&python, "v2", &site);
    handling.args([world.first.to_string(), rows]);
    let account = beside(handling, "handling our rows").await.unwrap();
    let state = ours(&site, &world).await;
    assert!(
        state.rows.iter().all(|row| row.is_thumbnail),
        "the program came too late for this drill"
    );
    run.ended().await;
    site.start(&world, &fetch, &[]).ends_with(0).await;
    assert_nothing_lost(&site, &world, &account).await;
}
