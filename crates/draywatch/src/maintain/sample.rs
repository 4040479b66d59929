//! A rolling check of old files: those that were not looked at for the longest time, paced, so that all are within a month. Must
//! not repair.

use std::time::{Duration, Instant};

use draywatch_core::{Clock, verification};

use super::reconcile::{Check, Options};
use super::{MaintainError, Progress, Report, Watch, rows};
use crate::store::Store;

/// Files whose checks are written down together.
const BATCH: u32 = 100;
/// After a file was read there is a pause of so many times as long: a quarter of one processor and one disk at most.
const PAUSE: u32 = 3;

/// Reads the files that were not looked at for the longest time (never, first); so many that all of them are read within 30
/// days if this is called every `interval`. A file that is missing or damaged is among the report's problems, and its row
/// says so from now on.
///
/// # Errors
/// When database or archive fail. What was recorded until then lasts.
pub async fn verify_sample(
    store: &Store,
    clock: &Clock,
    interval: Duration,
    watch: Watch<'_>,
) -> Result<Report, MaintainError> {
    let total = store.catalog.image_count().await?;
    let wanted = verification::round(total, interval);
    let options = Options {
        repair: false,
        share: 1.0,
        cameras: Vec::new(),
    };
    let mut check = Check::new(store, clock, &options, watch);
    check.notes_every_look = true;
    let (before, mut after) = (clock.now(), None);
    while check.report.checked < wanted {
        let left = u32::try_from(wanted - check.report.checked).unwrap_or(u32::MAX);
        let page = store
            .catalog
            .stale(before, after.as_ref(), left.min(BATCH))
            .await?;
        for row in page.rows {
            let began = Instant::now();
            rows::look_at(&mut check, row).await?;
            watch(Progress {
                doing: "pictures",
                done: check.report.checked,
                total: Some(wanted),
            });
            tokio::time::sleep(began.elapsed() * PAUSE).await;
        }
        check.flush().await?;
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(check.report)
}
