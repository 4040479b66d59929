//! Connections: one writer, a few readers, how long a lock is waited for, and what the engine's errors mean.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqlitePool, Transaction};
use tokio::sync::{Mutex, MutexGuard};

use super::jobs::FencedOut;
use super::place::{Moved, Place};
use crate::{CatalogError, Fence, Result};

/// Readers that may be at work at the same time.
const READERS: u32 = 4;
/// How long a task waits for its turn at the one writer; others before it are bounded by their own patience.
const TURN: Duration = Duration::from_mins(10);
/// A transaction is tried for this many times the busy timeout ...
const TRIES: u32 = 12;
/// ... but not for longer than this, unless one busy timeout alone is longer.
const LONGEST: Duration = Duration::from_mins(1);
/// The longest pause before a write transaction: as long as `SQLite` lets a program sleep before it tries for the lock again.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// Shorter pauses are put off until they add up to this: timers are too coarse for them.
const LEAST_PAUSE: Duration = Duration::from_millis(4);
/// The longest busy timeout that the engine takes.
const LONGEST_BUSY: Duration = Duration::from_hours(1);

/// The connections to one database file.
#[derive(Debug)]
pub(super) struct Link {
    path: PathBuf,
    place: Place,
    writer: SqlitePool,
    readers: SqlitePool,
    patience: Duration,
    /// Whose turn it is, and what we owe the others.
    turn: Mutex<Owed>,
}

/// For how long the lock is to be left free: `SQLite` hands it out by luck, and a program that finds it taken at every try for
/// five seconds, about sixty, gives up. So it is free for half as long as we hold it, which is a third of the time.
#[derive(Debug)]
struct Owed {
    pause: Duration,
    /// When the last write ended; the time since then is paid.
    since: Instant,
}

impl Owed {
    /// Pays what is worth a pause.
    async fn pay(&mut self) {
        let pause = self.pause.saturating_sub(self.since.elapsed());
        if pause >= LEAST_PAUSE {
            tokio::time::sleep(pause).await;
        }
        self.pause = self.pause.saturating_sub(self.since.elapsed());
    }

    fn add(&mut self, held: Duration) {
        self.pause = (self.pause + held / 2).min(LONGEST_PAUSE);
        self.since = Instant::now();
    }
}

/// A write transaction.
#[derive(Debug)]
pub(super) struct Write<'a> {
    /// The transaction itself.
    pub(super) tx: Transaction<'static, Sqlite>,
    turn: MutexGuard<'a, Owed>,
    began: Instant,
}

impl Write<'_> {
    /// Makes it last.
    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        self.tx.commit().await?;
        self.turn.add(self.began.elapsed());
        Ok(())
    }
}

/// At most so many connections, none of them in the midst of a transaction.
fn pool(most: u32) -> PoolOptions<Sqlite> {
    PoolOptions::<Sqlite>::new()
        .max_connections(most)
        .acquire_timeout(TURN)
        // A full disk lets SQLite end a transaction by itself, and the driver goes on believing in it: such a
        // connection refuses every transaction after that.
        .before_acquire(|conn, _| Box::pin(async { Ok(!conn.is_in_transaction()) }))
}

/// The writer, not connected yet. `create` makes a file that is not there.
pub(super) fn writer(path: &Path, busy_timeout: Duration, create: bool) -> SqlitePool {
    pool(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(connect_options(path, busy_timeout).create_if_missing(create))
}

impl Link {
    /// Links to a database that is there and has its shape, with the writer that saw to that.
    pub(super) async fn new(path: &Path, busy_timeout: Duration, writer: SqlitePool) -> Self {
        let options = connect_options(path, busy_timeout);
        // A file that is taken away later must not be made anew.
        writer.set_connect_options(options.clone());
        let readers = pool(READERS).connect_lazy_with(options.pragma("query_only", "ON"));
        let turn = Mutex::new(Owed {
            pause: Duration::ZERO,
            since: Instant::now(),
        });
        Self {
            path: path.to_owned(),
            place: Place::of(path).await,
            writer,
            readers,
            patience: patience(busy_timeout),
            turn,
        }
    }

    /// The database file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a write transaction. It takes the lock at once, so that it cannot fail half way for want of it.
    pub(super) async fn begin(&self) -> sqlx::Result<Write<'_>> {
        let mut turn = self.turn.lock().await;
        turn.pay().await;
        self.place.check().await?;
        let begin = || self.writer.begin_with("BEGIN IMMEDIATE");
        let tx = match begin().await {
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.renew_writer().await?;
                begin().await?
            }
            begun => begun?,
        };
        Ok(Write {
            tx,
            turn,
            began: Instant::now(),
        })
    }

    /// `SQLite` itself takes back a transaction that meets a full disk, and sqlx goes on counting it: the connection is given
    /// up for a new one. A reader keeps the log open meanwhile, as there may be no room to make it anew.
    async fn renew_writer(&self) -> sqlx::Result<()> {
        let mut reader = self.readers.acquire().await?;
        sqlx::query("SELECT COUNT(*) FROM sqlite_master")
            .execute(&mut *reader)
            .await?;
        self.writer.acquire().await?.close().await
    }

    /// A connection for a single query.
    pub(super) async fn reader(&self) -> sqlx::Result<PoolConnection<Sqlite>> {
        self.place.check().await?;
        self.readers.acquire().await
    }

    /// Begins a read transaction: all its queries see the same moment.
    pub(super) async fn snapshot(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.place.check().await?;
        self.readers.begin().await
    }

    /// Carries out `work`, a whole transaction, again and again while another program holds the lock.
    pub(super) async fn run<T, F, Fut>(&self, doing: &'static str, work: F) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = sqlx::Result<T>>,
    {
        let began = Instant::now();
        let done = patiently(self.patience, work).await;
        done.map_err(|error| explain(&self.path, doing, began.elapsed(), error))
    }

    /// Closes all connections, the writer last: it moves the write-ahead log into the database.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// How long the engine itself waits for a lock.
pub(super) fn engine_patience(busy_timeout: Duration) -> Duration {
    busy_timeout.min(LONGEST_BUSY)
}

/// How every connection of ours is made. Foreign keys are not enforced, as the users' programs leave them.
pub(super) fn connect_options(path: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(false)
        .synchronous(SqliteSynchronous::Full)
        // What a statement keeps meanwhile is small, and a full /var/tmp must not fail it.
        .pragma("temp_store", "MEMORY")
        .busy_timeout(engine_patience(busy_timeout))
}

/// How long a locked database is waited for in all.
pub(super) fn patience(busy_timeout: Duration) -> Duration {
    busy_timeout
        .saturating_mul(TRIES)
        .min(LONGEST)
        .max(engine_patience(busy_timeout))
}

/// Repeats `work` while the database is locked, until `patience` has passed, with pauses of uneven length.
pub(super) async fn patiently<T, F, Fut>(patience: Duration, work: F) -> sqlx::Result<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = sqlx::Result<T>>,
{
    let began = Instant::now();
    let mut pause = 10_u64;
    loop {
        match work().await {
            Err(error) if is_locked(&error) && began.elapsed() < patience => {
                tracing::debug!(%error, waited = ?began.elapsed(), "database is locked, trying again");
                tokio::time::sleep(Duration::from_millis(rand::random_range(pause / 2..=pause)))
                    .await;
                pause = (pause * 2).min(500);
            }
            done => return done,
        }
    }
}

/// `SQLite`'s primary result codes, as far as they are told apart.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

/// The primary result code of an error that comes from `SQLite`.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether another connection stands in the way (`BUSY_SNAPSHOT` and its kind included).
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(code::BUSY | code::LOCKED))
}

/// Whether the database file is damaged.
pub(super) fn is_corrupt(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(code::CORRUPT | code::NOTADB))
}

/// Says what an error of the engine means for the user.
pub(super) fn explain(
    path: &Path,
    doing: &'static str,
    waited: Duration,
    error: sqlx::Error,
) -> CatalogError {
    let path = path.to_owned();
    if let sqlx::Error::AnyDriverError(cause) = &error
        && let Some(FencedOut(Fence { job, number })) = cause.downcast_ref()
    {
        let (job, number) = (job.clone(), *number);
        return CatalogError::FencedOut { job, number };
    }
    if let sqlx::Error::AnyDriverError(cause) = &error
        && let Some(moved) = cause.downcast_ref()
    {
        return match moved {
            Moved::Gone => CatalogError::Gone { path },
            Moved::Replaced => CatalogError::Replaced { path },
        };
    }
    match primary_code(&error) {
        Some(code::BUSY | code::LOCKED) => CatalogError::Locked {
            path,
            doing,
            waited,
        },
        Some(code::FULL) => CatalogError::DiskFull { path, doing },
        Some(code::CORRUPT | code::NOTADB) => CatalogError::Corrupt {
            path,
            source: Box::new(error),
        },
        Some(code::READONLY) => CatalogError::NotWritable {
            path,
            source: Box::new(error),
        },
        Some(code::CANTOPEN) => CatalogError::CannotOpen {
            path,
            source: Box::new(error),
        },
        _ if matches!(error, sqlx::Error::PoolTimedOut) => CatalogError::Locked {
            path,
            doing,
            waited,
        },
        _ => CatalogError::Failed {
            path,
            doing,
            source: Box::new(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_bounded() {
        assert_eq!(
            patience(Duration::from_millis(100)),
            Duration::from_millis(1200)
        );
        assert_eq!(patience(Duration::from_secs(5)), Duration::from_mins(1));
        assert_eq!(patience(Duration::from_mins(2)), Duration::from_mins(2));
        assert_eq!(patience(Duration::MAX), LONGEST_BUSY);
    }

    /// A link to a new database whose writer has that setting.
    async fn link(folder: &Path, setting: &'static str) -> Link {
        let path = folder.join("database.db");
        let make = connect_options(&path, Duration::ZERO).create_if_missing(true);
        let pool = PoolOptions::<Sqlite>::new()
            .connect_with(make)
            .await
            .unwrap();
        sqlx::raw_sql("CREATE TABLE t (x)")
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
        let patience = Duration::from_millis(50);
        let link = Link::new(&path, patience, writer(&path, patience, false)).await;
        sqlx::raw_sql(setting).execute(&link.writer).await.unwrap();
        link
    }

    async fn insert(link: &Link) -> CatalogError {
        let insert = || async {
            let mut write = link.begin().await?;
            sqlx::query("INSERT INTO t VALUES (zeroblob(100000))")
                .execute(&mut *write.tx)
                .await?;
            write.commit().await
        };
        link.run("testing", insert).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_full_disk_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = insert(&link(folder.path(), "PRAGMA max_page_count = 3").await).await;
        assert!(matches!(error, CatalogError::DiskFull { .. }), "{error:?}");
        assert_eq!(error.kind(), draywatch_core::Kind::DiskFull);
    }

    #[tokio::test]
    async fn a_disk_that_was_full_is_written_to_again() {
        let folder = tempfile::tempdir().unwrap();
        let link = link(folder.path(), "PRAGMA max_page_count = 3").await;
        let error = insert(&link).await;
        assert!(matches!(error, CatalogError::DiskFull { .. }), "{error:?}");
        let mut write = link.begin().await.unwrap();
        let insert = sqlx::query("INSERT INTO t VALUES (1)");
        insert.execute(&mut *write.tx).await.unwrap();
        write.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_transaction_that_the_engine_ended_by_itself_does_not_block_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let link = link(folder.path(), "PRAGMA cache_size = 10").await;
        // What SQLite does when the disk is full in the midst of it.
        let mut write = link.begin().await.unwrap();
        sqlx::raw_sql("ROLLBACK")
            .execute(&mut *write.tx)
            .await
            .unwrap();
        assert!(write.commit().await.is_err());
        for _ in 0..2 {
            let write = link.begin().await.unwrap();
            write.commit().await.unwrap();
        }
    }

    async fn count(link: &Link) -> Result<i64> {
        let count = || async {
            let mut reader = link.reader().await?;
            let sql = "SELECT COUNT(*) FROM t";
            sqlx::query_scalar(sql).fetch_one(&mut *reader).await
        };
        link.run("testing", count).await
    }

    /// Without the look at its place, rows went on into a file that nobody could find again, for as long as the service ran.
    #[tokio::test]
    async fn a_database_that_was_taken_away_is_told_and_one_that_is_put_back_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let link = link(folder.path(), "PRAGMA cache_size = 10").await;
        assert_eq!(count(&link).await.unwrap(), 0);
        let (path, away) = (link.path.clone(), folder.path().join("away.db"));
        std::fs::rename(&path, &away).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        for error in [insert(&link).await, count(&link).await.unwrap_err()] {
            assert!(matches!(error, CatalogError::Gone { .. }), "{error:?}");
            assert_eq!(error.kind(), draywatch_core::Kind::Database);
        }
        std::fs::copy(&away, &path).unwrap();
        for error in [insert(&link).await, count(&link).await.unwrap_err()] {
            assert!(matches!(error, CatalogError::Replaced { .. }), "{error:?}");
        }
        std::fs::rename(&away, &path).unwrap();
        assert_eq!(count(&link).await.unwrap(), 0);
        let write = link.begin().await.unwrap();
        write.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_read_only_database_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = insert(&link(folder.path(), "PRAGMA query_only = ON").await).await;
        assert!(
            matches!(error, CatalogError::NotWritable { .. }),
            "{error:?}"
        );
        assert_eq!(error.kind(), draywatch_core::Kind::Configuration);
    }
}
