//! Image rows that were deleted on purpose. Written by a trigger; read here.

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::plan::{KnownFrame, KnownState};
use draywatch_core::{CameraId, FrameId};
use sqlx::SqliteConnection;

use super::{row, time};

/// Whether a row of that path, or of that frame in whatever path, was deleted. Files know whole seconds only, so
/// a frame is its camera, its second and its place in it.
pub(super) async fn holds(
    conn: &mut SqliteConnection,
    path: &str,
    frame: &FrameId,
) -> sqlx::Result<bool> {
    let second = frame.second();
    let sql = "SELECT 1 FROM tombstones WHERE path = $1 \
               OR (camera_id = $2 AND timestamp >= $3 AND timestamp < $4 AND ordinal = $5) LIMIT 1";
    let found = sqlx::query(sql)
        .bind(path)
        .bind(frame.camera.as_str())
        .bind(second_text(second))
        .bind(second_text(second + TimeDelta::seconds(1)))
        .bind(i64::from(frame.ordinal))
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// A second without its fraction: sorts before every time in it, however many digits that has.
pub(super) fn second_text(second: DateTime<Utc>) -> String {
    second.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The frames of a camera that were deleted, between two instants.
pub(super) async fn known(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> sqlx::Result<Vec<KnownFrame>> {
    let (first, after) = time::day_range(from, to);
    let sql = "SELECT timestamp, ordinal, url FROM tombstones \
               WHERE camera_id = $1 AND timestamp >= $2 AND timestamp < $3 ORDER BY timestamp, ordinal, id";
    let rows = sqlx::query(sql)
        .bind(camera.as_str())
        .bind(first)
        .bind(after)
        .fetch_all(conn)
        .await?;
    let mut known = Vec::new();
    for found in &rows {
        let Some(id) = row::frame_in(found, camera, (from, to))? else {
            continue;
        };
        known.push(KnownFrame {
            id,
            url: row::text(found, "url")?,
            state: KnownState::Removed,
        });
    }
    Ok(known)
}
