//! Holds and removal: what must stay, what may go, and how a row goes.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use draywatch_core::retention::{Candidate, HoldSpan, Obstacle, Reason};
use serde::Serialize;

use crate::Result;

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Its id.
    pub id: i64,
    /// What it holds.
    #[serde(flatten)]
    pub span: HoldSpan,
    /// Why.
    pub reason: String,
    /// When it was made, UTC.
    pub created_at: DateTime<Utc>,
}

/// Which frames are looked at for removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RemovalFilter {
    /// Only frames taken at this instant or later (earlier ones of its day may be among them all the same).
    pub from: Option<DateTime<Utc>>,
    /// Only frames taken before this instant (later ones of its day may be among them all the same).
    pub before: Option<DateTime<Utc>>,
    /// Only frames that draywatch collected itself.
    pub only_collected: bool,
}

/// Where a look through frames stands: after this row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUpTo {
    /// Its time, as written.
    pub(crate) timestamp: String,
    /// Its id.
    pub(crate) id: i64,
}

/// Frames that may be removed, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CandidatePage {
    /// The frames; rows whose time is none are left out.
    pub frames: Vec<Candidate>,
    /// Where to go on; `None` when there are no more.
    pub next: Option<LookedUpTo>,
}

/// A removal whose row is gone and whose file is still to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRemoval {
    /// The tombstone.
    pub id: i64,
    /// The path of the file, as the row had it.
    pub path: String,
    /// Whether another row means the same file, which has to stay then.
    pub is_named_by_another: bool,
}

/// What became of rows that were to go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buried {
    /// Ids of rows that are gone.
    pub gone: Vec<i64>,
    /// Ids of rows that stay after all, as of this moment.
    pub kept: Vec<(i64, Obstacle)>,
}

/// What all pictures take, by what the rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// Image rows.
    pub images: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Of them, frames that draywatch did not collect itself.
    pub elsewhere_images: u64,
    /// Bytes of those.
    pub elsewhere_bytes: u64,
}

/// The part of the database that holds are kept in and removals go through.
#[async_trait]
pub trait Holds: Send + Sync + 'static {
    /// Makes a hold; its id.
    async fn add_hold(&self, span: &HoldSpan, reason: &str, now: DateTime<Utc>) -> Result<i64>;
    /// All holds, in the order in which they were made.
    async fn holds(&self) -> Result<Vec<Hold>>;
    /// Takes a hold away; it, if there was one of that id.
    async fn release_hold(&self, id: i64) -> Result<Option<Hold>>;

    /// Frames that may be removed, oldest first, at most `limit` rows after `after`.
    async fn candidates(
        &self,
        filter: RemovalFilter,
        after: Option<&LookedUpTo>,
        limit: u32,
    ) -> Result<CandidatePage>;
    /// Tables of other programs whose rows refer to images.
    async fn referring_tables(&self) -> Result<Vec<String>>;
    /// What all pictures take. It reads every row.
    async fn usage(&self) -> Result<Usage>;

    /// Turns rows into tombstones whose files are still to go, all in one transaction (invariant 5). A row that a hold holds
    /// by now stays, and so does one that another table refers to, if `keeps_referred`. Rows of others are never touched.
    async fn bury(
        &self,
        image_ids: &[i64],
        reason: Reason,
        keeps_referred: bool,
        now: DateTime<Utc>,
    ) -> Result<Buried>;
    /// Removals whose files are still to go, after the tombstone `after_id` in the order of their ids.
    async fn pending_removals(&self, after_id: i64, limit: u32) -> Result<Vec<PendingRemoval>>;
    /// Says of tombstones that their files are gone, durably.
    async fn removals_done(&self, tombstone_ids: &[i64]) -> Result<()>;
}
