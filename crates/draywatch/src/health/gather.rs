//! What there is to be known, asked of database, archive and clock within a time. Must not judge.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{Catalog, DaySlots, RunRow, TickRow};
use draywatch_core::coverage::{self, SLOT};
use draywatch_core::error::chain;
use draywatch_core::health::{CameraFacts, Facts, JobFacts, Reason, Trouble};
use draywatch_core::outcome::Outcome;
use draywatch_core::schedule::TickState;
use draywatch_core::{CameraId, Failure, Kind};
use draywatch_web::{CameraReadings, Readings};

use super::sights::sights;
use crate::blocking::blocking;
use crate::collect::job_name;
use crate::store::Store;

/// How long database and disk have for all their answers.
const PATIENCE: Duration = Duration::from_secs(10);
/// How far back what is owed is compared with.
const BEFORE: TimeDelta = TimeDelta::hours(1);
/// So far ahead frames are looked for that tell of a clock which is behind; what is later was written by another program.
const AHEAD: TimeDelta = TimeDelta::days(2);
/// For how long a step of the clock is told of.
const STEP_TOLD: Duration = Duration::from_hours(1);
/// Runs and ticks of a camera that are looked at: as many failures in a row are counted at most.
const LOOKED_AT: u32 = 4;

/// What does not change from look to look.
#[derive(Debug, Clone)]
pub struct Known {
    /// The cameras that are collected.
    pub cameras: Vec<CameraId>,
    /// The service's jobs and how long a tick of each may take.
    pub jobs: Vec<(String, Duration)>,
    /// Time between two collections of a camera.
    pub interval: TimeDelta,
    /// When the service began to work.
    pub started: DateTime<Utc>,
}

/// What is remembered from look to look.
#[derive(Debug, Default)]
pub struct Memory {
    owed: VecDeque<(DateTime<Utc>, u64)>,
    clock: Option<(DateTime<Utc>, Instant)>,
    step: Option<(TimeDelta, Instant)>,
}

impl Memory {
    /// Notes what is owed; that, and what was an hour ago.
    fn owed(&mut self, now: DateTime<Utc>, owed: u64) -> (u64, Option<u64>) {
        self.owed.push_back((now, owed));
        while self.owed.get(1).is_some_and(|(at, _)| *at <= now - BEFORE) {
            self.owed.pop_front();
        }
        let before = self.owed.front().filter(|(at, _)| *at <= now - BEFORE);
        (owed, before.map(|(_, owed)| *owed))
    }

    /// Compares the clock with the time that passed; the last step, for as long as it is told of.
    fn step(&mut self, now: DateTime<Utc>, instant: Instant) -> TimeDelta {
        if let Some((then, at)) = self.clock.replace((now, instant)) {
            let passed = TimeDelta::from_std(instant - at).unwrap_or_default();
            let step = (now - then) - passed;
            if step.abs() > TimeDelta::seconds(2) {
                self.step = Some((step, instant));
            }
        }
        let told = self.step.filter(|(_, at)| instant - *at < STEP_TOLD);
        told.map_or_else(TimeDelta::zero, |(step, _)| step)
    }
}

/// What one look found.
#[derive(Debug)]
pub struct Found {
    /// What is judged.
    pub facts: Facts,
    /// What is only counted; `None` where the database does not say.
    pub readings: Option<Readings>,
}

/// Gathers everything. What does not answer in time is told as a failure of its own.
pub async fn look(
    store: &Store,
    known: &Known,
    now: DateTime<Utc>,
    memory: &mut Memory,
    told: Vec<Reason>,
) -> Found {
    let mut facts = Facts {
        started: known.started,
        clock_step: memory.step(now, Instant::now()),
        ..Facts::nothing(now, "", told)
    };
    let (rows, (archive, disk)) = tokio::join!(rows(&*store.catalog, known, now), disk(store));
    (facts.archive, facts.disk) = (archive, disk);
    let mut readings = None;
    match rows {
        Ok(rows) => {
            readings = Some(rows.readings);
            facts.database = Ok(rows.latency);
            facts.cameras = rows.cameras;
            facts.jobs = rows.jobs;
            facts.owed = Some(memory.owed(now, rows.owed));
        }
        Err(why) => facts.database = Err(why),
    }
    Found { facts, readings }
}

/// What the database says.
struct Rows {
    latency: Duration,
    cameras: Vec<CameraFacts>,
    jobs: Vec<JobFacts>,
    owed: u64,
    readings: Readings,
}

/// What only the database says, for who does not look after the service: its latency and jobs, and figures for metrics.
pub async fn look_at_rows(catalog: &dyn Catalog, known: &Known, now: DateTime<Utc>) -> Found {
    let mut facts = Facts::nothing(now, "", Vec::new());
    let mut readings = None;
    match rows(catalog, known, now).await {
        Ok(rows) => {
            readings = Some(rows.readings);
            facts.database = Ok(rows.latency);
            facts.jobs = rows.jobs;
        }
        Err(why) => facts.database = Err(why),
    }
    Found { facts, readings }
}

async fn rows(catalog: &dyn Catalog, known: &Known, now: DateTime<Utc>) -> Result<Rows, String> {
    match tokio::time::timeout(PATIENCE, read(catalog, known, now)).await {
        Ok(read) => read.map_err(|error| chain(&error)),
        Err(_) => Err(format!(
            "the database did not answer within {} s: is another program at work in it, or its disk away?",
            PATIENCE.as_secs()
        )),
    }
}

async fn read(
    catalog: &dyn Catalog,
    known: &Known,
    now: DateTime<Utc>,
) -> draywatch_catalog::Result<Rows> {
    let asked = Instant::now();
    catalog.fact(crate::store::ARCHIVE_ID).await?;
    let latency = asked.elapsed();
    let runs = catalog.newest_runs(&known.cameras, LOOKED_AT).await?;
    let (mut cameras, mut of_cameras) = (Vec::new(), Vec::new());
    let mut coverage = coverage(catalog, known, now).await?.into_iter();
    for camera in &known.cameras {
        let until = now + AHEAD;
        let newest = catalog.newest_frames(camera, until, LOOKED_AT).await?;
        let stored = newest
            .iter()
            .filter_map(|frame| Some((frame.instant, frame.committed?)))
            .max();
        let of = runs.iter().filter(|run| run.run.camera == *camera);
        let ticks = catalog.ticks(Some(&job_name(camera)), LOOKED_AT).await?;
        cameras.push(CameraFacts {
            camera: camera.clone(),
            newest: stored.map(|(instant, _)| instant),
            trouble: trouble(&of.collect::<Vec<_>>(), &ticks),
            sights: sights(catalog, camera, until).await?,
        });
        of_cameras.push(CameraReadings {
            camera: camera.clone(),
            newest: stored.map(|(instant, _)| instant),
            lag: stored.map(|(instant, committed)| committed - instant),
            coverage: coverage.next().unwrap_or_default(),
        });
    }
    let rows = catalog.jobs().await?;
    let jobs = known.jobs.iter().filter_map(|(name, deadline)| {
        let standing = rows.iter().find(|row| row.name == *name)?.standing;
        Some(JobFacts {
            name: name.clone(),
            open: standing.open.map(|open| (open.not_before, open.is_running)),
            last_started: standing.last_started,
            deadline: TimeDelta::from_std(*deadline).unwrap_or(TimeDelta::MAX),
        })
    });
    let totals = catalog.totals().await?;
    Ok(Rows {
        latency,
        cameras,
        jobs: jobs.collect(),
        owed: totals.cameras.iter().map(|camera| camera.open).sum(),
        readings: Readings {
            figures: catalog.figures().await?,
            cameras: of_cameras,
        },
    })
}

/// The share of slots that have a frame, camera by camera, of a day that ended long enough ago for its last frame to be in.
async fn coverage(
    catalog: &dyn Catalog,
    known: &Known,
    now: DateTime<Utc>,
) -> draywatch_catalog::Result<Vec<f64>> {
    let to = now - known.interval * 2;
    let from = to - TimeDelta::days(1);
    let days = catalog
        .slots(&known.cameras, from.date_naive(), to.date_naive())
        .await?;
    let share = |days: &Vec<DaySlots>| {
        let slots = days.iter().flat_map(DaySlots::slots);
        coverage::share(slots, from - SLOT, to - SLOT)
    };
    Ok(days.iter().map(share).collect())
}

/// What the last of a camera's collections failed with, and how many before it: of its runs, or of its ticks where these failed
/// before a run could begin.
fn trouble(runs: &[&RunRow], ticks: &[TickRow]) -> Option<Trouble> {
    let ended: Vec<_> = runs
        .iter()
        .filter_map(|run| Some((run, run.end.as_ref()?)))
        .collect();
    let last_end = ended.first().map(|(_, end)| end.finished_at);
    let has_begun = |tick: &&TickRow| tick.started_at.is_some();
    let since = |tick: &&TickRow| last_end.is_none_or(|end| tick.started_at >= Some(end));
    let barren = ticks.iter().filter(has_begun).take_while(since);
    let barren: Vec<_> = barren
        .filter(|tick| tick.state != TickState::Done)
        .filter_map(|tick| Some((tick, tick.failure.as_ref()?)))
        .collect();
    let failed: Vec<_> = ended
        .iter()
        .take_while(|(_, end)| end.outcome != Outcome::Complete)
        .filter_map(|(run, end)| Some((run, end, end.errors.first()?)))
        .collect();
    let in_vain: u32 = barren.iter().map(|(tick, _)| tick.attempts.max(1)).sum();
    let times = in_vain + u32::try_from(failed.len()).unwrap_or(u32::MAX);
    let (failure, was_listed) = match (barren.first(), failed.first()) {
        (Some((_, failure)), _) => ((*failure).clone(), false),
        (None, Some((_, end, failure))) => ((*failure).clone(), end.counts.listed > 0),
        (None, None) => return None,
    };
    Some(Trouble {
        failure,
        times,
        was_listed,
    })
}

/// Whether the archive can be used, and the room on its disk.
async fn disk(store: &Store) -> (Option<Failure>, Option<(u64, u64)>) {
    let looked = async {
        let store = store.reopened().await?;
        let archive = store.archive;
        Ok::<_, crate::store::StoreError>(blocking(move || archive.free_space()).await?)
    };
    match tokio::time::timeout(PATIENCE, looked).await {
        Ok(Ok(disk)) => (None, Some(disk)),
        // That is told of the database itself.
        Ok(Err(crate::store::StoreError::Catalog(_))) => (None, None),
        Ok(Err(error)) => (Some(Failure::of(error.kind(), &error)), None),
        Err(_) => {
            let message = format!(
                "the archive's disk did not answer within {} s",
                PATIENCE.as_secs()
            );
            (Some(Failure::new(Kind::Archive, message)), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_800_000 + minutes * 60, 0).unwrap()
    }

    #[test]
    fn what_is_owed_is_compared_with_an_hour_ago() {
        let mut memory = Memory::default();
        assert_eq!(memory.owed(at(0), 3), (3, None));
        assert_eq!(memory.owed(at(59), 5), (5, None));
        assert_eq!(memory.owed(at(60), 6), (6, Some(3)));
        assert_eq!(memory.owed(at(118), 7), (7, Some(3)));
        assert_eq!(memory.owed(at(121), 9), (9, Some(6)));
    }

    #[test]
    fn a_clock_that_is_set_is_noticed_and_told_for_an_hour() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        let minutes = |count: u64| start + Duration::from_mins(count);
        assert_eq!(memory.step(at(0), minutes(0)), TimeDelta::zero());
        assert_eq!(memory.step(at(1), minutes(1)), TimeDelta::zero());
        assert_eq!(memory.step(at(32), minutes(2)), TimeDelta::minutes(30));
        assert_eq!(memory.step(at(91), minutes(61)), TimeDelta::minutes(30));
        assert_eq!(memory.step(at(93), minutes(63)), TimeDelta::zero());
    }
}
