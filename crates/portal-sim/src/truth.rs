//! Owns the truth: what a complete and correct download would hold. It must not be reachable through the
//! portal's own page or API, and must not know about faults.

use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::schedule::Frame;
use crate::state::World;

/// One frame as it really is. Hashes and length are missing if they were not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthFrame {
    /// Stream name of the camera.
    pub camera: String,
    /// When the frame was taken.
    #[serde(with = "millis")]
    pub instant: DateTime<Utc>,
    /// When history, live pictures and CDN show it first: its instant and the delays of the schedule. An outage or a
    /// camera that hangs (`frozen_seconds`) may hide it longer.
    #[serde(with = "millis")]
    pub appears_at: DateTime<Utc>,
    /// Address of the full-size picture.
    pub url: String,
    /// Address of the thumbnail.
    pub thumbnail_url: String,
    /// SHA-256 of the full-size picture in lower-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// SHA-256 of the thumbnail.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub thumbnail_sha256: Option<String>,
    /// Length of the full-size picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<usize>,
}

/// Describes frames, with their hashes if asked for (which draws them, on all cores).
pub(crate) async fn describe(
    world: &Arc<World>,
    frames: Vec<Frame>,
    hashes: bool,
) -> Result<Vec<TruthFrame>> {
    if !hashes {
        return Ok(frames.iter().map(|frame| plain(world, frame)).collect());
    }
    let tasks: Vec<_> = frames
        .into_iter()
        .map(|frame| tokio::spawn(hashed(Arc::clone(world), frame)))
        .collect();
    let mut truth = Vec::with_capacity(tasks.len());
    for task in tasks {
        truth.push(task.await??);
    }
    Ok(truth)
}

fn plain(world: &World, frame: &Frame) -> TruthFrame {
    TruthFrame {
        camera: frame.camera.to_string(),
        instant: frame.instant,
        appears_at: frame.appears_at,
        url: world.address(frame, false),
        thumbnail_url: world.address(frame, true),
        sha256: None,
        thumbnail_sha256: None,
        bytes: None,
    }
}

async fn hashed(world: Arc<World>, frame: Frame) -> Result<TruthFrame> {
    let full = world.store.print(&frame, false).await?;
    let thumbnail = world.store.print(&frame, true).await?;
    Ok(TruthFrame {
        sha256: Some(full.sha256.to_string()),
        thumbnail_sha256: Some(thumbnail.sha256.to_string()),
        bytes: Some(full.bytes),
        ..plain(&world, &frame)
    })
}

mod millis {
    //! Owns the written form of an instant: RFC 3339 in UTC with milliseconds.

    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        instant: &DateTime<Utc>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        DateTime::deserialize(from)
    }
}
