//! How health changed in the course of time.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use draywatch_core::health::Health;

use crate::Result;

/// A change of health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthChange {
    /// When it was seen, UTC.
    pub at: DateTime<Utc>,
    /// How things were from then on.
    pub health: Health,
}

/// The part of the database that keeps the history of health.
#[async_trait]
pub trait HealthLog: Send + Sync + 'static {
    /// Writes changes down, all in one transaction.
    async fn note_health(&self, changes: &[HealthChange]) -> Result<()>;
    /// The changes since then, newest first, at most `limit`.
    async fn health_changes(&self, since: DateTime<Utc>, limit: u32) -> Result<Vec<HealthChange>>;
}
