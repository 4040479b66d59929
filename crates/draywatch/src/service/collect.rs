//! One tick of a camera: today, what the ledger owes, past days that are not known to be complete, then once more what failed for
//! reasons that pass. Must not decide when.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use draywatch_catalog::Fence;
use draywatch_core::backlog::{self, DayStanding};
use draywatch_core::outcome::Outcome;
use draywatch_core::zone::{day_bounds, local_date};
use draywatch_core::{CameraId, Failure, Kind};
use draywatch_portal::Lister;
use tokio::time::Instant;

use super::{Shared, upkeep};
use crate::collect::{Collector, DayReport, Turn};
use crate::maintain::room::Need;

/// Frames of the ledger that one tick tries by their own addresses.
const MOST_OWED: usize = 100;

/// A tick under way.
struct Tick<'a> {
    shared: &'a Shared,
    collector: &'a Collector,
    turn: Turn,
    lister: Lister,
    /// When past days must have been begun.
    until: Instant,
    asked: BTreeSet<NaiveDate>,
    /// Days of which a listing came: their frames were tried.
    listed: BTreeSet<NaiveDate>,
}

/// Carries out a tick of `camera`; when its today was read.
///
/// # Errors
/// When today could not be listed, or nothing could be stored: the tick is to be tried again.
pub async fn collect(
    shared: &Shared,
    camera: &CameraId,
    fence: &Fence,
) -> Result<DateTime<Utc>, Failure> {
    // A disk may have been unmounted since, or another put in its place.
    let collector = shared.collector.looked_at_again().await;
    let collector = collector.map_err(|error| Failure::of(error.kind(), &error))?;
    upkeep::make_room(shared, &collector, Need::Floor).await;
    let mut tick = Tick {
        shared,
        turn: collector.turn_of(camera, fence).await?,
        lister: collector.lister(),
        collector: &collector,
        until: Instant::now() + shared.config.download_interval() / 2,
        asked: BTreeSet::new(),
        listed: BTreeSet::new(),
    };
    let looked = tick.carry_out(camera).await;
    tick.lister.close().await;
    let looked = looked?;
    tick.again().await?;
    Ok(looked)
}

/// Whether the disk was full.
fn is_out_of_room(report: &DayReport) -> bool {
    let mut kinds = report.errors.iter().map(|failure| failure.kind);
    kinds.any(|kind| kind == Kind::DiskFull)
}

impl Tick<'_> {
    async fn carry_out(&mut self, camera: &CameraId) -> Result<DateTime<Utc>, Failure> {
        let today = self.today();
        let now = self.shared.clock.now();
        let (midnight, _) = day_bounds(today, self.shared.config.portal.time_zone);
        // Around midnight, the newest frame is one of yesterday's.
        if now < midnight + self.interval() * 2
            && let Some(yesterday) = today.pred_opt()
        {
            self.day(yesterday).await;
        }
        let mut report = self.day(today).await;
        if is_out_of_room(&report)
            && upkeep::make_room(self.shared, self.collector, Need::Write).await
        {
            report = self.day(today).await;
        }
        let looked = self.shared.clock.now();
        self.owed().await?;
        let failure = report.errors.into_iter().next();
        if let (Outcome::Failed, Some(failure)) = (report.outcome, failure) {
            return Err(failure);
        }
        self.past(camera, today).await?;
        Ok(looked)
    }

    fn today(&self) -> NaiveDate {
        local_date(self.shared.clock.now(), self.shared.config.portal.time_zone)
    }

    fn interval(&self) -> TimeDelta {
        TimeDelta::from_std(self.shared.config.download_interval()).unwrap_or(TimeDelta::MAX)
    }

    /// Collects one day.
    async fn day(&mut self, date: NaiveDate) -> DayReport {
        self.asked.insert(date);
        let pause = self.shared.config.portal.pause_between_days();
        let collector = self.collector;
        let days = [date];
        let reports = collector.days(&self.turn, &days, &mut self.lister, pause);
        let report = reports.await.into_iter().next();
        let report = report.unwrap_or_else(|| {
            let failure = Failure::new(Kind::Bug, "a day was not accounted for");
            DayReport::of_failure(self.turn.camera(), date, failure)
        });
        if report.outcome != Outcome::Failed {
            self.listed.insert(date);
        }
        report
    }

    /// Tries what the ledger owes of other days.
    async fn owed(&self) -> Result<(), Failure> {
        if self.shared.stopping.is_cancelled() {
            return Ok(());
        }
        let collector = self.collector;
        collector
            .owed(&self.turn, &self.listed, MOST_OWED)
            .await
            .map(|_| ())
    }

    /// Frames that failed for reasons that pass are tried again by their delays, while there is time before the next tick. The
    /// browser is gone by then, and the page is not asked.
    async fn again(&self) -> Result<(), Failure> {
        for _ in 1..self.shared.policy.delays.attempts {
            let Some(at) = self.collector.again_at(&self.turn).await? else {
                return Ok(());
            };
            let wait = (at - self.shared.clock.now()).to_std().unwrap_or_default();
            if Instant::now() + wait > self.until {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.shared.stopping.cancelled() => return Ok(()),
            }
            let none = BTreeSet::new();
            self.collector.owed(&self.turn, &none, MOST_OWED).await?;
        }
        Ok(())
    }

    /// Past days that are not known to be complete, newest first, until it is time for the next tick, or something fails. Where
    /// there never is time, one every few ticks.
    async fn past(&mut self, camera: &CameraId, today: NaiveDate) -> Result<(), Failure> {
        let pause = self.shared.config.portal.pause_between_days();
        let unserved = &self.shared.unserved;
        let asked_before = self.asked.len();
        let mut is_due = unserved.is_due(camera);
        let mut was_served = true;
        // Each day that was listed tells more of where the portal's history ends.
        while let Some(date) = self.next_past(camera, today).await? {
            let is_time = Instant::now() + pause < self.until || is_due;
            if !is_time || self.shared.stopping.is_cancelled() {
                was_served = self.asked.len() > asked_before;
                break;
            }
            is_due = false;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.shared.stopping.cancelled() => break,
            }
            let report = self.day(date).await;
            // A day that the portal no longer keeps says nothing of the next one.
            let is_gone = |failure: &Failure| failure.kind == Kind::NotFound;
            if report.outcome == Outcome::Failed && !report.errors.first().is_some_and(is_gone) {
                break;
            }
        }
        unserved.note(camera, was_served);
        self.give_up(camera, today).await
    }

    /// The next past day to be asked for.
    async fn next_past(
        &self,
        camera: &CameraId,
        today: NaiveDate,
    ) -> Result<Option<NaiveDate>, Failure> {
        let Some(yesterday) = today.pred_opt() else {
            return Ok(None);
        };
        let zone = self.shared.config.portal.time_zone;
        let end_of = |date| day_bounds(date, zone).1;
        let now = self.shared.clock.now();
        let (first, days) = self.standings(camera, today).await?;
        let reach = self.collector.store().catalog.longest_reach().await;
        let reach = reach.map_err(|error| Failure::of(error.kind(), &error))?;
        let range = (first, yesterday);
        let wanted = backlog::wanted(now, range, &days, self.interval(), reach, end_of);
        Ok(wanted.into_iter().find(|date| !self.asked.contains(date)))
    }

    /// Frames that are owed of days that the portal no longer keeps, once their own addresses say so, too.
    async fn give_up(&self, camera: &CameraId, today: NaiveDate) -> Result<(), Failure> {
        let (_, days) = self.standings(camera, today).await?;
        let gone = days.iter().filter(|day| day.is_gone() && day.owed > 0);
        let gone: BTreeSet<NaiveDate> = gone.map(|day| day.date).collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.collector.give_up(&self.turn, &gone).await
    }

    /// The first day that is searched, and what is on record from there on.
    async fn standings(
        &self,
        camera: &CameraId,
        today: NaiveDate,
    ) -> Result<(NaiveDate, Vec<DayStanding>), Failure> {
        let back = Days::new(self.shared.config.service.recover_days.into());
        let first = today.checked_sub_days(back).unwrap_or(NaiveDate::MIN);
        let days = self.collector.store().catalog.days(camera, first).await;
        let days = days.map_err(|error| Failure::of(error.kind(), &error))?;
        Ok((first, days))
    }
}
