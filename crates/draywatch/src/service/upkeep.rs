//! The jobs beside collecting: cleaning up, looking at old files, looking at health. What they do is `maintain`'s business.

use chrono::TimeDelta;
use draywatch_catalog::{CatalogError, LedgerFilter, LedgerState};
use draywatch_core::Failure;

use super::Shared;

/// Ticks that ended so long ago are forgotten; runs are kept for ever.
const KEEP_TICKS: TimeDelta = TimeDelta::days(400);

/// Retention, and what crashes left.
///
/// # Errors
/// When database or archive fail.
pub async fn cleanup(shared: &Shared) -> Result<(), Failure> {
    let catalog = &shared.collector.store().catalog;
    let before = shared.clock.now() - KEEP_TICKS;
    let forgotten = catalog.forget_ticks(before).await.map_err(failed)?;
    tracing::info!(ticks = forgotten, "cleaned up");
    Ok(())
}

/// The rolling look at old files.
///
/// # Errors
/// When database or archive fail.
pub async fn verify(_shared: &Shared, _every: TimeDelta) -> Result<(), Failure> {
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
        let newest = catalog.newest_frames(camera, 1).await.map_err(failed)?;
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
    let owed = catalog.ledger(&filter).await.map_err(failed)?.len();
    if owed > 0 {
        tracing::info!(owed, "frames are owed");
    }
    Ok(())
}

fn failed(error: CatalogError) -> Failure {
    Failure::of(error.kind(), &error)
}
