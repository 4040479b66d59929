//! Image rows by pages, for exports and lists: what is asked for, and where the next page begins. Must not know an engine.

use chrono::{DateTime, Utc};
use draywatch_core::CameraId;
use draywatch_core::verdict::Verdict;
use serde::{Deserialize, Serialize};

use crate::ImageRow;

/// Which image rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFilter {
    /// Of these cameras.
    pub cameras: Vec<CameraId>,
    /// From this instant on.
    pub from: DateTime<Utc>,
    /// Before this instant.
    pub to: DateTime<Utc>,
    /// Only those that the detector has read, or only those that it has not.
    pub processed: Option<bool>,
    /// Only those of one of these verdicts; all, also those that nobody has examined, if there is none.
    pub verdicts: Vec<Verdict>,
    /// Also frames of which only the thumbnail is stored.
    pub thumbnails: bool,
}

impl ImageFilter {
    /// Whether a row is asked for, but for its camera.
    #[must_use]
    pub fn takes(&self, image: &ImageRow) -> bool {
        image
            .timestamp
            .is_some_and(|at| (self.from..self.to).contains(&at))
            && self
                .processed
                .is_none_or(|wanted| wanted == image.processed)
            && (self.verdicts.is_empty()
                || image
                    .verdict
                    .is_some_and(|verdict| self.verdicts.contains(&verdict)))
            && (self.thumbnails || !image.is_thumbnail)
    }
}

/// The place of an image row in the order of pages: time, camera, ordinal, and the id where old databases hold a frame twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ImageKey {
    /// When the frame was taken.
    pub timestamp: DateTime<Utc>,
    /// Camera, as it stands in the row.
    pub camera_id: String,
    /// Which frame of its second.
    pub ordinal: u16,
    /// The row.
    pub id: i64,
}

impl ImageKey {
    /// The place of a row; `None` for one without a time, which is on no page.
    #[must_use]
    pub fn of(image: &ImageRow) -> Option<Self> {
        Some(Self {
            timestamp: image.timestamp?,
            camera_id: image.camera_id.clone(),
            ordinal: image.ordinal,
            id: image.id,
        })
    }
}
