//! Told to stop in the middle: soon, with a clear message, with nothing left behind, and the next run goes on.

use std::time::{Duration, Instant};

use draywatch_core::outcome::Outcome;
use rustix::process::Signal;

use crate::leftovers;
use crate::site::{Run, Site};
use crate::state::{State, until};
use crate::world::World;

const CAMERA: &str = "in_gate";
/// The longest that an end may take.
const SOON: Duration = Duration::from_secs(5);

/// Sends the signal; how long the end took.
async fn stop(site: &Site, mut run: Run, signal: Signal) -> Duration {
    assert!(run.signal(signal, false), "the run had ended before");
    let sent = Instant::now();
    let ended = run.ends_with(1).await;
    let took = sent.elapsed();
    assert!(
        ended.text.contains("stopped before the work was done"),
        "{}",
        ended.text
    );
    assert!(took < SOON, "the end took {took:?}:\n{}", ended.text);
    // A browser that was just being started is ended by its guard a moment after us.
    leftovers::none(&site.temporary()).await;
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_in_the_middle() {
    let (world, site) = (World::start(&[CAMERA], 3, 3600).await, Site::new());
    world.slow(Duration::from_millis(200));
    for signal in [Signal::TERM, Signal::INT] {
        let run = site.backfill(&world, &[CAMERA], &[]);
        until(Duration::from_secs(60), "a browser starts", || {
            (!profiles(&site).is_empty()).then_some(())
        })
        .await;
        println!(
            "{signal:?} while listing: ended after {:.1?}",
            stop(&site, run, signal).await
        );
        world.portal.reset_stats();
        let run = site.backfill(&world, &[CAMERA], &[]);
        until(Duration::from_secs(60), "frames are fetched", || {
            (world.portal.stats().cdn.requests > 4).then_some(())
        })
        .await;
        println!(
            "{signal:?} while fetching: ended after {:.1?}",
            stop(&site, run, signal).await
        );
        let state = State::of(&site).await;
        state.holds_after_a_crash(&world);
        assert_eq!(state.temporaries, Vec::<String>::new());
        // Without the mend, the runs were told to be under way until the next collection.
        assert_eq!(state.open_runs(), Vec::<i64>::new());
        let mut ends = state.runs.iter().filter_map(|run| run.end.as_ref());
        assert!(ends.any(|end| end.outcome == Outcome::Interrupted));
        assert!(
            state.rows.len() < world.truth.len(),
            "it had done all its work"
        );
    }
    world.slow(Duration::ZERO);
    site.backfill(&world, &[CAMERA], &[]).ends_with(0).await;
    let state = State::of(&site).await;
    state.is_the_truth(&world);
    leftovers::none(&site.temporary()).await;
}

/// Without the mend, the run of a process that was killed was told to be under way until the next collection of its camera.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_killed_is_not_told_to_be_under_way() {
    let (world, site) = (World::start(&[CAMERA], 2, 3600).await, Site::new());
    world.slow(Duration::from_millis(200));
    let mut run = site.backfill(&world, &[CAMERA], &[]);
    until(Duration::from_secs(60), "frames are fetched", || {
        (world.portal.stats().cdn.requests > 4).then_some(())
    })
    .await;
    let told = |command: &'static str, status: i32| {
        let mut run = site.start(&world, &[command], &[]);
        async move { run.ends_with(status).await.text }
    };
    assert!(told("runs", 0).await.contains("under way"));
    assert!(run.signal(Signal::KILL, false), "the run had ended before");
    assert!(run.ended().await.was_killed());
    for (command, status) in [("runs", 0), ("status", 1)] {
        let text = told(command, status).await;
        assert!(
            text.contains("interrupted") && !text.contains("under way"),
            "{text}"
        );
    }
    leftovers::none(&site.temporary()).await;
}

fn profiles(site: &Site) -> Vec<String> {
    let entries = std::fs::read_dir(site.temporary()).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
