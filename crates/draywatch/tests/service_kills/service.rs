//! `draywatch run` at a site, at a short interval. Must not judge.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::live::Live;
use crate::site::{Run, Site};
use crate::state::{State, until};

/// Seconds between two collections of a camera.
pub const INTERVAL: u32 = 15;
/// The life of a lease, as it is by default.
pub const LEASE: u32 = 20;
/// The longest that anything is waited for; machines are slow, and waiting costs nothing where they are not.
pub const PATIENCE: Duration = Duration::from_mins(4);

/// Whether the long form is wanted.
pub fn is_full() -> bool {
    std::env::var_os("DRAYWATCH_TEST_FULL").is_some()
}

/// Starts the service.
pub fn start(site: &Site, live: &Live) -> Run {
    let cameras = live.cameras.join(",");
    let (interval, lease) = (INTERVAL.to_string(), LEASE.to_string());
    let environment = [
        ("DRAYWATCH_STREAM_NAMES", cameras.as_str()),
        ("DRAYWATCH_TEST_INTERVAL_SECONDS", &interval),
        ("DRAYWATCH_SERVICE__LEASE_SECONDS", &lease),
        ("DRAYWATCH_SERVICE__MISFIRE_GRACE_SECONDS", "5"),
        ("DRAYWATCH_RETRY_DELAY_SECONDS", "2"),
        ("DRAYWATCH_MAX_RETRY_DELAY_SECONDS", "8"),
        ("DRAYWATCH_PORTAL__TIME_ZONE", live.zone.name()),
        ("DRAYWATCH_PORTAL__IMAGE_TIME", "utc"),
        ("DRAYWATCH_HEALTH_CHECK_PORT", "0"),
    ];
    site.start(&live.world, &["run"], &environment)
}

/// Waits until the archive holds the truth of a portal that publishes nothing more; how long it took.
pub async fn until_complete(
    site: &Site,
    live: &Live,
    run: &mut Run,
    patience: Duration,
) -> Duration {
    let begun = Instant::now();
    let wanted = live.world.truth.len();
    loop {
        let catalog = crate::state::catalog(site).await;
        let rows = catalog.images_after(0, 1_000_000).await.unwrap().len();
        catalog.close().await;
        if rows >= wanted {
            return begun.elapsed();
        }
        let waited = begun.elapsed();
        if waited > patience || !run.is_alive() {
            let text = stop(run).await;
            panic!("{rows} of {wanted} frames after {waited:.0?}:\n{text}");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Tells it to stop, and waits until it has, in good order; what it wrote.
pub async fn stop(run: &mut Run) -> String {
    run.signal(Signal::TERM, false);
    run.ends_with(0).await.text
}

/// Nothing is in flight, and files = rows = truth.
pub async fn is_the_truth(site: &Site, live: &Live) -> State {
    crate::leftovers::none(&site.temporary()).await;
    let state = State::of(site).await;
    state.is_the_truth(&live.world);
    state
}

/// Whether what it wrote so far is as wanted.
pub fn said(run: &Run, is_wanted: impl Fn(&str) -> bool) -> bool {
    is_wanted(&std::fs::read_to_string(&run.output).unwrap())
}

/// Waits until it has opened database and archive.
pub async fn until_started(run: &Run) {
    until(PATIENCE, "the service starts", || {
        said(run, |text| text.contains("service started")).then_some(())
    })
    .await;
}
