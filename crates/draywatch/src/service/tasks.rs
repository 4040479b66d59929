//! A tick carried out: its lease kept alive, its deadline, its end written down. Must not decide what is due.

use std::sync::Arc;
use std::time::Duration;

use draywatch_catalog::CatalogError;
use draywatch_core::error::chain;
use draywatch_core::{Failure, Kind};

use super::book::{self, Ended, Started};
use super::policy::Work;
use super::{Shared, collect, upkeep};
use crate::lease::Keeper;

/// How long the end of a tick is tried to be written down; then its lease runs out, and the tick is found interrupted.
const WRITE_PATIENCE: Duration = Duration::from_mins(5);
/// The pause between two such tries.
const WRITE_PAUSE: Duration = Duration::from_secs(2);

/// Carries out a tick and writes down how it ended.
pub async fn carry_out(shared: Arc<Shared>, started: Started) {
    let catalog = shared.collector.store().catalog.clone();
    let life = shared.policy.lease;
    let keeper = Keeper::start(catalog, started.fence.clone(), life, shared.clock.clone());
    let job = started.job.spec.name.clone();
    tracing::debug!(job = %job, due = %started.due, purpose = started.purpose.as_str(), "tick started");
    let ended = tokio::select! {
        ended = work(&shared, &started) => Some(ended),
        () = keeper.lost() => None,
        () = tokio::time::sleep(started.job.deadline) => Some(Ended::Failed(hanging(&started))),
        () = shared.cut_short.cancelled() => Some(Ended::PutBack),
    };
    let Some(ended) = ended else {
        tracing::warn!(job = %job, "the tick is broken off: another process has taken it over");
        return;
    };
    if let Ended::Failed(failure) = &ended {
        tracing::warn!(job = %job, due = %started.due, attempt = started.attempts + 1, kind = %failure.kind, "tick failed: {failure}");
    }
    if !matches!(ended, Ended::Done(_)) {
        close_run(&shared, &started).await;
    }
    write_down(&shared, &started, &ended).await;
}

/// Puts a tick back that was started as the service was told to stop.
pub async fn put_back(shared: Arc<Shared>, started: Started) {
    write_down(&shared, &started, &Ended::PutBack).await;
}

async fn work(shared: &Shared, started: &Started) -> Ended {
    let done = match &started.job.work {
        Work::Collect(camera) => collect::collect(shared, camera, &started.fence)
            .await
            .map(Some),
        Work::Cleanup => upkeep::cleanup(shared).await.map(|()| None),
        Work::Verify => upkeep::verify(shared, started.job.spec.period)
            .await
            .map(|()| None),
        Work::Examine => upkeep::examine(shared).await.map(|()| None),
        Work::HealthCheck => {
            shared.monitor.look().await;
            Ok(None)
        }
    };
    match done {
        Ok(looked) => Ended::Done(looked),
        Err(_) if shared.cut_short.is_cancelled() => Ended::PutBack,
        // It did not wait for its turn.
        Err(failure) if shared.stopping.is_cancelled() && failure.kind == Kind::Interrupted => {
            Ended::PutBack
        }
        Err(failure) => Ended::Failed(failure),
    }
}

fn hanging(started: &Started) -> Failure {
    let message = format!(
        "{} did not end within {} s and was broken off",
        started.job.spec.name,
        started.job.deadline.as_secs()
    );
    Failure::new(Kind::Interrupted, message)
}

/// A collection that was broken off has left its run without an end.
async fn close_run(shared: &Shared, started: &Started) {
    let Work::Collect(camera) = &started.job.work else {
        return;
    };
    let catalog = shared.collector.store().catalog.fenced(&started.fence);
    if let Err(error) = catalog
        .close_interrupted(Some(camera), shared.clock.now())
        .await
    {
        tracing::warn!(camera = %camera, error = %chain(&error), "the run that was broken off could not be closed; the next one does it");
    }
}

async fn write_down(shared: &Shared, started: &Started, ended: &Ended) {
    let catalog = &shared.collector.store().catalog;
    let job = &started.job.spec.name;
    let until = tokio::time::Instant::now() + WRITE_PATIENCE;
    loop {
        let now = shared.clock.now();
        match book::finish(&shared.policy, &**catalog, started, ended, now).await {
            Ok(true) => return,
            Ok(false) => {
                tracing::warn!(job = %job, "another process has taken this tick over");
                return;
            }
            Err(error @ CatalogError::Replaced { .. }) => {
                tracing::warn!(job = %job, kind = %error.kind(), error = %chain(&error), "the end of a tick is not written down");
                return;
            }
            Err(error) if tokio::time::Instant::now() < until => {
                tracing::warn!(job = %job, kind = %error.kind(), error = %chain(&error), "the end of a tick could not be written down, trying again");
                tokio::time::sleep(WRITE_PAUSE).await;
            }
            Err(error) => {
                tracing::error!(job = %job, kind = %error.kind(), error = %chain(&error), "the end of a tick could not be written down; it will be found interrupted");
                return;
            }
        }
    }
}
