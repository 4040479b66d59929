//! The portal is away, or is not what it was.

use portal_sim::Outage;

use crate::drill::Drill;
use crate::harness::World;
use crate::process::Service;

/// A service that does not wait for long.
async fn two_cameras() -> (World, Service) {
    let mut world = World::new(&["in_gate", "out_gate"]).await;
    world.home.set("timeout", "5");
    let service = Service::start(&world.home);
    (world, service)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_portal_is_down_or_hangs() {
    let (world, mut service) = two_cameras().await;

    let mut drill = Drill::begin(&world, &service, "portal down").await;
    world.change(|ways| ways.page_outage = Some(Outage::Refused));
    drill
        .shows(&mut service, &["the portal as a whole fails"])
        .await;
    world.change(|ways| ways.page_outage = None);
    drill.recovers(&mut service).await;

    let mut drill = Drill::begin(&world, &service, "portal hanging").await;
    world.change(|ways| ways.page_outage = Some(Outage::Silent));
    drill
        .shows(&mut service, &["the portal as a whole fails"])
        .await;
    world.change(|ways| ways.page_outage = None);
    drill.recovers(&mut service).await;
    service.stop(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cdn_is_down_or_the_page_has_changed() {
    let (world, mut service) = two_cameras().await;

    let mut drill = Drill::begin(&world, &service, "CDN down").await;
    world.change(|ways| ways.cdn_outage = Some(Outage::Refused));
    drill.shows(&mut service, &["WARN", "kind=transient"]).await;
    world.change(|ways| ways.cdn_outage = None);
    drill.recovers(&mut service).await;

    let mut drill = Drill::begin(&world, &service, "page changed").await;
    world.change(|ways| ways.unreadable = true);
    drill
        .shows(&mut service, &["tick failed", "kind=portal_changed"])
        .await;
    world.change(|ways| ways.unreadable = false);
    drill.recovers(&mut service).await;
    service.stop(&world).await;
}

/// The attempts of a listing that takes as long as the collection may were cut short, which told nothing of the portal: the breaker
/// stayed closed, and each camera went on asking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: `make drill` runs it"]
async fn a_portal_that_never_answers_opens_the_breaker_whatever_the_deadline() {
    let mut world = World::new(&["in_gate"]).await;
    for (name, value) in [
        ("timeout", "30"),
        ("collection_deadline_minutes", "1"),
        ("max_retries", "3"),
        ("service.breaker_failures", "1"),
    ] {
        world.home.set(name, value);
    }
    world.change(|ways| ways.page_outage = Some(Outage::Silent));
    let mut service = Service::start(&world.home);
    let words = ["the portal as a whole fails"];
    service.says(0, &words).await;
    world.change(|ways| ways.page_outage = None);
    world.complete(&service.log).await;
    service.stop(&world).await;
}
