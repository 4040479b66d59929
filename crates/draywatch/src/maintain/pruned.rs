//! The account of a clean-up: what went, what could not go, what is still lacking. Must not print.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use draywatch_core::retention::{Candidate, Obstacle, Reason, Shortage};
use serde::Serialize;

/// A frame that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gone {
    /// Why.
    pub reason: Reason,
    /// Its camera.
    pub camera_id: String,
    /// When it was taken, UTC.
    pub timestamp: DateTime<Utc>,
    /// The path of its file, as the row has it.
    pub path: String,
    /// The size of its file, as the row has it.
    pub bytes: u64,
}

/// Frames that would have to go and stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Why they stay.
    pub obstacle: Obstacle,
    /// Their camera; `None` for frames of all cameras together.
    pub camera_id: Option<String>,
    /// How many.
    pub frames: u64,
    /// How many bytes they take.
    pub bytes: u64,
    /// The oldest, UTC.
    pub oldest: Option<DateTime<Utc>>,
    /// The newest, UTC.
    pub newest: Option<DateTime<Utc>>,
}

/// Frames and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Count {
    /// How many.
    pub frames: u64,
    /// How many bytes they took.
    pub bytes: u64,
}

/// What a clean-up did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Pruned {
    /// Frames that went.
    pub frames: u64,
    /// Bytes that they took, by their rows.
    pub bytes: u64,
    /// The same by reason.
    pub by_reason: BTreeMap<Reason, Count>,
    /// What would have to go and stays, by reason and camera.
    #[serde(serialize_with = "values")]
    pub kept: BTreeMap<(Obstacle, String), Kept>,
    /// Whether the pictures still take more than they may.
    pub is_over_budget: bool,
    /// Whether the disk still has less room than it should.
    pub is_below_floor: bool,
    /// Files that could not be removed, and why; their rows are gone, and they are tried again.
    pub failed: BTreeSet<String>,
    /// Whether it was broken off because no file could be removed any more.
    pub is_stuck: bool,
    /// The floor that is set, in bytes; without one room is only wanted for a picture.
    #[serde(skip)]
    pub floor: u64,
}

fn values<S: serde::Serializer>(
    kept: &BTreeMap<(Obstacle, String), Kept>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(kept.values())
}

impl Pruned {
    /// Whether all that was asked for is done.
    #[must_use]
    pub fn is_well(&self) -> bool {
        !self.is_over_budget && !self.is_below_floor && self.failed.is_empty() && !self.is_stuck
    }

    /// What stays although it would have to go, in words, one line each.
    #[must_use]
    pub fn obstacles_in_words(&self) -> Vec<String> {
        let words = |kept: &Kept| {
            let of = kept
                .camera_id
                .as_ref()
                .map_or(String::new(), |id| format!(" of {id}"));
            format!(
                "{} frames{of} stay: {}",
                kept.frames,
                in_words(kept.obstacle)
            )
        };
        self.kept.values().map(words).collect()
    }

    /// What is still lacking, in words, one line each.
    #[must_use]
    pub fn lacks_in_words(&self) -> Vec<&'static str> {
        let budget =
            "the pictures still take more than retention.max_size_gb, and nothing else may go";
        let floor = "the disk still has less room than retention.min_free_gb, and nothing else may go: free some, or release holds";
        let full = "the disk is full, and nothing else may go: free some, or release holds";
        let floor = if self.floor == 0 { full } else { floor };
        let stuck = "broken off: no file could be removed";
        [
            (self.is_over_budget, budget),
            (self.is_below_floor, floor),
            (self.is_stuck, stuck),
        ]
        .into_iter()
        .filter_map(|(is_so, words)| is_so.then_some(words))
        .collect()
    }

    pub(super) fn go(&mut self, reason: Reason, frame: &Candidate) -> Gone {
        let count = self.by_reason.entry(reason).or_default();
        count.frames += 1;
        count.bytes += frame.bytes;
        self.frames += 1;
        self.bytes += frame.bytes;
        Gone {
            reason,
            camera_id: frame.camera_id.clone(),
            timestamp: frame.at,
            path: frame.path.clone(),
            bytes: frame.bytes,
        }
    }

    pub(super) fn keep(&mut self, obstacle: Obstacle, frame: &Candidate) {
        let key = (obstacle, frame.camera_id.clone());
        let kept = self.kept.entry(key).or_insert_with(|| Kept {
            obstacle,
            camera_id: Some(frame.camera_id.clone()),
            frames: 0,
            bytes: 0,
            oldest: Some(frame.at),
            newest: None,
        });
        kept.frames += 1;
        kept.bytes += frame.bytes;
        kept.newest = Some(frame.at);
    }

    /// Frames that lack of room may not take.
    pub(super) fn keep_elsewhere(&mut self, frames: u64, bytes: u64) {
        if frames > 0 {
            let kept = Kept {
                obstacle: Obstacle::Elsewhere,
                camera_id: None,
                frames,
                bytes,
                oldest: None,
                newest: None,
            };
            self.kept.insert((Obstacle::Elsewhere, String::new()), kept);
        }
    }

    pub(super) fn lacks(&mut self, shortage: Shortage) {
        self.is_over_budget = shortage.budget > 0;
        self.is_below_floor = shortage.disk > 0;
    }

    /// Adds what a further round did; what stays and what is lacking is as that round found it.
    pub(super) fn then(mut self, next: Self) -> Self {
        for (reason, more) in &next.by_reason {
            let count = self.by_reason.entry(*reason).or_default();
            count.frames += more.frames;
            count.bytes += more.bytes;
        }
        self.failed.extend(next.failed);
        Self {
            frames: self.frames + next.frames,
            bytes: self.bytes + next.bytes,
            by_reason: self.by_reason,
            failed: self.failed,
            kept: next.kept,
            is_over_budget: next.is_over_budget,
            is_below_floor: next.is_below_floor,
            is_stuck: next.is_stuck,
            floor: next.floor,
        }
    }
}

fn in_words(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Hold => "they are on hold",
        Obstacle::ReferredTo => {
            "rows of other tables refer to them (retention.referenced_rows = \"keep\")"
        }
        Obstacle::Elsewhere => {
            "draywatch did not collect them, and they go by an explicit retention_days only"
        }
        Obstacle::OtherName => "their files have names that are not draywatch's",
    }
}
