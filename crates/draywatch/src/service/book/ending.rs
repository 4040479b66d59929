//! The end of a tick: how it went is written down, and what its job learned from it. Must not decide what is due.

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{JobRow, Jobs, Result, TickEnd};
use draywatch_core::CameraId;
use draywatch_core::pace::{Look, Memory, Spent};
use draywatch_core::zone::FUTURE_TOLERANCE;

use super::{Ended, FRAMES, Started, by_name};
use crate::service::policy::{Policy, Work};

/// What a camera's job remembers; nothing where the row holds nothing that is understood.
#[must_use]
pub fn memory(row: &JobRow) -> Memory {
    let text = row.memory.as_deref().unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

pub(super) async fn newest(
    rows: &dyn Jobs,
    camera: &CameraId,
    now: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>> {
    let until = now + FUTURE_TOLERANCE;
    let frames = rows.newest_frames(camera, until, FRAMES).await?;
    Ok(frames.into_iter().map(|frame| frame.instant).collect())
}

/// Writes down how a tick ended, and what its job learned from it; `false` when its lease was lost meanwhile.
///
/// # Errors
/// When the database fails; the tick is then found interrupted once its lease has run out.
pub async fn finish(
    policy: &Policy,
    rows: &dyn Jobs,
    started: &Started,
    ended: &Ended,
    now: DateTime<Utc>,
) -> Result<bool> {
    let learned = match (&started.job.work, ended) {
        (Work::Collect(camera), Ended::Done(Some(looked))) => {
            Some(learn(policy, rows, started, camera, *looked).await?)
        }
        _ => None,
    };
    let end = match ended {
        Ended::Done(_) => TickEnd::Done,
        Ended::PutBack => TickEnd::PutBack,
        Ended::Failed(failure) => {
            let failures = started.attempts + 1;
            let delays = &started.job.spec.delays;
            if failures < delays.attempts {
                TickEnd::Again(failure.clone(), now + delays.after(failures))
            } else {
                TickEnd::Failed(failure.clone())
            }
        }
    };
    rows.end_tick(&started.fence, &end, learned.as_deref(), now)
        .await
}

async fn learn(
    policy: &Policy,
    rows: &dyn Jobs,
    started: &Started,
    camera: &CameraId,
    looked: DateTime<Utc>,
) -> Result<String> {
    let look = Look {
        due: started.due,
        at: looked,
        purpose: started.purpose,
    };
    let since = looked - TimeDelta::days(1);
    let spent = Spent {
        listings: rows.listings_since(camera, since).await?,
        since,
    };
    let frames = newest(rows, camera, looked).await?;
    let name = &started.job.spec.name;
    let jobs = by_name(rows.jobs().await?);
    let before = jobs.get(name).map(memory).unwrap_or_default();
    let after = before.after(&look, &frames, policy.interval, &spent);
    Ok(serde_json::to_string(&after).unwrap_or_default())
}
