//! The account of one camera's day, and what is told while it is under way. Must not print.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use draywatch_catalog::RunCounts;
use draywatch_core::outcome::Outcome;
use draywatch_core::{CameraId, Failure};
use serde::Serialize;

/// What one collection of a camera's day came to; one line of `--json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayReport {
    /// The camera.
    pub camera_id: CameraId,
    /// The portal's calendar day.
    pub date: NaiveDate,
    /// The outcome.
    pub outcome: Outcome,
    /// Frames that the portal listed: stored + already + missing.
    pub listed: u64,
    /// Frames stored by this collection.
    pub stored: u64,
    /// Frames that were there before.
    pub already: u64,
    /// Of both, those of which only the thumbnail is there.
    pub thumbnails: u64,
    /// Frames that are not there; they are in the ledger.
    pub missing: u64,
    /// Bytes stored.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// Pictures refused, by reason.
    pub refused: BTreeMap<String, u64>,
    /// What went wrong.
    pub errors: Vec<Failure>,
    /// Whether the day was final before and nothing was asked for.
    #[serde(rename = "final")]
    pub is_final: bool,
}

impl DayReport {
    /// The report of a day that was final before.
    #[must_use]
    pub fn of_final_day(camera: &CameraId, date: NaiveDate, listed: u64) -> Self {
        let counts = RunCounts {
            listed,
            already: listed,
            ..RunCounts::default()
        };
        Self {
            is_final: true,
            ..Self::new(camera, date, Outcome::Complete, &counts, 0.0, Vec::new())
        }
    }

    /// A day of which nothing could be learnt.
    #[must_use]
    pub fn of_failure(camera: &CameraId, date: NaiveDate, failure: Failure) -> Self {
        Self::new(
            camera,
            date,
            Outcome::Failed,
            &RunCounts::default(),
            0.0,
            vec![failure],
        )
    }

    /// A report from counts.
    #[must_use]
    pub fn new(
        camera: &CameraId,
        date: NaiveDate,
        outcome: Outcome,
        counts: &RunCounts,
        seconds: f64,
        errors: Vec<Failure>,
    ) -> Self {
        Self {
            camera_id: camera.clone(),
            date,
            outcome,
            listed: counts.listed,
            stored: counts.stored,
            already: counts.already,
            thumbnails: counts.thumbnails,
            missing: counts.missing,
            bytes: counts.bytes,
            seconds: (seconds * 1e3).round() / 1e3,
            refused: counts.refused.clone(),
            errors,
            is_final: false,
        }
    }
}

/// What happens during a collection, for progress bars and lines.
#[derive(Debug)]
pub enum Event<'a> {
    /// A day is being listed.
    Listing(&'a CameraId, NaiveDate),
    /// It was listed: so many frames, of which so many have to be fetched.
    Listed(&'a CameraId, NaiveDate, u64, u64),
    /// A frame was stored (`true`) or could not be had.
    Frame(bool, u64),
    /// A day is done.
    Day(&'a DayReport),
}

/// Who is told; must not block.
pub type Observer = Arc<dyn Fn(Event<'_>) + Send + Sync>;
