//! What is owed, and how that ends: thumbnails replaced, long pauses noted, frames given up, days that could not be recorded.

use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use portal_sim::{Config, Fault, FaultRule, Match, Portal, Schedule};

use crate::harness::{World, hourly};
use crate::{audit, store};

fn third(fault: Fault) -> Vec<FaultRule> {
    vec![FaultRule {
        matching: Match {
            every_nth: Some(3),
            ..Match::default()
        },
        fault,
        times: None,
    }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thumbnail_gives_way_to_the_full_picture_and_keeps_its_row() {
    let mut world = World::new("owed: thumbnails, then the full pictures", hourly()).await;
    world.home.unset("PORTAL__IMAGE_TIME");
    let date = world.yesterday();
    let truth = world.truth("in_gate", date).await;
    world.faults(third(Fault::NotFound));
    let day = date.to_string();
    let args = ["fetch", "--camera", "in_gate", "--date", &day];
    let first = world.run(&args).await;
    first.expect(1);
    assert_eq!(
        (first.report()["outcome"].as_str(), first.count("missing")),
        (Some("incomplete"), 0)
    );
    let small = first.count("thumbnails");
    assert!(small > 0 && audit::whole(&world, &truth, None).await.1 as u64 == small);
    store::execute(
        &world.home,
        "UPDATE images SET processed = 1, detection_count = 7 WHERE is_thumbnail",
    )
    .await;
    let before = store::images(&world.home).await;
    // As long as only thumbnails can be had, they are counted as there, and nothing changes.
    let again = world.run(&args).await;
    again.expect(1);
    assert_eq!(
        (
            again.count("stored"),
            again.count("already"),
            again.count("thumbnails")
        ),
        (0, truth.len() as u64, small)
    );
    assert_eq!(store::images(&world.home).await, before);
    world.faults(Vec::new());
    let second = world.run(&args).await;
    second.expect(0);
    assert_eq!(
        (second.count("stored"), second.report()["outcome"].as_str()),
        (small, Some("complete"))
    );
    audit::complete(&world, &truth).await;
    for (old, new) in before.iter().zip(store::images(&world.home).await) {
        assert_eq!(
            (old.id, &old.path, old.processed, old.detections),
            (new.id, &new.path, new.processed, new.detections)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_pause_sends_the_frame_to_the_ledger_at_once() {
    let world = World::new("owed: Retry-After beyond a minute", hourly()).await;
    let (truth, list) = world.some("in_gate", 12).await;
    world.faults(third(Fault::TooMany { retry_after: 120 }));
    let begun = world.portal.now();
    let run = world.frames(&list, &[]).await;
    run.expect(1);
    assert!(run.took < Duration::from_secs(30), "{:?}", run.took);
    let owed = store::ledger(&world.home).await;
    let stats = world.portal.stats().cdn;
    assert_eq!((owed.len(), run.count("stored")), (4, 8), "{}", run.words());
    assert_eq!(stats.requests, 12, "nobody is asked twice");
    for owed in &owed {
        let wait = owed.not_before.expect("an instant") - begun;
        assert!(
            wait >= TimeDelta::seconds(119) && wait <= TimeDelta::seconds(160),
            "{wait}"
        );
        assert_eq!(owed.kind.as_deref(), Some("rate_limited"));
    }
    assert_eq!(audit::whole(&world, &truth, None).await, (8, 0));
    world.faults(Vec::new());
    world.frames(&list, &[]).await.expect(0);
    audit::complete(&world, &truth).await;
}

/// A portal whose frames of some slots were never taken, at the addresses of another one.
async fn thinned(portal: Portal, config: Config) -> Portal {
    let (page, image) = (portal.page_socket().port(), portal.image_socket().port());
    drop(portal);
    let schedule = Schedule {
        skip_probability: 0.3,
        ..config.schedule.clone()
    };
    let config = Config {
        schedule,
        page_port: page,
        image_port: image,
        ..config
    };
    // The old one gives its ports back as soon as its tasks have ended.
    for _ in 0..500 {
        if let Ok(portal) = Portal::start(config.clone()).await {
            return portal;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the ports of the first portal are not given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_portal_no_longer_lists_is_given_up_and_the_day_is_final() {
    let mut world = World::new("owed: given up when no longer listed", hourly()).await;
    world.home.unset("PORTAL__IMAGE_TIME");
    let date: NaiveDate = world.ended_day();
    let day = date.to_string();
    let all = world.truth("in_gate", date).await;
    world.faults(third(Fault::NotFoundBoth));
    let args = ["fetch", "--camera", "in_gate", "--date", &day];
    let first = world.run(&args).await;
    first.expect(1);
    let missing = first.count("missing");
    world.portal = thinned(world.portal, hourly()).await;
    let kept: Vec<String> = world
        .truth("in_gate", date)
        .await
        .into_iter()
        .map(|frame| frame.url)
        .collect();
    let owed = store::ledger(&world.home).await;
    let withdrawn = owed.iter().filter(|owed| !kept.contains(&owed.url)).count();
    assert!(
        withdrawn > 0 && owed.len() as u64 == missing,
        "{withdrawn} of {missing}"
    );
    let second = world.run(&args).await;
    second.expect(0);
    assert_eq!(
        (second.report()["outcome"].as_str(), second.count("listed")),
        (Some("complete"), kept.len() as u64)
    );
    let left = store::ledger(&world.home).await;
    assert_eq!(
        (
            left.len(),
            left.iter().filter(|owed| owed.state == "given_up").count()
        ),
        (withdrawn, withdrawn)
    );
    assert!(left.iter().all(|owed| owed.reason.is_some()), "{left:?}");
    assert_eq!(
        audit::whole(&world, &all, None).await,
        (all.len() - withdrawn, 0)
    );
    world.portal.reset_stats();
    let last = world
        .run(&[
            "backfill", "--camera", "in_gate", "--from", &day, "--to", &day,
        ])
        .await;
    last.expect(0);
    assert_eq!(
        (
            last.report()["final"].as_bool(),
            world.portal.stats().page.page_loads
        ),
        (Some(true), 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_whose_frames_could_not_be_put_on_record_is_not_final() {
    let mut world = World::new("owed: a listing that could not be recorded", hourly()).await;
    world.home.unset("PORTAL__IMAGE_TIME");
    let date = world.yesterday();
    let day = date.to_string();
    let truth = world.truth("in_gate", date).await;
    // A home with its database, and then a database that takes no frame into the ledger.
    world
        .home
        .run(&["fetch", "--camera", "in_gate", "--frames-from", "-"], "")
        .await
        .expect(0);
    store::execute(&world.home, "CREATE TRIGGER no BEFORE INSERT ON frame_ledger BEGIN SELECT RAISE(ABORT, 'no frames today'); END").await;
    let args = [
        "backfill", "--camera", "in_gate", "--from", &day, "--to", &day,
    ];
    let first = world.run(&args).await;
    first.expect(1).says(&["no frames today"]);
    assert_eq!(
        (first.report()["outcome"].as_str(), first.kinds()),
        (Some("failed"), vec!["database".to_owned()])
    );
    assert_eq!(audit::whole(&world, &truth, None).await, (0, 0));
    assert_eq!(
        world.portal.stats().cdn.requests,
        0,
        "fetched before the ledger was written"
    );
    store::execute(&world.home, "DROP TRIGGER no").await;
    let second = world.run(&args).await;
    second.expect(0);
    assert_eq!(
        second.count("stored"),
        truth.len() as u64,
        "{}",
        second.words()
    );
    audit::complete(&world, &truth).await;
}
