//! Slots and counters: coverage and totals that are kept with the rows, so that reading them costs by the days asked for.

use async_trait::async_trait;

/// The part of the database that holds slots and counters.
#[async_trait]
pub trait Slots: Send + Sync + 'static {}
