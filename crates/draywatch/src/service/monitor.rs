//! The service's own look at how it is: again and again, whether the database answers or not, and at once for the job
//! `health_check`. It keeps the last report for whoever serves it. Must not judge.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{Catalog, HealthChange};
use draywatch_core::health::{Facts, Health, Limits, Reason, Status, assess};
use draywatch_core::{Clock, Failure, Kind};
use draywatch_portal::guard::living_browsers;
use draywatch_web::{Report, Snapshot};
use tokio::sync::watch;

use super::Shared;
use super::history::History;
use crate::blocking::blocking;
use crate::config::Config;
use crate::health::{self, Found, Known, Memory};
use crate::lease;

/// A report is good for so many looks ...
const LOOKS: i32 = 4;
/// ... and for the time that a look may take.
const LOOK_TAKES: TimeDelta = TimeDelta::seconds(30);
/// The service's loop turns at least so often.
const TURNS: Duration = Duration::from_secs(60);

/// Looks at how the service is.
pub struct Monitor {
    clock: Clock,
    /// When this process began, for what is measured by it.
    begun: Instant,
    /// Seconds from then to the loop's last turn.
    turned: AtomicU64,
    /// What can be looked at by now.
    view: Mutex<View>,
    looking: tokio::sync::Mutex<Looking>,
    snapshot: watch::Sender<Arc<Snapshot>>,
}

/// What there is to be looked at.
struct View {
    config: Config,
    shared: Option<Arc<Shared>>,
    started: DateTime<Utc>,
    /// Why the service cannot begin.
    waits: Option<Failure>,
    /// What parts of the service say of themselves.
    told: Vec<Reason>,
}

/// What is remembered from look to look.
#[derive(Default)]
struct Looking {
    memory: Memory,
    last: Option<Health>,
    history: History,
    has_written: bool,
    /// The id of the archive that the service works with, as soon as it is known.
    archive_id: Option<String>,
    /// Whether the end is on record, after which nothing is.
    has_ended: bool,
}

impl Monitor {
    /// A monitor of a service that has not begun.
    pub fn new(config: &Config, clock: Clock) -> Self {
        let now = clock.now();
        let view = View {
            config: config.clone(),
            shared: None,
            started: now,
            waits: None,
            told: Vec::new(),
        };
        let facts = Facts::nothing(now, "the service has not looked yet", Vec::new());
        let health = Health::of(vec![Reason::new(
            "service",
            Status::Critical,
            "the service is starting",
        )]);
        let report = Report::new(&facts, health, lasts(config), false);
        Self {
            clock,
            begun: Instant::now(),
            turned: AtomicU64::new(0),
            view: Mutex::new(view),
            looking: tokio::sync::Mutex::default(),
            snapshot: watch::Sender::new(Arc::new(Snapshot {
                report,
                facts,
                readings: None,
                browsers: 0,
            })),
        }
    }

    /// The service's loop has turned.
    pub fn beat(&self) {
        self.turned
            .store(self.begun.elapsed().as_secs(), Ordering::Relaxed);
    }

    /// Whether the service's loop turns.
    pub fn is_alive(&self) -> bool {
        let turned = Duration::from_secs(self.turned.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(turned) < TURNS
    }

    /// The service works with these by now.
    pub fn works_with(&self, shared: &Arc<Shared>) {
        let mut view = self.view();
        if view.shared.is_none() {
            view.started = self.clock.now();
        }
        view.config = shared.config.clone();
        view.shared = Some(Arc::clone(shared));
        view.waits = None;
    }

    /// The service cannot begin yet.
    pub fn waits(&self, failure: Failure) {
        self.view().waits = Some(failure);
    }

    /// A part of the service says something of itself.
    pub fn tell(&self, reason: Reason) {
        let id = reason.id.clone();
        self.tell_all(&id, vec![reason]);
    }

    /// A part of the service says everything that it has to say, instead of what it said before: the ids of its reasons begin so.
    pub fn tell_all(&self, ids: &str, reasons: Vec<Reason>) {
        let mut view = self.view();
        view.told.retain(|told| !told.id.starts_with(ids));
        view.told.extend(reasons);
    }

    /// What the last look found, and every one that follows.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.subscribe()
    }

    /// The settings by now.
    pub fn config(&self) -> Config {
        self.view().config.clone()
    }

    fn view(&self) -> std::sync::MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks again and again.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.look().await;
            let wait = Duration::from_secs(self.view().config.health.look_seconds.into());
            tokio::time::sleep(wait).await;
        }
    }

    /// One look: gathered, judged, published, and written where it can be.
    pub async fn look(&self) {
        let mut looking = self.looking.lock().await;
        if looking.has_ended {
            return;
        }
        let now = self.clock.now();
        let (config, shared, is_early, found) = self.find(now, &mut looking.memory).await;
        let Found { facts, readings } = found;
        let health = assess(&facts, &limits(&config));
        let is_ours = facts.archive.is_none();
        let report = Report::new(&facts, health.clone(), lasts(&config), shared.is_some());
        let browsers = blocking(living_browsers).await;
        let snapshot = Arc::new(Snapshot {
            report: report.clone(),
            facts,
            readings,
            browsers,
        });
        // Before the first attempt to begin there is nothing to be told of: who asks is answered, and nobody is called.
        self.snapshot.send_if_modified(|last| {
            *last = snapshot;
            !is_early
        });
        if !is_early {
            looking.note(now, health);
        }
        let Some(shared) = shared else {
            return;
        };
        if looking.archive_id.is_none() {
            let archive = shared.collector.store().archive.clone();
            let id = blocking(move || archive.id()).await;
            looking.archive_id = id.ok().flatten();
        }
        // Only into an archive that is known to be ours.
        if is_ours {
            looking.write_report(&config, report).await;
        }
        let catalog = &shared.collector.store().catalog;
        looking.history.hand_over(catalog).await;
    }

    async fn find(
        &self,
        now: DateTime<Utc>,
        memory: &mut Memory,
    ) -> (Config, Option<Arc<Shared>>, bool, Found) {
        let (config, shared, waits, told, started) = {
            let view = self.view();
            (
                view.config.clone(),
                view.shared.clone(),
                view.waits.clone(),
                view.told.clone(),
                view.started,
            )
        };
        let is_early = shared.is_none() && waits.is_none();
        let found = match &shared {
            Some(shared) => {
                let known = known(shared, started);
                health::look(shared.collector.store(), &known, now, memory, told).await
            }
            None => Found {
                facts: waiting(now, waits, told),
                readings: None,
            },
        };
        (config, shared, is_early, found)
    }

    /// The service is about to end in good order, which is the last change on record; the database is still open.
    pub async fn note_end(&self, catalog: &dyn Catalog) {
        let mut looking = self.looking.lock().await;
        let now = self.clock.now();
        let report = self.snapshot.borrow().report.stopped(now);
        let (status, reasons) = (report.status, report.reasons);
        looking.has_ended = true;
        looking.history.note(HealthChange {
            at: now,
            health: Health { status, reasons },
        });
        looking.history.finish(catalog).await;
    }

    /// The last report, after the service has ended.
    pub async fn end(&self) {
        let mut looking = self.looking.lock().await;
        let config = {
            let mut view = self.view();
            // Each holds the other, and with it the archive's folder of temporaries.
            view.shared = None;
            view.config.clone()
        };
        let last = Arc::clone(&self.snapshot.borrow());
        let was = &last.report;
        let report = was.stopped(self.clock.now());
        self.snapshot.send_replace(Arc::new(Snapshot {
            report: report.clone(),
            ..(*last).clone()
        }));
        if was.is_running && !was.reasons.iter().any(|reason| reason.id == "archive") {
            looking.write_report(&config, report).await;
        }
    }
}

impl Looking {
    /// Remembers health and tells of it in the log, where it is another than before.
    fn note(&mut self, now: DateTime<Utc>, health: Health) {
        let gist = |health: &Health| {
            let reasons = health.reasons.iter();
            let ids: Vec<_> = reasons
                .map(|reason| (reason.id.clone(), reason.status))
                .collect();
            (health.status, ids)
        };
        if self.last.as_ref().map(gist) == Some(gist(&health)) {
            return;
        }
        let was = self
            .last
            .as_ref()
            .map_or(Status::Healthy, |last| last.status);
        tell(was, &health);
        self.history.note(HealthChange {
            at: now,
            health: health.clone(),
        });
        self.last = Some(health);
    }

    /// Writes the report into the archive, and which process wrote it; that it cannot be written is told once.
    async fn write_report(&mut self, config: &Config, report: Report) {
        let (root, id) = (config.download_dir.clone(), self.archive_id.clone());
        let Some(id) = id else {
            return;
        };
        let report = Report {
            process: Some(lease::this_process()),
            ..report
        };
        let written = blocking(move || health::write(&root, &id, &report)).await;
        if let Err(error) = &written
            && self.has_written
        {
            tracing::warn!(%error, file = health::FILE, "health could not be written down");
        }
        self.has_written = written.is_ok();
    }
}

fn tell(was: Status, health: &Health) {
    let reasons: Vec<_> = health
        .reasons
        .iter()
        .map(|reason| format!("{}: {}", reason.id, reason.message))
        .collect();
    let (status, reasons) = (health.status, reasons.join(" | "));
    match status {
        Status::Healthy if was == Status::Healthy => {}
        Status::Healthy => tracing::info!(%was, %status, "health"),
        Status::Warning => tracing::warn!(%was, %status, reasons, "health"),
        Status::Degraded | Status::Critical => tracing::error!(%was, %status, reasons, "health"),
    }
}

fn known(shared: &Shared, started: DateTime<Utc>) -> Known {
    let jobs = shared.policy.jobs.iter();
    Known {
        cameras: shared.config.stream_names.clone(),
        jobs: jobs
            .map(|job| (job.spec.name.clone(), job.deadline))
            .collect(),
        interval: interval(&shared.config),
        started,
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        interval: TimeDelta::from_std(config.frame_interval()).unwrap_or(TimeDelta::MAX),
        disk_warning: config.health.disk_warning_percent,
        disk_critical: config.health.disk_critical_percent,
    }
}

fn interval(config: &Config) -> TimeDelta {
    TimeDelta::from_std(config.download_interval()).unwrap_or(TimeDelta::MAX)
}

/// How long a report is good for.
fn lasts(config: &Config) -> TimeDelta {
    TimeDelta::seconds(config.health.look_seconds.into()) * LOOKS + LOOK_TAKES
}

/// What is known of a service that cannot begin.
fn waiting(now: DateTime<Utc>, why: Option<Failure>, told: Vec<Reason>) -> Facts {
    match why {
        Some(failure) if failure.kind == Kind::Archive => Facts {
            archive: Some(failure),
            database: Ok(Duration::ZERO),
            ..Facts::nothing(now, "", told)
        },
        Some(failure) => Facts::nothing(now, &failure.message, told),
        None => Facts::nothing(now, "the service has not opened it yet", told),
    }
}
