//! Collections as the tests want them to have gone.

use std::time::Duration;

use chrono::NaiveDate;
use draywatch_catalog::{NewObservation, NewRun, RunCounts, RunEnd};
use draywatch_core::Failure;
use draywatch_core::outcome::Outcome;

use crate::support::*;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 9, 7).unwrap()
}

/// A run of that camera's day which ended so, and what it saw.
pub async fn run(home: &Home, outcome: Outcome, errors: Vec<Failure>) {
    let catalog = home.catalog().await;
    let run = NewRun {
        command: "fetch".into(),
        camera: camera(),
        date: Some(day()),
        started_at: at(3600),
        pid: 1,
    };
    let id = catalog.start_run(&run).await.unwrap();
    let counts = RunCounts {
        listed: 3,
        stored: 2,
        missing: 1,
        bytes: 4096,
        ..RunCounts::default()
    };
    let took = Duration::from_secs(7);
    let end = RunEnd {
        finished_at: at(3607),
        outcome,
        counts,
        errors,
        listing_took: took,
        took,
    };
    let seen = NewObservation {
        camera: camera(),
        date: day(),
        day_start: at(-3 * 3600),
        day_end: at(21 * 3600),
        observed_at: at(3600),
        confirmed: outcome != Outcome::Failed,
        listed: Some(3),
        newest: None,
        failure: None,
    };
    catalog.finish_run(id, &end, Some(&seen)).await.unwrap();
    catalog.close().await;
}
