//! The `SQLite` backend: one file, shared with the users' Python programs.
//!
//! It owns that file's transactions: one writer with short `BEGIN IMMEDIATE` transactions, readers that each see one
//! moment. It must not read the wall clock (but the triggers' `deleted_at` is by the deleting program's) and never opens
//! the file other than through `SQLite`: closing it would drop the locks that `SQLite` holds.

/// One write transaction around a function of a table family that ends some work: slots that are stale are computed before its end.
macro_rules! write_and_refresh {
    ($self:ident, $doing:literal, |$conn:ident| $work:expr) => {
        write_only!($self, $doing, |$conn| async {
            let done = $work.await?;
            let passing = $crate::sqlite::days::IN_PASSING;
            $crate::sqlite::days::refresh($conn, passing).await?;
            Ok::<_, sqlx::Error>(done)
        })
    };
}

/// The same without computing slots: for one of many that follow on each other, and for what makes none stale. Those that are stay
/// so, which readers know, until the end of the run is written.
macro_rules! write_only {
    ($self:ident, $doing:literal, |$conn:ident| $work:expr) => {
        $self
            .link
            .run($doing, || async {
                let mut write = $self.link.begin().await?;
                let $conn = &mut *write.tx;
                $crate::sqlite::jobs::check_fence($conn, $self.fence.as_ref()).await?;
                let done = $work.await?;
                write.commit().await?;
                Ok(done)
            })
            .await
    };
}

/// One read transaction around a function of a table family.
macro_rules! read {
    ($self:ident, $doing:literal, |$conn:ident| $work:expr) => {
        $self
            .link
            .run($doing, || async {
                let mut tx = $self.link.snapshot().await?;
                let $conn = &mut *tx;
                let found = $work.await?;
                tx.rollback().await?;
                Ok(found)
            })
            .await
    };
}

/// The same for a function of a single statement, which sees one moment by itself.
macro_rules! read_one {
    ($self:ident, $doing:literal, |$conn:ident| $work:expr) => {
        $self
            .link
            .run($doing, || async {
                let mut reader = $self.link.reader().await?;
                let $conn = &mut *reader;
                $work.await
            })
            .await
    };
}

mod backup;
mod browse;
mod bulk;
mod checks;
mod connect;
mod counters;
mod days;
mod ddl;
mod facts;
mod figures;
mod health;
mod holds;
mod images;
mod jobs;
mod known;
mod leases;
mod ledger;
mod legacy;
mod letters;
mod migrate;
mod pages;
mod place;
mod placeholders;
#[cfg(test)]
mod plans;
mod portal_days;
mod reach;
mod rebuild;
mod record;
mod references;
mod removal;
mod row;
mod runs;
mod sessions;
mod slots;
mod standing;
mod ticks;
mod time;
mod tombstones;
mod totals;
mod triggers;
mod verdicts;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use draywatch_core::plan::KnownFrame;
use draywatch_core::{CameraId, FrameId};

use self::connect::Link;
use crate::{
    Catalog, CatalogError, Fence, FileState, FrameResult, ImageFilter, ImageKey, ImageRow,
    LedgerEntry, LedgerFilter, NewImage, NewLedgerEntry, NewObservation, NewRun, ObservationRow,
    OpenOptions, PictureFacts, Result, RunEnd, RunFilter, RunRow, Totals,
};

/// A `SQLite` database.
#[derive(Debug)]
pub struct SqliteCatalog {
    link: Arc<Link>,
    /// The lease in whose name this one writes, if it is one of a holder.
    fence: Option<Fence>,
}

impl SqliteCatalog {
    /// Opens the database at `path`: makes it when `options` say so, adopts one of the users' programs, migrates an older
    /// one of ours. Before an existing database is changed, a copy is made beside it.
    ///
    /// # Errors
    /// When it cannot be opened, is corrupt, is locked for too long, or was written by a newer draywatch.
    pub async fn open(path: &Path, options: OpenOptions) -> Result<Self> {
        check_path(path, options.create)?;
        let writer = migrate::prepare(path, &options).await?;
        Ok(Self {
            link: Arc::new(Link::new(path, options.busy_timeout, writer).await),
            fence: None,
        })
    }
}

/// Finds the mistakes that can be told without opening anything, and makes the folder.
fn check_path(path: &Path, create: bool) -> Result<()> {
    let owned = || path.to_owned();
    if path.is_dir() {
        return Err(CatalogError::IsDirectory { path: owned() });
    }
    if !create && !path.exists() {
        return Err(CatalogError::NotThere { path: owned() });
    }
    // Before SQLite finds out: beside a file that it may only read it leaves side files that nobody may write, and these are
    // in the way even after the rights were mended.
    if create && path.exists() {
        let writable = rustix::fs::accessat(
            rustix::fs::CWD,
            path,
            rustix::fs::Access::WRITE_OK,
            rustix::fs::AtFlags::EACCESS,
        );
        if let Err(rustix::io::Errno::ACCESS | rustix::io::Errno::ROFS) = writable {
            let source = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
            return Err(CatalogError::NotWritable {
                path: owned(),
                source: Box::new(source),
            });
        }
    }
    match path
        .parent()
        .filter(|folder| create && !folder.as_os_str().is_empty())
    {
        Some(folder) => std::fs::create_dir_all(folder).map_err(|source| CatalogError::Folder {
            path: owned(),
            source,
        }),
        None => Ok(()),
    }
}

#[async_trait]
impl Catalog for SqliteCatalog {
    async fn fact(&self, name: &str) -> Result<Option<String>> {
        read_one!(self, "reading a fact", |conn| facts::get(conn, name))
    }

    async fn set_fact(&self, name: &str, value: Option<&str>) -> Result<()> {
        write_only!(self, "writing a fact", |conn| facts::set(conn, name, value))
    }

    async fn check(&self) -> Result<Vec<String>> {
        read_one!(self, "checking itself", |conn| facts::check(conn))
    }

    async fn close(&self) {
        // Those who write in the name of a lease share the connections of everybody else.
        if self.fence.is_none() {
            self.link.close().await;
        }
    }

    async fn known(
        &self,
        camera: &CameraId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<KnownFrame>> {
        read!(self, "reading the known frames", |conn| known::known(
            conn, camera, from, to
        ))
    }

    async fn enlist(
        &self,
        entries: &[NewLedgerEntry],
        now: DateTime<Utc>,
    ) -> Result<Vec<LedgerEntry>> {
        write_only!(self, "writing the ledger", |conn| ledger::enlist(
            conn, entries, now
        ))
    }

    async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerEntry>> {
        read_one!(self, "reading the ledger", |conn| ledger::list(
            conn, filter
        ))
    }

    async fn record(
        &self,
        results: &[FrameResult],
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<i64>>> {
        write_only!(self, "recording stored frames", |conn| record::record(
            conn, results, now
        ))
    }

    async fn intend_replacement(&self, ledger_id: i64, facts: &PictureFacts) -> Result<()> {
        write_only!(self, "noting a replacement", |conn| {
            ledger::intend_replacement(conn, ledger_id, facts)
        })
    }

    async fn give_up(&self, frames: &[FrameId], reason: &str, now: DateTime<Utc>) -> Result<u64> {
        write_and_refresh!(self, "giving up frames", |conn| ledger::give_up(
            conn, frames, reason, now
        ))
    }

    async fn images_after(&self, after_id: i64, limit: u32) -> Result<Vec<ImageRow>> {
        read_one!(self, "reading images", |conn| images::after(
            conn, after_id, limit
        ))
    }

    async fn images_between(
        &self,
        camera: &CameraId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<ImageRow>> {
        read_one!(self, "reading images", |conn| images::between(
            conn, camera, from, to
        ))
    }

    async fn images_page(
        &self,
        filter: &ImageFilter,
        after: Option<&ImageKey>,
        limit: u32,
    ) -> Result<Vec<ImageRow>> {
        read!(self, "reading images", |conn| pages::page(
            conn, filter, after, limit
        ))
    }

    async fn image_at(&self, path: &str) -> Result<Option<ImageRow>> {
        read_one!(self, "looking up an image", |conn| images::at(conn, path))
    }

    async fn image_of_file(&self, path: &str, frame: &FrameId) -> Result<Option<ImageRow>> {
        read!(self, "looking up an image", |conn| images::of_file(
            conn, path, frame
        ))
    }

    async fn is_tombstoned(&self, path: &str, frame: &FrameId) -> Result<bool> {
        read_one!(self, "reading tombstones", |conn| tombstones::holds(
            conn, path, frame
        ))
    }

    async fn adopt(&self, images: &[NewImage], now: DateTime<Utc>) -> Result<u64> {
        write_and_refresh!(self, "adopting files", |conn| images::adopt(
            conn, images, now
        ))
    }

    async fn set_file_state(
        &self,
        image_id: i64,
        state: &FileState,
        now: DateTime<Utc>,
    ) -> Result<()> {
        write_and_refresh!(self, "writing what a check found", |conn| {
            checks::set_file_state(conn, image_id, state, now)
        })
    }

    async fn start_run(&self, run: &NewRun) -> Result<i64> {
        write_only!(self, "opening a run", |conn| runs::start(conn, run))
    }

    async fn finish_run(
        &self,
        run_id: i64,
        end: &RunEnd,
        observation: Option<&NewObservation>,
    ) -> Result<()> {
        let found = write_and_refresh!(self, "closing a run", |conn| async {
            figures::add(conn, run_id, end).await?;
            let found = runs::finish(conn, run_id, end).await?;
            if let Some(observation) = observation.filter(|_| found) {
                runs::observe(conn, run_id, observation).await?;
                portal_days::note(conn, observation).await?;
                reach::observe(conn, observation).await?;
            }
            Ok::<_, sqlx::Error>(found)
        })?;
        if found {
            Ok(())
        } else {
            Err(CatalogError::NoSuchRun {
                path: self.link.path().to_owned(),
                run_id,
            })
        }
    }

    async fn close_interrupted(
        &self,
        camera: Option<&CameraId>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        write_only!(self, "closing interrupted runs", |conn| async {
            figures::add_interrupted(conn, camera).await?;
            runs::close_interrupted(conn, camera, now).await
        })
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>> {
        read_one!(self, "reading runs", |conn| runs::list(conn, filter))
    }

    async fn observations(
        &self,
        camera: &CameraId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<ObservationRow>> {
        read_one!(self, "reading observations", |conn| runs::observations(
            conn, camera, from, to
        ))
    }

    async fn totals(&self) -> Result<Totals> {
        read!(self, "counting", |conn| totals::totals(conn))
    }

    async fn remember_session(
        &self,
        server: &str,
        session: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        write_only!(self, "remembering a browser session", |conn| {
            sessions::remember(conn, server, session, now)
        })
    }

    async fn forget_session(&self, server: &str, session: &str) -> Result<()> {
        write_only!(self, "forgetting a browser session", |conn| {
            sessions::forget(conn, server, session)
        })
    }

    async fn sessions(&self) -> Result<Vec<(String, String)>> {
        read_one!(self, "reading browser sessions", |conn| sessions::all(conn))
    }
}
