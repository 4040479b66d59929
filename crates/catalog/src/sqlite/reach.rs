//! How far back the portal was seen to offer frames: kept with the observations, so that nobody has to go through them.

use chrono::TimeDelta;
use draywatch_core::CameraId;
use draywatch_core::coverage::TOO_SOON;
use sqlx::SqliteConnection;

use crate::NewObservation;

/// From all observations, for a database that had none of this.
const ALL: &str = "INSERT INTO portal_reach (camera_id, seconds) \
    SELECT camera_id, MAX(strftime('%s', observed_at) - strftime('%s', day_end)) FROM observations \
    WHERE confirmed AND listed > 0 GROUP BY camera_id";
/// Marks the days of listings that were empty or withheld and whose age lies between two limits; a day of the portal may lie on
/// three days of UTC.
const MARK: &str = "INSERT OR IGNORE INTO stale_days (day, camera_id) \
    SELECT date(day_start, n || ' day'), camera_id \
    FROM observations, (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2) AS days \
    WHERE camera_id = $1 AND ((listed = 0 AND confirmed) OR failure_kind = 'not_found') \
    AND date(day_start, n || ' day') <= date(day_end, '-1 second') \
    AND strftime('%s', observed_at) - strftime('%s', day_end) BETWEEN $2 AND $3";

/// The reach of a camera.
pub(super) async fn of(
    conn: &mut SqliteConnection,
    camera: &CameraId,
) -> sqlx::Result<Option<TimeDelta>> {
    let sql = "SELECT seconds FROM portal_reach WHERE camera_id = $1";
    let seconds: Option<i64> = sqlx::query_scalar(sql)
        .bind(camera.as_str())
        .fetch_optional(conn)
        .await?;
    Ok(seconds.map(TimeDelta::seconds))
}

/// The longest reach of all cameras.
pub(super) async fn longest(conn: &mut SqliteConnection) -> sqlx::Result<Option<TimeDelta>> {
    let seconds: Option<i64> = sqlx::query_scalar("SELECT MAX(seconds) FROM portal_reach")
        .fetch_one(conn)
        .await?;
    Ok(seconds.map(TimeDelta::seconds))
}

/// Finds the reach of every camera anew.
pub(super) async fn renew(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM portal_reach")
        .execute(&mut *conn)
        .await?;
    sqlx::query(ALL).execute(conn).await.map(|_| ())
}

/// Takes an observation in. Where it shows that the portal keeps more than was known, empty days say something else now.
pub(super) async fn observe(
    conn: &mut SqliteConnection,
    seen: &NewObservation,
) -> sqlx::Result<()> {
    if !seen.confirmed || seen.listed.unwrap_or(0) == 0 {
        return Ok(());
    }
    let known = of(conn, &seen.camera).await?;
    let age = TimeDelta::seconds((seen.observed_at - seen.day_end).num_seconds());
    if known.is_some_and(|known| age <= known) {
        return Ok(());
    }
    let sql = "INSERT INTO portal_reach (camera_id, seconds) VALUES ($1, $2) \
               ON CONFLICT (camera_id) DO UPDATE SET seconds = excluded.seconds";
    let query = sqlx::query(sql)
        .bind(seen.camera.as_str())
        .bind(age.num_seconds());
    query.execute(&mut *conn).await?;
    // What said "too old" between the old limit and the new one says "offline"; while there was no limit, what is beyond
    // the new one said "offline".
    let limit = age.max(TOO_SOON).num_seconds();
    let (after, until) = match known {
        Some(known) => (known.max(TOO_SOON).num_seconds(), limit),
        None => (limit, i64::MAX),
    };
    if after == until {
        return Ok(());
    }
    let query = sqlx::query(MARK).bind(seen.camera.as_str());
    query
        .bind(after)
        .bind(until)
        .execute(conn)
        .await
        .map(|_| ())
}
