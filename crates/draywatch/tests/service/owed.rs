//! Frames that could not be had: tried again by the delays of the settings, not only when the page is next read.

use portal_sim::Outage;

use crate::drill::count;
use crate::harness::World;
use crate::process::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_failed_are_tried_again_before_the_next_tick() {
    let mut world = World::new(&["in_gate"]).await;
    world.home.set("max_retries", "4");
    world.change(|ways| ways.cdn_outage = Some(Outage::Refused));
    let hour = [("DRAYWATCH_TEST_INTERVAL_SECONDS", "3600")];
    let mut service = Service::start_with(&world.home, &[], &hour);
    service.says(0, &["WARN", "kind=transient"]).await;
    let ledger = "SELECT COUNT(*) FROM frame_ledger";
    assert!(count(&world, ledger).await > 0);
    world.change(|ways| ways.cdn_outage = None);
    let begun = std::time::Instant::now();
    while count(&world, ledger).await > 0 {
        let log = service.since(0);
        assert!(begun.elapsed() < crate::harness::PATIENCE, "{log}");
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
    let started =
        "SELECT COUNT(*) FROM ticks WHERE job = 'collect:in_gate' AND started_at IS NOT NULL";
    assert_eq!(count(&world, started).await, 1, "one tick has begun");
    service.stop(&world).await;
}
