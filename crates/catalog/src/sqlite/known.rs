//! What is known of a camera's frames, from images, tombstones and ledger together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use draywatch_core::plan::{KnownFrame, KnownState};
use draywatch_core::{CameraId, FrameId};
use sqlx::SqliteConnection;

use super::{images, ledger, row, time, tombstones};
use crate::{ImageRow, LedgerState};

/// Frames by their instant and their place in its second.
type Frames = BTreeMap<(DateTime<Utc>, u16), KnownFrame>;

/// Every frame once: as its image says, else its tombstone, else the ledger. The caller reads one moment of the database.
pub(super) async fn known(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> sqlx::Result<Vec<KnownFrame>> {
    let mut frames = Frames::new();
    for image in images::between(conn, camera, from, to).await? {
        add_image(&mut frames, camera, image);
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

/// Of rows that old databases hold twice, one in full size speaks for the frame, and one without a good file only if there is no other.
fn add_image(frames: &mut Frames, camera: &CameraId, image: ImageRow) {
    let Some(instant) = image.timestamp else {
        return;
    };
    let id = FrameId {
        camera: camera.clone(),
        instant,
        ordinal: image.ordinal,
    };
    // A row whose file is known to be lost or damaged is owed again: it keeps its place and takes the new file.
    let state = if image.is_lost() {
        KnownState::Open
    } else if image.is_thumbnail {
        KnownState::Thumbnail
    } else {
        KnownState::Stored
    };
    let there = frames.get(&(instant, image.ordinal));
    if there.is_none_or(|there| worth(state) > worth(there.state)) {
        frames.insert(
            (instant, image.ordinal),
            KnownFrame {
                id,
                url: image.url,
                state,
            },
        );
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
