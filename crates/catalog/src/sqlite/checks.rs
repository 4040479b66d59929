//! The part `Checks` of the `SQLite` backend: which file was looked at when, and what was found.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::{SqliteCatalog, images, row, time};
use crate::{CheckedFile, CheckedUpTo, Checks, FileState, ImageRow, Result, StalePage};

#[async_trait]
impl Checks for SqliteCatalog {
    async fn stale(
        &self,
        before: DateTime<Utc>,
        after: Option<&CheckedUpTo>,
        limit: u32,
    ) -> Result<StalePage> {
        read!(self, "reading what to verify", |conn| stale(
            conn, before, after, limit
        ))
    }

    async fn image_count(&self) -> Result<u64> {
        read_one!(self, "counting images", |conn| count(conn))
    }

    async fn record_checks(&self, checked: &[CheckedFile], now: DateTime<Utc>) -> Result<()> {
        write_and_refresh!(self, "writing what checks found", |conn| record(
            conn, checked, now
        ))
    }
}

/// First the rows that nobody ever looked at, by their ids; then the others by the time of the last look.
async fn stale(
    conn: &mut SqliteConnection,
    before: DateTime<Utc>,
    after: Option<&CheckedUpTo>,
    limit: u32,
) -> sqlx::Result<StalePage> {
    let is_full = |rows: &[ImageRow]| rows.len() == limit as usize;
    let last_id = |rows: &[ImageRow]| rows.last().map_or(0, |row| row.id);
    let (time_after, id_after) = match after {
        Some(CheckedUpTo {
            verified_at: Some(time),
            id,
        }) => (time.as_str(), *id),
        never => {
            let id = never.map_or(i64::MIN, |after| after.id);
            let rows = images::never_checked(conn, id, limit).await?;
            let next = CheckedUpTo {
                verified_at: (!is_full(&rows)).then(String::new),
                id: if is_full(&rows) { last_id(&rows) } else { 0 },
            };
            return Ok(StalePage {
                rows,
                next: Some(next),
            });
        }
    };
    let before = time::text(before);
    let rows = images::checked_before(conn, &before, (time_after, id_after), limit).await?;
    let last = rows.last().filter(|_| is_full(&rows));
    let next = last.map(|last| CheckedUpTo {
        verified_at: last.verified_at.map(time::text),
        id: last.id,
    });
    Ok(StalePage { rows, next })
}

async fn count(conn: &mut SqliteConnection) -> sqlx::Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM images")
        .fetch_one(conn)
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

async fn record(
    conn: &mut SqliteConnection,
    checked: &[CheckedFile],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    for file in checked {
        match &file.state {
            Some(state) => {
                set_file_state(conn, file.image_id, state, now).await?;
                if !matches!(state, FileState::Ok(_)) {
                    owe_again(conn, file.image_id, now).await?;
                }
            }
            None => looked_at(conn, file.image_id, now).await?,
        }
    }
    Ok(())
}

/// A frame whose file is lost is owed again, if the portal had listed it: by the ledger it is asked for again unattended, and told of as
/// missing. Of a row with no address, or of a day that was never listed, nobody knows where to ask.
async fn owe_again(conn: &mut SqliteConnection, id: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    let sql = "INSERT INTO frame_ledger (camera_id, instant, ordinal, date, url, url_is_listed, path, first_listed, \
               last_listed, state) \
               SELECT i.camera_id, i.timestamp, i.ordinal, d.date, i.url, 1, COALESCE(i.filepath, i.image_path), $1, $1, 'open' \
               FROM images AS i JOIN portal_days AS d ON d.camera_id = i.camera_id AND d.day_end > i.timestamp \
               AND julianday(d.day_end) - julianday(i.timestamp) <= 25.0 / 24 \
               WHERE i.id = $2 AND i.url IS NOT NULL ORDER BY d.day_end LIMIT 1 \
               ON CONFLICT (camera_id, instant, ordinal) DO NOTHING";
    sqlx::query(sql)
        .bind(time::text(now))
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ())
}

async fn looked_at(conn: &mut SqliteConnection, id: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("UPDATE images SET verified_at = $1 WHERE id = $2")
        .bind(time::text(now))
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ())
}

/// Writes down what a check of a file found. What draywatch recorded before is kept: it is what the file is held against.
pub(super) async fn set_file_state(
    conn: &mut SqliteConnection,
    id: i64,
    state: &FileState,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (name, problem) = match state {
        FileState::Ok(facts) => {
            let sql = "UPDATE images SET file_size = COALESCE(file_size, $1), sha256 = COALESCE(sha256, $2), \
                       media_type = COALESCE(media_type, $3), width = COALESCE(width, $4), \
                       height = COALESCE(height, $5), verdict_problem = NULL WHERE id = $6";
            let query = sqlx::query(sql)
                .bind(row::signed(facts.bytes))
                .bind(&facts.sha256)
                .bind(&facts.media_type);
            query
                .bind(facts.width)
                .bind(facts.height)
                .bind(id)
                .execute(&mut *conn)
                .await?;
            ("ok", None)
        }
        FileState::Missing => ("missing", None),
        FileState::Bad(problem) => ("bad", Some(problem)),
    };
    let sql =
        "UPDATE images SET file_state = $1, file_problem = $2, verified_at = $3 WHERE id = $4";
    sqlx::query(sql)
        .bind(name)
        .bind(problem)
        .bind(time::text(now))
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ())
}
