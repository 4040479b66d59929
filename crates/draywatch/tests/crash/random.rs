//! The program killed at random moments, run after run on one archive until it is complete, then on the next.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Signal;

use crate::leftovers;
use crate::site::{Run, Site};
use crate::state::{State, place};
use crate::world::World;

const CAMERAS: [&str; 2] = ["in_gate", "out_gate"];
/// Moments of a kill, in milliseconds after the start of the run.
const AFTER_START: std::ops::Range<u64> = 0..6_000;
/// Moments of a kill, in milliseconds after its first request for a picture: on a busy machine nothing else would be hit but
/// the start of the browser.
const AFTER_REQUEST: std::ops::Range<u64> = 0..4_000;

/// When and how a run is killed.
struct Kill {
    after_request: bool,
    moment: Duration,
    whole_group: bool,
}

impl Kill {
    fn draw(random: &mut StdRng) -> Self {
        let after_request = random.random();
        let moments = if after_request {
            AFTER_REQUEST
        } else {
            AFTER_START
        };
        let moment = Duration::from_millis(random.random_range(moments));
        Self {
            after_request,
            moment,
            whole_group: random.random(),
        }
    }

    /// Waits for the moment, at most until the run has ended.
    async fn wait(&self, run: &mut Run, world: &World) {
        while self.after_request && world.portal.stats().cdn.in_flight == 0 && run.is_alive() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // The random moment is the drill itself.
        tokio::time::sleep(self.moment).await;
    }
}

/// What is kept of the kills.
#[derive(Default)]
struct Account {
    kills: BTreeMap<&'static str, u32>,
    groups: u32,
    completed: u32,
    slowest_browser: Duration,
}

/// The furthest that a killed run got.
fn stage(state: &State, run: &Run, requests: u64) -> &'static str {
    let begun = state
        .runs
        .iter()
        .filter(|row| row.run.pid == run.pid)
        .count();
    if begun == 0 {
        "1 starting or recovering"
    } else if !state.rowless().is_empty() {
        "6 placed, row not committed"
    } else if state.temporaries.iter().any(|name| name.contains(".part")) {
        "5 written aside"
    } else if requests > 0 && !state.ledger.is_empty() {
        "4 fetching or committed"
    } else if !state.ledger.is_empty() {
        "3 in the ledger"
    } else if state.open_runs().is_empty() {
        "7 all recorded"
    } else {
        "2 listing"
    }
}

impl Account {
    fn print(&self, seed: u64) {
        println!(
            "random kills (DRAYWATCH_TEST_SEED={seed}), by the stage that the run had reached:"
        );
        self.kills
            .iter()
            .for_each(|(stage, count)| println!("  {stage:30} {count:4}"));
        let total: u32 = self.kills.values().sum();
        println!(
            "  {:30} {total:4} ({} of the whole process group)",
            "all", self.groups
        );
        println!(
            "  archives completed {}, leftovers 0, browsers gone within {:.1?}",
            self.completed, self.slowest_browser
        );
    }

    fn total(&self) -> u32 {
        self.kills.values().sum()
    }
}

/// Kills a run, unless it ends before; the state after it.
async fn kill_once(
    site: &Site,
    world: &World,
    kill: &Kill,
    account: &mut Account,
) -> Option<State> {
    world.portal.reset_stats();
    let mut run = site.backfill(world, &CAMERAS, &[("DRAYWATCH_BATCH_SIZE", "10")]);
    kill.wait(&mut run, world).await;
    let is_sent = run.signal(Signal::KILL, kill.whole_group);
    let ended = run.ended().await;
    account.slowest_browser = account
        .slowest_browser
        .max(leftovers::none(&site.temporary()).await);
    if !is_sent || !ended.was_killed() {
        assert_eq!(ended.status.code(), Some(0), "{}", ended.text);
        return None;
    }
    let requests = world.requests().await.values().sum();
    let state = State::of(site).await;
    let stage = stage(&state, &run, requests);
    let since = if kill.after_request {
        "request"
    } else {
        "start"
    };
    let whom = if kill.whole_group { "group" } else { "alone" };
    let moment = kill.moment.as_secs_f64();
    println!(
        "  {moment:6.3} s after {since:7} {whom} {stage}: {} rows",
        state.rows.len()
    );
    *account.kills.entry(stage).or_default() += 1;
    account.groups += u32::from(kill.whole_group);
    state.holds_after_a_crash(world);
    Some(state)
}

/// No frame that had its row before was asked for since.
async fn assert_nothing_twice(before: &State, world: &World) {
    let requests = world.requests().await;
    for file in before.rows.iter().map(place) {
        assert_eq!(
            requests[&file], 0,
            "{file} was recorded and was fetched again"
        );
    }
}

/// Kills runs on one archive until it is complete, or `kills` are done; then one run ends, and it holds the truth.
async fn one_archive(world: &World, random: &mut StdRng, kills: u32, account: &mut Account) {
    let site = Site::new();
    let mut before = State::default();
    while account.total() < kills {
        let kill = Kill::draw(random);
        let Some(state) = kill_once(&site, world, &kill, account).await else {
            break;
        };
        assert_nothing_twice(&before, world).await;
        // A kill can come before the runs of the last one are closed; they stay open then, and their turn comes.
        let still_open = state.open_runs();
        let closed: Vec<i64> = before
            .open_runs()
            .into_iter()
            .filter(|run| !still_open.contains(run))
            .collect();
        state.has_interrupted(&closed);
        before = state;
    }
    world.portal.reset_stats();
    site.backfill(world, &CAMERAS, &[]).ends_with(0).await;
    assert_nothing_twice(&before, world).await;
    leftovers::none(&site.temporary()).await;
    let state = State::of(&site).await;
    state.is_the_truth(world);
    account.completed += 1;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments() {
    let kills = if std::env::var_os("DRAYWATCH_TEST_FULL").is_some() {
        100
    } else {
        10
    };
    let given = std::env::var("DRAYWATCH_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(rand::random::<u64>);
    println!("DRAYWATCH_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::start(&CAMERAS, 3, 3600).await;
    let mut account = Account::default();
    while account.total() < kills {
        world.slow(Duration::from_millis(random.random_range(20..250)));
        one_archive(&world, &mut random, kills, &mut account).await;
    }
    account.print(seed);
}
