//! The frames of a listing: what is known subtracted, the ledger written, the rest fetched and stored. Must not list or account.

use draywatch_catalog::{LedgerEntry, NewLedgerEntry};
use draywatch_core::listing::{Confirmation, DayListing};
use draywatch_core::plan::{KnownFrame, Plan, plan};
use draywatch_core::zone::day_bounds;
use draywatch_core::{CameraId, Failure, Kind};
use futures::StreamExt;
use tokio::sync::OwnedSemaphorePermit;

use super::day::{Listing, Settled};
use super::owed::NO_LONGER_OFFERED;
use super::recorder::Tally;
use super::{Collector, Event};

impl Collector {
    pub(super) async fn store_day(
        &self,
        camera: &CameraId,
        day: &DayListing,
        listing: &Listing,
    ) -> Settled {
        let mut tally = Tally::default();
        let mut errors = Vec::new();
        if let Confirmation::Unconfirmed(why) = &day.confirmation {
            errors.push(Failure::new(
                Kind::Unconfirmed,
                format!("{camera} on {}: {why}", day.date),
            ));
        }
        let mut already = 0;
        let done = self
            .store_frames(camera, day, listing, &mut tally, &mut already)
            .await;
        let is_broken = done.is_err();
        errors.extend(done.err());
        errors.extend(tally.failures());
        let counts = tally.counts(day.frames.len() as u64, already);
        Settled {
            counts,
            errors,
            is_broken,
            is_on_record: tally.is_on_record,
        }
    }

    /// Subtracts what is known, writes the ledger, fetches, records.
    async fn store_frames(
        &self,
        camera: &CameraId,
        day: &DayListing,
        listing: &Listing,
        tally: &mut Tally,
        already: &mut u64,
    ) -> Result<(), Failure> {
        let failed = |error: draywatch_catalog::CatalogError| Failure::of(error.kind(), &error);
        let known = self.known(camera, day).await.map_err(failed)?;
        let plan = plan(camera, &day.frames, &known);
        *already = plan.already as u64;
        (self.observer)(Event::Listed(
            camera,
            day.date,
            day.frames.len() as u64,
            plan.fetch.len() as u64,
        ));
        let entries = self.entries(day, &plan);
        let entries = self
            .store
            .catalog
            .enlist(&entries, self.clock.now())
            .await
            .map_err(failed)?;
        tally.is_on_record = true;
        fail::fail_point!("collect-enlisted");
        let wanted = entries
            .into_iter()
            .zip(plan.fetch.iter().map(|frame| frame.has_thumbnail));
        let wanted = wanted
            .filter(|(entry, has_thumbnail)| self.may_try(entry, *has_thumbnail, tally))
            .collect();
        self.fetch_all(wanted, listing, tally).await?;
        // Only a whole listing tells what the portal no longer offers.
        if listing.is_observed && day.confirmation.is_confirmed() && !plan.withdrawn.is_empty() {
            self.store
                .catalog
                .give_up(&plan.withdrawn, NO_LONGER_OFFERED, self.clock.now())
                .await
                .map_err(failed)?;
        }
        Ok(())
    }

    /// What is known of the listing's stretch of time: its day, and its frames should they lie outside.
    async fn known(
        &self,
        camera: &CameraId,
        day: &DayListing,
    ) -> draywatch_catalog::Result<Vec<KnownFrame>> {
        let (start, end) = day_bounds(day.date, self.config.portal.time_zone);
        let first = day
            .frames
            .first()
            .map_or(start, |frame| frame.instant.min(start));
        let last = day.frames.last().map_or(end, |frame| {
            (frame.instant + chrono::TimeDelta::seconds(1)).max(end)
        });
        self.store.catalog.known(camera, first, last).await
    }

    fn entries(&self, day: &DayListing, plan: &Plan) -> Vec<NewLedgerEntry> {
        let entry = |frame: &draywatch_core::plan::PlannedFrame| NewLedgerEntry {
            frame: frame.id.clone(),
            date: day.date,
            url: frame.listed.url.clone(),
            url_is_listed: frame.listed.url_is_listed,
            thumbnail_url: frame.listed.thumbnail_url.clone(),
            path: self.store.path_of(&frame.id),
        };
        plan.fetch.iter().map(entry).collect()
    }

    /// Fetches ledger rows side by side, and meanwhile commits what came, in batches.
    pub(super) async fn fetch_all(
        &self,
        wanted: Vec<(LedgerEntry, bool)>,
        listing: &Listing,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        // Enough at once that the host's slots never wait for those that are being verified and written.
        let at_once = usize::try_from(self.config.concurrent_downloads).unwrap_or(3) + 16;
        // Room for all, as these are only names of staged files: a database that is slow must not hold requests up.
        let (sender, receiver) = tokio::sync::mpsc::channel(wanted.len().max(1));
        let fetching = async move {
            let mut results = futures::stream::iter(wanted)
                .map(|(entry, has_thumbnail)| self.get(listing, entry, has_thumbnail))
                .buffer_unordered(at_once);
            while let Some(got) = results.next().await {
                if sender.send(got).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        tokio::try_join!(fetching, self.store_all(receiver, tally)).map(|((), ())| ())
    }

    /// Whether a frame of the ledger may be tried now. The service keeps to its delays and to the portal's wishes; what has to
    /// wait is counted with the reason that it had.
    pub(super) fn may_try(
        &self,
        entry: &LedgerEntry,
        has_thumbnail: bool,
        tally: &mut Tally,
    ) -> bool {
        let Some(service) = &self.service else {
            return true;
        };
        let now = self.clock.now();
        if service
            .delays
            .may_try(now, entry.attempts, entry.last_tried, entry.not_before)
        {
            return true;
        }
        tally.wait(entry, has_thumbnail);
        false
    }

    /// The portal's page, one camera at a time; one that waits for too long goes ahead.
    pub(super) async fn page(&self) -> Option<OwnedSemaphorePermit> {
        let service = self.service.as_ref()?;
        let permit = service.pages.clone().acquire_owned();
        tokio::time::timeout(service.page_patience, permit)
            .await
            .ok()?
            .ok()
    }
}
