//! Which days need no collection any more. Must not list or fetch.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use draywatch_catalog::{CatalogError, ImageRow, LedgerFilter, LedgerState, NewObservation};
use draywatch_core::zone::day_bounds;
use draywatch_core::{CameraId, Failure};

use super::{Collector, DayReport};

impl Collector {
    /// The account of a day that needs no collection: confirmed after it had ended, nothing of it is owed, and no file of it was
    /// found missing or damaged since.
    ///
    /// # Errors
    /// When the database cannot tell.
    pub async fn final_report(
        &self,
        camera: &CameraId,
        date: NaiveDate,
    ) -> Result<Option<DayReport>, Failure> {
        let failed = |error: CatalogError| Failure::of(error.kind(), &error);
        let Some(confirmed) = self.confirmed(camera, date).await.map_err(failed)? else {
            return Ok(None);
        };
        let filter = LedgerFilter {
            camera: Some(camera.clone()),
            dates: Some((date, date)),
            states: vec![LedgerState::Open, LedgerState::Thumbnail],
        };
        let catalog = &self.store.catalog;
        if !catalog.ledger(&filter).await.map_err(failed)?.is_empty() {
            return Ok(None);
        }
        let (start, end) = day_bounds(date, self.config.portal.time_zone);
        let rows = catalog.images_between(camera, start, end).await;
        if is_any_lost_since(confirmed.observed_at, &rows.map_err(failed)?) {
            return Ok(None);
        }
        let listed = confirmed.listed.unwrap_or(0);
        Ok(Some(DayReport::of_final_day(camera, date, listed)))
    }

    /// The last confirmed listing of a day after which nothing could come any more.
    async fn confirmed(
        &self,
        camera: &CameraId,
        date: NaiveDate,
    ) -> draywatch_catalog::Result<Option<NewObservation>> {
        let (_, end) = day_bounds(date, self.config.portal.time_zone);
        let interval = TimeDelta::from_std(self.config.download_interval()).unwrap_or_default();
        let settled = end + interval * 2;
        let seen = self.store.catalog.observations(camera, date, date).await?;
        let seen = seen.into_iter().map(|row| row.observation);
        Ok(seen
            .filter(|o| o.confirmed && o.observed_at >= settled)
            .last())
    }
}

/// Whether a frame's file was found missing or damaged after a listing. Of one that was known to be so at the listing, the portal
/// has been asked: it is stored or in the ledger by now, or the portal no longer offers it, and then it is given up.
fn is_any_lost_since(listed: DateTime<Utc>, rows: &[ImageRow]) -> bool {
    let frame = |row: &ImageRow| (row.timestamp, row.ordinal);
    // Old databases hold frames twice; one good file is enough.
    let good = rows.iter().filter(|row| !row.is_lost()).map(frame);
    let good: BTreeSet<_> = good.collect();
    rows.iter()
        .filter(|row| row.is_lost() && !good.contains(&frame(row)))
        .any(|row| row.verified_at.is_none_or(|at| at >= listed))
}
