//! Two services on one database and one archive: a camera has one collector at a time, and one goes on when the other dies.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rustix::process::Signal;

use crate::book;
use crate::live::{Live, now};
use crate::service::{self, PATIENCE};
use crate::site::{Run, Site};

/// How often each full-size picture was asked for, those only that were more often than `most`.
fn too_often(live: &Live, most: u64) -> BTreeMap<String, u64> {
    let mut asked = live.world.portal.stats().cdn.full_addresses;
    asked.retain(|_, times| *times > most);
    asked
}

/// Kills the one that is at work, or was a moment ago; which it was, and when.
async fn kill_at_work(site: &Site, runs: &mut [Run; 2]) -> (usize, Instant) {
    let deadline = Instant::now() + PATIENCE;
    let victim = loop {
        let begun = book::runs(site).await;
        if let Some(open) = begun.iter().find(|run| run.end.is_none()) {
            break usize::from(runs[1].pid == open.run.pid);
        }
        assert!(Instant::now() < deadline, "nobody works");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(runs[victim].signal(Signal::KILL, false), "it has ended");
    let killed = Instant::now();
    assert!(runs[victim].ended().await.was_killed());
    (victim, killed)
}

/// Waits until this one collects a camera that it has not begun to collect before `since`.
async fn until_collected(site: &Site, camera: &str, run: &mut Run, since: DateTime<Utc>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let begun = book::runs(site).await;
        let own = book::runs_of(&begun, run.pid, since);
        if own.iter().any(|run| run.run.camera.as_str() == camera) {
            return;
        }
        assert!(run.is_alive(), "{}", run.ended().await.text);
        assert!(Instant::now() < deadline, "nobody takes {camera} over");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
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
    let of = |pid| begun.iter().filter(|row| row.run.pid == pid).count();
    let by_each = runs.each_ref().map(|run| of(run.pid));
    println!("two processes for {together:?}: {by_each:?} runs");
    let (victim, killed) = kill_at_work(&site, &mut runs).await;
    let (other, killed_at) = (&mut runs[1 - victim], now());
    for camera in live.cameras.clone() {
        until_collected(&site, camera, other, killed_at).await;
        let took = killed.elapsed();
        println!("killed: the other one collects {camera} {took:.1?} later");
        assert!(took < Duration::from_mins(1), "taken over too late");
    }
    live.freeze().await;
    service::until_complete(&site, &live, other, PATIENCE).await;
    service::stop(other).await;
    // What the dead one wrote aside is swept by the next that starts.
    let mut next = service::start(&site, &live);
    service::until_started(&next).await;
    service::stop(&mut next).await;
    let state = service::is_the_truth(&site, &live).await;
    book::is_sound(&state, &book::ticks(&site).await);
    assert_eq!(too_often(&live, 2), BTreeMap::new(), "fetched thrice");
}
