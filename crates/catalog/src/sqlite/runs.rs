//! Runs with their statistics, and the observations that they made.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_core::CameraId;
use draywatch_core::outcome::Outcome;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{row, time};
use crate::{NewObservation, NewRun, ObservationRow, RunCounts, RunEnd, RunFilter, RunRow};

/// Cameras in one statement, well below the engine's limit of parameters.
const MOST: usize = 500;
/// Runs without an end: few, since the next collection of their camera ends them.
pub(super) const OPEN: &str = "SELECT * FROM runs WHERE outcome IS NULL";

pub(super) async fn start(conn: &mut SqliteConnection, run: &NewRun) -> sqlx::Result<i64> {
    let sql = "INSERT INTO runs (command, camera_id, date, started_at, pid) VALUES ($1, $2, $3, $4, $5) RETURNING id";
    sqlx::query_scalar(sql)
        .bind(&run.command)
        .bind(run.camera.as_str())
        .bind(run.date.map(time::date_text))
        .bind(time::text(run.started_at))
        .bind(run.pid)
        .fetch_one(conn)
        .await
}

/// Closes a run; whether there is such a run.
pub(super) async fn finish(
    conn: &mut SqliteConnection,
    run_id: i64,
    end: &RunEnd,
) -> sqlx::Result<bool> {
    let sql = "UPDATE runs SET finished_at = $1, outcome = $2, listed = $3, stored = $4, already = $5, thumbnails = $6, \
               missing = $7, bytes = $8, refused = $9, requests = $10, retries = $11, errors = $12, \
               listing_took_us = $13, took_us = $14 WHERE id = $15";
    let counts = &end.counts;
    let done = sqlx::query(sql)
        .bind(time::text(end.finished_at))
        .bind(end.outcome.as_str())
        .bind(row::signed(counts.listed))
        .bind(row::signed(counts.stored))
        .bind(row::signed(counts.already))
        .bind(row::signed(counts.thumbnails))
        .bind(row::signed(counts.missing))
        .bind(row::signed(counts.bytes))
        .bind(json(&counts.refused)?)
        .bind(row::signed(counts.requests))
        .bind(row::signed(counts.retries))
        .bind(json(&end.errors)?)
        .bind(micros(end.listing_took))
        .bind(micros(end.took))
        .bind(run_id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn observe(
    conn: &mut SqliteConnection,
    run_id: i64,
    observation: &NewObservation,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO observations (run_id, camera_id, date, day_start, day_end, observed_at, confirmed, listed, \
               newest, failure_kind, failure_message) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    sqlx::query(sql)
        .bind(run_id)
        .bind(observation.camera.as_str())
        .bind(time::date_text(observation.date))
        .bind(time::text(observation.day_start))
        .bind(time::text(observation.day_end))
        .bind(time::text(observation.observed_at))
        .bind(observation.confirmed)
        .bind(observation.listed.map(row::signed))
        .bind(observation.newest.map(time::text))
        .bind(
            observation
                .failure
                .as_ref()
                .map(|failure| failure.kind.as_str()),
        )
        .bind(
            observation
                .failure
                .as_ref()
                .map(|failure| failure.message.as_str()),
        )
        .execute(conn)
        .await
        .map(|_| ())
}

/// Closes the runs that nobody carries out any more; how many.
pub(super) async fn close_interrupted(
    conn: &mut SqliteConnection,
    camera: Option<&CameraId>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let end = RunEnd::interrupted(now);
    let mut query = QueryBuilder::<Sqlite>::new("UPDATE runs SET outcome = ");
    query
        .push_bind(end.outcome.as_str())
        .push(", finished_at = ")
        .push_bind(time::text(end.finished_at));
    query
        .push(", errors = ")
        .push_bind(json(&end.errors)?)
        .push(" WHERE outcome IS NULL");
    of_camera(&mut query, camera);
    Ok(query.build().execute(conn).await?.rows_affected())
}

pub(super) async fn list(
    conn: &mut SqliteConnection,
    filter: &RunFilter,
) -> sqlx::Result<Vec<RunRow>> {
    query(filter)
        .build()
        .fetch_all(conn)
        .await?
        .iter()
        .map(run)
        .collect()
}

/// The query for runs; there is an index for each set of filters.
pub(super) fn query(filter: &RunFilter) -> QueryBuilder<Sqlite> {
    let condition = |query: &mut QueryBuilder<Sqlite>| {
        of_camera(query, filter.camera.as_ref());
        if let Some(since) = filter.since {
            query
                .push(" AND started_at >= ")
                .push_bind(time::text(since));
        }
    };
    let mut query = select(filter.outcome, &filter.open, condition);
    query.push_bind(i64::from(filter.limit));
    query
}

/// Runs of which a condition holds, of an outcome if one is asked for and together with those open ones then, newest first; what is
/// still to come is how many.
pub(super) fn select(
    outcome: Option<Outcome>,
    open: &[i64],
    condition: impl Fn(&mut QueryBuilder<Sqlite>),
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT * FROM runs WHERE 1 = 1");
    condition(&mut query);
    if let Some(outcome) = outcome {
        query.push(" AND outcome = ").push_bind(outcome.as_str());
        if !open.is_empty() {
            // Each half in the order of an index of its own; in one of them, the order would cost a look at every run.
            query.push(" UNION ALL SELECT * FROM runs WHERE outcome IS NULL AND id IN (SELECT value FROM json_each(");
            query.push_bind(serde_json::json!(open).to_string());
            query.push("))");
            condition(&mut query);
        }
    }
    query.push(" ORDER BY started_at DESC, id DESC LIMIT ");
    query
}

pub(super) fn of_camera(query: &mut QueryBuilder<Sqlite>, camera: Option<&CameraId>) {
    if let Some(camera) = camera {
        query
            .push(" AND camera_id = ")
            .push_bind(camera.as_str().to_owned());
    }
}

pub(super) async fn open(conn: &mut SqliteConnection) -> sqlx::Result<Vec<RunRow>> {
    let found = sqlx::query(OPEN).fetch_all(conn).await?;
    found.iter().map(run).collect()
}

/// The newest runs of each camera, by camera.
pub(super) async fn newest(
    conn: &mut SqliteConnection,
    cameras: &[CameraId],
    each: u32,
) -> sqlx::Result<Vec<RunRow>> {
    let mut runs = Vec::new();
    for part in cameras.chunks(MOST) {
        let rows = newest_query(part, each)
            .build()
            .fetch_all(&mut *conn)
            .await?;
        for found in &rows {
            runs.push(run(found)?);
        }
    }
    Ok(runs)
}

/// The query for the newest runs; the engine finds them camera by camera.
pub(super) fn newest_query(cameras: &[CameraId], each: u32) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("WITH wanted (camera) AS (");
    query.push_values(cameras, |mut row, camera| {
        row.push_bind(camera.as_str().to_owned());
    });
    query.push(
        ") SELECT runs.* FROM wanted CROSS JOIN runs WHERE runs.id IN (SELECT r.id FROM runs AS r \
         WHERE r.camera_id = wanted.camera ORDER BY r.started_at DESC, r.id DESC LIMIT ",
    );
    query.push_bind(i64::from(each));
    query.push(") ORDER BY runs.camera_id, runs.started_at DESC, runs.id DESC");
    query
}

/// The run of that id, with what it observed.
pub(super) async fn by_id(
    conn: &mut SqliteConnection,
    id: i64,
) -> sqlx::Result<Option<(RunRow, Option<NewObservation>)>> {
    let query = sqlx::query("SELECT * FROM runs WHERE id = $1").bind(id);
    let Some(found) = query.fetch_optional(&mut *conn).await? else {
        return Ok(None);
    };
    let sql =
        "SELECT * FROM observations WHERE camera_id = $1 AND date = $2 AND run_id = $3 LIMIT 1";
    let seen = sqlx::query(sql)
        .bind(row::text(&found, "camera_id")?)
        .bind(row::text(&found, "date")?)
        .bind(id)
        .fetch_optional(conn)
        .await?;
    let seen = seen.as_ref().map(observation).transpose()?;
    Ok(Some((run(&found)?, seen.map(|row| row.observation))))
}

/// Reads a row.
pub(super) fn run(found: &SqliteRow) -> sqlx::Result<RunRow> {
    let date = row::text(found, "date")?;
    Ok(RunRow {
        id: row::int(found, "id")?.unwrap_or(0),
        run: NewRun {
            command: row::own_text(found, "command")?,
            camera: row::own_camera(found)?,
            date: date.as_deref().and_then(time::parse_date),
            started_at: row::own_instant(found, "started_at")?,
            pid: row::small(found, "pid")?,
        },
        end: end(found)?,
    })
}

fn end(found: &SqliteRow) -> sqlx::Result<Option<RunEnd>> {
    let Some(outcome) = row::text(found, "outcome")? else {
        return Ok(None);
    };
    let took = |column| Ok::<_, sqlx::Error>(Duration::from_micros(row::count(found, column)?));
    Ok(Some(RunEnd {
        finished_at: row::own_instant(found, "finished_at")?,
        outcome: Outcome::parse(&outcome).ok_or_else(|| row::odd("outcome", &outcome))?,
        counts: RunCounts {
            listed: row::count(found, "listed")?,
            stored: row::count(found, "stored")?,
            already: row::count(found, "already")?,
            thumbnails: row::count(found, "thumbnails")?,
            missing: row::count(found, "missing")?,
            bytes: row::count(found, "bytes")?,
            refused: from_json(found, "refused")?,
            requests: row::count(found, "requests")?,
            retries: row::count(found, "retries")?,
        },
        errors: from_json(found, "errors")?,
        listing_took: took("listing_took_us")?,
        took: took("took_us")?,
    }))
}

pub(super) async fn observations(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    from: NaiveDate,
    to: NaiveDate,
) -> sqlx::Result<Vec<ObservationRow>> {
    let sql = "SELECT * FROM observations WHERE camera_id = $1 AND date >= $2 AND date <= $3 \
               ORDER BY date, observed_at, id";
    let query = sqlx::query(sql)
        .bind(camera.as_str())
        .bind(time::date_text(from))
        .bind(time::date_text(to));
    query
        .fetch_all(conn)
        .await?
        .iter()
        .map(observation)
        .collect()
}

fn observation(found: &SqliteRow) -> sqlx::Result<ObservationRow> {
    let listed = row::int(found, "listed")?;
    Ok(ObservationRow {
        id: row::int(found, "id")?.unwrap_or(0),
        run_id: row::int(found, "run_id")?.unwrap_or(0),
        observation: NewObservation {
            camera: row::own_camera(found)?,
            date: row::own_date(found, "date")?,
            day_start: row::own_instant(found, "day_start")?,
            day_end: row::own_instant(found, "day_end")?,
            observed_at: row::own_instant(found, "observed_at")?,
            confirmed: row::flag(found, "confirmed")?,
            listed: listed.and_then(|n| u64::try_from(n).ok()),
            newest: row::instant(found, "newest")?,
            failure: row::failure(found)?,
        },
    })
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

fn json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn from_json<T: DeserializeOwned + Default>(found: &SqliteRow, column: &str) -> sqlx::Result<T> {
    let Some(text) = row::text(found, column)? else {
        return Ok(T::default());
    };
    serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
