//! Told to stop: no new work, what is in flight ends or is put back in time, no browser stays, and the next start goes on.

use std::time::Duration;

use portal_sim::{Fault, FaultRule};
use rustix::process::Signal;

use crate::drill::{count, note};
use crate::harness::World;
use crate::process::{STOPS_WITHIN, Service, names};
use crate::{database, leftovers};

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < crate::harness::PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// In the middle of fetching: it is finished, and nothing new is begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_is_finished() {
    for signal in [Signal::TERM, Signal::INT] {
        let world = World::new(&["in_gate"]).await;
        world.change(|ways| ways.latency_ms = 1500);
        let mut service = Service::start(&world.home);
        until("frames are fetched", || {
            world.portal.stats().cdn.in_flight > 0
        })
        .await;
        let mark = service.mark();
        let begun = world.portal.now();
        service.signal(signal);
        service.says(mark, &["stopping"]).await;
        let asked = world.portal.stats().page.page_loads;
        let (code, took) = service.ends().await;
        note(&format!(
            "  {signal:?} while fetching: ended after {took:.1?}"
        ));
        let log = service.since(mark);
        assert!(code == 0 && took < STOPS_WITHIN, "{code}, {took:?}:\n{log}");
        assert!(
            log.contains("stopped") && !log.contains("put back"),
            "{log}"
        );
        assert_eq!(world.portal.stats().page.page_loads, asked, "a new listing");
        leftovers::none(&world.home.temporary()).await;
        // What was listed by then is there.
        let missing = world.missing(begun - chrono::TimeDelta::seconds(20)).await;
        assert_eq!(missing, Vec::<String>::new(), "{log}");
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM runs WHERE outcome IS NULL").await,
            0
        );
        assert_eq!(count(&world, OPEN).await, 0, "an open tick");
    }
}

const OPEN: &str = "SELECT COUNT(*) FROM ticks WHERE state = 'running'";
const PUT_BACK: &str = "SELECT COUNT(*) FROM ticks WHERE job = 'collect:in_gate' AND state = 'pending' AND attempts = 0";

/// A page that does not answer: after its time the work is put back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_in_time_is_put_back() {
    let mut world = World::new(&["in_gate"]).await;
    world.home.set("timeout", "120");
    world.home.set("service.shutdown_seconds", "6");
    world.change(|ways| ways.slow_api_ms = 600_000);
    let mut service = hanging(&world).await;
    let mark = service.mark();
    service.signal(Signal::TERM);
    let (code, took) = service.ends().await;
    let log = service.since(mark);
    note(&format!(
        "  TERM while the page hangs, 6 s allowed: ended after {took:.1?}"
    ));
    assert!(
        code == 0 && took < Duration::from_secs(16),
        "{code}, {took:?}:\n{log}"
    );
    assert!(log.contains("put back"), "{log}");
    leftovers::none(&world.home.temporary()).await;
    assert_eq!(count(&world, PUT_BACK).await, 1, "{log}");
    assert_eq!(
        count(&world, "SELECT COUNT(*) FROM runs WHERE outcome IS NULL").await,
        0
    );
    goes_on(&world).await;
}

/// The second request to stop ends it at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_twice_it_ends_at_once() {
    let mut world = World::new(&["in_gate"]).await;
    world.home.set("timeout", "120");
    world.change(|ways| ways.slow_api_ms = 600_000);
    let mut service = hanging(&world).await;
    let mark = service.mark();
    service.signal(Signal::TERM);
    service.says(mark, &["stopping"]).await;
    service.signal(Signal::TERM);
    let (code, took) = service.ends().await;
    note(&format!("  the second TERM: ended after {took:.1?}"));
    let log = service.since(mark);
    assert!(
        code == 1 && took < Duration::from_secs(3),
        "{code}, {took:?}:\n{log}"
    );
    assert!(log.contains("told twice to stop"), "{log}");
    leftovers::none(&world.home.temporary()).await;
    assert_eq!(count(&world, OPEN).await, 1, "{log}");
    goes_on(&world).await;
}

/// A service whose browser waits for the page.
async fn hanging(world: &World) -> Service {
    let service = Service::start(&world.home);
    until("the page asks", || world.portal.stats().page.page_loads > 0).await;
    assert!(!names(&world.home.temporary()).is_empty(), "a browser");
    service
}

/// The next start takes up what was left.
async fn goes_on(world: &World) {
    world.change(|ways| ways.slow_api_ms = 0);
    let service = Service::start(&world.home);
    world.complete(&service.log).await;
    service.stop(world).await;
}

const INTERRUPTED: &str = "SELECT COUNT(*) FROM ticks WHERE state = 'interrupted'";

/// A signal that comes while ticks are being started: none of them is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_in_the_midst_of_a_turn_loses_no_work() {
    for signal in [Signal::HUP, Signal::TERM] {
        let mut world = World::new(&["in_gate", "out_gate"]).await;
        world.home.set("service.lease_seconds", "5");
        let mut service = Service::start(&world.home);
        service.says(0, &["service started"]).await;
        while count(&world, OPEN).await == 0 {
            assert!(service.is_alive());
        }
        // The turn cannot go on, but one tick at least is started.
        let other = database::lock(&world).await;
        service.signal(signal);
        tokio::time::sleep(Duration::from_secs(1)).await;
        database::unlock(other).await;
        if signal == Signal::HUP {
            service.says(0, &["settings read again"]).await;
            world.complete(&service.log).await;
            service.stop(&world).await;
        } else {
            let (code, took) = service.ends().await;
            assert!(code == 0 && took < STOPS_WITHIN, "{code} after {took:?}");
            leftovers::none(&world.home.temporary()).await;
        }
        let log = std::fs::read_to_string(world.home.path().join("service.log"));
        assert_eq!(count(&world, INTERRUPTED).await, 0, "{log:?}");
        assert_eq!(count(&world, OPEN).await, 0, "{log:?}");
    }
}

/// The service waited for the end of the pause, or for the end of its time, whichever came first: 22 seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_the_portal_asks_for_is_not_waited_for() {
    let world = World::new(&["in_gate"]).await;
    let pause = Fault::TooMany { retry_after: 50 };
    world.portal.set_faults(vec![FaultRule::always(pause)]);
    let mut service = Service::start(&world.home);
    let is_told = || world.portal.stats().cdn.statuses.contains_key(&429);
    until("a pause is asked for", is_told).await;
    let mark = service.mark();
    service.signal(Signal::TERM);
    let (code, took) = service.ends().await;
    let log = service.since(mark);
    note(&format!(
        "  TERM in a pause of 50 s: ended after {took:.1?}"
    ));
    assert!(
        code == 0 && took < Duration::from_secs(12),
        "{code}, {took:?}:\n{log}"
    );
    assert!(!log.contains("put back"), "{log}");
    leftovers::none(&world.home.temporary()).await;
    assert_eq!(count(&world, OPEN).await, 0, "{log}");
    world.portal.set_faults(Vec::new());
    goes_on(&world).await;
}
