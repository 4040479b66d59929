//! The service stopped (SIGSTOP) for three intervals and continued: alone, and with a second one on the same database.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use draywatch_catalog::RunRow;
use draywatch_core::schedule::TickState;
use rustix::process::Signal;

use crate::book;
use crate::live::{Live, now};
use crate::service::{self, INTERVAL, PATIENCE};
use crate::site::{Run, Site};
use crate::state::{State, catalog, until};

const CAMERA: &str = "in_gate";
const THREE_INTERVALS: Duration = Duration::from_secs(3 * INTERVAL as u64);

/// Stops it while it fetches pictures. One that is stopped in the midst of a commit has the database's own lock, and nobody else
/// can write until it goes on: that is tried again, as it is not what this is about.
async fn stop_at_work(site: &Site, live: &Live, run: &mut Run) {
    let begun = Instant::now();
    loop {
        until(PATIENCE, "pictures are fetched", || {
            (live.in_flight() > 0).then_some(())
        })
        .await;
        assert!(run.signal(Signal::STOP, false), "it has ended");
        let catalog = catalog(site).await;
        let may_write = catalog.set_fact("drill", Some("stopped")).await.is_ok();
        catalog.close().await;
        if may_write {
            return;
        }
        run.signal(Signal::CONT, false);
        assert!(begun.elapsed() < PATIENCE, "it is always committing");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_for_three_intervals() {
    let mut live = Live::start(&[CAMERA], 1).await;
    let site = Site::new();
    live.slow(Duration::ZERO, Duration::from_millis(400));
    let mut run = service::start(&site, &live);
    stop_at_work(&site, &live, &mut run).await;
    // The three intervals are the drill itself.
    tokio::time::sleep(THREE_INTERVALS).await;
    let continued = now();
    assert!(run.signal(Signal::CONT, false), "it has ended");
    live.freeze().await;
    let took = service::until_complete(&site, &live, &mut run, PATIENCE).await;
    service::stop(&mut run).await;
    let state = service::is_the_truth(&site, &live).await;
    let ticks = book::ticks(&site).await;
    book::is_sound(&state, &ticks);
    let job = format!("collect:{CAMERA}");
    let soon = continued + chrono::TimeDelta::seconds(i64::from(INTERVAL) / 2);
    let begun = ticks.iter().filter(|tick| {
        let is_soon = |at| at >= continued && at < soon;
        tick.job == job && tick.started_at.is_some_and(is_soon)
    });
    let begun = begun.count();
    println!(
        "stopped for {THREE_INTERVALS:?}: {} frames, complete {took:.1?} after it went on; {begun} ticks in the half interval after",
        state.rows.len()
    );
    assert!(begun <= 2, "what was missed is made up for tick by tick");
    let is_interrupted = |state| state == TickState::Interrupted;
    assert!(!ticks.iter().any(|tick| is_interrupted(tick.state)));
}

/// Waits until process `pid` collects; how long it took since `begun`.
async fn until_taken_over(site: &Site, pid: u32, begun: Instant, second: &mut Run) -> Duration {
    let since = now();
    loop {
        let runs = book::runs(site).await;
        if !book::runs_of(&runs, pid, since).is_empty() {
            return begun.elapsed();
        }
        assert!(second.is_alive(), "{}", second.ended().await.text);
        assert!(begun.elapsed() < PATIENCE, "nobody takes over");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_takes_over_from_one_that_was_stopped() {
    let mut live = Live::start(&[CAMERA], 1).await;
    let site = Site::new();
    live.slow(Duration::ZERO, Duration::from_millis(400));
    let mut first = service::start(&site, &live);
    stop_at_work(&site, &live, &mut first).await;
    let (stopped, stopped_at) = (Instant::now(), now());
    let mut second = service::start(&site, &live);
    let took = until_taken_over(&site, second.pid, stopped, &mut second).await;
    println!("stopped: the other one collects {took:.1?} later");
    assert!(took < Duration::from_mins(1), "taken over after {took:?}");
    tokio::time::sleep(THREE_INTERVALS.saturating_sub(stopped.elapsed())).await;
    assert!(first.signal(Signal::CONT, false), "it has ended");
    live.freeze().await;
    service::until_complete(&site, &live, &mut second, PATIENCE).await;
    // Its work was taken from it, and it says so; then it takes its turns as before.
    let said = |text: &str| text.contains("taken") && text.contains("over");
    until(PATIENCE, "the first one sees that it was replaced", || {
        service::said(&first, said).then_some(())
    })
    .await;
    assert!(first.is_alive(), "{}", first.ended().await.text);
    service::stop(&mut second).await;
    until_taken_over(&site, first.pid, Instant::now(), &mut first).await;
    service::stop(&mut first).await;
    let state = service::is_the_truth(&site, &live).await;
    book::is_sound(&state, &book::ticks(&site).await);
    state.has_interrupted(&open_at(&state, first.pid, stopped_at));
}

/// The runs that process `pid` had under way at `instant`.
fn open_at(state: &State, pid: u32, instant: DateTime<Utc>) -> Vec<i64> {
    let runs = state.runs.iter().filter(|run| run.run.pid == pid);
    let is_open = |run: &&RunRow| {
        let ended = run.end.as_ref().map(|end| end.finished_at);
        run.run.started_at < instant && ended.is_none_or(|ended| ended > instant)
    };
    let open: Vec<i64> = runs.filter(is_open).map(|run| run.id).collect();
    assert!(!open.is_empty(), "it was not at work when it was stopped");
    open
}
