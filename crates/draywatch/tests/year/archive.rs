//! What a collection writes and reads besides the rows of jobs: one way for rows in memory and for a real database. Must not
//! know the world.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use draywatch_catalog::{Fence, Jobs, Result};
use draywatch_core::coverage::Answer;
use draywatch_core::{CameraId, Failure};

/// A frame on the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Its row.
    pub id: i64,
    pub instant: DateTime<Utc>,
    pub date: NaiveDate,
    pub attempts: u32,
    pub last_tried: Option<DateTime<Utc>>,
}

/// A listing of a camera's day; times by the machine's clock.
#[derive(Debug, Clone)]
pub struct Listing {
    pub camera: CameraId,
    pub date: NaiveDate,
    pub bounds: (DateTime<Utc>, DateTime<Utc>),
    pub began: DateTime<Utc>,
    pub read: DateTime<Utc>,
    pub frames: std::result::Result<Vec<DateTime<Utc>>, Failure>,
}

/// The database as a collection uses it. `None` where another process has taken the lease.
#[async_trait]
pub trait Archive: Send + Sync {
    /// The rows of jobs.
    fn jobs(&self) -> &dyn Jobs;
    /// Opens a run and puts what was listed and is not stored on the ledger: the run, and those frames.
    async fn enlist(&self, fence: &Fence, listing: &Listing) -> Result<Option<(i64, Vec<Owed>)>>;
    /// Records which frames were had.
    async fn record(
        &self,
        fence: &Fence,
        camera: &CameraId,
        tried: &[(Owed, bool)],
        now: DateTime<Utc>,
    ) -> Result<Option<()>>;
    /// Closes the run with its observation.
    async fn close(
        &self,
        fence: &Fence,
        run: i64,
        listing: &Listing,
        now: DateTime<Utc>,
    ) -> Result<Option<()>>;
    /// What the ledger owes.
    async fn owed(&self, camera: &CameraId) -> Result<Vec<Owed>>;
    /// Frames that are stored.
    async fn stored(&self, camera: &CameraId) -> Result<BTreeSet<DateTime<Utc>>>;
    /// The answer of every slot of the portal's days `first..=last` up to `now`.
    async fn slots(
        &self,
        camera: &CameraId,
        days: (NaiveDate, NaiveDate),
        now: DateTime<Utc>,
    ) -> Result<Vec<(DateTime<Utc>, Answer)>>;
}
