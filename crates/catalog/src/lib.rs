//! The database of draywatch. The only crate that names SQL: one trait ([`Catalog`]), a backend per engine.
//!
//! It owns rows and transactions. It must not touch picture files, and callers never see an engine's own types.

mod browse;
mod checks;
mod error;
mod figures;
mod health;
mod holds;
mod jobs;
mod leases;
mod model;
mod pages;
mod reading;
mod slots;
mod sqlite;
mod taken_over;
mod url;
mod verdicts;

pub use browse::*;
pub use checks::*;
pub use error::CatalogError;
pub use figures::*;
pub use health::*;
pub use holds::*;
pub use jobs::*;
pub use leases::*;
pub use model::*;
pub use pages::*;
pub use reading::*;
pub use slots::*;
pub use sqlite::SqliteCatalog;
pub use url::{BadDatabaseUrl, DatabaseUrl};
pub use verdicts::*;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use draywatch_core::plan::KnownFrame;
use draywatch_core::{CameraId, FrameId};

/// The newest schema that this program knows.
pub const SCHEMA: i64 = 9;

/// What every backend answers with.
pub type Result<T> = std::result::Result<T, CatalogError>;

/// Opens the database behind `url`, creating or migrating it as needed.
///
/// # Errors
/// When it cannot be opened, is corrupt, is locked for too long, or was written by a newer draywatch.
pub async fn open(url: &DatabaseUrl, options: OpenOptions) -> Result<Arc<dyn Catalog>> {
    match url {
        DatabaseUrl::Sqlite(path) => Ok(Arc::new(SqliteCatalog::open(path, options).await?)),
    }
}

/// The database as the rest of the program sees it. Every method is one transaction.
#[async_trait]
pub trait Catalog:
    Slots
    + Holds
    + Checks
    + Jobs
    + HealthLog
    + Verdicts
    + Counts
    + Browse
    + ImageLeases
    + Fenced
    + Send
    + Sync
    + 'static
{
    // ---- facts about the database itself -------------------------------------------------------------------------

    /// A named fact (`archive_id`, `image_time`, ...).
    async fn fact(&self, name: &str) -> Result<Option<String>>;
    /// Sets a named fact; `None` removes it.
    async fn set_fact(&self, name: &str, value: Option<&str>) -> Result<()>;
    /// Asks the engine to check itself (`PRAGMA quick_check` and the like); the problems it names, none if it is whole.
    async fn check(&self) -> Result<Vec<String>>;
    /// Closes all connections, so that nothing is left to do at exit.
    async fn close(&self);

    // ---- frames: images, ledger, tombstones ----------------------------------------------------------------------

    /// What is known of a camera's frames with `from <= instant < to`, from images, ledger and tombstones; a frame that
    /// is in several is told once (image before tombstone before ledger; an image whose ledger row says so is a thumbnail, and
    /// one whose file is known to be missing or damaged is open).
    async fn known(
        &self,
        camera: &CameraId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<KnownFrame>>;
    /// Writes listed frames into the ledger, in one transaction, before the first of them is fetched. A frame that is there
    /// already keeps its id, its attempts and its place, takes the new addresses, and is open again if it had been given up.
    /// The answers are in the order of `entries`.
    async fn enlist(
        &self,
        entries: &[NewLedgerEntry],
        now: DateTime<Utc>,
    ) -> Result<Vec<LedgerEntry>>;
    /// Ledger rows by filter, oldest frame first.
    async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerEntry>>;
    /// Records what became of ledger rows, all in one transaction; the ids of the image rows it made or changed, in order
    /// (`None` for failures).
    async fn record(&self, results: &[FrameResult], now: DateTime<Utc>)
    -> Result<Vec<Option<i64>>>;
    /// Says that the file of a thumbnail is about to be replaced by the picture of these facts (invariant 8).
    async fn intend_replacement(&self, ledger_id: i64, facts: &PictureFacts) -> Result<()>;
    /// Gives up ledger rows, with the reason. A row that had a thumbnail keeps its image.
    async fn give_up(&self, frames: &[FrameId], reason: &str, now: DateTime<Utc>) -> Result<u64>;

    // ---- images --------------------------------------------------------------------------------------------------

    /// Image rows after `after_id` in the order of their ids, at most `limit`.
    async fn images_after(&self, after_id: i64, limit: u32) -> Result<Vec<ImageRow>>;
    /// Image rows of a camera with `from <= timestamp < to` in time order.
    async fn images_between(
        &self,
        camera: &CameraId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<ImageRow>>;
    /// The first `limit` image rows that `filter` asks for and that come after `after`, in the order of [`ImageKey`].
    async fn images_page(
        &self,
        filter: &ImageFilter,
        after: Option<&ImageKey>,
        limit: u32,
    ) -> Result<Vec<ImageRow>>;
    /// The image row with that path (either path column), if any.
    async fn image_at(&self, path: &str) -> Result<Option<ImageRow>>;
    /// The image row of a file: with that path, or with another spelling of it (another folder before the day's, an absolute path).
    async fn image_of_file(&self, path: &str, frame: &FrameId) -> Result<Option<ImageRow>>;
    /// Whether a row with that path, or of that frame, was deleted on purpose.
    async fn is_tombstoned(&self, path: &str, frame: &FrameId) -> Result<bool>;
    /// Inserts rows for files that were there without one, in one transaction; a path that has a row or a tombstone by now
    /// is passed over. The number of rows inserted.
    async fn adopt(&self, images: &[NewImage], now: DateTime<Utc>) -> Result<u64>;
    /// Writes down what a check of the file of an image row found.
    async fn set_file_state(
        &self,
        image_id: i64,
        state: &FileState,
        now: DateTime<Utc>,
    ) -> Result<()>;

    // ---- runs and observations -----------------------------------------------------------------------------------

    /// Opens a run; it has no outcome yet.
    async fn start_run(&self, run: &NewRun) -> Result<i64>;
    /// Closes a run with its outcome and statistics, and records its observation, in one transaction.
    async fn finish_run(
        &self,
        run_id: i64,
        end: &RunEnd,
        observation: Option<&NewObservation>,
    ) -> Result<()>;
    /// Closes all runs of `camera` that have no outcome (of every camera for `None`) as interrupted; how many. Only the
    /// process that holds the camera's lock may call this.
    async fn close_interrupted(&self, camera: Option<&CameraId>, now: DateTime<Utc>)
    -> Result<u64>;
    /// Runs, newest first.
    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>>;
    /// Observations of a camera's days with `from <= date <= to`, oldest first.
    async fn observations(
        &self,
        camera: &CameraId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<ObservationRow>>;
    /// Totals for the `status` command.
    async fn totals(&self) -> Result<Totals>;

    // ---- browser sessions on a remote grid -----------------------------------------------------------------------

    /// Remembers a session that was opened on a remote `WebDriver` server.
    async fn remember_session(&self, server: &str, session: &str, now: DateTime<Utc>)
    -> Result<()>;
    /// Forgets it, after it was deleted.
    async fn forget_session(&self, server: &str, session: &str) -> Result<()>;
    /// Sessions that are still remembered: (server, session).
    async fn sessions(&self) -> Result<Vec<(String, String)>>;
}
