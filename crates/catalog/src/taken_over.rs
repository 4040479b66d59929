//! What to record of a picture whose file an earlier run stored without coming so far as to say so. Must not look at files.

use draywatch_core::frame::looks_like_thumbnail;
use draywatch_core::{Failure, Kind};

use crate::{FrameResult, LedgerEntry, NewImage, PictureFacts};

impl LedgerEntry {
    /// The frame is stored: its file is a picture of these facts, and durable.
    #[must_use]
    pub fn taken_over(&self, facts: PictureFacts) -> FrameResult {
        let is_thumbnail = looks_like_thumbnail(facts.width);
        let why = "an earlier run stored the thumbnail and was cut short";
        let failure = is_thumbnail.then(|| {
            (
                Failure::new(Kind::Interrupted, why),
                "interrupted".to_owned(),
            )
        });
        let image = NewImage {
            frame: self.entry.frame.clone(),
            path: self.entry.path.clone(),
            facts,
            is_thumbnail,
            url: Some(self.entry.url.clone()),
            look: None,
        };
        FrameResult::Stored {
            ledger_id: self.id,
            image,
            failure,
        }
    }
}
