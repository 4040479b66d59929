//! Jobs and leases: which ticks there are, what became of them, who may do which work, and what is known of the days that they
//! are about. What follows from it is decided in `draywatch_core` (`schedule`, `backlog`, `breaker`, `pace`).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use draywatch_core::backlog::DayStanding;
use draywatch_core::breaker::Attempt;
use draywatch_core::schedule::{Standing, TickState};
use draywatch_core::{CameraId, Failure};

use crate::{Catalog, Result};

/// The right to do a job, by the number that the lease had when it was taken. Writes that carry it are refused once somebody
/// else has taken the lease.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The job.
    pub job: String,
    /// The number.
    pub number: i64,
}

/// Who holds a lease, and the last sign of life of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who: host and process.
    pub holder: String,
    /// Its number.
    pub fence: i64,
    /// Counts signs of life.
    pub beats: i64,
}

/// A job as the rows have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// Its name.
    pub name: String,
    /// Its lease, if somebody holds it.
    pub lease: Option<Lease>,
    /// Its ticks, as the rules want them.
    pub standing: Standing,
    /// What its open tick is for.
    pub purpose: Option<String>,
    /// What it remembers from tick to tick: JSON of its own.
    pub memory: Option<String>,
}

/// A tick to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTick {
    /// The job.
    pub job: String,
    /// When it is due.
    pub due: DateTime<Utc>,
    /// What it is for: `start`, `period`, `rhythm`, `second_look`.
    pub purpose: String,
}

/// How a tick that was carried out ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TickEnd {
    /// Carried out.
    Done,
    /// Failed, to be tried again at that instant.
    Again(Failure, DateTime<Utc>),
    /// Failed for good.
    Failed(Failure),
    /// Put back for whoever comes next: the service is being stopped. Does not count as an attempt.
    PutBack,
}

/// A tick row, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickRow {
    /// The job.
    pub job: String,
    /// When it was due, UTC.
    pub due: DateTime<Utc>,
    /// Where it stands.
    pub state: TickState,
    /// What it was for.
    pub purpose: String,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// How many ticks of the period it stands for.
    pub stands_for: u32,
    /// When it began, UTC.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended, UTC.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it was missed or cut short.
    pub reason: Option<String>,
    /// What went wrong at the last attempt.
    pub failure: Option<Failure>,
}

/// A frame that is known, and when its row was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenFrame {
    /// When it was taken.
    pub instant: DateTime<Utc>,
    /// When its row was made; `None` while it is only listed.
    pub committed: Option<DateTime<Utc>>,
}

/// The database in the name of a lease. Apart from [`Jobs`], so that rows in memory can stand for the latter in tests.
#[async_trait]
pub trait Fenced: Send + Sync + 'static {
    /// The same database for the holder of a lease: every write of it is refused once somebody else has taken that lease.
    fn fenced(&self, fence: &Fence) -> Arc<dyn Catalog>;

    /// Says whether the lease that this one writes in the name of is still held; always so without one.
    ///
    /// # Errors
    /// [`crate::CatalogError::FencedOut`] when somebody else has taken it.
    async fn check_lease(&self) -> Result<()>;
}

/// The part of the database that jobs and leases are kept in.
#[async_trait]
pub trait Jobs: Send + Sync + 'static {
    /// All jobs that were ever planned.
    async fn jobs(&self) -> Result<Vec<JobRow>>;
    /// Writes a tick, unless the job has an open one; whether it was written. A due time that another tick of the job had
    /// already (the clock was set back) is moved on by a second until it is free.
    async fn plan_tick(&self, tick: &NewTick, now: DateTime<Utc>) -> Result<bool>;
    /// Takes the lease of a job, if nobody holds it, or if the holder is still the one that is known to be gone.
    async fn take_lease(
        &self,
        job: &str,
        holder: &str,
        gone: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Option<Fence>>;
    /// Takes the lease of a job and starts its open tick, in one transaction; `None` when it may not.
    async fn start_tick(
        &self,
        job: &str,
        holder: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Fence>>;
    /// A sign of life; whether the lease is still held.
    async fn beat(&self, fence: &Fence, now: DateTime<Utc>) -> Result<bool>;
    /// Gives the lease back; whether it was still held.
    async fn release(&self, fence: &Fence) -> Result<bool>;
    /// Ends the running tick of a lease, keeps what the job is to remember (`None` leaves it), and gives the lease back, in
    /// one transaction; whether the lease was still held.
    async fn end_tick(
        &self,
        fence: &Fence,
        end: &TickEnd,
        memory: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool>;
    /// Closes the open tick of a job as missed: it was due at `due` and has not begun. Whether it was still so.
    async fn miss_tick(
        &self,
        job: &str,
        due: DateTime<Utc>,
        reason: &str,
        stands_for: u32,
        now: DateTime<Utc>,
    ) -> Result<bool>;
    /// Closes the running tick of a holder that is gone, and frees its lease; whether it was still that holder's.
    async fn interrupt_tick(&self, job: &str, gone: i64, now: DateTime<Utc>) -> Result<bool>;
    /// The newest ticks, newest due first; of one job, or of all.
    async fn ticks(&self, job: Option<&str>, limit: u32) -> Result<Vec<TickRow>>;
    /// The newest ticks of every job at once, so many of each at most; of one job they are the newest first.
    async fn ticks_of_each(&self, limit: u32) -> Result<Vec<TickRow>> {
        let mut all = Vec::new();
        for job in self.jobs().await? {
            all.extend(self.ticks(Some(&job.name), limit).await?);
        }
        Ok(all)
    }
    /// Forgets closed ticks that ended before that instant; how many.
    async fn forget_ticks(&self, before: DateTime<Utc>) -> Result<u64>;

    /// What is known of a camera's days from `first` on, and of older ones that owe frames.
    async fn days(&self, camera: &CameraId, first: NaiveDate) -> Result<Vec<DayStanding>>;
    /// The greatest age of a day (from its end) at which the portal was seen to offer frames of it, whichever camera's.
    async fn longest_reach(&self) -> Result<Option<TimeDelta>>;
    /// The latest listings of all cameras, newest first.
    async fn latest_listings(&self, limit: u32) -> Result<Vec<Attempt>>;
    /// How many listings of a camera there were since then.
    async fn listings_since(&self, camera: &CameraId, since: DateTime<Utc>) -> Result<u32>;
    /// A camera's newest frames until that instant, stored or only listed, newest first. What is later was written by another
    /// program, or by a clock that was ahead, and would stand before all others.
    async fn newest_frames(
        &self,
        camera: &CameraId,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<SeenFrame>>;
}
