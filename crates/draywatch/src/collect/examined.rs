//! What becomes of the frames of a collection once they are stored: compared with those before them. Must not fail a collection.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDate;
use draywatch_core::CameraId;
use draywatch_core::error::chain;

use super::Collector;
use crate::examine;

/// How long that may take; the rest is left to whoever examines next.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many frames, those that health looks at, are compared by their files at once. Of a day that is fetched as a whole nearly all may be
/// alike (a quiet night), and the next collection must not wait for that.
const NEWEST: usize = 2;

impl Collector {
    /// In a service, examines the frames of days that got some. A failure is told and nothing else: the frames stay open.
    pub(super) async fn examine(&self, camera: &CameraId, days: &BTreeSet<NaiveDate>) {
        // Whoever fetches by hand fetches much, and waits for it; what is open then, a service or `draywatch examine` finds.
        if self.service.is_none() {
            return;
        }
        let days = days.iter().copied();
        let work = examine::days(&self.store, &self.cards, camera, days, NEWEST);
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(account)) => {
                account.tell_problems(camera.as_str());
                tracing::debug!(camera = %camera, verdicts = account.verdicts_in_words(), "examined");
            }
            Ok(Err(error)) => {
                tracing::warn!(camera = %camera, kind = %error.kind(), error = %chain(&error), "the new pictures could not be examined; that is made up for later");
            }
            Err(_) => {
                tracing::warn!(camera = %camera, seconds = PATIENCE.as_secs(), "the new pictures could not be examined in time; that is made up for later");
            }
        }
    }
}
