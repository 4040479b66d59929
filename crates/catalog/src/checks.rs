//! Files that were not read for the longest time, and what reading them showed.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{FileState, ImageRow, Result};

/// Where a look through all rows by the time of their last check stands: after this row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedUpTo {
    /// When its file was last looked at, as written.
    pub(crate) verified_at: Option<String>,
    /// Its id.
    pub(crate) id: i64,
}

/// Rows by the time of their last check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StalePage {
    /// The rows.
    pub rows: Vec<ImageRow>,
    /// Where to go on; `None` when there are no more.
    pub next: Option<CheckedUpTo>,
}

/// What a check of a file showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFile {
    /// `images.id`.
    pub image_id: i64,
    /// What was found; `None` for what is on record already.
    pub state: Option<FileState>,
}

/// The part of the database that knows when which file was looked at.
#[async_trait]
pub trait Checks: Send + Sync + 'static {
    /// Rows whose files were not looked at for the longest time (never, first), last looked at before `before`.
    async fn stale(
        &self,
        before: DateTime<Utc>,
        after: Option<&CheckedUpTo>,
        limit: u32,
    ) -> Result<StalePage>;
    /// How many image rows there are.
    async fn image_count(&self) -> Result<u64>;
    /// Writes down what checks of files found, all in one transaction.
    async fn record_checks(&self, checked: &[CheckedFile], now: DateTime<Utc>) -> Result<()>;
}
