//! Two services on one database and one archive: a camera has one collector at a time, and one goes on when the other dies.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::book;
use crate::live::{Live, now};
use crate::service::{self, INTERVAL, PATIENCE};
use crate::site::Site;

/// How often each full-size picture was asked for, those only that were more often than `most`.
fn too_often(live: &Live, most: u64) -> BTreeMap<String, u64> {
    let mut asked = live.world.portal.stats().cdn.full_addresses;
    asked.retain(|_, times| *times > most);
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_on_one_database() {
    let together = Duration::from_secs(if service::is_full() { 300 } else { 30 });
    let mut live = Live::start(&["in_gate", "out_gate"], 1).await;
    let site = Site::new();
    live.slow(Duration::from_millis(200), Duration::from_millis(100));
    let mut runs = [service::start(&site, &live), service::start(&site, &live)];
    tokio::time::sleep(together).await;
    assert_eq!(too_often(&live, 1), BTreeMap::new(), "fetched twice");
    let begun = book::runs(&site).await;
    let by_each = runs
        .each_ref()
        .map(|run| begun.iter().filter(|row| row.run.pid == run.pid).count());
    println!("two processes for {together:?}: {by_each:?} runs");
    // The one that works is killed at work.
    let deadline = Instant::now() + PATIENCE;
    let victim = loop {
        let open = book::runs(&site).await;
        let open = open.iter().find(|run| run.end.is_none());
        if let Some(open) = open {
            break usize::from(runs[1].pid == open.run.pid);
        }
        assert!(Instant::now() < deadline, "nobody works");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(runs[victim].signal(Signal::KILL, false), "it has ended");
    let (killed, killed_at) = (Instant::now(), now());
    assert!(runs[victim].ended().await.was_killed());
    let other = 1 - victim;
    for camera in live.cameras.clone() {
        loop {
            let begun = book::runs(&site).await;
            let own = book::runs_of(&begun, runs[other].pid, killed_at);
            if own.iter().any(|run| run.run.camera.as_str() == camera) {
                break;
            }
            assert!(runs[other].is_alive(), "{}", runs[other].ended().await.text);
            assert!(killed.elapsed() < PATIENCE, "nobody takes {camera} over");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        println!(
            "killed: the other one collects {camera} {:.1?} later",
            killed.elapsed()
        );
    }
    let patience = Duration::from_secs(60 + u64::from(INTERVAL));
    assert!(killed.elapsed() < patience, "taken over too late");
    live.freeze().await;
    service::until_complete(&site, &live, &mut runs[other], PATIENCE).await;
    service::stop(&mut runs[other]).await;
    let state = service::is_the_truth(&site, &live).await;
    let ticks = book::ticks(&site).await;
    book::print(&ticks);
    book::is_sound(&ticks);
    let changes = book::one_collector_at_a_time(&state);
    println!("no camera had two collectors ({changes} changes of collector)");
    assert_eq!(too_often(&live, 2), BTreeMap::new(), "fetched thrice");
}
