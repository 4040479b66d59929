//! The jobs beside collecting: cleaning up, looking at old files, looking at health. What they do is `maintain`'s business.

use std::time::Duration;

use chrono::TimeDelta;
use draywatch_catalog::{CatalogError, LedgerFilter, LedgerState};
use draywatch_core::Failure;
use draywatch_core::error::chain;
use draywatch_core::zone::FUTURE_TOLERANCE;

use super::Shared;
use crate::collect::Collector;
use crate::maintain::keep::Keep;
use crate::maintain::room::{self, Need};
use crate::maintain::{MaintainError, Pruned, sample};

/// Ticks that ended so long ago are forgotten; runs are kept for ever.
const KEEP_TICKS: TimeDelta = TimeDelta::days(400);
/// Days whose slots are computed together, where other programs changed what they say.
const SLOTS: u32 = 8;
/// So many of the files that a check found wrong are named in the log.
const NAMED: usize = 5;

/// Retention, and what crashes left.
///
/// # Errors
/// When database or archive fail.
pub async fn cleanup(shared: &Shared) -> Result<(), Failure> {
    let store = shared.collector.store();
    let before = shared.clock.now() - KEEP_TICKS;
    let forgotten = store.catalog.forget_ticks(before).await;
    let forgotten = forgotten.map_err(|error| failed(&error))?;
    while store
        .catalog
        .refresh_slots(SLOTS)
        .await
        .map_err(|error| failed(&error))?
        > 0
    {}
    let keep = keep(shared);
    let cleaned = room::cleanup(store, &shared.clock, &keep, &|_| {}).await;
    let cleaned = cleaned.map_err(|error| stopped(&error))?;
    tracing::info!(
        frames = cleaned.pruned.frames,
        temporaries = cleaned.swept,
        ticks = forgotten,
        "cleaned up"
    );
    tell(&cleaned.pruned);
    Ok(())
}

/// Sees to it that there is room for a collection. Failing to is told, and no reason not to try to collect: another clean-up
/// may be at work.
pub async fn make_room(shared: &Shared, collector: &Collector, need: Need) {
    let keep = keep(shared);
    let done = room::make_room(collector.store(), &shared.clock, &keep, need).await;
    let done = match done {
        Ok(done) => done,
        Err(error) => {
            tracing::warn!(error = %chain(&error), "no room could be made");
            return;
        }
    };
    if need == Need::Write && done.frames == 0 && !keep.may_yield() {
        tracing::error!(
            "the disk is full, and nothing may go: free some, or let the oldest frames go (retention.min_free_gb, retention.max_size_gb)"
        );
    }
    if done.frames > 0 {
        tracing::warn!(
            frames = done.frames,
            "the disk lacked room: the oldest frames were removed"
        );
    }
    tell(&done);
}

fn keep(shared: &Shared) -> Keep {
    Keep {
        age: shared.config.retention_days,
        room: shared.config.retention.clone(),
    }
}

/// Says what could not go although it would have to.
fn tell(pruned: &Pruned) {
    if pruned.is_well() {
        return;
    }
    for lack in pruned.lacks_in_words() {
        tracing::error!("{lack}");
    }
    for obstacle in pruned.obstacles_in_words() {
        tracing::warn!("{obstacle}");
    }
}

/// The rolling look at old files.
///
/// # Errors
/// When database or archive fail.
pub async fn verify(shared: &Shared, every: TimeDelta) -> Result<(), Failure> {
    let store = shared.collector.store();
    let every = every.to_std().unwrap_or(Duration::from_hours(1));
    let report = sample::verify_sample(store, &shared.clock, every, &|_| {}).await;
    let report = report.map_err(|error| stopped(&error))?;
    for problem in report.problems.iter().take(NAMED) {
        tracing::error!(
            path = problem.path,
            camera = problem.camera_id,
            "an old file is wrong: {}",
            problem.what
        );
    }
    tracing::info!(
        files = report.checked,
        problems = report.problems.len(),
        "old files were looked at"
    );
    Ok(())
}

/// How things are: tells of cameras without new frames, and of what is owed.
///
/// # Errors
/// When the database fails.
pub async fn health_check(shared: &Shared) -> Result<(), Failure> {
    let catalog = &shared.collector.store().catalog;
    let now = shared.clock.now();
    let interval = TimeDelta::from_std(shared.config.download_interval()).unwrap_or(TimeDelta::MAX);
    for camera in &shared.config.stream_names {
        let newest = catalog
            .newest_frames(camera, now + FUTURE_TOLERANCE, 1)
            .await
            .map_err(|error| failed(&error))?;
        let age = newest.first().map(|frame| now - frame.instant);
        if age.is_none_or(|age| age > interval * 2) {
            let minutes = age.map(|age| age.num_minutes());
            tracing::warn!(camera = %camera, minutes, "no new frame for two intervals");
        }
    }
    let filter = LedgerFilter {
        states: vec![LedgerState::Open],
        ..LedgerFilter::default()
    };
    let owed = catalog
        .ledger(&filter)
        .await
        .map_err(|error| failed(&error))?
        .len();
    if owed > 0 {
        tracing::info!(owed, "frames are owed");
    }
    Ok(())
}

fn failed(error: &CatalogError) -> Failure {
    Failure::of(error.kind(), error)
}

fn stopped(error: &MaintainError) -> Failure {
    Failure::of(error.kind(), error)
}
