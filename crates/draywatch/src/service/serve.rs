//! `draywatch serve`: pages and API without a service behind them. Health is what a service wrote of itself, figures are the
//! database's. Must not collect, look after anything, or judge.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::error::chain;
use draywatch_core::health::{Facts, Health, Reason, Status};
use draywatch_core::{Clock, Failure, Kind};
use draywatch_web::{App, Report, Snapshot, Source, StoreNow};
use tokio::sync::watch;

use super::http;
use super::policy::Policy;
use super::signals::{ServiceSignal, Signals};
use crate::blocking::blocking;
use crate::collect::is_abandoned;
use crate::config::{Config, Loaded};
use crate::health::{self, Known};

/// How often the service's report is read.
const EVERY: Duration = Duration::from_secs(2);

/// Serves until it is told to stop.
///
/// # Errors
/// When it cannot listen.
pub async fn run(loaded: Loaded, mut signals: Signals, clock: Clock) -> Result<(), Failure> {
    let (_unchanging, live) = watch::channel(http::live(&loaded));
    let config = loaded.config;
    let told =
        |error: std::io::Error| Failure::new(Kind::Configuration, http::cannot(&config, &error));
    let listener = http::bind(&config).await.map_err(told)?;
    let (opening, store) = watch::channel(None);
    let (looking, snapshots) = watch::channel(Arc::new(look(&config, &store, clock.now()).await));
    let asked = store.clone();
    let source = Source {
        snapshots,
        is_alive: Arc::new(|| true),
        is_ready: Some(Arc::new(move || http::is_open(&asked))),
        is_abandoned,
        clock: clock.clone(),
    };
    let app = App::new(source, store.clone(), http::settings(&config, live));
    let mut opened = store.clone();
    let looks = async {
        loop {
            looking.send_replace(Arc::new(look(&config, &store, clock.now()).await));
            // As soon as the database is open, too.
            let _ = tokio::time::timeout(EVERY, opened.changed()).await;
        }
    };
    let stops = async {
        // Settings are read at the start only: being told to read them again changes nothing.
        while signals.next().await != ServiceSignal::Stop {}
    };
    tokio::select! {
        served = draywatch_web::serve(listener, app) => served.map_err(told)?,
        () = http::keep_open(&config, &clock, opening) => {}
        () = looks => {}
        () = stops => tracing::info!("stopped"),
    }
    Ok(())
}

/// What the service wrote of itself, and what the database says.
async fn look(config: &Config, store: &StoreNow, now: DateTime<Utc>) -> Snapshot {
    let root = config.download_dir.clone();
    let read = blocking(move || health::read(&root)).await;
    let open = store.borrow().clone();
    let found = match open {
        Some(store) => health::look_at_rows(&*store.catalog, &known(config, now), now).await,
        None => health::Found {
            facts: Facts::nothing(now, "the database is not open yet", Vec::new()),
            readings: None,
        },
    };
    let report = match read {
        Ok(report) if report.expires > now && !health::is_of_dead(&report) => report,
        Ok(report) => {
            let at = report.timestamp.format("%Y-%m-%d %H:%M:%S UTC");
            let why = format!("the service is dead or hangs: it last told of itself at {at}");
            gone(&found, why)
        }
        Err(error) => gone(&found, chain(&error)),
    };
    Snapshot {
        report,
        facts: found.facts,
        readings: found.readings,
        browsers: 0,
    }
}

fn gone(found: &health::Found, why: String) -> Report {
    let health = Health::of(vec![Reason::new("service", Status::Critical, why)]);
    Report::new(
        &found.facts,
        health,
        TimeDelta::from_std(EVERY * 4).unwrap_or_default(),
        false,
    )
}

fn known(config: &Config, now: DateTime<Utc>) -> Known {
    let jobs = Policy::of(config).jobs;
    Known {
        cameras: config.stream_names.clone(),
        jobs: jobs
            .iter()
            .map(|job| (job.spec.name.clone(), job.deadline))
            .collect(),
        interval: TimeDelta::from_std(config.download_interval()).unwrap_or(TimeDelta::MAX),
        started: now,
    }
}
