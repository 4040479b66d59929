//! Two processes on one database and one archive (invariant 7), from the first moment on.

use std::time::Duration;

use crate::leftovers;
use crate::site::Site;
use crate::state::{State, until};
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_camera_is_collected_by_one_process() {
    let (world, site) = (World::start(&["in_gate"], 2, 3600).await, Site::new());
    world.slow(Duration::from_millis(400));
    let mut winner = site.backfill(&world, &["in_gate"], &[]);
    until(Duration::from_secs(60), "the first process fetches", || {
        (world.portal.stats().cdn.in_flight > 0).then_some(())
    })
    .await;
    let loser = site.backfill(&world, &["in_gate"], &[]).ends_with(1).await;
    assert!(winner.is_alive(), "the winner ended before the loser");
    assert!(loser.text.contains(&winner.pid.to_string()), "the message does not name process {}:\n{}", winner.pid, loser.text);
    assert!(loser.text.contains("in_gate"), "{}", loser.text);
    winner.ends_with(0).await;
    State::of(&site).await.is_the_truth(&world);
    assert!(world.requests().await.values().all(|requests| *requests == 1), "a frame was fetched twice");
    leftovers::none(&site.temporary()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_start_together_on_one_camera_do_not_double_anything() {
    let (world, site) = (World::start(&["in_gate"], 1, 3600).await, Site::new());
    world.slow(Duration::from_millis(400));
    let mut runs = [(); 2].map(|()| site.backfill(&world, &["in_gate"], &[]));
    let mut codes = Vec::new();
    let mut texts = String::new();
    for run in &mut runs {
        let ended = run.ended().await;
        codes.push(ended.status.code());
        texts.push_str(&ended.text);
    }
    codes.sort_unstable();
    // Where one is done before the other begins, both are right.
    assert!(codes == [Some(0), Some(1)] || codes == [Some(0), Some(0)], "{codes:?}:\n{texts}");
    State::of(&site).await.is_the_truth(&world);
    assert!(world.requests().await.values().all(|requests| *requests == 1), "a frame was fetched twice:\n{texts}");
    leftovers::none(&site.temporary()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_cameras_are_collected_at_the_same_time() {
    let (world, site) = (World::start(&["in_gate", "out_gate"], 1, 3600).await, Site::new());
    world.slow(Duration::from_millis(500));
    // Both from nothing: who makes database and archive must not matter.
    let mut runs = ["in_gate", "out_gate"].map(|camera| site.backfill(&world, &[camera], &[]));
    until(Duration::from_secs(60), "both processes fetch", || {
        let asked = world.portal.stats().cdn.full_addresses;
        let is_asked = |camera: &str| asked.keys().any(|url| url.contains(&format!("-{camera}.")));
        (is_asked("in_gate") && is_asked("out_gate")).then_some(())
    })
    .await;
    assert!(runs.iter_mut().all(crate::site::Run::is_alive), "they were not at work at the same time");
    for run in &mut runs {
        run.ends_with(0).await;
    }
    State::of(&site).await.is_the_truth(&world);
    assert!(world.requests().await.values().all(|requests| *requests == 1), "a frame was fetched twice");
    leftovers::none(&site.temporary()).await;
}
