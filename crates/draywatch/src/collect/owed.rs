//! Frames of the ledger that no listing of a collection brought: tried by their own addresses. Must not list.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_catalog::{CatalogError, LedgerEntry, LedgerFilter, LedgerState, RunCounts};
use draywatch_core::retry::is_worth_retrying;
use draywatch_core::{Failure, FrameId, Kind};

use super::day::Settled;
use super::recorder::Tally;
use super::{Collector, DayReport, Turn};

/// Why frames are given up.
pub(super) const NO_LONGER_OFFERED: &str = "the portal no longer offers it";

impl Collector {
    /// Tries frames that the ledger owes of other days than `listed`, newest first and at most so many; the report of the run,
    /// `None` when nothing was to be tried.
    ///
    /// # Errors
    /// When the database fails before anything was tried.
    pub async fn owed(
        &self,
        turn: &Turn,
        listed: &BTreeSet<NaiveDate>,
        most: usize,
    ) -> Result<Option<DayReport>, Failure> {
        let this = &turn.collector;
        let wanted = this.wanted(turn, listed, most).await?;
        if wanted.is_empty() {
            return Ok(None);
        }
        let count = wanted.len();
        let wanted = futures::stream::iter(wanted);
        let listing = this.begin(&turn.camera, None, false).await;
        let mut tally = Tally::default();
        let done = match &listing.result {
            Ok(_) => this.fetch_all(wanted, count, &listing, &mut tally).await,
            Err(failure) => Err(failure.clone()),
        };
        let is_broken = done.is_err();
        let settled = Settled {
            counts: tally.counts(count as u64, 0),
            errors: done.err().into_iter().chain(tally.failures()).collect(),
            is_broken,
            is_on_record: true,
            days: tally.days,
        };
        Ok(Some(this.conclude(&turn.camera, &listing, settled).await))
    }

    /// When the ledger's first frame that failed for a reason that passes is to be tried again; `None` if there is none, or nobody
    /// keeps to delays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn again_at(&self, turn: &Turn) -> Result<Option<DateTime<Utc>>, Failure> {
        let Some(service) = &self.service else {
            return Ok(None);
        };
        let owed = self.store.catalog.ledger(&owed_of(turn)).await;
        let owed = owed.map_err(|error| Failure::of(error.kind(), &error))?;
        let passes = |entry: &&LedgerEntry| {
            let failure = entry.failure.as_ref();
            failure.is_some_and(|failure| is_worth_retrying(failure.kind))
        };
        let again = |entry: &LedgerEntry| {
            let last = entry.last_tried?;
            let again = service
                .delays
                .again_at(entry.attempts, last, entry.not_before);
            Some(again)
        };
        Ok(owed.iter().filter(passes).filter_map(again).min())
    }

    /// Gives up frames of days that the portal no longer keeps, those whose own addresses answered that there is nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_up(&self, turn: &Turn, days: &BTreeSet<NaiveDate>) -> Result<(), Failure> {
        let failed = |error: CatalogError| Failure::of(error.kind(), &error);
        let catalog = &turn.collector.store.catalog;
        let filter = LedgerFilter {
            camera: Some(turn.camera.clone()),
            dates: days.first().copied().zip(days.last().copied()),
            states: vec![LedgerState::Open, LedgerState::Thumbnail],
        };
        let owed = catalog.ledger(&filter).await.map_err(failed)?;
        let is_refused = |entry: &LedgerEntry| {
            let failure = entry.failure.as_ref();
            failure.is_some_and(|failure| failure.kind == Kind::NotFound)
        };
        let gone = owed
            .into_iter()
            .filter(|entry| days.contains(&entry.entry.date) && is_refused(entry));
        let gone: Vec<FrameId> = gone.map(|entry| entry.entry.frame).collect();
        let given_up = catalog
            .give_up(&gone, NO_LONGER_OFFERED, self.clock.now())
            .await
            .map_err(failed)?;
        if given_up > 0 {
            tracing::warn!(camera = %turn.camera, frames = given_up, "given up: the portal keeps neither their day nor their pictures");
        }
        Ok(())
    }

    /// Ledger rows that may be tried now, newest frame first.
    async fn wanted(
        &self,
        turn: &Turn,
        listed: &BTreeSet<NaiveDate>,
        most: usize,
    ) -> Result<Vec<(LedgerEntry, bool)>, Failure> {
        let failed = |error: CatalogError| Failure::of(error.kind(), &error);
        let owed = self.store.catalog.ledger(&owed_of(turn)).await;
        let owed = owed.map_err(failed)?;
        let owed = owed.into_iter().rev();
        let owed = owed.filter(|entry| !listed.contains(&entry.entry.date));
        let owed = owed.map(|entry| {
            let has_thumbnail = entry.state == LedgerState::Thumbnail;
            (entry, has_thumbnail)
        });
        Ok(owed
            .filter(|(entry, _)| self.may_try(entry))
            .take(most)
            .collect())
    }
}

/// What the ledger owes of a camera.
fn owed_of(turn: &Turn) -> LedgerFilter {
    LedgerFilter {
        camera: Some(turn.camera.clone()),
        dates: None,
        states: vec![LedgerState::Open, LedgerState::Thumbnail],
    }
}

impl Tally {
    /// The counts of a run that had `listed` frames, of which `already` needed nothing.
    pub(super) fn counts(&self, listed: u64, already: u64) -> RunCounts {
        let refused = self.refused.iter();
        RunCounts {
            listed,
            stored: self.stored,
            already: already + self.kept,
            thumbnails: self.thumbnails,
            missing: listed.saturating_sub(self.stored + already + self.kept),
            bytes: self.bytes,
            refused: refused
                .map(|(reason, (count, _))| (reason.clone(), *count))
                .collect(),
            ..RunCounts::default()
        }
    }
}
