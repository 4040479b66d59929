//! What is known of the portal's days, and the latest listings and frames: what the rules of the service decide by.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use draywatch_core::backlog::DayStanding;
use draywatch_core::breaker::Attempt;
use draywatch_core::coverage::SLOT;
use draywatch_core::{CameraId, Kind};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::{row, time};
use crate::{NewObservation, SeenFrame};

/// Sums an observation up into its day.
pub(super) async fn note(
    conn: &mut SqliteConnection,
    observation: &NewObservation,
) -> sqlx::Result<()> {
    let is_after = observation.observed_at >= observation.day_end + SLOT * 2;
    let confirmed = observation
        .confirmed
        .then(|| time::text(observation.observed_at));
    let sql = "INSERT INTO portal_days (camera_id, date, day_end, confirmed_at, listed, asked_at, in_vain, \
               failure_kind, newest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
               ON CONFLICT (camera_id, date) DO UPDATE SET day_end = excluded.day_end, \
               listed = CASE WHEN excluded.confirmed_at IS NULL THEN listed ELSE excluded.listed END, \
               newest = CASE WHEN excluded.confirmed_at IS NULL THEN newest ELSE excluded.newest END, \
               confirmed_at = COALESCE(excluded.confirmed_at, confirmed_at), asked_at = excluded.asked_at, \
               in_vain = in_vain + excluded.in_vain, failure_kind = excluded.failure_kind";
    let failure = observation.failure.as_ref();
    sqlx::query(sql)
        .bind(observation.camera.as_str())
        .bind(time::date_text(observation.date))
        .bind(time::text(observation.day_end))
        .bind(confirmed)
        .bind(row::signed(observation.listed.unwrap_or(0)))
        .bind(time::text(observation.observed_at))
        .bind(is_after)
        .bind(failure.map(|failure| failure.kind.as_str()))
        .bind(observation.newest.map(time::text))
        .execute(conn)
        .await
        .map(|_| ())
}

pub(super) async fn standings(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    first: NaiveDate,
) -> sqlx::Result<Vec<DayStanding>> {
    let sql = "WITH owed AS (SELECT date, COUNT(*) AS owed FROM frame_ledger \
               WHERE camera_id = $1 AND state IN ('open', 'thumbnail') GROUP BY date) \
               SELECT d.date, d.day_end, d.confirmed_at, d.listed, d.newest, d.asked_at, d.in_vain, \
               d.failure_kind, COALESCE(o.owed, 0) AS owed \
               FROM portal_days AS d LEFT JOIN owed AS o ON o.date = d.date \
               WHERE d.camera_id = $1 AND (d.date >= $2 OR o.owed > 0) ORDER BY d.date";
    let rows = sqlx::query(sql)
        .bind(camera.as_str())
        .bind(time::date_text(first))
        .fetch_all(conn)
        .await?;
    rows.iter().map(standing).collect()
}

fn standing(found: &SqliteRow) -> sqlx::Result<DayStanding> {
    Ok(DayStanding {
        date: row::own_date(found, "date")?,
        end: row::own_instant(found, "day_end")?,
        confirmed_at: row::instant(found, "confirmed_at")?,
        listed: row::count(found, "listed")?,
        newest: row::instant(found, "newest")?,
        asked_at: row::instant(found, "asked_at")?,
        in_vain: row::small(found, "in_vain")?,
        failure: row::text(found, "failure_kind")?.and_then(|kind| Kind::parse(&kind)),
        owed: row::count(found, "owed")?,
    })
}

pub(super) async fn latest(conn: &mut SqliteConnection, limit: u32) -> sqlx::Result<Vec<Attempt>> {
    let sql = "SELECT o.camera_id, COALESCE(r.finished_at, o.observed_at) AS ended, o.listed, o.failure_kind \
               FROM observations AS o LEFT JOIN runs AS r ON r.id = o.run_id ORDER BY o.id DESC LIMIT $1";
    let rows = sqlx::query(sql).bind(limit).fetch_all(conn).await?;
    let attempt = |found| {
        let kind = row::text(found, "failure_kind")?.and_then(|kind| Kind::parse(&kind));
        let is_listed = row::int(found, "listed")?.is_some();
        Ok(Attempt {
            camera: row::own_camera(found)?,
            ended: row::own_instant(found, "ended")?,
            failure: (!is_listed).then_some(kind.unwrap_or(Kind::Bug)),
        })
    };
    rows.iter().map(attempt).collect()
}

pub(super) async fn count_since(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    since: DateTime<Utc>,
) -> sqlx::Result<u32> {
    let sql = "SELECT COUNT(*) AS listings FROM observations WHERE camera_id = $1 AND date >= $2 AND observed_at >= $3";
    // A day is local to the terminal, which may be a day behind.
    let first = (since - TimeDelta::days(2)).date_naive();
    let found = sqlx::query(sql)
        .bind(camera.as_str())
        .bind(time::date_text(first))
        .bind(time::text(since))
        .fetch_one(conn)
        .await?;
    row::small(&found, "listings")
}

/// The newest frames, stored or on the ledger, all in one text: row by row they would take three times as long. A text between the limits
/// may still be no time, and not even UTF-8.
/// The ledger is not read further back than the stored frames go: what was given up lies in it for ever.
pub(super) const NEWEST: &str = "WITH stored AS MATERIALIZED ( \
    SELECT timestamp AS instant, created_at AS committed FROM images \
    WHERE camera_id = $1 AND timestamp >= '0000-' AND timestamp <= $2 ORDER BY timestamp DESC LIMIT $3) \
    SELECT CAST(group_concat(instant || char(31) || COALESCE(committed, ''), char(30)) AS BLOB) AS frames FROM ( \
    SELECT instant, committed FROM stored UNION ALL \
    SELECT * FROM (SELECT instant, NULL FROM frame_ledger WHERE camera_id = $1 AND state <> 'thumbnail' AND instant <= $2 \
                   AND instant >= (SELECT CASE WHEN COUNT(*) = $3 THEN MIN(instant) ELSE '' END FROM stored) \
                   ORDER BY instant DESC LIMIT $3))";

pub(super) async fn newest(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    until: DateTime<Utc>,
    limit: u32,
) -> sqlx::Result<Vec<SeenFrame>> {
    let found: Option<Vec<u8>> = sqlx::query_scalar(NEWEST)
        .bind(camera.as_str())
        .bind(time::text(until))
        .bind(limit)
        .fetch_one(conn)
        .await?;
    let text = String::from_utf8_lossy(found.as_deref().unwrap_or_default());
    let frame = |line: &str| {
        let (instant, committed) = line.split_once('\u{1f}')?;
        Some(SeenFrame {
            instant: time::parse(instant)?,
            committed: time::parse(committed),
        })
    };
    let mut seen: Vec<SeenFrame> = text.split('\u{1e}').filter_map(frame).collect();
    seen.sort_by_key(|frame| std::cmp::Reverse(frame.instant));
    seen.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(seen)
}
