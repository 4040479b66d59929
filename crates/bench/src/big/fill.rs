//! The rows of a large database, written as another program would: in bulk, with our triggers out of the way, since
//! everything is counted anew afterwards.

use std::path::Path;

use anyhow::Result;
use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

/// A frame every ten minutes.
const SLOT: i64 = 600;
/// One frame in so many is not stored.
const MISSING: u64 = 97;
/// Slots of the past week, whose missing frames are still owed.
const WEEK: u64 = 7 * 144;
/// An hour's slots: a camera is collected once in that time.
const HOUR: u64 = 6;

/// The name of a camera.
pub fn camera(nth: u64) -> String {
    format!("camera_{nth:02}")
}

/// Every slot of every camera, in time order: its time, the camera's name, and a number of its own.
const SLOTS: &str = "WITH RECURSIVE slots (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM slots WHERE n + 1 < $TOTAL), \
    frames AS (SELECT n, n / $CAMERAS AS slot, printf('camera_%02d', n % $CAMERAS) AS camera, \
    $START + (n / $CAMERAS) * $SLOT + (n * 7919) % 240 AS at FROM slots) ";
const IMAGES: &str = "INSERT INTO images (timestamp, filepath, image_path, camera_id, processed, file_size, detection_count, \
    created_at, sha256, media_type, width, height, file_state, verified_at, verdict) \
    SELECT text, path, path, camera, slot % 2, 180000 + n % 40000, 0, text, printf('%064x', n), 'image/jpeg', 1200, 675, 'ok', text, \
    CASE WHEN slot % 500 < 3 THEN 'frozen' WHEN slot % 144 < 9 THEN 'dark' ELSE 'ok' END \
    FROM (SELECT n, slot, camera, strftime('%Y-%m-%d %H:%M:%S.000000', at, 'unixepoch') AS text, \
    'data/images/' || strftime('%Y-%m-%d/', at, 'unixepoch') || replace(replace(replace(strftime('%Y-%m-%d %H:%M:%S', at, \
    'unixepoch'), '-', ''), ':', ''), ' ', 'T') || '_' || camera || '.jpg' AS path FROM frames WHERE n % $MISSING <> 5) LIMIT $IMAGES";
const LEDGER: &str = "INSERT INTO frame_ledger (camera_id, instant, ordinal, date, url, url_is_listed, path, state, attempts, \
    failure_kind, failure_message, failure_reason, first_listed, last_listed, given_up_at, given_up_reason) \
    SELECT camera, text, 1, substr(text, 1, 10), 'https://cdn.example/' || n || '.jpeg', 1, 'images/' || n || '.jpg', \
    CASE WHEN is_late THEN 'open' ELSE 'given_up' END, 3, 'not_found', 'the host has no such picture', 'http_404', text, text, \
    CASE WHEN NOT is_late THEN text END, CASE WHEN NOT is_late THEN 'withdrawn' END \
    FROM (SELECT n, camera, slot >= $LATE AS is_late, strftime('%Y-%m-%d %H:%M:%S.000000', at, 'unixepoch') AS text FROM frames \
    WHERE n % $MISSING = 5)";
const RUNS: &str = "INSERT INTO runs (command, camera_id, date, started_at, pid, finished_at, outcome, listed, stored, already, \
    thumbnails, missing, bytes, refused, requests, retries, errors, listing_took_us, took_us) \
    SELECT 'collect', camera, date(at, 'unixepoch'), text, 4711, text, \
    CASE WHEN n % 1000 = 1 THEN 'failed' WHEN n % 50 = 1 THEN 'incomplete' ELSE 'complete' END, \
    144, 6, 138, 0, 0, 1200000, '{}', 6, 0, '[]', 2000000, 4000000 \
    FROM (SELECT n, camera, at, strftime('%Y-%m-%d %H:%M:%S.000000', at, 'unixepoch') AS text FROM frames WHERE slot % $HOUR = 0)";
const OBSERVATIONS: &str = "INSERT INTO observations (run_id, camera_id, date, day_start, day_end, observed_at, confirmed, listed) \
    SELECT id, camera_id, date, date || ' 00:00:00.000000', date(date, '+1 day') || ' 00:00:00.000000', started_at, 1, 100 FROM runs";

/// Fills the database, up to `now`.
pub async fn fill(database: &Path, images: u64, cameras: u64, now: DateTime<Utc>) -> Result<()> {
    // Without a journal: what is cut short is made anew, and a log would double the room that it takes.
    let options = SqliteConnectOptions::new()
        .filename(database)
        .foreign_keys(false)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-1000000");
    let mut conn = options.connect().await?;
    let triggers = of_schema(
        &mut conn,
        "SELECT 'DROP TRIGGER ' || name, sql FROM sqlite_master WHERE type = 'trigger'",
    )
    .await?;
    let indexes = "SELECT 'DROP INDEX ' || name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('images', 'runs')";
    let indexes = of_schema(&mut conn, indexes).await?;
    execute(&mut conn, "BEGIN").await?;
    for (drop, _) in triggers.iter().chain(&indexes) {
        execute(&mut conn, drop).await?;
    }
    let total = images + images / (MISSING - 1) + 1;
    let slots = total.div_ceil(cameras);
    let start = now.timestamp() - i64::try_from(slots)? * SLOT;
    let words = [
        ("$TOTAL", total),
        ("$CAMERAS", cameras),
        ("$MISSING", MISSING),
        ("$LATE", slots.saturating_sub(WEEK)),
        ("$HOUR", HOUR),
        ("$IMAGES", images),
    ];
    for sql in [IMAGES, LEDGER, RUNS] {
        let mut sql = format!("{SLOTS}{sql}")
            .replace("$START", &start.to_string())
            .replace("$SLOT", &SLOT.to_string());
        for (name, value) in words {
            sql = sql.replace(name, &value.to_string());
        }
        execute(&mut conn, &sql).await?;
    }
    execute(&mut conn, OBSERVATIONS).await?;
    for (_, make) in indexes.iter().chain(&triggers) {
        execute(&mut conn, make).await?;
    }
    execute(&mut conn, "COMMIT").await?;
    Ok(conn.close().await?)
}

/// What drops a part of the schema, and what makes it again.
async fn of_schema(
    conn: &mut SqliteConnection,
    sql: &'static str,
) -> Result<Vec<(String, String)>> {
    let rows = sqlx::query(sql).fetch_all(conn).await?;
    let pair = |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(pair).collect()
}

async fn execute(conn: &mut SqliteConnection, sql: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}
