//! The slots of a camera's UTC day, computed from the rows by core's rule, and written down. Must not know when it is.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use draywatch_core::CameraId;
use draywatch_core::coverage::{self, Answer, DayListings, FileFact, Frames, GAP};
use draywatch_core::plan::KnownState;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::{letters, reach, row, time};

/// Days that a transaction brings up to date at its end. What is left waits for the next; readers compute it meanwhile.
pub(super) const IN_PASSING: u32 = 8;

/// Rows of images and tombstones between two instants; times that are not in our form are looked at more closely.
macro_rules! between {
    ($columns:literal, $table:literal) => {
        concat!(
            "SELECT ", $columns, " FROM ", $table, " WHERE camera_id = $1 AND timestamp >= $2 AND timestamp < $3 \
             AND ((timestamp >= $4 AND timestamp < $5) OR length(timestamp) <> 26 OR substr(timestamp, 11, 1) <> ' ')"
        )
    };
}

/// The frames of a day and a little around it.
pub(super) const IMAGES: &str = between!("timestamp, ordinal, is_thumbnail, file_state", "images");
/// Those that were removed.
pub(super) const TOMBSTONES: &str = between!("timestamp, ordinal", "tombstones");
/// Those that are wanted.
pub(super) const LEDGER: &str = "SELECT instant, ordinal, state, CASE WHEN state = 'given_up' THEN given_up_reason \
               ELSE COALESCE(failure_reason, failure_kind) END AS reason \
               FROM frame_ledger WHERE camera_id = $1 AND instant >= $2 AND instant < $3";
/// What the portal's days showed. A day counts as over ten minutes after its end; most observations are of before its end, so that is
/// asked first, which saves reckoning with times.
pub(super) const LISTINGS: &str = "SELECT day_start, day_end, \
               MAX(CASE WHEN confirmed AND (observed_at < day_end OR observed_at < over) THEN observed_at END) AS during, \
               MAX(CASE WHEN confirmed AND observed_at >= day_end AND observed_at >= over AND listed > 0 THEN 1 ELSE 0 END) AS offered, \
               MIN(CASE WHEN confirmed AND observed_at >= day_end AND observed_at >= over AND COALESCE(listed, 0) = 0 \
                   THEN observed_at END) AS empty, \
               MIN(CASE WHEN failure_kind = 'not_found' THEN observed_at END) AS withheld \
               FROM (SELECT *, strftime('%Y-%m-%d %H:%M:%f', day_end, '+10 minutes') AS over FROM observations \
                     WHERE camera_id = $1 AND date >= $2 AND date <= $3 AND (confirmed OR failure_kind = 'not_found')) \
               GROUP BY day_start, day_end";

/// Computes days that are stale, the latest first, at most `limit` of them; how many it were.
pub(super) async fn refresh(conn: &mut SqliteConnection, limit: u32) -> sqlx::Result<u64> {
    let sql = "SELECT rowid AS id, camera_id, day FROM stale_days ORDER BY day DESC LIMIT $1";
    let stale = sqlx::query(sql).bind(limit).fetch_all(&mut *conn).await?;
    for found in &stale {
        let name = row::text(found, "camera_id")?.unwrap_or_default();
        let day = row::text(found, "day")?;
        // Nobody asks for what is no camera and no day; other programs may have written such.
        let known = CameraId::new(&name)
            .ok()
            .zip(day.as_deref().and_then(time::parse_date));
        if let Some((camera, day)) = known {
            let answers = compute(conn, &camera, day).await?;
            keep(conn, &camera, day, &answers).await?;
        }
        sqlx::query("DELETE FROM stale_days WHERE rowid = $1")
            .bind(row::int(found, "id")?)
            .execute(&mut *conn)
            .await?;
    }
    Ok(u64::try_from(stale.len()).unwrap_or(0))
}

/// The answers of a day, from the rows.
pub(super) async fn compute(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    day: NaiveDate,
) -> sqlx::Result<Vec<Answer>> {
    let from = day.and_time(NaiveTime::MIN).and_utc();
    let to = from + TimeDelta::days(1);
    let around = (from - GAP, to + GAP);
    let mut frames = Frames::default();
    images(conn, camera, around, &mut frames).await?;
    tombstones(conn, camera, around, &mut frames).await?;
    ledger(conn, camera, around, &mut frames).await?;
    let listings = listings(conn, camera, day).await?;
    let reach = reach::of(conn, camera).await?;
    let observed = coverage::observed(&listings, reach);
    let slots = coverage::slots(from, to, &frames.answers(), &observed);
    Ok(slots.into_iter().map(|(_, answer)| answer).collect())
}

/// Writes a day down; one of which nothing is known needs no row.
async fn keep(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    day: NaiveDate,
    answers: &[Answer],
) -> sqlx::Result<()> {
    let query = if answers.iter().all(|answer| *answer == Answer::NotObserved) {
        let sql = "DELETE FROM day_slots WHERE camera_id = $1 AND day = $2";
        sqlx::query(sql)
            .bind(camera.as_str())
            .bind(time::date_text(day))
    } else {
        let (letters, reasons) = letters::write(answers.iter())?;
        let sql = "INSERT INTO day_slots (camera_id, day, answers, reasons) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (camera_id, day) DO UPDATE SET answers = excluded.answers, reasons = excluded.reasons";
        let query = sqlx::query(sql)
            .bind(camera.as_str())
            .bind(time::date_text(day));
        query.bind(letters).bind(reasons)
    };
    query.execute(conn).await.map(|_| ())
}

async fn rows(
    conn: &mut SqliteConnection,
    sql: &'static str,
    camera: &CameraId,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Vec<SqliteRow>> {
    let (first, after) = time::day_range(from, to);
    sqlx::query(sql)
        .bind(camera.as_str())
        .bind(first)
        .bind(after)
        .bind(time::text(from))
        .bind(time::text(to))
        .fetch_all(conn)
        .await
}

/// The time in the first column, and the place in its second in the second one; nothing for what is no time in the range.
fn when(
    found: &SqliteRow,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Option<(DateTime<Utc>, u16)>> {
    let Some(at) = row::instant(found, "timestamp")?.filter(|at| (from..to).contains(at)) else {
        return Ok(None);
    };
    Ok(Some((at, row::ordinal(found)?)))
}

async fn images(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    around: (DateTime<Utc>, DateTime<Utc>),
    frames: &mut Frames,
) -> sqlx::Result<()> {
    for found in rows(conn, IMAGES, camera, around).await? {
        let Some((at, ordinal)) = when(&found, around)? else {
            continue;
        };
        let file = match row::text(&found, "file_state")?.as_deref() {
            Some("missing") => FileFact::Missing,
            Some("bad") => FileFact::Bad,
            _ => FileFact::Good,
        };
        frames.stored(at, ordinal, row::flag(&found, "is_thumbnail")?, file);
    }
    Ok(())
}

async fn tombstones(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    around: (DateTime<Utc>, DateTime<Utc>),
    frames: &mut Frames,
) -> sqlx::Result<()> {
    for found in rows(conn, TOMBSTONES, camera, around).await? {
        if let Some((at, ordinal)) = when(&found, around)? {
            frames.removed(at, ordinal);
        }
    }
    Ok(())
}

async fn ledger(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    frames: &mut Frames,
) -> sqlx::Result<()> {
    let query = sqlx::query(LEDGER).bind(camera.as_str());
    let rows = query
        .bind(time::text(from))
        .bind(time::text(to))
        .fetch_all(conn)
        .await?;
    for found in rows {
        let Some(at) = row::instant(&found, "instant")? else {
            continue;
        };
        let state = match found.try_get_unchecked::<&str, _>("state")? {
            "given_up" => KnownState::GivenUp,
            "thumbnail" => KnownState::Thumbnail,
            _ => KnownState::Open,
        };
        frames.wanted(
            at,
            row::ordinal(&found)?,
            state,
            row::text(&found, "reason")?,
        );
    }
    Ok(())
}

/// What the portal's days that may touch a UTC day showed. A day that is asked for every few minutes is one row all the same.
async fn listings(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    day: NaiveDate,
) -> sqlx::Result<Vec<DayListings>> {
    let before = day.checked_sub_days(Days::new(1)).unwrap_or(day);
    let after = day.checked_add_days(Days::new(1)).unwrap_or(day);
    let query = sqlx::query(LISTINGS).bind(camera.as_str());
    let query = query
        .bind(time::date_text(before))
        .bind(time::date_text(after));
    let mut listings = Vec::new();
    for found in query.fetch_all(conn).await? {
        let bounds = (
            row::instant(&found, "day_start")?,
            row::instant(&found, "day_end")?,
        );
        let (Some(from), Some(to)) = bounds else {
            continue;
        };
        listings.push(DayListings {
            from,
            to,
            during: row::instant(&found, "during")?,
            offered: row::flag(&found, "offered")?,
            empty: row::instant(&found, "empty")?,
            withheld: row::instant(&found, "withheld")?,
        });
    }
    Ok(listings)
}
