//! Holds and removal: what must stay, what may go, and how a row goes.

use async_trait::async_trait;

/// The part of the database that holds are kept in and removals go through.
#[async_trait]
pub trait Holds: Send + Sync + 'static {}
