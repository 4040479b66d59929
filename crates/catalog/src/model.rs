//! The rows as the rest of the program sees them: plain values, no engine's types.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_core::outcome::Outcome;
use draywatch_core::verdict::Verdict;
use draywatch_core::{CameraId, Failure, FrameId, Kind};
use serde::{Deserialize, Serialize};

use crate::Look;

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Whether a database that is not there is made.
    pub create: bool,
    /// How long a statement waits for a lock that another program holds before it fails.
    pub busy_timeout: Duration,
    /// The present instant, for the name of the copy that is made before a migration.
    pub now: DateTime<Utc>,
}

/// What the verifier found out about a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureFacts {
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 as lower-case hex.
    pub sha256: String,
    /// Media type, `image/jpeg`.
    pub media_type: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// A picture that is durable in the archive and now gets its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImage {
    /// The frame.
    pub frame: FrameId,
    /// Path as it goes into both path columns: `data/images/2025-09-07/20250907T101734_in_gate.jpg`.
    pub path: String,
    /// What was verified.
    pub facts: PictureFacts,
    /// Whether it is only the thumbnail.
    pub is_thumbnail: bool,
    /// Address it was fetched from, where there was one.
    pub url: Option<String>,
    /// What a look at it gave, if there was one; without, it is examined later.
    pub look: Option<Look>,
}

/// An image row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageRow {
    /// `images.id`.
    pub id: i64,
    /// Camera; text, since other programs may have written names that are no camera ids of ours.
    pub camera_id: String,
    /// When the frame was taken, UTC. `None` when the column holds something that is no time.
    pub timestamp: Option<DateTime<Utc>>,
    /// Which frame of its second.
    pub ordinal: u16,
    /// Path of the file: `filepath`, or `image_path` where that is null.
    pub path: String,
    /// Bytes as recorded.
    pub file_size: Option<i64>,
    /// SHA-256 as lower-case hex; `None` for rows that draywatch has not verified.
    pub sha256: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Whether only the thumbnail is stored.
    pub is_thumbnail: bool,
    /// Whether the detector has read it.
    pub processed: bool,
    /// Address it was fetched from.
    pub url: Option<String>,
    /// `ok`, `missing`, `bad`, or `None` when nobody has looked.
    pub file_state: Option<String>,
    /// When the file was last looked at.
    pub verified_at: Option<DateTime<Utc>>,
    /// What the picture is worth; `None` while nobody has examined it.
    pub verdict: Option<Verdict>,
}

impl ImageRow {
    /// Whether its file is known to be damaged: not what the row says, or no whole picture.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.file_state.as_deref() == Some("bad")
    }

    /// Whether its file is known to be missing or damaged, so that the frame is owed again.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.is_damaged() || self.file_state.as_deref() == Some("missing")
    }
}

/// What a check of an image's file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// Whole, with these facts (recorded where the row had none).
    Ok(PictureFacts),
    /// There is no file.
    Missing,
    /// The file is not what the row says, or no whole picture; the words say which.
    Bad(String),
}

/// A listed frame on its way into the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLedgerEntry {
    /// The frame.
    pub frame: FrameId,
    /// The portal's calendar day it was listed under (local to the terminal).
    pub date: NaiveDate,
    /// Address of the full picture, word for word as listed.
    pub url: String,
    /// Whether the portal named `url` itself.
    pub url_is_listed: bool,
    /// Address of the thumbnail, where the portal named one.
    pub thumbnail_url: Option<String>,
    /// Path that its file will have.
    pub path: String,
}

/// Where a ledger row stands. Frames that are stored in full size have no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerState {
    /// Listed, not stored.
    Open,
    /// The thumbnail is stored, the full picture is still wanted.
    Thumbnail,
    /// Given up: the portal no longer offers it.
    GivenUp,
}

/// A ledger row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its id.
    pub id: i64,
    /// The frame as listed.
    pub entry: NewLedgerEntry,
    /// Where it stands.
    pub state: LedgerState,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Why it is not stored, after the last try.
    pub failure: Option<Failure>,
    /// Short code of the reason, such as `not_a_picture` or `http_404`.
    pub reason: Option<String>,
    /// When it was first listed, UTC.
    pub first_listed: DateTime<Utc>,
    /// When it was last listed, UTC.
    pub last_listed: DateTime<Utc>,
    /// When it was last tried, UTC.
    pub last_tried: Option<DateTime<Utc>>,
    /// Not to be tried before this instant (the portal asked for it).
    pub not_before: Option<DateTime<Utc>>,
    /// The picture that was about to replace the stored thumbnail when the program ended.
    pub replacement: Option<PictureFacts>,
}

/// Which ledger rows.
#[derive(Debug, Clone, Default)]
pub struct LedgerFilter {
    /// Only this camera.
    pub camera: Option<CameraId>,
    /// Only these portal days, both included.
    pub dates: Option<(NaiveDate, NaiveDate)>,
    /// Only these states; all when empty.
    pub states: Vec<LedgerState>,
}

/// What became of one ledger row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameResult {
    /// Its file is durable. A full picture makes or replaces the image row and ends the ledger row; a thumbnail makes the
    /// image row and leaves the ledger row in state `Thumbnail`, with the failure that kept the full picture away.
    Stored {
        /// The ledger row.
        ledger_id: i64,
        /// The picture.
        image: NewImage,
        /// For a thumbnail: why the full picture is missing.
        failure: Option<(Failure, String)>,
    },
    /// It could not be had.
    Failed {
        /// The ledger row.
        ledger_id: i64,
        /// Why.
        failure: Failure,
        /// Short code of the reason.
        reason: String,
        /// Not to be tried before this instant.
        not_before: Option<DateTime<Utc>>,
    },
}

/// A run that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Which command or job: `fetch`, `backfill`, `collect`, `frames_from`.
    pub command: String,
    /// The camera.
    pub camera: CameraId,
    /// The portal's calendar day (for `frames_from`, none).
    pub date: Option<NaiveDate>,
    /// When it began, UTC.
    pub started_at: DateTime<Utc>,
    /// Process id, for people who read logs.
    pub pid: u32,
}

/// Counts of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunCounts {
    /// Frames that the portal listed.
    pub listed: u64,
    /// Frames stored by this run, thumbnails included.
    pub stored: u64,
    /// Listed frames that were there already.
    pub already: u64,
    /// Of stored and already, those that are thumbnails only.
    pub thumbnails: u64,
    /// Listed frames that are not stored.
    pub missing: u64,
    /// Bytes written to the archive.
    pub bytes: u64,
    /// Pictures refused, by short reason.
    pub refused: BTreeMap<String, u64>,
    /// Requests sent to the picture host.
    pub requests: u64,
    /// Requests that were repetitions.
    pub retries: u64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// When, UTC.
    pub finished_at: DateTime<Utc>,
    /// The outcome.
    pub outcome: Outcome,
    /// The counts.
    pub counts: RunCounts,
    /// What went wrong, most important first.
    pub errors: Vec<Failure>,
    /// How long the listing took.
    pub listing_took: Duration,
    /// How long it all took.
    pub took: Duration,
}

/// A run row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its id.
    pub id: i64,
    /// As it began.
    pub run: NewRun,
    /// As it ended; `None` while it is under way.
    pub end: Option<RunEnd>,
}

impl RunEnd {
    /// How a run ended whose process ended before it.
    #[must_use]
    pub fn interrupted(now: DateTime<Utc>) -> Self {
        Self {
            finished_at: now,
            outcome: Outcome::Interrupted,
            counts: RunCounts::default(),
            errors: vec![Failure::new(
                Kind::Interrupted,
                "the process that carried out this run ended before the run did",
            )],
            listing_took: Duration::ZERO,
            took: Duration::ZERO,
        }
    }
}

/// Which runs.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only this camera.
    pub camera: Option<CameraId>,
    /// Only this outcome.
    pub outcome: Option<Outcome>,
    /// Beside those of an outcome, runs of these ids that have none yet: who asks knows theirs.
    pub open: Vec<i64>,
    /// Only runs that began at or after this instant.
    pub since: Option<DateTime<Utc>>,
    /// At most so many.
    pub limit: u32,
}

/// What one listing of a camera's day showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObservation {
    /// The camera.
    pub camera: CameraId,
    /// The portal's calendar day.
    pub date: NaiveDate,
    /// The stretch of time that day covers, UTC: start.
    pub day_start: DateTime<Utc>,
    /// Its end.
    pub day_end: DateTime<Utc>,
    /// When the page was read, UTC.
    pub observed_at: DateTime<Utc>,
    /// Whether the listing is known to be whole.
    pub confirmed: bool,
    /// How many frames were listed; `None` when nothing could be read.
    pub listed: Option<u64>,
    /// The newest frame listed.
    pub newest: Option<DateTime<Utc>>,
    /// What went wrong, where something did.
    pub failure: Option<Failure>,
}

/// An observation row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservationRow {
    /// Its id.
    pub id: i64,
    /// The run that made it.
    pub run_id: i64,
    /// What was observed.
    pub observation: NewObservation,
}

/// Totals of one camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameraTotals {
    /// Camera as written in the rows.
    pub camera_id: String,
    /// Image rows.
    pub images: u64,
    /// Of them thumbnails only.
    pub thumbnails: u64,
    /// Of them never verified.
    pub unverified: u64,
    /// Of them processed by the detector.
    pub processed: u64,
    /// Bytes as recorded.
    pub bytes: u64,
    /// Oldest frame, UTC.
    pub oldest: Option<DateTime<Utc>>,
    /// Newest frame, UTC.
    pub newest: Option<DateTime<Utc>>,
    /// Frames in the ledger that are not stored.
    pub open: u64,
    /// Frames given up.
    pub given_up: u64,
}

/// Totals of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Per camera, by name.
    pub cameras: Vec<CameraTotals>,
    /// Open ledger rows by kind of failure (`None` for never tried).
    pub ledger: BTreeMap<String, u64>,
    /// Image rows that have the same camera and instant and place as another one (old databases).
    pub duplicates: u64,
    /// Schema version.
    pub schema: i64,
}

/// Re-exported for callers that match on it.
pub type FailureKind = Kind;
