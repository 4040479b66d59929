//! What pictures are worth: which ones are still to be examined, what was found of them, and the cards that are known.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use draywatch_core::CameraId;
use draywatch_core::verdict::Verdict;
use serde::Serialize;

use crate::Result;

/// What one look at a picture gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// By what it is recognised in the next frame.
    pub fingerprint: String,
    /// The verdict, if it needs no other picture; else the frame before decides.
    pub verdict: Option<Verdict>,
}

/// A UTC day of a camera, as both are written in the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraDay {
    /// The camera, whoever named it.
    pub camera_id: String,
    /// The day, the first ten letters of its times.
    pub day: String,
}

/// A frame as far as examining it needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameToExamine {
    /// `images.id`.
    pub id: i64,
    /// Whether it is of the day that was asked for, not of the one before it.
    pub is_of_day: bool,
    /// When it was taken, if that is a time.
    pub instant: Option<DateTime<Utc>>,
    /// Path of its file.
    pub path: String,
    /// The hash of its file, as recorded.
    pub sha256: Option<String>,
    /// By what it is recognised; `None` while nobody has looked at it.
    pub fingerprint: Option<String>,
    /// What it is worth; `None` while that is open.
    pub verdict: Option<Verdict>,
    /// Why nobody could look at it.
    pub problem: Option<String>,
}

/// The frames of a day of a camera and of the last day before it that has any, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayOfFrames(Vec<FrameToExamine>);

impl DayOfFrames {
    /// These frames, put in order.
    #[must_use]
    pub fn new(mut frames: Vec<FrameToExamine>) -> Self {
        frames.sort_by_key(|frame| (frame.instant, frame.id));
        Self(frames)
    }

    /// All of them.
    #[must_use]
    pub fn frames(&self) -> &[FrameToExamine] {
        &self.0
    }

    /// All of them, to be changed in what was found of them.
    pub fn frames_mut(&mut self) -> &mut [FrameToExamine] {
        &mut self.0
    }

    /// The frames of the last instant before that of the frame at place `nth`: of twins, all.
    #[must_use]
    pub fn before(&self, nth: usize) -> &[FrameToExamine] {
        let own = self.0.get(nth).and_then(|frame| frame.instant);
        let end = self.0.partition_point(|frame| frame.instant < own);
        let last = end.checked_sub(1).and_then(|last| self.0[last].instant);
        if last.is_none() {
            return &[];
        }
        let start = self.0.partition_point(|frame| frame.instant < last);
        &self.0[start..end]
    }
}

/// What was found of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundOfFrame {
    /// The frame as it was when that began.
    pub frame: FrameToExamine,
    /// What was found.
    pub finding: Finding,
}

/// What can be found of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It was looked at: this settles it, or says by what it is compared.
    Looked(Look),
    /// It was compared with the frames before it, of these ids and fingerprints.
    Compared(Verdict, Vec<(i64, Option<String>)>),
    /// Nobody can look at it; why.
    Problem(String),
}

/// A card that cameras send when they have no picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placeholder {
    /// What it is called; several may have the same name.
    pub name: String,
    /// The hash of its file.
    pub sha256: String,
    /// When it was added, UTC.
    pub added_at: DateTime<Utc>,
}

/// The part of the database that knows what pictures are worth.
#[async_trait]
pub trait Verdicts: Send + Sync + 'static {
    /// The first day of a camera, from one day to another (whole days, both included) and after `after`, that has frames without
    /// a verdict; for `all`, frames with one as well. A row whose time is none belongs to no day.
    async fn next_day_to_examine(
        &self,
        camera_id: &str,
        span: Option<(DateTime<Utc>, DateTime<Utc>)>,
        after: Option<&CameraDay>,
        all: bool,
    ) -> Result<Option<CameraDay>>;
    /// How many frames of a camera from one day to another have no verdict; for `all`, how many there are.
    async fn to_examine(
        &self,
        camera_id: &str,
        span: Option<(DateTime<Utc>, DateTime<Utc>)>,
        all: bool,
    ) -> Result<u64>;
    /// The frames of a day, and of the one before it.
    async fn frames_to_examine(&self, day: &CameraDay) -> Result<DayOfFrames>;
    /// Writes down what was found of frames of a day, all in one transaction. What is not true any more, since a file was replaced or
    /// a frame has come between two meanwhile, is left out: that frame stays open. How many were left out.
    async fn note_found(&self, day: &CameraDay, found: &[FoundOfFrame]) -> Result<u64>;
    /// The newest frames of a camera up to an instant, newest first, with what each is worth.
    async fn newest_verdicts(
        &self,
        camera: &CameraId,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(DateTime<Utc>, Option<Verdict>)>>;

    /// Adds a card by its file; whether it was not there under that name yet.
    async fn add_placeholder(&self, card: &Placeholder, picture: &[u8]) -> Result<bool>;
    /// All cards, in the order of their names.
    async fn placeholders(&self) -> Result<Vec<Placeholder>>;
    /// The files of all cards with their names, in the same order.
    async fn placeholder_pictures(&self) -> Result<Vec<(Placeholder, Vec<u8>)>>;
    /// Takes away all cards of a name; them.
    async fn remove_placeholders(&self, name: &str) -> Result<Vec<Placeholder>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(id: i64, seconds: Option<i64>) -> FrameToExamine {
        FrameToExamine {
            id,
            is_of_day: true,
            instant: seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            path: String::new(),
            sha256: None,
            fingerprint: None,
            verdict: None,
            problem: None,
        }
    }

    #[test]
    fn the_frame_before_is_of_another_instant() {
        let times = [
            (1, Some(10)),
            (2, Some(30)),
            (3, None),
            (4, Some(10)),
            (5, Some(30)),
            (6, Some(40)),
        ];
        let day = DayOfFrames::new(times.map(|(id, at)| frame(id, at)).to_vec());
        let ids: Vec<i64> = day.frames().iter().map(|frame| frame.id).collect();
        assert_eq!(ids, [3, 1, 4, 2, 5, 6]);
        let before = |nth| -> Vec<i64> { day.before(nth).iter().map(|frame| frame.id).collect() };
        assert_eq!(before(0), Vec::<i64>::new());
        assert_eq!((before(1), before(2)), (vec![], vec![]));
        assert_eq!((before(3), before(4)), (vec![1, 4], vec![1, 4]));
        assert_eq!(before(5), [2, 5]);
    }
}
