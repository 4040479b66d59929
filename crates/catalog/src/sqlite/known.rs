//! What is known of a camera's frames, from images, tombstones and ledger together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use draywatch_core::plan::{KnownFrame, KnownState};
use draywatch_core::{CameraId, FrameId};
use sqlx::SqliteConnection;

use super::{images, ledger, row, time, tombstones};
use crate::LedgerState;

/// Every frame once: as its image says, else its tombstone, else the ledger. The caller reads one moment of the database.
pub(super) async fn known(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> sqlx::Result<Vec<KnownFrame>> {
    let mut frames: BTreeMap<(DateTime<Utc>, u16), KnownFrame> = BTreeMap::new();
    for image in images::between(conn, camera, from, to).await? {
        let Some(instant) = image.timestamp else { continue };
        let id = FrameId { camera: camera.clone(), instant, ordinal: image.ordinal };
        let state = if image.is_thumbnail { KnownState::Thumbnail } else { KnownState::Stored };
        let frame = KnownFrame { id, url: image.url, state };
        // Of rows that old databases hold twice, one in full size speaks for the frame.
        match frames.get_mut(&(instant, image.ordinal)) {
            Some(there) if there.state == KnownState::Thumbnail => *there = frame,
            Some(_) => {}
            None => drop(frames.insert((instant, image.ordinal), frame)),
        }
    }
    for frame in tombstones::known(conn, camera, from, to).await? {
        frames.entry((frame.id.instant, frame.id.ordinal)).or_insert(frame);
    }
    for (frame, ledger_state) in wanted(conn, camera, from, to).await? {
        let state = match ledger_state {
            LedgerState::Open => KnownState::Open,
            LedgerState::Thumbnail => KnownState::Thumbnail,
            LedgerState::GivenUp => KnownState::GivenUp,
        };
        let there = frames
            .entry((frame.id.instant, frame.id.ordinal))
            .or_insert_with(|| KnownFrame { state, ..frame.clone() });
        if there.state == KnownState::Stored && ledger_state == LedgerState::Thumbnail {
            there.state = KnownState::Thumbnail;
        }
        there.url = there.url.take().or(frame.url);
    }
    Ok(frames.into_values().collect())
}

/// The ledger's frames; the state in the answer's frame is of no meaning.
async fn wanted(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> sqlx::Result<Vec<(KnownFrame, LedgerState)>> {
    let sql = "SELECT camera_id, instant, ordinal, url, state FROM frame_ledger \
               WHERE camera_id = $1 AND instant >= $2 AND instant < $3 ORDER BY instant, ordinal";
    let query = sqlx::query(sql).bind(camera.as_str()).bind(time::text(from)).bind(time::text(to));
    let mut wanted = Vec::new();
    for found in query.fetch_all(conn).await? {
        let frame =
            KnownFrame { id: row::own_frame(&found)?, url: row::text(&found, "url")?, state: KnownState::Open };
        wanted.push((frame, ledger::state(&row::own_text(&found, "state")?)?));
    }
    Ok(wanted)
}
