//! The ledger of frames that the portal listed and that are not stored in full size.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::FrameId;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{row, time};
use crate::{LedgerEntry, LedgerFilter, LedgerState, NewImage, NewLedgerEntry, PictureFacts};

/// A state as it stands in the table.
pub(super) fn name(state: LedgerState) -> &'static str {
    match state {
        LedgerState::Open => "open",
        LedgerState::Thumbnail => "thumbnail",
        LedgerState::GivenUp => "given_up",
    }
}

/// The state of that name.
pub(super) fn state(name: &str) -> sqlx::Result<LedgerState> {
    [
        LedgerState::Open,
        LedgerState::Thumbnail,
        LedgerState::GivenUp,
    ]
    .into_iter()
    .find(|state| self::name(*state) == name)
    .ok_or_else(|| row::odd("state", name))
}

/// Frames in one statement, well below the engine's limit of parameters.
const MOST: usize = 500;

/// What follows the list of frames. A frame that has to be fetched may have its thumbnail there already.
const ENLIST: &str = "INSERT INTO frame_ledger (camera_id, instant, ordinal, date, url, url_is_listed, thumbnail_url, path, \
     first_listed, last_listed, state) SELECT camera, instant, ordinal, date, url, is_listed, thumbnail, path, now, now, \
     CASE WHEN EXISTS (SELECT 1 FROM images AS i WHERE i.camera_id = new.camera AND i.timestamp = new.instant \
     AND i.ordinal = new.ordinal AND i.is_thumbnail) THEN 'thumbnail' ELSE 'open' END FROM new WHERE TRUE \
     ON CONFLICT (camera_id, instant, ordinal) DO UPDATE SET url = excluded.url, \
     url_is_listed = excluded.url_is_listed, thumbnail_url = excluded.thumbnail_url, \
     last_listed = excluded.last_listed, given_up_at = NULL, given_up_reason = NULL, \
     state = CASE WHEN frame_ledger.state = 'given_up' THEN excluded.state ELSE frame_ledger.state END RETURNING *";

/// Writes frames into the ledger; their rows, in the same order.
pub(super) async fn enlist(
    conn: &mut SqliteConnection,
    entries: &[NewLedgerEntry],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<LedgerEntry>> {
    let now = time::text(now);
    let mut enlisted = Vec::with_capacity(entries.len());
    for part in entries.chunks(MOST) {
        let found = enlist_part(conn, part, &now).await?;
        for new in part {
            let entry = found.get(&key(&new.frame));
            enlisted.push(entry.ok_or(sqlx::Error::RowNotFound)?.clone());
        }
    }
    Ok(enlisted)
}

/// A frame as the table tells it from others.
type Key = (String, String, u16);

fn key(frame: &FrameId) -> Key {
    let camera = frame.camera.as_str().to_owned();
    (camera, time::text(frame.instant), frame.ordinal)
}

/// Writes all of them in one statement, which hands the rows back in no particular order.
async fn enlist_part(
    conn: &mut SqliteConnection,
    entries: &[NewLedgerEntry],
    now: &str,
) -> sqlx::Result<BTreeMap<Key, LedgerEntry>> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "WITH new (camera, instant, ordinal, date, url, is_listed, thumbnail, path, now) AS (",
    );
    query.push_values(entries, |mut row, new| {
        let (camera, instant, ordinal) = key(&new.frame);
        row.push_bind(camera).push_bind(instant);
        row.push_bind(i64::from(ordinal));
        row.push_bind(time::date_text(new.date));
        row.push_bind(new.url.clone()).push_bind(new.url_is_listed);
        row.push_bind(new.thumbnail_url.clone());
        row.push_bind(new.path.clone()).push_bind(now.to_owned());
    });
    query.push(") ").push(ENLIST);
    let is_kept = super::bulk::is_kept(entries.len());
    let rows = query.build().persistent(is_kept).fetch_all(conn).await?;
    let pair = |found| {
        let entry = entry(found)?;
        Ok((key(&entry.entry.frame), entry))
    };
    rows.iter().map(pair).collect()
}

pub(super) async fn list(
    conn: &mut SqliteConnection,
    filter: &LedgerFilter,
) -> sqlx::Result<Vec<LedgerEntry>> {
    let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM frame_ledger WHERE 1 = 1");
    if let Some(camera) = &filter.camera {
        query
            .push(" AND camera_id = ")
            .push_bind(camera.as_str().to_owned());
    }
    if let Some((first, last)) = filter.dates {
        query
            .push(" AND date >= ")
            .push_bind(time::date_text(first));
        query.push(" AND date <= ").push_bind(time::date_text(last));
    }
    if !filter.states.is_empty() {
        let mut list = query.push(" AND state IN (").separated(", ");
        for state in &filter.states {
            list.push_bind(name(*state));
        }
        query.push(")");
    }
    query.push(" ORDER BY instant, camera_id, ordinal");
    query
        .build()
        .fetch_all(conn)
        .await?
        .iter()
        .map(entry)
        .collect()
}

fn entry(found: &SqliteRow) -> sqlx::Result<LedgerEntry> {
    let state = state(&row::own_text(found, "state")?)?;
    let reason = if state == LedgerState::GivenUp {
        "given_up_reason"
    } else {
        "failure_reason"
    };
    Ok(LedgerEntry {
        id: row::int(found, "id")?.unwrap_or(0),
        entry: NewLedgerEntry {
            frame: row::own_frame(found)?,
            date: row::own_date(found, "date")?,
            url: row::own_text(found, "url")?,
            url_is_listed: row::flag(found, "url_is_listed")?,
            thumbnail_url: row::text(found, "thumbnail_url")?,
            path: row::own_text(found, "path")?,
        },
        state,
        attempts: row::small(found, "attempts")?,
        failure: row::failure(found)?,
        reason: row::text(found, reason)?,
        first_listed: row::own_instant(found, "first_listed")?,
        last_listed: row::own_instant(found, "last_listed")?,
        last_tried: row::instant(found, "last_tried")?,
        not_before: row::instant(found, "not_before")?,
        replacement: replacement(found)?,
    })
}

fn replacement(found: &SqliteRow) -> sqlx::Result<Option<PictureFacts>> {
    let Some(sha256) = row::text(found, "replacement_sha256")? else {
        return Ok(None);
    };
    Ok(Some(PictureFacts {
        bytes: row::count(found, "replacement_bytes")?,
        sha256,
        media_type: row::text(found, "replacement_media_type")?.unwrap_or_default(),
        width: row::small(found, "replacement_width")?,
        height: row::small(found, "replacement_height")?,
    }))
}

pub(super) async fn intend_replacement(
    conn: &mut SqliteConnection,
    id: i64,
    facts: &PictureFacts,
) -> sqlx::Result<()> {
    let sql = "UPDATE frame_ledger SET replacement_bytes = $1, replacement_sha256 = $2, replacement_media_type = $3, \
               replacement_width = $4, replacement_height = $5 WHERE id = $6";
    let query = sqlx::query(sql)
        .bind(row::signed(facts.bytes))
        .bind(&facts.sha256)
        .bind(&facts.media_type);
    query
        .bind(facts.width)
        .bind(facts.height)
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ())
}

/// Gives up frames that are still wanted; how many of them were.
pub(super) async fn give_up(
    conn: &mut SqliteConnection,
    frames: &[FrameId],
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let sql = "UPDATE frame_ledger SET state = 'given_up', given_up_at = $1, given_up_reason = $2 \
               WHERE camera_id = $3 AND instant = $4 AND ordinal = $5 AND state <> 'given_up'";
    let mut given_up = 0;
    for frame in frames {
        let query = sqlx::query(sql)
            .bind(time::text(now))
            .bind(reason)
            .bind(frame.camera.as_str());
        let query = query
            .bind(time::text(frame.instant))
            .bind(i64::from(frame.ordinal));
        given_up += query.execute(&mut *conn).await?.rows_affected();
    }
    Ok(given_up)
}

/// A file that is adopted, with what the ledger knows better than its name: the exact instant, and the address.
pub(super) async fn complete(
    conn: &mut SqliteConnection,
    image: &NewImage,
) -> sqlx::Result<NewImage> {
    let mut image = image.clone();
    let Some(wanted) = at(conn, &image.path).await? else {
        return Ok(image);
    };
    let frame = wanted.entry.frame;
    let same_second = (frame.instant - image.frame.instant).abs() < TimeDelta::seconds(1);
    if frame.camera == image.frame.camera && frame.ordinal == image.frame.ordinal && same_second {
        image.frame = frame;
        image.url = image.url.or(Some(wanted.entry.url));
    }
    Ok(image)
}

pub(super) async fn at(
    conn: &mut SqliteConnection,
    path: &str,
) -> sqlx::Result<Option<LedgerEntry>> {
    let sql = "SELECT * FROM frame_ledger WHERE path = $1 ORDER BY id LIMIT 1";
    sqlx::query(sql)
        .bind(path)
        .fetch_optional(conn)
        .await?
        .as_ref()
        .map(entry)
        .transpose()
}
