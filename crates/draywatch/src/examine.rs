//! What stored pictures are worth: looked at where nobody has yet, compared with the frame before, and written down. It owns the
//! order of these steps and how far they go. It must not judge pixels (the picture crate does), fetch, or change a file; a frame is
//! never dropped or held up by what it does.

mod cards;
mod day;
mod file;
mod look;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_catalog::{CameraDay, CatalogError};
use draywatch_core::verdict::Verdict;
use draywatch_core::{CameraId, Kind};
use serde::Serialize;
use tokio::time::Instant;

pub use cards::Cards;
pub use look::look_at;

use crate::store::{Store, StoreError};

/// Why examining had to stop. What was written down until then lasts.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// The database.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The archive is not there, so that a missing file says nothing.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ExamineError {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Catalog(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Account {
    /// Pictures that were read and looked at.
    pub looked: u64,
    /// Frames that have a verdict now, by its name.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Frames of which no picture could be looked at.
    pub problems: u64,
    /// The first of them, and why.
    pub first_problem: Option<String>,
    /// Frames that stay open, since something about them changed meanwhile: the next time finds them.
    pub left_open: u64,
}

/// How examining goes on.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Pictures that are read at the same time.
    pub at_once: usize,
    /// After a picture was read there is a pause of so many times as long.
    pub pause: u32,
    /// When no further day is begun.
    pub until: Option<Instant>,
    /// At most so many frames of a day are compared by their files, the newest first; others stay open.
    pub comparisons: usize,
}

impl Pace {
    /// As fast as this machine can.
    #[must_use]
    pub fn full() -> Self {
        Self {
            at_once: std::thread::available_parallelism().map_or(1, usize::from),
            pause: 0,
            until: None,
            comparisons: usize::MAX,
        }
    }

    /// In the background for so long: half of one processor and one disk at most.
    #[must_use]
    pub fn background(so_long: Duration) -> Self {
        Self {
            at_once: 1,
            pause: 1,
            until: Some(Instant::now() + so_long),
            comparisons: usize::MAX,
        }
    }

    /// The pause after a picture whose reading began then.
    async fn rest(&self, began: Instant) {
        if self.pause > 0 {
            tokio::time::sleep(began.elapsed() * self.pause).await;
        }
    }

    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// Whose frames are examined.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The camera, whoever named it.
    pub camera_id: String,
    /// From one day to another, both as a whole; all days if there are none.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Also frames that have a verdict.
    pub again: bool,
}

/// Examines frames of a camera, day after day; `watch` hears how many frames each day had to be examined.
///
/// # Errors
/// When the database or the archive fail.
pub async fn camera(
    store: &Store,
    cards: &Cards,
    scope: &Scope,
    pace: &Pace,
    watch: &(dyn Fn(u64) + Send + Sync),
) -> Result<Account, ExamineError> {
    let mut account = Account::default();
    let mut after = None;
    while !pace.is_over() {
        let catalog = &store.catalog;
        let next =
            catalog.next_day_to_examine(&scope.camera_id, scope.span, after.as_ref(), scope.again);
        let Some(day) = next.await? else {
            break;
        };
        let work = day::Day::read(store, cards, &day, scope.again).await?;
        let count = work.count();
        work.examine(pace, &mut account).await?;
        watch(count);
        after = Some(day);
    }
    Ok(account)
}

/// Examines what a collection stored: the days of its frames, and where these come before a frame of a later day, that day. At most so many
/// `comparisons` are by files, of the newest frames; what they leave open is for later.
///
/// # Errors
/// When the database or the archive fail.
pub async fn days(
    store: &Store,
    cards: &Cards,
    camera: &CameraId,
    days: impl DoubleEndedIterator<Item = NaiveDate>,
    comparisons: usize,
) -> Result<Account, ExamineError> {
    let mut pace = Pace {
        comparisons,
        ..Pace::full()
    };
    let mut account = Account::default();
    for date in days.rev() {
        let mut day = CameraDay {
            camera_id: camera.to_string(),
            day: date.to_string(),
        };
        let work = day::Day::read(store, cards, &day, false).await?;
        work.examine(&pace, &mut account).await?;
        let next = store
            .catalog
            .next_day_to_examine(&day.camera_id, None, Some(&day), false);
        if let Some(later) = next.await? {
            day = later;
            let work = day::Day::read(store, cards, &day, false).await?;
            if work.follows(date) {
                work.examine(&pace, &mut account).await?;
            }
        }
        pace.comparisons = 0;
    }
    Ok(account)
}

impl Account {
    /// The verdicts in words, for the log.
    #[must_use]
    pub fn verdicts_in_words(&self) -> String {
        let words = |(verdict, count): (&Verdict, &u64)| format!("{count} {}", verdict.as_str());
        let words: Vec<String> = self.verdicts.iter().map(words).collect();
        words.join(", ")
    }

    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.looked += other.looked;
        self.problems += other.problems;
        self.left_open += other.left_open;
        self.first_problem = self.first_problem.take().or(other.first_problem);
        for (verdict, count) in other.verdicts {
            *self.verdicts.entry(verdict).or_default() += count;
        }
    }

    /// Tells the log of frames that nobody could look at.
    pub fn tell_problems(&self, camera: &str) {
        if let Some(first) = &self.first_problem {
            tracing::warn!(
                camera,
                frames = self.problems,
                "pictures could not be examined, such as {first}"
            );
        }
    }
}
