//! The jobs beside collecting: cleaning up and looking at old files. What they do is `maintain`'s business.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{CatalogError, Hold};
use draywatch_core::zone::FUTURE_TOLERANCE;
use draywatch_core::{Failure, Kind};

use super::Shared;
use crate::collect::Collector;
use crate::config::Retention;
use crate::examine::{self, Account, ExamineError, Pace, Scope};
use crate::maintain::keep::Keep;
use crate::maintain::room::{self, Need};
use crate::maintain::{MaintainError, Pruned, sample};

/// Ticks that ended so long ago are forgotten; runs are kept for ever.
const KEEP_TICKS: TimeDelta = TimeDelta::days(400);
/// Days whose slots are computed together, where other programs changed what they say.
const SLOTS: u32 = 8;
/// So long after nothing could go, nobody looks again: it takes minutes in a large archive, and every collection would wait.
const LOOK_AGAIN: Duration = Duration::from_mins(30);
/// So long pictures are examined in one tick; the next goes on.
const EXAMINE: Duration = Duration::from_mins(8);
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
    let keep = keep(shared).await?;
    let cleaned = room::cleanup(store, &shared.clock, &keep, &|_| {}).await;
    let cleaned = cleaned.map_err(|error| stopped(&error))?;
    tracing::info!(
        frames = cleaned.pruned.frames,
        temporaries = cleaned.swept,
        ticks = forgotten,
        "cleaned up"
    );
    tell(&cleaned.pruned);
    bear_out(&keep, shared.clock.now())
}

/// Fails where frames stayed because the clock is not to be believed.
fn bear_out(keep: &Keep, now: DateTime<Utc>) -> Result<(), Failure> {
    let from = keep.age_counts_from(now);
    let Some(newest) = keep.newest.filter(|_| from < now) else {
        return Ok(());
    };
    if keep.age == Retention::Forever {
        return Ok(());
    }
    let message = format!(
        "the clock says {now}, but the newest frame is of {newest}: frames are removed by age as of {from} only;          if the clock is right, `draywatch prune` removes the others"
    );
    Err(Failure::new(Kind::Contradiction, message))
}

/// Sees to it that there is room for a collection; whether anything went. Failing to is told, and no reason not to try to
/// collect: another clean-up may be at work.
pub async fn make_room(shared: &Shared, collector: &Collector, need: Need) -> bool {
    match room_made(shared, collector, need).await {
        Ok(done) => done.frames > 0,
        Err(failure) => {
            tracing::warn!(kind = %failure.kind, "no room could be made: {failure}");
            false
        }
    }
}

async fn room_made(shared: &Shared, collector: &Collector, need: Need) -> Result<Pruned, Failure> {
    let store = collector.store();
    let holds = store
        .catalog
        .holds()
        .await
        .map_err(|error| failed(&error))?;
    if shared.in_vain.is_still(&holds) {
        return Ok(Pruned::default());
    }
    let keep = keep(shared).await?;
    let done = room::make_room(store, &shared.clock, &keep, need).await;
    let done = done.map_err(|error| stopped(&error))?;
    if done.frames == 0 && (need == Need::Write || !done.is_well()) {
        shared.in_vain.note(holds);
    }
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
    Ok(done)
}

/// The last time that nothing could go although room was wanted: to find that out, every frame was looked at.
#[derive(Debug, Default)]
pub struct InVain(Mutex<Option<(Instant, Vec<Hold>)>>);

impl InVain {
    /// Whether that is not long ago, by the same holds.
    fn is_still(&self, holds: &[Hold]) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .is_some_and(|(at, by)| at.elapsed() < LOOK_AGAIN && by == holds)
    }

    fn note(&self, holds: Vec<Hold>) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((Instant::now(), holds));
    }
}

async fn keep(shared: &Shared) -> Result<Keep, Failure> {
    let catalog = &shared.collector.store().catalog;
    let until = shared.clock.now() + FUTURE_TOLERANCE;
    let mut newest = None;
    for camera in &shared.config.stream_names {
        let frames = catalog.newest_frames(camera, until, 1).await;
        let frames = frames.map_err(|error| failed(&error))?;
        newest = newest.max(frames.first().map(|frame| frame.instant));
    }
    Ok(Keep {
        age: shared.config.retention_days,
        room: shared.config.retention.clone(),
        newest,
    })
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

/// Examines pictures that nobody has examined yet, of every camera that has any, for so long at most.
///
/// # Errors
/// When database or archive fail.
pub async fn examine(shared: &Shared) -> Result<(), Failure> {
    let stopped = |error: &ExamineError| Failure::of(error.kind(), error);
    let (store, cards) = (shared.collector.store(), shared.collector.cards());
    cards.refresh(&*store.catalog).await;
    let totals = store
        .catalog
        .totals()
        .await
        .map_err(|error| failed(&error))?;
    let pace = Pace::background(EXAMINE);
    let mut all = Account::default();
    for camera in totals.cameras {
        let scope = Scope {
            camera_id: camera.camera_id,
            span: None,
            again: false,
        };
        let done = examine::camera(store, cards, &scope, &pace, &|_| {}).await;
        let done = done.map_err(|error| stopped(&error))?;
        done.tell_problems(&scope.camera_id);
        all.add(done);
    }
    if all.looked > 0 {
        tracing::info!(
            pictures = all.looked,
            verdicts = all.verdicts_in_words(),
            "pictures of others were examined"
        );
    }
    Ok(())
}

fn failed(error: &CatalogError) -> Failure {
    Failure::of(error.kind(), error)
}

fn stopped(error: &MaintainError) -> Failure {
    Failure::of(error.kind(), error)
}
