//! What one look at the service found: the report of it, and the figures behind it. Must not read anything.

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::Figures;
use draywatch_core::CameraId;
use draywatch_core::health::Facts;

use crate::Report;

/// What one look found.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// How things are.
    pub report: Report,
    /// What that follows from.
    pub facts: Facts,
    /// Figures for metrics; `None` while the database gives none.
    pub readings: Option<Readings>,
    /// Browsers that are alive.
    pub browsers: usize,
}

/// Figures for metrics.
#[derive(Debug, Clone)]
pub struct Readings {
    /// What runs came to, and what is owed.
    pub figures: Figures,
    /// Each camera that is collected.
    pub cameras: Vec<CameraReadings>,
}

/// Figures of one camera.
#[derive(Debug, Clone)]
pub struct CameraReadings {
    /// Which one.
    pub camera: CameraId,
    /// The newest stored frame.
    pub newest: Option<DateTime<Utc>>,
    /// How long after its instant that one was stored.
    pub lag: Option<TimeDelta>,
    /// Of 24 hours of slots, the last of which ended two intervals ago: the share that has a frame.
    pub coverage: f64,
}
