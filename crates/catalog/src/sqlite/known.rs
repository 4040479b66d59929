//! What is known of a camera's frames, from images, tombstones and ledger together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use draywatch_core::CameraId;
use draywatch_core::plan::{KnownFrame, KnownState};
use sqlx::SqliteConnection;

use super::{ledger, row, time, tombstones};
use crate::LedgerState;

/// Frames by their instant and their place in its second.
type Frames = BTreeMap<(DateTime<Utc>, u16), KnownFrame>;

/// What rows of images say of their frames; narrowed down after reading, as times may be written in any form.
pub(super) const IMAGES: &str = "SELECT id, timestamp, ordinal, url, is_thumbnail, \
               CAST(file_state AS TEXT) IN ('missing', 'bad') AS is_lost FROM images \
               WHERE camera_id = $1 AND timestamp >= $2 AND timestamp < $3";

/// Every frame once: as its image says, else its tombstone, else the ledger. The caller reads one moment of the database.
pub(super) async fn known(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> sqlx::Result<Vec<KnownFrame>> {
    let mut frames = Frames::new();
    for image in images(conn, camera, from, to).await? {
        add_image(&mut frames, image);
    }
    for frame in tombstones::known(conn, camera, from, to).await? {
        frames
            .entry((frame.id.instant, frame.id.ordinal))
            .or_insert(frame);
    }
    for (frame, state) in wanted(conn, camera, from, to).await? {
        add_wanted(&mut frames, frame, state);
    }
    Ok(frames.into_values().collect())
}

/// The frames of rows of images, in the order in which they were made.
async fn images(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> sqlx::Result<Vec<KnownFrame>> {
    let (first, after) = time::day_range(from, to);
    let query = sqlx::query(IMAGES)
        .bind(camera.as_str())
        .bind(first)
        .bind(after);
    let mut known = Vec::new();
    for found in query.fetch_all(conn).await? {
        let Some(id) = row::frame_in(&found, camera, (from, to))? else {
            continue;
        };
        // A row whose file is known to be lost or damaged is owed again: it keeps its place and takes the new file.
        let state = if row::flag(&found, "is_lost")? {
            KnownState::Open
        } else if row::flag(&found, "is_thumbnail")? {
            KnownState::Thumbnail
        } else {
            KnownState::Stored
        };
        let url = row::text(&found, "url")?;
        let made = row::int(&found, "id")?;
        known.push((made, KnownFrame { id, url, state }));
    }
    known.sort_unstable_by_key(|(made, _)| *made);
    Ok(known.into_iter().map(|(_, frame)| frame).collect())
}

/// Of rows that old databases hold twice, one in full size speaks for the frame, and one without a good file only if there is no other.
fn add_image(frames: &mut Frames, image: KnownFrame) {
    let key = (image.id.instant, image.id.ordinal);
    let there = frames.get(&key);
    if there.is_none_or(|there| worth(image.state) > worth(there.state)) {
        frames.insert(key, image);
    }
}

/// Which of two rows of a frame speaks for it: the one whose file is worth more.
fn worth(state: KnownState) -> u8 {
    match state {
        KnownState::Stored => 2,
        KnownState::Thumbnail => 1,
        _ => 0,
    }
}

fn add_wanted(frames: &mut Frames, frame: KnownFrame, ledger_state: LedgerState) {
    let state = match ledger_state {
        LedgerState::Open => KnownState::Open,
        LedgerState::Thumbnail => KnownState::Thumbnail,
        LedgerState::GivenUp => KnownState::GivenUp,
    };
    let key = (frame.id.instant, frame.id.ordinal);
    let there = frames.entry(key).or_insert_with(|| KnownFrame {
        state,
        ..frame.clone()
    });
    if there.state == KnownState::Stored && ledger_state == LedgerState::Thumbnail {
        there.state = KnownState::Thumbnail;
    }
    there.url = there.url.take().or(frame.url);
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
    let query = sqlx::query(sql)
        .bind(camera.as_str())
        .bind(time::text(from))
        .bind(time::text(to));
    let mut wanted = Vec::new();
    for found in query.fetch_all(conn).await? {
        let frame = KnownFrame {
            id: row::own_frame(&found)?,
            url: row::text(&found, "url")?,
            state: KnownState::Open,
        };
        wanted.push((frame, ledger::state(&row::own_text(&found, "state")?)?));
    }
    Ok(wanted)
}
