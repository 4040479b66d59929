//! How things are: facts -> a status, with every reason for it named. Must not read a clock, a database or a disk.

mod pictures;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::camera::CameraId;
use crate::error::{Failure, Kind};
use crate::zone::FUTURE_TOLERANCE;

pub use pictures::Sights;

/// A pending tick that is later than this has nobody who turns the scheduler.
const OVERDUE: TimeDelta = TimeDelta::minutes(10);
/// A database that takes longer for the smallest question is told of.
const SLOW: Duration = Duration::from_secs(2);
/// A clock that moved by more than this against the time that passed was set.
const STEP: TimeDelta = TimeDelta::seconds(60);
/// The ledger grows if it holds so many frames more of each camera than before: a few wait between two tries at any time.
const GROWTH: u64 = 3;

/// How things are as a whole.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All well.
    #[default]
    Healthy,
    /// Nothing is lost yet.
    Warning,
    /// Frames are late or missing.
    Degraded,
    /// Nothing can be stored, or nobody works.
    Critical,
}

impl Status {
    /// The name as it stands in files and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Degraded => "degraded",
            Self::Critical => "critical",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What it is about, the same for as long as it lasts: `database`, `disk`, `portal`, `camera:in_gate`,
    /// `picture:in_gate`, `job:cleanup`, ...
    pub id: String,
    /// How bad it is.
    pub status: Status,
    /// What is wrong, and what to do about it.
    pub message: String,
}

impl Reason {
    /// A reason.
    pub fn new(id: impl Into<String>, status: Status, message: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            status,
            message: message.into(),
        }
    }
}

/// How things are: the worst of the reasons.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Health {
    /// As a whole.
    pub status: Status,
    /// Every reason, the worst first.
    pub reasons: Vec<Reason>,
}

impl Health {
    /// What reasons come to.
    #[must_use]
    pub fn of(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by(|a, b| b.status.cmp(&a.status).then_with(|| a.id.cmp(&b.id)));
        Self {
            status: reasons
                .iter()
                .map(|reason| reason.status)
                .max()
                .unwrap_or_default(),
            reasons,
        }
    }
}

/// From where on it is not well; settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Time within which a camera has a new frame: the longer one of that between two collections and of its own.
    pub interval: TimeDelta,
    /// Per cent of the disk in use that are a warning.
    pub disk_warning: f64,
    /// And those that are critical.
    pub disk_critical: f64,
}

/// What is known of a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraFacts {
    /// Which one.
    pub camera: CameraId,
    /// Its newest stored frame.
    pub newest: Option<DateTime<Utc>>,
    /// What the last of its collections failed with.
    pub trouble: Option<Trouble>,
    /// What its newest pictures are worth.
    pub sights: Sights,
}

/// Collections that failed one after the other, up to the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What the last one failed with.
    pub failure: Failure,
    /// How many.
    pub times: u32,
    /// Whether the page was read, so that it is about pictures.
    pub was_listed: bool,
}

/// What is known of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFacts {
    /// Its name.
    pub name: String,
    /// When its open tick may begin, and whether it has.
    pub open: Option<(DateTime<Utc>, bool)>,
    /// When the last of its ticks began.
    pub last_started: Option<DateTime<Utc>>,
    /// How long a tick may take.
    pub deadline: TimeDelta,
}

/// Everything that is looked at. What could not be found out, since the database does not answer, is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// When it was looked at.
    pub now: DateTime<Utc>,
    /// When the service began to work.
    pub started: DateTime<Utc>,
    /// How long the database took for the smallest question, or why it gives no answer.
    pub database: Result<Duration, String>,
    /// Why the archive cannot be used.
    pub archive: Option<Failure>,
    /// Bytes free and in all on the archive's disk.
    pub disk: Option<(u64, u64)>,
    /// The cameras.
    pub cameras: Vec<CameraFacts>,
    /// The jobs.
    pub jobs: Vec<JobFacts>,
    /// Frames owed now, and an hour ago if that is known.
    pub owed: Option<(u64, Option<u64>)>,
    /// By how much the clock moved more than time passed, lately.
    pub clock_step: TimeDelta,
    /// What others say of themselves: a port that is taken, a channel for alerts that fails.
    pub told: Vec<Reason>,
}

impl Facts {
    /// Facts of which nothing is known, since the database gives no answer.
    #[must_use]
    pub fn nothing(now: DateTime<Utc>, why: &str, told: Vec<Reason>) -> Self {
        Self {
            now,
            started: now,
            database: Err(why.to_owned()),
            archive: None,
            disk: None,
            cameras: Vec::new(),
            jobs: Vec::new(),
            owed: None,
            clock_step: TimeDelta::zero(),
            told,
        }
    }
}

/// Judges the facts.
#[must_use]
pub fn assess(facts: &Facts, limits: &Limits) -> Health {
    let mut reasons = Vec::new();
    reasons.extend(database(facts));
    reasons.extend(archive(facts));
    reasons.extend(disk(facts, limits));
    reasons.extend(troubles(facts));
    reasons.extend(
        facts
            .cameras
            .iter()
            .filter_map(|camera| late(camera, facts, limits)),
    );
    reasons.extend(facts.cameras.iter().filter_map(pictures::lying));
    reasons.extend(facts.jobs.iter().filter_map(|job| stuck(job, facts.now)));
    reasons.extend(ledger(facts));
    reasons.extend(clock(facts));
    reasons.extend(facts.told.iter().cloned());
    Health::of(merged(reasons))
}

/// Of several reasons about the same, the worst; the words of all.
fn merged(reasons: Vec<Reason>) -> Vec<Reason> {
    let mut by_id: BTreeMap<String, Reason> = BTreeMap::new();
    for reason in reasons {
        match by_id.get_mut(&reason.id) {
            None => {
                by_id.insert(reason.id.clone(), reason);
            }
            Some(there) => {
                there.status = there.status.max(reason.status);
                if !there.message.contains(&reason.message) {
                    there.message = format!("{}; {}", there.message, reason.message);
                }
            }
        }
    }
    by_id.into_values().collect()
}

fn database(facts: &Facts) -> Option<Reason> {
    match &facts.database {
        Err(why) => Some(Reason::new("database", Status::Critical, why)),
        Ok(took) if *took > SLOW => {
            let message = format!(
                "the database took {:.1} s for the smallest question: is another program at work in it, or its disk slow?",
                took.as_secs_f64()
            );
            Some(Reason::new("database", Status::Warning, message))
        }
        Ok(_) => None,
    }
}

fn archive(facts: &Facts) -> Option<Reason> {
    let failure = facts.archive.as_ref()?;
    Some(Reason::new("archive", Status::Critical, &failure.message))
}

fn disk(facts: &Facts, limits: &Limits) -> Option<Reason> {
    let used = used_percent(facts.disk?)?;
    let status = if used > limits.disk_critical {
        Status::Critical
    } else if used > limits.disk_warning {
        Status::Warning
    } else {
        return None;
    };
    let message = format!(
        "{used:.0} % of the archive's disk are in use: free some, or let the oldest frames go (retention.min_free_gb, retention.max_size_gb)"
    );
    Some(Reason::new("disk", status, message))
}

/// How much of a disk is in use, in per cent, by its free bytes and all of them.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "per cent")]
pub fn used_percent((free, size): (u64, u64)) -> Option<f64> {
    (size > 0).then(|| 100.0 - free.min(size) as f64 * 100.0 / size as f64)
}

/// What collections failed with, put together by cause: a portal that is down is one reason, not one for each camera.
fn troubles(facts: &Facts) -> Vec<Reason> {
    let mut by_cause: BTreeMap<&str, Vec<(&CameraId, &Trouble)>> = BTreeMap::new();
    for camera in &facts.cameras {
        if let Some(trouble) = &camera.trouble {
            by_cause
                .entry(cause(trouble))
                .or_default()
                .push((&camera.camera, trouble));
        }
    }
    let reason = |(cause, found): (&str, Vec<(&CameraId, &Trouble)>)| {
        let status = found.iter().map(|(_, trouble)| severity(trouble)).max();
        let names: Vec<&str> = found.iter().map(|(camera, _)| camera.as_str()).collect();
        let message = found
            .first()
            .map_or("", |(_, trouble)| &trouble.failure.message);
        Reason::new(
            cause,
            status.unwrap_or_default(),
            format!("{}: {message}", names.join(", ")),
        )
    };
    by_cause.into_iter().map(reason).collect()
}

/// What a trouble is about.
fn cause(trouble: &Trouble) -> &'static str {
    match trouble.failure.kind {
        Kind::Browser => "browser",
        Kind::PortalChanged | Kind::Unconfirmed => "page",
        Kind::Contradiction => "clock",
        Kind::DiskFull => "disk",
        Kind::Archive => "archive",
        Kind::Database => "database",
        Kind::Configuration => "settings",
        Kind::Interrupted | Kind::Bug => "collection",
        Kind::NotFound | Kind::Corrupt => "pictures",
        Kind::Transient | Kind::RateLimited | Kind::Forbidden if trouble.was_listed => "pictures",
        Kind::Transient | Kind::RateLimited | Kind::Forbidden => "portal",
    }
}

/// Once may be chance; a picture that the portal does not have is no failure of ours, however often it is asked for.
fn severity(trouble: &Trouble) -> Status {
    match trouble.failure.kind {
        Kind::DiskFull | Kind::Archive | Kind::Database => Status::Critical,
        Kind::NotFound => Status::Warning,
        _ if trouble.times > 1 => Status::Degraded,
        _ => Status::Warning,
    }
}

/// A camera without a new frame for two intervals. One that has none yet gets as long from the start.
fn late(camera: &CameraFacts, facts: &Facts, limits: &Limits) -> Option<Reason> {
    if facts.database.is_err() {
        return None;
    }
    let age = facts.now - camera.newest.unwrap_or(facts.started);
    if age <= limits.interval * 2 {
        return None;
    }
    let message = match camera.newest {
        Some(newest) => format!(
            "{}: no new frame since {}, for {} minutes",
            camera.camera,
            newest.format("%Y-%m-%d %H:%M:%S UTC"),
            age.num_minutes()
        ),
        None => format!(
            "{}: no frame at all yet, for {} minutes",
            camera.camera,
            age.num_minutes()
        ),
    };
    Some(Reason::new(
        format!("camera:{}", camera.camera),
        Status::Degraded,
        message,
    ))
}

/// How long a job is due without having begun, or under way beyond its deadline; zero for one that is in time.
#[must_use]
pub fn overdue(job: &JobFacts, now: DateTime<Utc>) -> TimeDelta {
    let late = match job.open {
        Some((may_begin, false)) => Some(now - may_begin),
        Some((_, true)) => job
            .last_started
            .and_then(|began| (now - began).checked_sub(&job.deadline)),
        None => None,
    };
    late.unwrap_or_default().max(TimeDelta::zero())
}

/// A job that nobody begins, or that does not end.
fn stuck(job: &JobFacts, now: DateTime<Utc>) -> Option<Reason> {
    let (may_begin, is_running) = job.open?;
    if overdue(job, now) <= OVERDUE {
        return None;
    }
    let message = if is_running {
        format!(
            "{} is under way since {}, longer than it may take",
            job.name,
            job.last_started?.format("%H:%M:%S UTC")
        )
    } else {
        format!(
            "{} is due since {} and does not begin",
            job.name,
            may_begin.format("%H:%M:%S UTC")
        )
    };
    Some(Reason::new(
        format!("job:{}", job.name),
        Status::Degraded,
        message,
    ))
}

fn ledger(facts: &Facts) -> Option<Reason> {
    let (now, before) = facts.owed?;
    let cameras = facts.cameras.len().max(1) as u64;
    if now <= before? + GROWTH * cameras {
        return None;
    }
    let message = format!(
        "{now} frames are owed, {} an hour ago: `draywatch status` says why",
        before?
    );
    Some(Reason::new("ledger", Status::Warning, message))
}

fn clock(facts: &Facts) -> Option<Reason> {
    let newest = facts
        .cameras
        .iter()
        .filter_map(|camera| camera.newest)
        .max();
    if let Some(newest) = newest.filter(|newest| *newest > facts.now + FUTURE_TOLERANCE) {
        let message = format!(
            "the clock says {}, but the newest frame is of {newest}: set the machine's clock (is it synchronised?)",
            facts.now
        );
        return Some(Reason::new("clock", Status::Degraded, message));
    }
    if facts.clock_step.abs() <= STEP {
        return None;
    }
    let message = format!(
        "the machine's clock was set by {} s",
        facts.clock_step.num_seconds()
    );
    Some(Reason::new("clock", Status::Warning, message))
}
