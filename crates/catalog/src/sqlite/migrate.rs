//! Bringing a database to the present schema: all of it in one transaction, after a copy was made.
//!
//! Three parts, in this order: the shape of `images` (made, adopted or extended by what is found, since users' programs
//! may make that table anew at any time), the numbered migrations (which touch our own tables only), and the triggers.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::connect::{engine_patience, explain, is_locked, patience, patiently, writer};
use super::standing::{self, Standing};
use super::{backup, legacy, slots, time, triggers};
use crate::{CatalogError, OpenOptions, Result};

/// The numbered migrations.
const MIGRATIONS: [(i64, &str); 9] = [
    (
        1,
        include_str!("../../migrations/sqlite/0001_own_tables.sql"),
    ),
    (2, include_str!("../../migrations/sqlite/0002_slots.sql")),
    (
        3,
        include_str!("../../migrations/sqlite/0003_retention.sql"),
    ),
    (4, include_str!("../../migrations/sqlite/0004_jobs.sql")),
    (5, include_str!("../../migrations/sqlite/0005_health.sql")),
    (6, include_str!("../../migrations/sqlite/0006_verdicts.sql")),
    (7, include_str!("../../migrations/sqlite/0007_figures.sql")),
    (
        8,
        include_str!("../../migrations/sqlite/0008_image_leases.sql"),
    ),
    (
        9,
        include_str!("../../migrations/sqlite/0009_bad_images.sql"),
    ),
];
/// The first schema with counters and slots.
const COUNTED: i64 = 2;
/// Where the schema is written down.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS draywatch_schema \
                      (version INTEGER NOT NULL PRIMARY KEY, applied_at DATETIME NOT NULL)";

/// An error that is explained already, or one of the engine's.
#[derive(Debug)]
pub(super) enum Stop {
    /// In our words.
    Told(CatalogError),
    /// In the engine's.
    Engine(sqlx::Error),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<CatalogError> for Stop {
    fn from(error: CatalogError) -> Self {
        Self::Told(error)
    }
}

/// Makes, adopts or migrates the database at `path`, and puts it into WAL mode. What did it is the writer from then on:
/// another connection would read the whole schema once more.
pub(super) async fn prepare(path: &Path, options: &OpenOptions) -> Result<SqlitePool> {
    let patience = patience(options.busy_timeout);
    let pool = writer(path, options.busy_timeout, options.create);
    let Err(stop) = prepare_on(&pool, path, options, patience).await else {
        return Ok(pool);
    };
    pool.close().await;
    Err(match stop {
        Stop::Told(error) => error,
        Stop::Engine(error) => explain(path, "opening or migrating it", patience, error),
    })
}

async fn prepare_on(
    pool: &SqlitePool,
    path: &Path,
    options: &OpenOptions,
    patience: Duration,
) -> std::result::Result<(), Stop> {
    let standing = patiently(patience, || async {
        standing::inspect(&mut *pool.acquire().await?).await
    })
    .await?;
    standing.refuse(path)?;
    if !standing.is_current() && !standing.is_empty {
        let look = || async { standing::damage(&mut *pool.acquire().await?).await };
        if let Some(source) = patiently(patience, look).await? {
            return Err(CatalogError::Corrupt {
                path: path.to_owned(),
                source: source.into(),
            }
            .into());
        }
    }
    let mode = patiently(patience, || set_wal(pool)).await?;
    if mode != "wal" {
        let problem = format!(
            "its journal mode stays \"{mode}\" instead of \"wal\" (is it on a network disk?)"
        );
        return Err(CatalogError::NotOurs {
            path: path.to_owned(),
            problem,
        }
        .into());
    }
    if standing.is_current() {
        return Ok(probe_writable(pool, options.busy_timeout).await?);
    }
    let tx = patiently(patience, || pool.begin_with("BEGIN IMMEDIATE")).await?;
    migrate(tx, path, options).await
}

/// The migration itself, with the write lock held.
async fn migrate(
    mut tx: Transaction<'static, Sqlite>,
    path: &Path,
    options: &OpenOptions,
) -> std::result::Result<(), Stop> {
    // Another process may have done it meanwhile.
    let standing = standing::inspect(&mut tx).await?;
    standing.refuse(path)?;
    if !standing.is_current() {
        if !standing.is_empty {
            let copy = backup::copy(path, options).await?;
            tracing::info!(database = %path.display(), copy = %copy.display(), schema = standing.schema, "migrating");
        }
        bring_up(&mut tx, &standing, path, options.now).await?;
    }
    Ok(tx.commit().await?)
}

async fn set_wal(pool: &SqlitePool) -> sqlx::Result<String> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(pool)
        .await?;
    if mode == "wal" {
        return Ok(mode);
    }
    sqlx::query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(pool)
        .await
}

/// Finds out early that the file is read-only. A lock held by another program is no reason to wait here.
async fn probe_writable(pool: &SqlitePool, busy_timeout: Duration) -> sqlx::Result<()> {
    let mut conn = pool.acquire().await?;
    set_patience(&mut conn, Duration::ZERO).await?;
    match sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK")
        .execute(&mut *conn)
        .await
    {
        Err(error) if !is_locked(&error) => Err(error),
        _ => set_patience(&mut conn, engine_patience(busy_timeout)).await,
    }
}

/// Sets for how long the connection itself waits for a lock.
async fn set_patience(conn: &mut SqliteConnection, patience: Duration) -> sqlx::Result<()> {
    legacy::execute(
        conn,
        format!("PRAGMA busy_timeout = {}", patience.as_millis()),
    )
    .await
}

/// Makes the database what this program expects.
async fn bring_up(
    conn: &mut SqliteConnection,
    standing: &Standing,
    path: &Path,
    now: DateTime<Utc>,
) -> std::result::Result<(), Stop> {
    legacy::shape_images(conn, &standing.images, path).await?;
    sqlx::query(SCHEMA).execute(&mut *conn).await?;
    for (version, sql) in MIGRATIONS
        .iter()
        .filter(|(version, _)| *version > standing.schema)
    {
        sqlx::raw_sql(*sql).execute(&mut *conn).await?;
        sqlx::query("INSERT INTO draywatch_schema (version, applied_at) VALUES ($1, $2)")
            .bind(version)
            .bind(time::text(now))
            .execute(&mut *conn)
            .await?;
    }
    // Without all the triggers, rows may have come and gone uncounted.
    let is_counted = standing.has_triggers && standing.images == legacy::Need::Nothing;
    triggers::renew(conn).await?;
    if !is_counted || standing.schema < COUNTED {
        slots::found(conn).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What opening needs of the connection is no business of the writer that it becomes.
    #[tokio::test]
    async fn who_opened_the_database_writes_as_any_other_connection() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("database.db");
        let options = OpenOptions {
            create: true,
            busy_timeout: Duration::from_millis(1234),
            now: DateTime::UNIX_EPOCH,
        };
        for what in ["made", "found"] {
            let writer = prepare(&path, &options).await.unwrap();
            for (name, wanted) in [("busy_timeout", 1234), ("legacy_alter_table", 0)] {
                let sql = sqlx::AssertSqlSafe(format!("PRAGMA {name}"));
                let value: i64 = sqlx::query_scalar(sql).fetch_one(&writer).await.unwrap();
                assert_eq!(value, wanted, "{name} of one that was {what}");
            }
            writer.close().await;
        }
    }
}
