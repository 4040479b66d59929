//! Told to stop in the middle: soon, with a clear message, with nothing left behind, and the next run goes on.

use std::time::{Duration, Instant};

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
        assert!(
            state.rows.len() < world.truth.len(),
            "it had done all its work"
        );
    }
    let stopped = State::of(&site).await.open_runs();
    world.slow(Duration::ZERO);
    site.backfill(&world, &[CAMERA], &[]).ends_with(0).await;
    let state = State::of(&site).await;
    state.is_the_truth(&world);
    state.has_interrupted(&stopped);
    leftovers::none(&site.temporary()).await;
}

fn profiles(site: &Site) -> Vec<String> {
    let entries = std::fs::read_dir(site.temporary()).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
