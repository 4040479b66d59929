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
    assert!(
        loser.text.contains(&winner.pid.to_string()),
        "the message does not name process {}:\n{}",
        winner.pid,
        loser.text
    );
    assert!(loser.text.contains("in_gate"), "{}", loser.text);
    winner.ends_with(0).await;
    State::of(&site).await.is_the_truth(&world);
    assert!(
        world
            .requests()
            .await
            .values()
            .all(|requests| *requests == 1),
        "a frame was fetched twice"
    );
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
    assert!(
        codes == [Some(0), Some(1)] || codes == [Some(0), Some(0)],
        "{codes:?}:\n{texts}"
    );
    State::of(&site).await.is_the_truth(&world);
    assert!(
        world
            .requests()
            .await
            .values()
            .all(|requests| *requests == 1),
        "a frame was fetched twice:\n{texts}"
    );
    leftovers::none(&site.temporary()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_cameras_are_collected_at_the_same_time() {
    let (world, site) = (
        World::start(&["in_gate", "out_gate"], 1, 3600).await,
        Site::new(),
    );
    // So slow that neither can end before the other is at work, however long its browser takes to start.
    world.slow(Duration::from_secs(5));
    // Both from nothing: who makes database and archive must not matter.
    let mut runs = ["in_gate", "out_gate"].map(|camera| site.backfill(&world, &[camera], &[]));
    let both_fetch = || {
        let asked = world.portal.stats().cdn.full_addresses;
        let is_asked = |camera: &str| asked.keys().any(|url| url.contains(&format!("-{camera}.")));
        is_asked("in_gate") && is_asked("out_gate")
    };
    while !both_fetch() {
        for run in &mut runs {
            let is_alive = run.is_alive();
            assert!(
                is_alive,
                "one ended before both were at work: {:#?}",
                run.ended().await
            );
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.slow(Duration::ZERO);
    for run in &mut runs {
        run.ends_with(0).await;
    }
    State::of(&site).await.is_the_truth(&world);
    assert!(
        world
            .requests()
            .await
            .values()
            .all(|requests| *requests == 1),
        "a frame was fetched twice"
    );
    leftovers::none(&site.temporary()).await;
}

/// Database and archive are made by whoever comes first, and both know each other afterwards, however close the start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_together_from_nothing_make_one_pair() {
    let cameras = ["in_gate", "out_gate"];
    let world = World::start(&cameras, 1, 6 * 3600).await;
    for _ in 0..5 {
        let site = Site::new();
        let mut runs = cameras.map(|camera| {
            let addresses = world.truth.iter().filter(|frame| frame.camera == camera);
            let list: Vec<&str> = addresses.map(|frame| frame.url.as_str()).collect();
            std::fs::write(site.path(camera), list.join("\n")).unwrap();
            let fetch = ["fetch", "--camera", camera, "--frames-from", camera];
            site.start(&world, &fetch, &[("DRAYWATCH_PORTAL__IMAGE_TIME", "utc")])
        });
        for run in &mut runs {
            run.ends_with(0).await;
        }
        State::of(&site).await.is_the_truth(&world);
        // And it stays so.
        let fetch = ["fetch", "--camera", cameras[0], "--frames-from", cameras[0]];
        let again = site
            .start(&world, &fetch, &[("DRAYWATCH_PORTAL__IMAGE_TIME", "utc")])
            .ends_with(0)
            .await;
        assert!(again.text.contains("already"), "{}", again.text);
    }
}
