//! The service killed at random moments, and started again at once each time, while the portal goes on publishing and days of
//! the past are being made up for.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Signal;

use crate::live::Live;
use crate::service::{self, PATIENCE};
use crate::site::{Run, Site};
use crate::state::State;
use crate::{book, leftovers};

/// Moments of a kill, in milliseconds after the start of the service.
const AFTER_START: std::ops::Range<u64> = 0..8_000;
/// Moments of a kill, in milliseconds after its first request for a picture.
const AFTER_REQUEST: std::ops::Range<u64> = 0..10_000;

/// What is kept of the kills.
#[derive(Default)]
struct Account {
    stages: BTreeMap<&'static str, u32>,
    groups: u32,
    open_runs: usize,
    slowest_browser: Duration,
}

/// What a process was doing when it was killed.
fn stage(state: &State, run: &Run, requests: u64) -> &'static str {
    let own = || state.runs.iter().filter(|row| row.run.pid == run.pid);
    if own().next().is_none() {
        "1 starting or recovering"
    } else if !state.rowless().is_empty() {
        "5 placed, row not committed"
    } else if state.temporaries.iter().any(|name| name.contains(".part")) {
        "4 written aside"
    } else if own().all(|row| row.end.is_some()) {
        "6 between two runs"
    } else if requests > 0 {
        "3 fetching or committed"
    } else {
        "2 listing"
    }
}

/// Waits for the moment of a kill.
async fn moment(random: &mut StdRng, live: &Live, run: &mut Run) -> Duration {
    if random.random() {
        let begun = tokio::time::Instant::now();
        while live.in_flight() == 0 && run.is_alive() && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Duration::from_millis(random.random_range(AFTER_REQUEST))
    } else {
        Duration::from_millis(random.random_range(AFTER_START))
    }
}

/// One life of the service.
async fn live_and_die(site: &Site, live: &mut Live, random: &mut StdRng, account: &mut Account) {
    live.world.portal.reset_stats();
    live.slow(
        Duration::from_millis(random.random_range(0..600)),
        Duration::from_millis(random.random_range(20..250)),
    );
    let mut run = service::start(site, live);
    // The random moment is the drill itself.
    let moment = moment(random, live, &mut run).await;
    tokio::time::sleep(moment).await;
    let whole_group = random.random();
    let is_sent = run.signal(Signal::KILL, whole_group);
    let ended = run.ended().await;
    assert!(
        is_sent && ended.was_killed(),
        "it ended by itself: {}",
        ended.text
    );
    account.groups += u32::from(whole_group);
    let gone = leftovers::none(&site.temporary()).await;
    account.slowest_browser = account.slowest_browser.max(gone);
    let state = State::of(site).await;
    let stage = stage(&state, &run, live.world.portal.stats().cdn.requests);
    *account.stages.entry(stage).or_default() += 1;
    account.open_runs += state.open_runs().len();
    println!("  {stage:30} {:5} rows", state.rows.len());
    live.refresh().await;
    state.holds_after_a_crash(&live.world);
}

impl Account {
    fn print(&self) {
        self.stages
            .iter()
            .for_each(|(stage, count)| println!("  {stage:30} {count:5}"));
        let all: u32 = self.stages.values().sum();
        println!(
            "  {:30} {all:5} ({} of the whole process group)",
            "all", self.groups
        );
        println!("  {:30} {:5}", "runs cut short", self.open_runs);
        println!("  browsers gone within {:.1?}", self.slowest_browser);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments() {
    let (kills, past_days) = if service::is_full() {
        (100, 12)
    } else {
        (6, 2)
    };
    let given = std::env::var("DRAYWATCH_TEST_SEED").ok();
    let seed = given
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(rand::random::<u64>);
    println!("DRAYWATCH_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut live = Live::start(&["in_gate", "out_gate"], past_days).await;
    let (site, mut account) = (Site::new(), Account::default());
    for _ in 0..kills {
        live_and_die(&site, &mut live, &mut random, &mut account).await;
    }
    let mut run = service::start(&site, &live);
    live.freeze().await;
    let patience = PATIENCE * if service::is_full() { 6 } else { 1 };
    let took = service::until_complete(&site, &live, &mut run, patience).await;
    service::stop(&mut run).await;
    let state = service::is_the_truth(&site, &live).await;
    let ticks = book::ticks(&site).await;
    account.print();
    println!(
        "  {} frames: files = rows = truth, complete {took:.1?} after the last kill",
        state.rows.len()
    );
    book::is_sound(&state, &ticks);
}
