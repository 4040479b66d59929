//! The jobs that there are, and the settings that they run by. Must not know rows.

use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use draywatch_core::CameraId;
use draywatch_core::retry::Delays;
use draywatch_core::schedule::JobSpec;

use crate::collect::job_name;
use crate::config::Config;

/// How often health is looked at.
const HEALTH_EVERY: TimeDelta = TimeDelta::minutes(5);
/// How often a part of the old files is looked at.
const VERIFY_EVERY: TimeDelta = TimeDelta::hours(1);
/// How often pictures are looked for that other programs brought.
const EXAMINE_EVERY: TimeDelta = TimeDelta::minutes(10);
/// How long cleaning up may take.
const CLEANUP_DEADLINE: Duration = Duration::from_hours(1);
/// How long a look at health may take.
const HEALTH_DEADLINE: Duration = Duration::from_secs(90);

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Collects a camera: today, what is owed, and past days that are not known to be complete.
    Collect(CameraId),
    /// Retention, and what crashes left.
    Cleanup,
    /// The rolling look at old files.
    Verify,
    /// What pictures are worth that nobody has examined yet.
    Examine,
    /// The look at health.
    HealthCheck,
}

/// A job with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What it does.
    pub work: Work,
    /// When its ticks are due.
    pub spec: JobSpec,
    /// After this time it is taken to hang.
    pub deadline: Duration,
}

/// What the scheduler runs by.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Every job.
    pub jobs: Vec<Job>,
    /// The cameras that are collected.
    pub cameras: Vec<CameraId>,
    /// Time between two collections of a camera.
    pub interval: TimeDelta,
    /// Whether ticks follow each camera's rhythm.
    pub follows_rhythm: bool,
    /// When failures are tried again.
    pub delays: Delays,
    /// Failures in a row after which the portal is taken to fail as a whole.
    pub breaker_failures: u32,
    /// How long a lease lives without a sign of life.
    pub lease: Duration,
    /// The terminal's zone.
    pub zone: Tz,
}

/// When the service tries again what failed.
#[must_use]
pub fn delays(config: &Config) -> Delays {
    Delays {
        first: TimeDelta::seconds(config.retry_delay_seconds.into()),
        multiplier: if config.exponential_backoff {
            config.backoff_multiplier
        } else {
            1.0
        },
        most: TimeDelta::seconds(config.max_retry_delay_seconds.into()),
        attempts: config.max_retries,
    }
}

impl Policy {
    /// The policy that the settings ask for.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let interval = TimeDelta::from_std(config.download_interval()).unwrap_or(TimeDelta::MAX);
        let mut policy = Self {
            jobs: Vec::new(),
            cameras: config.stream_names.clone(),
            interval,
            follows_rhythm: config.service.capture_at_publish,
            delays: delays(config),
            breaker_failures: config.service.breaker_failures,
            lease: Duration::from_secs(config.service.lease_seconds.into()),
            zone: config.portal.time_zone,
        };
        let grace = TimeDelta::seconds(config.service.misfire_grace_seconds.into());
        // Today's collection, then days that are owed for half an interval, of which the last may take as long again.
        let collect = config.collection_deadline() * 2 + config.download_interval() / 2;
        for camera in &config.stream_names {
            let work = Work::Collect(camera.clone());
            policy.add(work, interval, grace, true, collect);
        }
        let cleanup = TimeDelta::hours(config.cleanup_interval_hours.into());
        policy.add(Work::Cleanup, cleanup, grace, true, CLEANUP_DEADLINE);
        let verify = VERIFY_EVERY.to_std().unwrap_or_default();
        policy.add(Work::Verify, VERIFY_EVERY, grace, false, verify);
        let examine = EXAMINE_EVERY.to_std().unwrap_or_default();
        policy.add(Work::Examine, EXAMINE_EVERY, grace, true, examine);
        let health = Work::HealthCheck;
        policy.add(health, HEALTH_EVERY, grace, true, HEALTH_DEADLINE);
        policy
    }

    fn add(
        &mut self,
        work: Work,
        period: TimeDelta,
        grace: TimeDelta,
        at_start: bool,
        deadline: Duration,
    ) {
        let spec = JobSpec {
            name: work.name(),
            period,
            grace,
            at_start,
            delays: self.delays,
        };
        self.jobs.push(Job {
            work,
            spec,
            deadline,
        });
    }
}

impl Work {
    /// The job's name in the database.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Collect(camera) => job_name(camera),
            Self::Cleanup => "cleanup".into(),
            Self::Verify => "verify".into(),
            Self::Examine => "examine".into(),
            Self::HealthCheck => "health_check".into(),
        }
    }
}
