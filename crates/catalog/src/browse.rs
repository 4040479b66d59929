//! Images and runs page by page, for pages and programs that look around: what is asked for, and where the next page begins. Every
//! answer is bounded, in what it holds and in what it takes to find it. Must not know an engine.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use draywatch_core::CameraId;
use draywatch_core::outcome::Outcome;
use draywatch_core::verdict::Verdict;

use crate::{ImageRow, NewObservation, Result, RunRow};

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The oldest first.
    Oldest,
    /// The newest first.
    #[default]
    Newest,
}

/// Which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictIs {
    /// This one.
    Known(Verdict),
    /// None yet.
    Open,
}

/// A place in a list: the time of its row as the row writes it, and the row's id. Rows that come and go do not move it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The time.
    pub time: String,
    /// The row.
    pub id: i64,
}

/// Which images.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageQuery {
    /// Only of this camera.
    pub camera: Option<CameraId>,
    /// Only from this instant on.
    pub from: Option<DateTime<Utc>>,
    /// Only before this instant.
    pub to: Option<DateTime<Utc>>,
    /// Only of this verdict.
    pub verdict: Option<VerdictIs>,
    /// Only those that the detector has read, or has not.
    pub processed: Option<bool>,
    /// Which way.
    pub order: Order,
    /// Behind this place.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: u32,
}

/// Some images, and where to go on. Where few of many rows are asked for, a page may be short, or empty, and still have a next one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImagePage {
    /// The rows.
    pub rows: Vec<ImageRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Place>,
}

/// Which runs, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunQuery {
    /// Only of this camera.
    pub camera: Option<CameraId>,
    /// Only of this outcome.
    pub outcome: Option<Outcome>,
    /// Beside those of an outcome, runs of these ids that have none yet: who asks knows theirs.
    pub open: Vec<i64>,
    /// Behind this place.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: u32,
}

/// Some runs, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunPage {
    /// The runs.
    pub rows: Vec<RunRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Place>,
}

/// A camera that image rows are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenCamera {
    /// Its name as written in the rows.
    pub name: String,
    /// Image rows.
    pub images: u64,
    /// Its oldest frame.
    pub oldest: Option<DateTime<Utc>>,
    /// Its newest frame.
    pub newest: Option<DateTime<Utc>>,
}

/// Looking around.
#[async_trait]
pub trait Browse: Send + Sync + 'static {
    /// Images by time, as their rows write it.
    async fn image_page(&self, query: &ImageQuery) -> Result<ImagePage>;
    /// The image row of that id.
    async fn image(&self, id: i64) -> Result<Option<ImageRow>>;
    /// The highest id of an image row; 0 where there is none.
    async fn newest_image(&self) -> Result<i64>;
    /// The cameras that image rows are or were of, by name: from counters, at no cost that grows with what there is of them.
    async fn seen_cameras(&self) -> Result<Vec<SeenCamera>>;
    /// Runs by when they began.
    async fn run_page(&self, query: &RunQuery) -> Result<RunPage>;
    /// The runs that have no end yet, in no order.
    async fn open_runs(&self) -> Result<Vec<RunRow>>;
    /// The run of that id, with what it observed.
    async fn run(&self, id: i64) -> Result<Option<(RunRow, Option<NewObservation>)>>;
}
