//! The program killed in every stage of the pipeline, at the first, a middle and the last pass, on one archive each, and then
//! run to its end.

use std::collections::BTreeMap;

use crate::leftovers;
use crate::site::Site;
use crate::state::State;
use crate::world::World;

const CAMERA: &str = "in_gate";
const DAYS: u64 = 2;
const BATCH: usize = 5;
const SMALL_BATCHES: (&str, &str) = ("DRAYWATCH_BATCH_SIZE", "5");

/// How often a failpoint is passed by a run that goes on from a state.
#[derive(Clone, Copy)]
enum Passes {
    /// Once for each day that is not final.
    Days,
    /// Once for each frame that has to be fetched.
    Frames,
    /// At least once for each full batch of them.
    Batches,
}

impl Passes {
    /// The first, a middle and the last pass, for so many frames left; only what is certain to be reached.
    fn nth(self, kill: usize, left: usize) -> usize {
        let last = match self {
            Self::Days => {
                return if kill == 0 {
                    1
                } else {
                    usize::try_from(DAYS).unwrap()
                };
            }
            Self::Frames => left,
            Self::Batches => left.div_ceil(BATCH),
        };
        [1, last.div_ceil(2), last][kill].max(1)
    }
}

async fn world() -> World {
    let is_armed = cfg!(feature = "failpoints");
    assert!(
        is_armed,
        "the crash drills need `--features draywatch/failpoints` (make test has it)"
    );
    World::start(&[CAMERA], DAYS, 3600).await
}

/// Frames that the next run has to ask the portal for: neither recorded nor durable in their place.
fn left(state: &State, world: &World) -> usize {
    world.truth.len() - state.files.len()
}

/// Kills a run at a failpoint, holds the invariants against what is left, and returns that.
async fn kill_at(site: &Site, world: &World, name: &str, nth: usize) -> State {
    let failpoint = format!("{name}:{nth}");
    let environment = [
        ("DRAYWATCH_TEST_CRASH_AT", failpoint.as_str()),
        SMALL_BATCHES,
    ];
    let ended = site.backfill(world, &[CAMERA], &environment).ended().await;
    assert!(
        ended.was_killed(),
        "{failpoint} was never reached; {}:\n{}",
        ended.status,
        ended.text
    );
    let took = leftovers::none(&site.temporary()).await;
    let state = State::of(site).await;
    let (rows, files, owed, aside) = (
        state.rows.len(),
        state.files.len(),
        state.ledger.len(),
        state.temporaries.len(),
    );
    println!(
        "{failpoint:22} {rows:3} rows {files:3} files {owed:3} in the ledger {aside:3} temporaries; browser gone after {took:.1?}"
    );
    state.holds_after_a_crash(world);
    state
}

/// The frames that need no further request, with the requests so far.
async fn settled(state: &State, world: &World) -> BTreeMap<String, u64> {
    let mut requests = world.requests().await;
    requests.retain(|file, _| state.files.contains_key(file));
    requests
}

/// Kills runs at the first, a middle and the last pass of a failpoint, then lets one end, and wants the truth.
async fn drill(name: &str, passes: Passes) {
    let (world, site) = (world().await, Site::new());
    let mut before = State::default();
    let kills = if matches!(passes, Passes::Days) { 2 } else { 3 };
    let mut kept = BTreeMap::new();
    for kill in 0..kills {
        let state = kill_at(&site, &world, name, passes.nth(kill, left(&before, &world))).await;
        state.has_interrupted(&before.open_runs());
        let again = world.requests().await;
        for (file, requests) in &kept {
            assert_eq!(
                again[file], *requests,
                "{file} was there and was fetched again"
            );
        }
        kept = settled(&state, &world).await;
        before = state;
    }
    site.backfill(&world, &[CAMERA], &[SMALL_BATCHES])
        .ends_with(0)
        .await;
    let state = State::of(&site).await;
    state.is_the_truth(&world);
    state.has_interrupted(&before.open_runs());
    for (file, requests) in world.requests().await {
        let allowed = kept.get(&file).copied().unwrap_or(kills as u64 + 1);
        assert!(
            requests <= allowed,
            "{file} was fetched {requests} times, {allowed} at most were due"
        );
    }
    leftovers::none(&site.temporary()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_day_is_listed() {
    drill("collect-listed", Passes::Days).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_the_ledger_is_written() {
    drill("collect-enlisted", Passes::Days).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_frame_is_fetched() {
    drill("collect-fetched", Passes::Frames).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_file_is_written() {
    drill("collect-written", Passes::Frames).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_batch_is_flushed() {
    drill("archive-staged", Passes::Batches).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_batch_is_about_to_be_placed() {
    drill("collect-intended", Passes::Batches).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_file_is_renamed() {
    drill("archive-placed", Passes::Frames).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_batch_is_committed() {
    drill("collect-committed", Passes::Batches).await;
}

/// Collects thumbnails only: killed in the middle of it, then to its end.
async fn thumbnails(site: &Site, world: &World) {
    world.hide_full_pictures();
    kill_at(site, world, "archive-placed", world.truth.len() / 2).await;
    site.backfill(world, &[CAMERA], &[SMALL_BATCHES])
        .ends_with(1)
        .await;
    let state = State::of(site).await;
    state.is(&world.files(true));
    assert!(
        state.rows.iter().all(|row| row.is_thumbnail),
        "a thumbnail is taken for a picture"
    );
    assert_eq!(
        state.ledger.len(),
        world.truth.len(),
        "a thumbnail is not owed any more"
    );
    world.lift_faults();
    world.portal.reset_stats();
}

/// How many rows are of full pictures, each of which fits its file.
fn full(state: &State) -> usize {
    state.rows.iter().filter(|row| !row.is_thumbnail).count()
}

/// Kills runs while full pictures take the place of thumbnails.
async fn drill_replacement(name: &str, passes: Passes) {
    let (world, site) = (world().await, Site::new());
    thumbnails(&site, &world).await;
    let pictures = world.files(false);
    let mut left = world.truth.len();
    for kill in 0..3 {
        let state = kill_at(&site, &world, name, passes.nth(kill, left)).await;
        assert_eq!(state.rows.len(), world.truth.len(), "a row is gone");
        left = state
            .files
            .iter()
            .filter(|(file, hash)| pictures.get(*file) != Some(hash))
            .count();
        println!(
            "{:22} {:3} rows are of full pictures, {left} files still thumbnails",
            "",
            full(&state)
        );
    }
    site.backfill(&world, &[CAMERA], &[SMALL_BATCHES])
        .ends_with(0)
        .await;
    let state = State::of(&site).await;
    state.is_the_truth(&world);
    assert_eq!(
        full(&state),
        world.truth.len(),
        "a picture is taken for a thumbnail"
    );
    leftovers::none(&site.temporary()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_thumbnail_is_replaced() {
    drill_replacement("archive-replaced", Passes::Frames).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_replacement_is_announced() {
    drill_replacement("collect-intended", Passes::Batches).await;
}

/// Files that were damaged after they were stored, killed while whole ones take their places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_when_a_damaged_file_is_replaced() {
    let (world, site) = (world().await, Site::new());
    site.backfill(&world, &[CAMERA], &[]).ends_with(0).await;
    let files: Vec<String> = State::of(&site).await.files.into_keys().take(8).collect();
    for file in &files {
        std::fs::write(site.archive().join(file), b"<html>").unwrap();
    }
    site.start(&world, &["verify"], &[]).ends_with(1).await;
    for failpoint in [
        "collect-intended:1",
        "collect-set-aside:2",
        "archive-placed:2",
    ] {
        let environment = [("DRAYWATCH_TEST_CRASH_AT", failpoint), SMALL_BATCHES];
        let ended = site.backfill(&world, &[CAMERA], &environment).ended().await;
        assert!(ended.was_killed(), "{failpoint}:\n{}", ended.text);
        leftovers::none(&site.temporary()).await;
        let state = State::of(&site).await;
        assert_eq!(state.rows.len(), world.truth.len(), "a row is gone");
        // Whatever is looked at in between, a replacement that is there is not taken for damaged.
        site.start(&world, &["verify"], &[]).ends_with(1).await;
    }
    site.backfill(&world, &[CAMERA], &[SMALL_BATCHES])
        .ends_with(0)
        .await;
    let state = State::of(&site).await;
    assert_eq!(state.files, world.files(false));
    assert_eq!(state.promised(), state.files);
    assert!(state.ledger.is_empty(), "owed: {:#?}", state.ledger);
    let html = |file: &&String| !file.ends_with(".reason.txt");
    let aside = state.quarantine.iter().filter(html).count();
    assert_eq!(
        aside,
        files.len(),
        "each is set aside once: {:?}",
        state.quarantine
    );
    site.start(&world, &["verify"], &[]).ends_with(0).await;
}
