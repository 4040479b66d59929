//! One camera's day: listed, then settled. Must not know which days are wanted.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_catalog::{NewObservation, NewRun, RunCounts, RunEnd};
use draywatch_core::listing::{Confirmation, DayListing};
use draywatch_core::outcome::Outcome;
use draywatch_core::zone::{day_bounds, local_date};
use draywatch_core::{CameraId, Failure, Kind};
use draywatch_portal::Lister;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use super::{Collector, DayReport, Event, zone};
use crate::fetch::Fetcher;

/// A day on its way from the lister to the archive.
pub struct Listing {
    pub date: NaiveDate,
    pub run_id: Option<i64>,
    pub begun: Instant,
    /// When listing must have ended.
    pub deadline: Instant,
    /// What listing left of the collection's time for fetching; waiting for the day before does not use it up.
    pub left: Duration,
    pub started_at: DateTime<Utc>,
    pub result: Result<DayListing, Failure>,
    /// Whether the portal's page was read; frames that a user named were not observed.
    pub is_observed: bool,
    /// Counts what is asked for this day only.
    pub fetcher: Fetcher,
    /// Held for as long as frames of the day are still to be asked for. Days that are settled side by side share it, so that one
    /// is asked for after the other, without a hole between them.
    pub asking: Arc<Mutex<()>>,
    /// Of days that are settled side by side, one begins its run and writes its ledger while the next waits: the first is asked
    /// for at once then, and not after the runs and ledgers of all.
    pub preparing: std::sync::Mutex<Option<OwnedMutexGuard<()>>>,
}

impl Listing {
    /// The ledger is written: the next day may begin.
    pub fn prepared(&self) {
        let mut held = self
            .preparing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        drop(held.take());
    }
}

/// How a day ended, before it is written down.
pub struct Settled {
    pub counts: RunCounts,
    pub errors: Vec<Failure>,
    pub is_broken: bool,
    /// Whether every listed frame is stored or in the ledger: only then may the day ever count as final.
    pub is_on_record: bool,
    /// The UTC days of the frames stored now.
    pub days: BTreeSet<NaiveDate>,
}

impl Collector {
    /// Opens a run and lists the day.
    pub(super) async fn list(
        &self,
        camera: &CameraId,
        date: NaiveDate,
        lister: &mut Lister,
    ) -> Listing {
        (self.observer)(Event::Listing(camera, date));
        let mut listing = self.begin(camera, Some(date), true).await;
        if listing.result.is_ok() {
            listing.result = self.list_day(camera, date, lister, listing.deadline).await;
        }
        listing.left = listing.deadline.saturating_duration_since(Instant::now());
        listing
    }

    /// Opens a run. Failing to record is a failure of the run.
    pub(super) async fn begin(
        &self,
        camera: &CameraId,
        date: Option<NaiveDate>,
        is_observed: bool,
    ) -> Listing {
        let started_at = self.clock.now();
        let run = NewRun {
            command: self.command.to_owned(),
            camera: camera.clone(),
            date,
            started_at,
            pid: std::process::id(),
        };
        let (run_id, result) = match self.store.catalog.start_run(&run).await {
            Ok(id) => (Some(id), Ok(())),
            Err(error) => (None, Err(Failure::of(error.kind(), &error))),
        };
        let date = date.unwrap_or_else(|| local_date(started_at, self.config.portal.time_zone));
        let empty = DayListing {
            camera: camera.clone(),
            date,
            frames: Vec::new(),
            confirmation: Confirmation::Readings,
            observed_at: started_at,
            took: Duration::ZERO,
            portal_took: Duration::ZERO,
        };
        let result = result.map(|()| empty);
        let fetcher = self.fetcher.counted_apart();
        let (begun, left) = (Instant::now(), self.config.collection_deadline());
        let deadline = begun + left;
        Listing {
            date,
            run_id,
            begun,
            deadline,
            left,
            started_at,
            result,
            is_observed,
            fetcher,
            asking: Arc::default(),
            preparing: std::sync::Mutex::default(),
        }
    }

    async fn list_day(
        &self,
        camera: &CameraId,
        date: NaiveDate,
        lister: &mut Lister,
        deadline: Instant,
    ) -> Result<DayListing, Failure> {
        let catalog = &*self.store.catalog;
        let state = zone::recorded(catalog, camera)
            .await
            .map_err(|error| Failure::of(error.kind(), &error))?;
        let _page = self.page(camera).await?;
        let listed = lister
            .list(camera, date, &state, deadline)
            .await
            .map_err(|error| Failure::of(error.kind(), &error))?;
        zone::record(catalog, &state, &listed)
            .await
            .map_err(|error| Failure::of(error.kind(), &error))?;
        fail::fail_point!("collect-listed");
        Ok(listed.listing)
    }

    /// Fetches and stores what a listing asks for, and closes its run.
    pub(super) async fn settle(&self, camera: &CameraId, listing: Listing) -> DayReport {
        let settled = match &listing.result {
            Ok(day) => self.store_day(camera, day, &listing).await,
            Err(failure) => {
                let errors = vec![failure.clone()];
                Settled {
                    counts: RunCounts::default(),
                    errors,
                    is_broken: true,
                    is_on_record: false,
                    days: BTreeSet::new(),
                }
            }
        };
        self.conclude(camera, &listing, settled).await
    }

    /// Closes the run of what was settled, then examines what it stored; the run's report.
    pub(super) async fn conclude(
        &self,
        camera: &CameraId,
        listing: &Listing,
        mut settled: Settled,
    ) -> DayReport {
        let days = std::mem::take(&mut settled.days);
        let report = self.account(camera, listing, settled).await;
        self.examine(camera, &days).await;
        report
    }

    /// Closes the run of what was settled; its report.
    async fn account(&self, camera: &CameraId, listing: &Listing, settled: Settled) -> DayReport {
        let Settled {
            mut counts,
            mut errors,
            is_broken,
            is_on_record,
            ..
        } = settled;
        let asked = listing.fetcher.counters();
        (counts.requests, counts.retries) = (asked.requests, asked.retries);
        let outcome = outcome(&counts, &errors, is_broken);
        if let Err(failure) = self
            .close(listing, camera, outcome, &counts, &errors, is_on_record)
            .await
        {
            tracing::error!(camera = %camera, date = %listing.date, error = %failure, "the run could not be recorded");
            errors.insert(0, failure);
            return DayReport::new(
                camera,
                listing.date,
                Outcome::Failed,
                &counts,
                listing.begun.elapsed().as_secs_f64(),
                errors,
            );
        }
        for failure in &errors {
            tracing::warn!(camera = %camera, date = %listing.date, kind = %failure.kind, "{failure}");
        }
        DayReport::new(
            camera,
            listing.date,
            outcome,
            &counts,
            listing.begun.elapsed().as_secs_f64(),
            errors,
        )
    }

    async fn close(
        &self,
        listing: &Listing,
        camera: &CameraId,
        outcome: Outcome,
        counts: &RunCounts,
        errors: &[Failure],
        is_on_record: bool,
    ) -> Result<(), Failure> {
        let Some(run_id) = listing.run_id else {
            return Ok(());
        };
        let listing_took = listing
            .result
            .as_ref()
            .map_or(listing.begun.elapsed(), |day| day.took);
        let end = RunEnd {
            finished_at: self.clock.now(),
            outcome,
            counts: counts.clone(),
            errors: errors.to_vec(),
            listing_took,
            took: listing.begun.elapsed(),
        };
        let observation = listing.is_observed.then(|| {
            let mut observation = self.observation(listing, camera);
            if observation.confirmed && !is_on_record {
                (observation.confirmed, observation.failure) = (false, errors.first().cloned());
            }
            observation
        });
        let closed = self
            .store
            .catalog
            .finish_run(run_id, &end, observation.as_ref())
            .await;
        closed.map_err(|error| Failure::of(error.kind(), &error))
    }

    fn observation(&self, listing: &Listing, camera: &CameraId) -> NewObservation {
        let (day_start, day_end) = day_bounds(listing.date, self.config.portal.time_zone);
        let day = listing.result.as_ref();
        let unconfirmed = day.ok().and_then(|day| match &day.confirmation {
            Confirmation::Unconfirmed(why) => Some(Failure::new(Kind::Unconfirmed, why)),
            _ => None,
        });
        NewObservation {
            camera: camera.clone(),
            date: listing.date,
            day_start,
            day_end,
            observed_at: day.map_or(listing.started_at, |day| day.observed_at),
            confirmed: day.is_ok_and(|day| day.confirmation.is_confirmed()),
            listed: day.ok().map(|day| day.frames.len() as u64),
            newest: day
                .ok()
                .and_then(|day| day.frames.last())
                .map(|frame| frame.instant),
            failure: day.err().cloned().or(unconfirmed),
        }
    }
}

/// Complete only when everything that was listed beyond doubt is there in full size.
fn outcome(counts: &RunCounts, errors: &[Failure], is_broken: bool) -> Outcome {
    if is_broken {
        Outcome::Failed
    } else if counts.missing + counts.thumbnails > 0
        || errors
            .iter()
            .any(|failure| failure.kind == Kind::Unconfirmed)
    {
        Outcome::Incomplete
    } else {
        Outcome::Complete
    }
}
