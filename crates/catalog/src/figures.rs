//! Figures that only ever grow, and what stands in the ledger: for metrics.

use async_trait::async_trait;
use draywatch_core::outcome::Outcome;

use crate::{LedgerState, Result};

/// The limits by which runs are counted by how long they took, in whole seconds; one that took exactly as long is within.
pub const DURATION_BUCKETS: [u32; 9] = [5, 10, 20, 30, 60, 120, 300, 600, 1800];

/// What all runs came to that ever ended in this database, and what the ledger holds now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Runs by camera and outcome.
    pub runs: Vec<RunFigures>,
    /// Pictures that were refused, by camera and short reason.
    pub refused: Vec<(String, String, u64)>,
    /// Runs that ended by themselves, by the bucket of [`DURATION_BUCKETS`] that they fall into; the last one is for longer runs.
    pub durations: [u64; DURATION_BUCKETS.len() + 1],
    /// How long those runs took together, in seconds.
    pub seconds: f64,
    /// Rows of the ledger by camera and state.
    pub ledger: Vec<(String, LedgerState, u64)>,
}

/// Runs of one camera with one outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFigures {
    /// The camera.
    pub camera: String,
    /// How they ended.
    pub outcome: Outcome,
    /// How many.
    pub runs: u64,
    /// Frames that they stored; a thumbnail and the full picture that replaces it later are two.
    pub stored: u64,
}

/// The part of the database that counts for metrics.
#[async_trait]
pub trait Counts: Send + Sync + 'static {
    /// All figures, of one moment. Costs by the number of cameras and of owed frames, not by runs or images.
    async fn figures(&self) -> Result<Figures>;
}
