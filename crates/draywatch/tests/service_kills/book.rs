//! What the database says of ticks and runs, held against the rules: one tick for a time, one collector for a camera.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use draywatch_catalog::{RunFilter, RunRow, TickRow};
use draywatch_core::schedule::TickState;

use crate::site::Site;
use crate::state::{State, catalog};

/// From when to when.
type Span = (DateTime<Utc>, DateTime<Utc>);

/// Everything that is on record of ticks.
pub async fn ticks(site: &Site) -> Vec<TickRow> {
    let catalog = catalog(site).await;
    let ticks = catalog.ticks(None, 1_000_000).await.unwrap();
    catalog.close().await;
    ticks
}

/// Everything that is on record of runs.
pub async fn runs(site: &Site) -> Vec<RunRow> {
    let all = RunFilter {
        limit: 1_000_000,
        ..RunFilter::default()
    };
    let catalog = catalog(site).await;
    let runs = catalog.runs(&all).await.unwrap();
    catalog.close().await;
    runs
}

/// Prints what there was, and holds it against the rules.
pub fn is_sound(state: &State, ticks: &[TickRow]) {
    print(ticks);
    one_tick_at_a_time(ticks);
    let changes = one_collector_at_a_time(state);
    println!("  no camera had two collectors ({changes} changes of collector)");
}

/// No two ticks of a job were due at the same time, none is under way, none overlaps another.
fn one_tick_at_a_time(ticks: &[TickRow]) {
    let mut seen = BTreeSet::new();
    for tick in ticks {
        let is_new = seen.insert((&tick.job, tick.due));
        assert!(is_new, "two ticks of {} were due at {}", tick.job, tick.due);
        assert_ne!(tick.state, TickState::Running, "{tick:?}");
    }
    let mut spans: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for tick in ticks {
        if let (Some(begun), Some(ended)) = (tick.started_at, tick.finished_at) {
            spans.entry(&tick.job).or_default().push((begun, ended));
        }
    }
    for (job, mut spans) in spans {
        spans.sort_unstable();
        for pair in spans.windows(2) {
            assert!(
                pair[0].1 <= pair[1].0,
                "two ticks of {job} at once: {pair:?}"
            );
        }
    }
}

/// At no time did two processes collect the same camera; how often it went from one to the other.
fn one_collector_at_a_time(state: &State) -> usize {
    let mut changes = 0;
    for camera in cameras(state) {
        let mut runs: Vec<&RunRow> = of(state, &camera).collect();
        runs.sort_by_key(|run| (run.run.started_at, run.id));
        for pair in runs.windows(2) {
            let ended = pair[0].end.as_ref().expect("an end").finished_at;
            if pair[0].run.pid == pair[1].run.pid {
                continue;
            }
            changes += 1;
            let begun = pair[1].run.started_at;
            assert!(
                ended <= begun,
                "{camera} had two collectors: {:?} and {:?}",
                pair[0],
                pair[1]
            );
        }
    }
    changes
}

fn cameras(state: &State) -> BTreeSet<String> {
    let cameras = state.runs.iter().map(|run| run.run.camera.to_string());
    cameras.collect()
}

fn of<'a>(state: &'a State, camera: &'a str) -> impl Iterator<Item = &'a RunRow> {
    let runs = state.runs.iter();
    runs.filter(move |run| run.run.camera.as_str() == camera)
}

/// Runs that process `pid` began after `since`.
pub fn runs_of(runs: &[RunRow], pid: u32, since: DateTime<Utc>) -> Vec<&RunRow> {
    runs.iter()
        .filter(|run| run.run.pid == pid && run.run.started_at >= since)
        .collect()
}

/// Prints how many ticks there were in each state.
fn print(ticks: &[TickRow]) {
    let mut states: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for tick in ticks {
        let job = tick.job.as_str();
        *states.entry((job, tick.state.as_str())).or_default() += 1;
    }
    for ((job, state), count) in states {
        println!("  {job:24} {state:12} {count:5}");
    }
}
