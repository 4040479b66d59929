//! Slots and counters: coverage and totals that are kept with the rows, so that reading them costs by the days asked for.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use draywatch_core::CameraId;
use draywatch_core::coverage::{Answer, SLOT};
use serde::Serialize;

use crate::{Result, RunRow};

/// Slots of a UTC day.
pub const SLOTS_A_DAY: usize = 144;

/// The slots of one camera on one UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DaySlots {
    /// The day, UTC.
    pub date: NaiveDate,
    /// One answer for each of its [`SLOTS_A_DAY`] slots, in time order. Slots that lie ahead are not observed.
    pub answers: Vec<Answer>,
}

impl DaySlots {
    /// A day of which nothing is known.
    #[must_use]
    pub fn unknown(date: NaiveDate) -> Self {
        Self {
            date,
            answers: vec![Answer::NotObserved; SLOTS_A_DAY],
        }
    }

    /// The answers with the start of the slot that each is for.
    pub fn slots(&self) -> impl Iterator<Item = (DateTime<Utc>, &Answer)> {
        let starts =
            std::iter::successors(Some(self.date.and_time(NaiveTime::MIN).and_utc()), |at| {
                at.checked_add_signed(SLOT)
            });
        starts.zip(&self.answers)
    }
}

/// The counters of one camera's UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayTotals {
    /// The day as it is written in the rows.
    pub date: NaiveDate,
    /// Image rows.
    pub images: u64,
    /// Of them thumbnails only.
    pub thumbnails: u64,
    /// Of them never verified.
    pub unverified: u64,
    /// Of them processed by the detector.
    pub processed: u64,
    /// Bytes as recorded.
    pub bytes: u64,
}

/// The part of the database that holds slots and counters. Both are right at every moment, whoever wrote the rows.
#[async_trait]
pub trait Slots: Send + Sync + 'static {
    /// The slots of every camera of `cameras` (in that order) on the UTC days `first..=last` (each of them, in time order).
    /// All are of one moment.
    async fn slots(
        &self,
        cameras: &[CameraId],
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<Vec<DaySlots>>>;
    /// The first UTC day of a camera of which anything is known: a frame, one that was removed or refused, or that the portal was
    /// asked. Where other programs' writes wait for their slots it may be a day too early, never too late.
    async fn first_known(&self, camera: &CameraId) -> Result<Option<NaiveDate>>;
    /// The counters of a camera on the UTC days `first..=last`, in time order; days without image rows are left out.
    async fn day_totals(
        &self,
        camera: &CameraId,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<DayTotals>>;
    /// Computes slots that wait for it (other programs' writes leave some behind, and the adoption of a large database), of
    /// at most `limit` days; how many still wait. Readers are right without this, but slower.
    async fn refresh_slots(&self, limit: u32) -> Result<u64>;
    /// Counts all image rows anew, and has all slots computed anew; the names of the cameras whose counters were wrong. It
    /// reads the whole table, and keeps other writers waiting meanwhile.
    async fn recount(&self) -> Result<Vec<String>>;
    /// The newest runs of every camera of `cameras`, at most `each` of a camera; by camera, newest first.
    async fn newest_runs(&self, cameras: &[CameraId], each: u32) -> Result<Vec<RunRow>>;
    /// The greatest age of a day, from its end, at which the portal was seen to offer frames of that camera.
    async fn portal_reach(&self, camera: &CameraId) -> Result<Option<TimeDelta>>;
}
