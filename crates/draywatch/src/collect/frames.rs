//! The frames of a listing: what is known subtracted, the ledger written, the rest fetched and stored. Must not list or account.

use std::sync::Arc;

use draywatch_catalog::{LedgerEntry, NewLedgerEntry};
use draywatch_core::listing::{Confirmation, DayListing};
use draywatch_core::plan::{KnownFrame, Plan, PlannedFrame, plan};
use draywatch_core::zone::day_bounds;
use draywatch_core::{CameraId, Failure, Kind};
use futures::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::day::{Listing, Settled};
use super::owed::NO_LONGER_OFFERED;
use super::pages::Page;
use super::recorder::Tally;
use super::{Collector, Event};

/// Ledger rows written at once.
const PORTION: usize = 200;

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
            days: tally.days,
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
        let (sender, wanted) = mpsc::channel(plan.fetch.len().max(1));
        let enlisting = async {
            let enlisted = self.enlist_all(day, &plan, sender).await;
            listing.prepared();
            enlisted
        };
        let fetching = self.fetch_all(
            ReceiverStream::new(wanted),
            plan.fetch.len(),
            listing,
            tally,
        );
        let (enlisted, fetched) = tokio::join!(enlisting, fetching);
        tally.is_on_record = enlisted.is_ok();
        for (entry, has_thumbnail) in enlisted? {
            tally.wait(&entry, has_thumbnail);
        }
        fetched?;
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

    /// Writes the ledger in portions, so that the first frames are fetched while the others are written, and hands on what may be
    /// tried now. All are written, even if nobody takes them any more. What has to wait is returned.
    async fn enlist_all(
        &self,
        day: &DayListing,
        plan: &Plan,
        wanted: mpsc::Sender<(LedgerEntry, bool)>,
    ) -> Result<Vec<(LedgerEntry, bool)>, Failure> {
        let mut waiting = Vec::new();
        for portion in plan.fetch.chunks(PORTION) {
            let entries = self.entries(day, portion);
            let enlisted = self.store.catalog.enlist(&entries, self.clock.now()).await;
            let enlisted = enlisted.map_err(|error| Failure::of(error.kind(), &error))?;
            fail::fail_point!("collect-enlisted");
            for (entry, frame) in enlisted.into_iter().zip(portion) {
                let item = (entry, frame.has_thumbnail);
                if self.may_try(&item.0) {
                    // Nobody listens once fetching has failed, which says so itself.
                    let _ = wanted.send(item).await;
                } else {
                    waiting.push(item);
                }
            }
        }
        Ok(waiting)
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

    fn entries(&self, day: &DayListing, frames: &[PlannedFrame]) -> Vec<NewLedgerEntry> {
        let entry = |frame: &PlannedFrame| NewLedgerEntry {
            frame: frame.id.clone(),
            date: day.date,
            url: frame.listed.url.clone(),
            url_is_listed: frame.listed.url_is_listed,
            thumbnail_url: frame.listed.thumbnail_url.clone(),
            path: self.store.path_of(&frame.id),
        };
        frames.iter().map(entry).collect()
    }

    /// Fetches ledger rows, `most` at the most, side by side, and meanwhile commits what came, in batches.
    pub(super) async fn fetch_all(
        &self,
        wanted: impl Stream<Item = (LedgerEntry, bool)>,
        most: usize,
        listing: &Listing,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        // Enough at once that the host's slots never wait for those that are being verified and written.
        let at_once = usize::try_from(self.config.concurrent_downloads).unwrap_or(3) + 16;
        // Room for all, as these are only names of staged files: a database that is slow must not hold requests up.
        let (sender, receiver) = mpsc::channel(most.max(1));
        let fetching = async move {
            let asking = Arc::clone(&listing.asking).lock_owned().await;
            // Only now does the day's time run: waiting for the one before it does not use it up.
            let deadline = Instant::now() + listing.left;
            let done_asking = stream::once(async move {
                drop(asking);
                stream::empty()
            });
            let results = wanted
                .chain(done_asking.flatten())
                .map(|(entry, has_thumbnail)| self.get(listing, deadline, entry, has_thumbnail))
                .buffer_unordered(at_once);
            futures::pin_mut!(results);
            while let Some(got) = results.next().await {
                if sender.send(got).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        tokio::try_join!(fetching, self.store_all(receiver, tally)).map(|((), ())| ())
    }

    /// Whether a frame of the ledger may be tried now. The service keeps to its delays and to the portal's wishes.
    pub(super) fn may_try(&self, entry: &LedgerEntry) -> bool {
        let Some(service) = &self.service else {
            return true;
        };
        let now = self.clock.now();
        service
            .delays
            .may_try(now, entry.attempts, entry.last_tried, entry.not_before)
    }

    /// The camera's turn at the portal's page, where there are turns.
    ///
    /// # Errors
    /// When everything is to stop: then nobody waits for one.
    pub(super) async fn page(&self, camera: &CameraId) -> Result<Option<Page>, Failure> {
        let Some(service) = &self.service else {
            return Ok(None);
        };
        tokio::select! {
            biased;
            page = service.pages.turn(camera) => Ok(Some(page)),
            () = service.stopping.cancelled() => {
                let message = format!("{camera} was not listed: the service is stopping");
                Err(Failure::new(Kind::Interrupted, message))
            }
        }
    }
}
