//! Bringing a database to the present schema: all of it in one transaction, after a copy was made.
//!
//! Three parts, in this order: the shape of `images` (made, adopted or extended by what is found, since users' programs
//! may make that table anew at any time), the numbered migrations (which touch our own tables only), and the triggers.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::pool::PoolOptions;
use sqlx::{Row, Sqlite, SqliteConnection, SqlitePool};

use super::connect::{connect_options, explain, is_locked, patience, patiently};
use super::{backup, legacy, time, triggers};
use crate::{CatalogError, OpenOptions, Result};

/// The newest schema that this program knows.
pub(super) const KNOWN: i64 = 1;
/// The numbered migrations.
const MIGRATIONS: [(i64, &str); 1] = [(KNOWN, include_str!("../../migrations/sqlite/0001_own_tables.sql"))];
/// Where the schema is written down.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS draywatch_schema \
                      (version INTEGER NOT NULL PRIMARY KEY, applied_at DATETIME NOT NULL)";
/// The tables of the first migration, for the case that another program has one of that name.
const OWN_TABLES: [&str; 6] =
    ["draywatch_facts", "frame_ledger", "tombstones", "runs", "observations", "browser_sessions"];

/// What a database looks like before anything is done to it.
#[derive(Debug)]
struct Standing {
    /// Newest migration applied; 0 for a database that is not ours yet.
    schema: i64,
    /// Whether there is nothing in it at all.
    is_empty: bool,
    /// What `images` needs.
    images: legacy::Need,
    /// Whether our triggers are as they should be.
    has_triggers: bool,
}

impl Standing {
    fn is_current(&self) -> bool {
        self.schema == KNOWN && self.images == legacy::Need::Nothing && self.has_triggers
    }
}

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

/// Makes, adopts or migrates the database at `path`, and puts it into WAL mode.
pub(super) async fn prepare(path: &Path, options: &OpenOptions) -> Result<()> {
    let patience = patience(options.busy_timeout);
    let connect = connect_options(path, options.busy_timeout)
        .create_if_missing(options.create)
        // Renaming a table must leave the views and foreign keys alone that speak of it.
        .pragma("legacy_alter_table", "ON");
    let pool = PoolOptions::<Sqlite>::new().max_connections(1).connect_lazy_with(connect);
    let done = prepare_on(&pool, path, options, patience).await;
    pool.close().await;
    done.map_err(|stop| match stop {
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
    let standing = patiently(patience, || async { inspect(&mut *pool.acquire().await?).await }).await?;
    refuse_newer(&standing, path)?;
    let mode: String = patiently(patience, || set_wal(pool)).await?;
    if mode != "wal" {
        let problem = format!("its journal mode stays \"{mode}\" where \"wal\" is needed (is it on a network disk?)");
        return Err(CatalogError::NotOurs { path: path.to_owned(), problem }.into());
    }
    if standing.is_current() {
        return Ok(probe_writable(pool).await?);
    }
    let mut tx = patiently(patience, || pool.begin_with("BEGIN IMMEDIATE")).await?;
    // Another process may have done it meanwhile.
    let standing = inspect(&mut tx).await?;
    refuse_newer(&standing, path)?;
    if !standing.is_current() {
        if !standing.is_empty {
            refuse_damaged(&mut tx, path).await?;
            let copy = backup::copy(path, options).await?;
            tracing::info!(database = %path.display(), copy = %copy.display(), schema = standing.schema, "migrating");
        }
        bring_up(&mut tx, &standing, path, options.now).await?;
    }
    Ok(tx.commit().await?)
}

fn refuse_newer(standing: &Standing, path: &Path) -> Result<()> {
    if standing.schema > KNOWN {
        return Err(CatalogError::NewerSchema { path: path.to_owned(), found: standing.schema, known: KNOWN });
    }
    Ok(())
}

/// Damage that a query would not meet (a last page cut short reads as zeros) must not be copied into a new table.
async fn refuse_damaged(conn: &mut SqliteConnection, path: &Path) -> std::result::Result<(), Stop> {
    let lines: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_all(conn).await?;
    match lines.into_iter().find(|line| line != "ok") {
        None => Ok(()),
        Some(line) => Err(CatalogError::Corrupt { path: path.to_owned(), source: line.into() }.into()),
    }
}

/// Looks at a database without changing it.
async fn inspect(conn: &mut SqliteConnection) -> sqlx::Result<Standing> {
    let tables = "SELECT COUNT(*) AS n, COALESCE(SUM(name = 'draywatch_schema'), 0) AS ours FROM sqlite_master";
    let row = sqlx::query(tables).fetch_one(&mut *conn).await?;
    let (all, ours): (i64, i64) = (row.try_get("n")?, row.try_get("ours")?);
    let schema = if ours == 0 {
        0
    } else {
        sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM draywatch_schema").fetch_one(&mut *conn).await?
    };
    Ok(Standing {
        schema,
        is_empty: all == 0,
        images: legacy::need(conn).await?,
        has_triggers: triggers::are_current(conn).await?,
    })
}

async fn set_wal(pool: &SqlitePool) -> sqlx::Result<String> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await?;
    if mode == "wal" {
        return Ok(mode);
    }
    sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(pool).await
}

/// Finds out early that the file is read-only. A lock held by another program is no reason to wait here.
async fn probe_writable(pool: &SqlitePool) -> sqlx::Result<()> {
    let mut conn = pool.acquire().await?;
    sqlx::query("PRAGMA busy_timeout = 0").execute(&mut *conn).await?;
    match sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut *conn).await {
        Err(error) if !is_locked(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Makes the database what this program expects.
async fn bring_up(
    conn: &mut SqliteConnection,
    standing: &Standing,
    path: &Path,
    now: DateTime<Utc>,
) -> std::result::Result<(), Stop> {
    if standing.schema == 0 {
        refuse_taken_names(conn, path).await?;
    }
    legacy::shape_images(conn, &standing.images, path).await?;
    sqlx::query(SCHEMA).execute(&mut *conn).await?;
    for (version, sql) in MIGRATIONS.iter().filter(|(version, _)| *version > standing.schema) {
        sqlx::raw_sql(*sql).execute(&mut *conn).await?;
        sqlx::query("INSERT INTO draywatch_schema (version, applied_at) VALUES ($1, $2)")
            .bind(version)
            .bind(time::text(now))
            .execute(&mut *conn)
            .await?;
    }
    Ok(triggers::renew(conn).await?)
}

async fn refuse_taken_names(conn: &mut SqliteConnection, path: &Path) -> std::result::Result<(), Stop> {
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master").fetch_all(conn).await?;
    match names.iter().find(|name| OWN_TABLES.iter().any(|own| own.eq_ignore_ascii_case(name))) {
        None => Ok(()),
        Some(name) => {
            let problem = format!("it has a \"{name}\" of another program, and draywatch needs that name");
            Err(CatalogError::NotOurs { path: path.to_owned(), problem }.into())
        }
    }
}
