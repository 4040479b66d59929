//! Days that the portal no longer keeps and whose calendar lets nobody pick them: the search goes on behind them and ends, and
//! what is owed of them is given up once its own address says so, too.

use chrono::Duration;
use chrono_tz::Tz;
use draywatch_core::Clock;
use portal_sim::{Behaviours, Config, Fault, FaultRule, Portal, Schedule};
use rustix::process::Signal;

use crate::drill::count;
use crate::harness::{PATIENCE, World, far_from_midnight};
use crate::leftovers;
use crate::process::Service;

/// A portal with four frames a day that keeps so many days; older ones cannot be picked.
fn keeping(history_days: u32, timezone: Tz) -> Config {
    Config {
        cameras: vec!["in_gate".into()],
        timezone,
        schedule: Schedule {
            interval_seconds: 6 * 3600,
            ..Schedule::default()
        },
        history_days,
        behaviours: Behaviours {
            disable_expired: true,
            ..Behaviours::default()
        },
        ..Config::default()
    }
}

/// Waits until a query gives the number that is right by then: a frame may appear meanwhile.
async fn counts(world: &World, service: &mut Service, sql: &'static str, wanted: impl Fn() -> i64) {
    let begun = std::time::Instant::now();
    while count(world, sql).await != wanted() {
        let (log, wanted) = (service.since(0), wanted());
        assert!(service.is_alive(), "{log}");
        assert!(begun.elapsed() < PATIENCE, "never {wanted}: {sql}\n{log}");
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
}

const REFUSED: &str =
    "SELECT COUNT(*) FROM frame_ledger WHERE state = 'open' AND failure_kind = 'not_found'";
const GONE: &str = "SELECT COUNT(DISTINCT date) FROM observations WHERE failure_kind = 'not_found'";
const GIVEN_UP: &str = "SELECT COUNT(*) FROM frame_ledger WHERE state = 'given_up' \
                        AND given_up_reason = 'the portal no longer offers it'";
const OWED: &str = "SELECT COUNT(*) FROM frame_ledger WHERE state <> 'given_up'";
const MOST_ASKED: &str = "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM observations WHERE failure_kind = 'not_found' \
                          GROUP BY date)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_that_the_portal_no_longer_keeps_are_let_go() {
    let since = Clock::system().now() - Duration::days(20);
    // One zone for both portals: which it is depends on the hour.
    let zone = far_from_midnight(Clock::system().now());
    let mut world = World::with(keeping(3, zone), since).await;
    let today = world.portal.today();
    world
        .portal
        .set_faults(vec![FaultRule::always(Fault::NotFoundBoth)]);
    world.home.set("log.level", "\"debug\"");
    world.home.set("service.recover_days", "12");
    world.home.set("service.capture_at_publish", "false");
    let mut service = Service::start(&world.home);
    service.says(0, &["service started"]).await;
    // Nothing can be had of what is listed, and the seven days behind end the search.
    let days =
        |first: u64, last: u64| (first..=last).map(move |back| today - chrono::Days::new(back));
    let frames = |first, last| {
        let frames =
            days(first, last).map(|day| world.portal.frames("in_gate", day).expect("frames").len());
        i64::try_from(frames.sum::<usize>()).expect("a small number")
    };
    let old = frames(2, 3);
    assert!(old > 4 && frames(0, 1) > 4);
    counts(&world, &mut service, REFUSED, || frames(0, 3)).await;
    counts(&world, &mut service, GONE, || 7).await;
    assert_eq!(count(&world, GIVEN_UP).await, 0);

    // Two more days fall out of the history. Their pictures are asked for at the old addresses, which know nothing of them.
    let second = Portal::start(keeping(1, zone))
        .await
        .expect("a second portal");
    let mark = service.mark();
    world
        .home
        .set("portal.page_url", &format!("{:?}", second.page_url()));
    world
        .home
        .set("portal.image_url", &format!("{:?}", second.image_url()));
    service.signal(Signal::HUP);
    service.says(mark, &["given up", "in_gate"]).await;
    counts(&world, &mut service, GIVEN_UP, || old).await;
    counts(&world, &mut service, "SELECT COUNT(*) FROM images", || {
        frames(0, 1)
    })
    .await;
    counts(&world, &mut service, OWED, || 0).await;
    // Nothing beyond was asked for, and nothing twice.
    assert_eq!(count(&world, GONE).await, 9);
    assert_eq!(count(&world, MOST_ASKED).await, 1);
    service.signal(Signal::TERM);
    assert_eq!(service.ends().await.0, 0, "{}", service.since(mark));
    leftovers::none(&world.home.temporary()).await;
}
