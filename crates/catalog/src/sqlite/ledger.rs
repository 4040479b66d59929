//! The ledger of frames that the portal listed and that are not stored in full size.

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

/// What a frame that has to be fetched stands at: its thumbnail may be there already.
macro_rules! fresh_state {
    ($camera:literal, $instant:literal, $ordinal:literal) => {
        concat!(
            "CASE WHEN EXISTS (SELECT 1 FROM images WHERE camera_id = ",
            $camera,
            " AND timestamp = ",
            $instant,
            " AND ordinal = ",
            $ordinal,
            " AND is_thumbnail) THEN 'thumbnail' ELSE 'open' END"
        )
    };
}

const ENLIST: &str = concat!(
    "INSERT INTO frame_ledger (camera_id, instant, ordinal, date, url, url_is_listed, thumbnail_url, path, state, \
     first_listed, last_listed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, ",
    fresh_state!("$1", "$2", "$3"),
    ", $9, $9) ON CONFLICT (camera_id, instant, ordinal) DO UPDATE SET url = excluded.url, \
     url_is_listed = excluded.url_is_listed, thumbnail_url = excluded.thumbnail_url, \
     last_listed = excluded.last_listed, given_up_at = NULL, given_up_reason = NULL, \
     state = CASE WHEN frame_ledger.state = 'given_up' THEN excluded.state ELSE frame_ledger.state END RETURNING *"
);

pub(super) async fn enlist(
    conn: &mut SqliteConnection,
    entries: &[NewLedgerEntry],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<LedgerEntry>> {
    let now = time::text(now);
    let mut enlisted = Vec::with_capacity(entries.len());
    for new in entries {
        let found = sqlx::query(ENLIST)
            .bind(new.frame.camera.as_str())
            .bind(time::text(new.frame.instant))
            .bind(i64::from(new.frame.ordinal))
            .bind(time::date_text(new.date))
            .bind(&new.url)
            .bind(new.url_is_listed)
            .bind(&new.thumbnail_url)
            .bind(&new.path)
            .bind(&now)
            .fetch_one(&mut *conn)
            .await?;
        enlisted.push(entry(&found)?);
    }
    Ok(enlisted)
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
