//! Jobs and leases: which ticks there are, what became of them, and who may do which work.

use async_trait::async_trait;

/// The part of the database that jobs and leases are kept in.
#[async_trait]
pub trait Jobs: Send + Sync + 'static {}
