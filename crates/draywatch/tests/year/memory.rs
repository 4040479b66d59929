//! A database in memory: jobs, listings, days and frames. Must not decide what is due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use draywatch_catalog::{Fence, JobRow, Jobs, NewTick, Result, SeenFrame, TickEnd, TickRow};
use draywatch_core::backlog::DayStanding;
use draywatch_core::breaker::Attempt;
use draywatch_core::coverage::{self, Answer, DayListings, SLOT};
use draywatch_core::zone::day_bounds;
use draywatch_core::{CameraId, Kind};

use crate::archive::{Archive, Listing, Owed};
use crate::rows::Rows;
use crate::world::{Span, ZONE};

/// The database.
#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rows: Rows,
    latest: Vec<Attempt>,
    cameras: BTreeMap<CameraId, Camera>,
    runs: i64,
}

#[derive(Debug, Default)]
struct Camera {
    days: BTreeMap<NaiveDate, DayStanding>,
    asked: BTreeMap<NaiveDate, Vec<DateTime<Utc>>>,
    /// Listings that were beyond doubt: their day, when they were read, how many frames they had.
    observed: Vec<(Span, DateTime<Utc>, u64)>,
    /// The greatest age of a day at which frames of it were offered.
    reach: Option<TimeDelta>,
    stored: BTreeMap<DateTime<Utc>, DateTime<Utc>>,
    owed: BTreeMap<DateTime<Utc>, Owed>,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Camera {
    /// As the database sums an observation up.
    fn note(&mut self, listing: &Listing) {
        let end = listing.bounds.1;
        let day = self.days.entry(listing.date);
        let day = day.or_insert_with(|| DayStanding::unknown(listing.date, end));
        day.asked_at = Some(listing.read);
        let is_after = listing.read >= end + SLOT * 2;
        day.in_vain += u32::from(is_after);
        let failure = listing.frames.as_ref().err();
        day.failure = failure.as_ref().map(|failure| failure.kind);
        self.asked
            .entry(listing.date)
            .or_default()
            .push(listing.read);
        if let Ok(frames) = &listing.frames {
            day.confirmed_at = Some(listing.read);
            day.newest = frames.iter().max().copied();
            day.listed = frames.len() as u64;
            if day.listed > 0 {
                let age = TimeDelta::seconds((listing.read - end).num_seconds());
                self.reach = self.reach.max(Some(age));
            }
            self.observed
                .push((listing.bounds, listing.read, day.listed));
        }
    }

    fn standings(&self, first: NaiveDate) -> Vec<DayStanding> {
        let mut owed: BTreeMap<NaiveDate, u64> = BTreeMap::new();
        for frame in self.owed.values() {
            *owed.entry(frame.date).or_default() += 1;
        }
        let early = self.days.range(..first);
        let early = early.filter(|(date, _)| owed.contains_key(date));
        let days = early.chain(self.days.range(first..));
        days.map(|(date, day)| DayStanding {
            owed: owed.get(date).copied().unwrap_or(0),
            ..*day
        })
        .collect()
    }

    fn newest(&self, until: DateTime<Utc>, limit: usize) -> Vec<SeenFrame> {
        let stored = self.stored.range(..=until).rev().take(limit);
        let stored = stored.map(|(instant, committed)| SeenFrame {
            instant: *instant,
            committed: Some(*committed),
        });
        let owed = self.owed.range(..=until).rev().take(limit);
        let owed = owed.map(|(instant, _)| SeenFrame {
            instant: *instant,
            committed: None,
        });
        let mut newest: Vec<_> = stored.chain(owed).collect();
        newest.sort_by_key(|frame| std::cmp::Reverse(frame.instant));
        newest.truncate(limit);
        newest
    }
}

#[async_trait]
impl Jobs for Memory {
    async fn jobs(&self) -> Result<Vec<JobRow>> {
        Ok(self.state().rows.jobs())
    }

    async fn plan_tick(&self, tick: &NewTick, _: DateTime<Utc>) -> Result<bool> {
        Ok(self.state().rows.plan(tick))
    }

    async fn take_lease(
        &self,
        job: &str,
        holder: &str,
        gone: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Option<Fence>> {
        Ok(self.state().rows.take(job, holder, gone, now))
    }

    async fn start_tick(
        &self,
        job: &str,
        holder: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Fence>> {
        Ok(self.state().rows.start(job, holder, now))
    }

    async fn beat(&self, fence: &Fence, _: DateTime<Utc>) -> Result<bool> {
        Ok(self.state().rows.beat(fence))
    }

    async fn release(&self, fence: &Fence) -> Result<bool> {
        Ok(self.state().rows.release(fence))
    }

    async fn end_tick(
        &self,
        fence: &Fence,
        end: &TickEnd,
        memory: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        Ok(self.state().rows.end(fence, end, memory, now))
    }

    async fn miss_tick(
        &self,
        job: &str,
        due: DateTime<Utc>,
        reason: &str,
        stands_for: u32,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        Ok(self.state().rows.miss(job, due, reason, stands_for, now))
    }

    async fn interrupt_tick(&self, job: &str, gone: i64, now: DateTime<Utc>) -> Result<bool> {
        Ok(self.state().rows.interrupt(job, gone, now))
    }

    async fn ticks(&self, job: Option<&str>, limit: u32) -> Result<Vec<TickRow>> {
        Ok(self.state().rows.ticks(job, limit))
    }

    /// A year's ticks are kept, for the audit.
    async fn forget_ticks(&self, _: DateTime<Utc>) -> Result<u64> {
        Ok(0)
    }

    async fn days(&self, camera: &CameraId, first: NaiveDate) -> Result<Vec<DayStanding>> {
        let state = self.state();
        let camera = state.cameras.get(camera);
        Ok(camera.map_or_else(Vec::new, |camera| camera.standings(first)))
    }

    async fn longest_reach(&self) -> Result<Option<TimeDelta>> {
        let state = self.state();
        Ok(state
            .cameras
            .values()
            .filter_map(|camera| camera.reach)
            .max())
    }

    async fn latest_listings(&self, limit: u32) -> Result<Vec<Attempt>> {
        let state = self.state();
        let latest = state.latest.iter().rev().take(limit as usize);
        Ok(latest.cloned().collect())
    }

    async fn listings_since(&self, camera: &CameraId, since: DateTime<Utc>) -> Result<u32> {
        let first = (since - TimeDelta::days(2)).date_naive();
        let state = self.state();
        let asked = state.cameras.get(camera).map(|camera| {
            let asked = camera.asked.range(first..).flat_map(|(_, asked)| asked);
            asked.filter(|at| **at >= since).count()
        });
        Ok(u32::try_from(asked.unwrap_or(0)).unwrap())
    }

    async fn newest_frames(
        &self,
        camera: &CameraId,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<SeenFrame>> {
        let state = self.state();
        let camera = state.cameras.get(camera);
        Ok(camera.map_or_else(Vec::new, |camera| camera.newest(until, limit as usize)))
    }
}

#[async_trait]
impl Archive for Memory {
    fn jobs(&self) -> &dyn Jobs {
        self
    }

    async fn enlist(&self, fence: &Fence, listing: &Listing) -> Result<Option<(i64, Vec<Owed>)>> {
        let state = &mut *self.state();
        if !state.rows.holds(fence) {
            return Ok(None);
        }
        state.runs += 1;
        let camera = state.cameras.entry(listing.camera.clone()).or_default();
        let listed = listing.frames.as_deref().unwrap_or(&[]).iter();
        let new = listed.filter(|instant| !camera.stored.contains_key(instant));
        let mut enlisted = Vec::new();
        for instant in new {
            let owed = camera.owed.entry(*instant).or_insert_with(|| Owed {
                id: instant.timestamp(),
                instant: *instant,
                date: listing.date,
                attempts: 0,
                last_tried: None,
            });
            enlisted.push(owed.clone());
        }
        Ok(Some((state.runs, enlisted)))
    }

    async fn record(
        &self,
        fence: &Fence,
        camera: &CameraId,
        tried: &[(Owed, bool)],
        now: DateTime<Utc>,
    ) -> Result<Option<()>> {
        let state = &mut *self.state();
        if !state.rows.holds(fence) {
            return Ok(None);
        }
        let camera = state.cameras.entry(camera.clone()).or_default();
        for (frame, is_had) in tried {
            if *is_had {
                camera.owed.remove(&frame.instant);
                camera.stored.insert(frame.instant, now);
            } else if let Some(owed) = camera.owed.get_mut(&frame.instant) {
                (owed.attempts, owed.last_tried) = (owed.attempts + 1, Some(now));
            }
        }
        Ok(Some(()))
    }

    async fn close(
        &self,
        fence: &Fence,
        _: i64,
        listing: &Listing,
        now: DateTime<Utc>,
    ) -> Result<Option<()>> {
        let state = &mut *self.state();
        if !state.rows.holds(fence) {
            return Ok(None);
        }
        let failure = listing.frames.as_ref().err();
        state.latest.push(Attempt {
            camera: listing.camera.clone(),
            ended: now,
            failure: failure.map(|failure| failure.kind),
        });
        let camera = state.cameras.entry(listing.camera.clone()).or_default();
        camera.note(listing);
        Ok(Some(()))
    }

    async fn owed(&self, camera: &CameraId) -> Result<Vec<Owed>> {
        let state = self.state();
        let camera = state.cameras.get(camera);
        Ok(camera.map_or_else(Vec::new, |camera| camera.owed.values().cloned().collect()))
    }

    async fn stored(&self, camera: &CameraId) -> Result<BTreeSet<DateTime<Utc>>> {
        let state = self.state();
        let camera = state.cameras.get(camera);
        Ok(camera.map_or_else(BTreeSet::new, |camera| {
            camera.stored.keys().copied().collect()
        }))
    }

    async fn slots(
        &self,
        camera: &CameraId,
        (first, last): (NaiveDate, NaiveDate),
        now: DateTime<Utc>,
    ) -> Result<Vec<(DateTime<Utc>, Answer)>> {
        let state = self.state();
        let camera = &state.cameras[camera];
        let stored = camera.stored.keys().map(|at| (*at, Answer::Stored));
        let owed = camera.owed.keys();
        let owed = owed.map(|at| (*at, Answer::NotDownloaded(Kind::Transient.to_string())));
        let frames: BTreeMap<_, _> = stored.chain(owed).collect();
        let frames: Vec<_> = frames.into_iter().collect();
        let shown = camera.days.values().filter(|day| day.listed > 0);
        let keeps = shown
            .filter_map(|day| Some(day.confirmed_at? - day.end))
            .max();
        let mut listings: BTreeMap<_, DayListings> = BTreeMap::new();
        for (day, at, listed) in &camera.observed {
            let known = listings
                .entry(*day)
                .or_insert_with(|| DayListings::none(*day));
            *known = known.with(*at, *listed);
        }
        let listings: Vec<_> = listings.into_values().collect();
        let seen = coverage::observed(&listings, keeps);
        let from = day_bounds(first, ZONE).0;
        let to = day_bounds(last, ZONE).1.min(coverage::slot_of(now));
        Ok(coverage::slots(from, to, &frames, &seen))
    }
}
