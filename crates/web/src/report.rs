//! Health as it is written and served: one JSON object. Must not judge.

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::health::{Facts, Health, Reason, Status, used_percent};
use serde::{Deserialize, Serialize};

/// How things were at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// As a whole.
    pub status: Status,
    /// When it was looked at.
    pub timestamp: DateTime<Utc>,
    /// After this moment it says nothing any more: whoever wrote it should have written a new one.
    pub expires: DateTime<Utc>,
    /// Whether the service is at work; not while it waits for database or archive to begin, nor after it was told to stop.
    pub is_running: bool,
    /// Its jobs.
    pub jobs: Vec<JobReport>,
    /// `ok`, or why the database gives no answer.
    pub database: String,
    /// How long it took for the smallest question, in seconds.
    pub database_latency_seconds: Option<f64>,
    /// How much of the archive's disk is in use.
    pub disk_usage_percent: Option<f64>,
    /// Everything that is not well, the worst first.
    pub reasons: Vec<Reason>,
    /// The version of draywatch.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// The same by a name that no other process ever has, for who asks on the same machine whether it lives; not served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
}

/// A job of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReport {
    /// Its name in the database, such as `collect:in_gate`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// When it begins next; the moment it began, while it is under way.
    pub next_run: Option<DateTime<Utc>>,
    /// Whether its time has come and it has not ended.
    pub pending: bool,
}

impl Report {
    /// What facts and their judgement come to.
    #[must_use]
    pub fn new(facts: &Facts, health: Health, lasts: TimeDelta, is_running: bool) -> Self {
        let jobs = facts.jobs.iter().map(|job| JobReport {
            id: job.name.clone(),
            name: words(&job.name),
            next_run: job.open.map(|(at, _)| at),
            pending: job
                .open
                .is_some_and(|(at, is_running)| is_running || at <= facts.now),
        });
        Self {
            status: health.status,
            timestamp: facts.now,
            expires: facts.now + lasts,
            is_running,
            jobs: jobs.collect(),
            database: match &facts.database {
                Ok(_) => "ok".to_owned(),
                Err(why) => why.clone(),
            },
            database_latency_seconds: facts
                .database
                .as_ref()
                .ok()
                .map(std::time::Duration::as_secs_f64),
            disk_usage_percent: facts.disk.and_then(used_percent),
            reasons: health.reasons,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            process: None,
        }
    }

    /// What it still says at that moment: one that should have been replaced long since says only that.
    #[must_use]
    pub fn as_of(&self, now: DateTime<Utc>) -> Self {
        if now < self.expires {
            return self.clone();
        }
        let message = format!(
            "the service has not looked after itself since {}, which was good until {}: it hangs, or the machine's clock was set",
            self.timestamp.format("%Y-%m-%d %H:%M:%S UTC"),
            self.expires.format("%Y-%m-%d %H:%M:%S UTC")
        );
        let mut reasons = self.reasons.clone();
        reasons.insert(0, Reason::new("service", Status::Critical, message));
        Self {
            status: Status::Critical,
            is_running: false,
            reasons,
            ..self.clone()
        }
    }

    /// The same after the service has ended.
    #[must_use]
    pub fn stopped(&self, now: DateTime<Utc>) -> Self {
        let mut reasons = self.reasons.clone();
        reasons.insert(
            0,
            Reason::new("service", Status::Critical, "the service was stopped"),
        );
        Self {
            status: Status::Critical,
            timestamp: now,
            is_running: false,
            reasons,
            ..self.clone()
        }
    }

    /// Whether the service can do its work: it has begun, and database and archive can be used.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let keeps_from_work = |reason: &Reason| {
            reason.status == Status::Critical
                && matches!(reason.id.as_str(), "database" | "archive" | "service")
        };
        self.is_running && !self.reasons.iter().any(keeps_from_work)
    }
}

/// A job's name for people.
fn words(name: &str) -> String {
    match name.split_once(':') {
        Some((job, camera)) => format!("{job} {camera}"),
        None => name.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_should_have_been_replaced_says_only_that() {
        let now = DateTime::from_timestamp(1_763_800_000, 0).unwrap();
        let facts = Facts {
            database: Ok(std::time::Duration::ZERO),
            ..Facts::nothing(now, "", Vec::new())
        };
        let report = Report::new(&facts, Health::default(), TimeDelta::seconds(60), true);
        let just_good = report.as_of(now + TimeDelta::seconds(59));
        assert_eq!(just_good, report);
        assert!(just_good.is_ready());
        let old = report.as_of(now + TimeDelta::seconds(60));
        assert_eq!(old.status, Status::Critical);
        assert!(!old.is_ready() && !old.is_running);
        assert!(old.reasons[0].message.contains("has not looked"), "{old:?}");
    }
}
