//! What may go and what must stay, frame by frame: age, size budget, a floor of free disk, holds. Must not remove anything.
//!
//! Frames are judged one after the other, oldest first, so that millions of them take no memory; what a rehearsal says and
//! what a removal does come from the same judgements.

#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::camera::CameraId;
use crate::frame;

/// A stretch of time of which nothing is removed, of one camera or of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldSpan {
    /// The camera; `None` for all.
    pub camera: Option<CameraId>,
    /// The first instant that is held, UTC.
    pub from: DateTime<Utc>,
    /// The first instant after it that is not.
    pub to: DateTime<Utc>,
}

impl HoldSpan {
    /// Whether it holds a frame of that camera and instant.
    #[must_use]
    pub fn covers(&self, camera: &str, at: DateTime<Utc>) -> bool {
        let is_of = self
            .camera
            .as_ref()
            .is_none_or(|own| own.as_str() == camera);
        is_of && self.from <= at && at < self.to
    }
}

/// Who brought a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// draywatch collected it from the portal.
    Collected,
    /// It was adopted, or another program wrote its row: it goes by an explicit age only.
    Elsewhere,
}

/// A frame that is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// `images.id`.
    pub id: i64,
    /// Its camera, as written.
    pub camera_id: String,
    /// When it was taken, UTC.
    pub at: DateTime<Utc>,
    /// The path of its file, as written.
    pub path: String,
    /// The size of its file.
    pub bytes: u64,
    /// Who brought it.
    pub origin: Origin,
    /// Whether its file is known to be gone, so that removing it frees nothing.
    pub is_lost: bool,
    /// Whether a row of another table refers to it.
    pub is_referred_to: bool,
}

impl Candidate {
    fn size(&self) -> u64 {
        if self.is_lost { 0 } else { self.bytes }
    }
}

/// Why a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is older than pictures are kept.
    Age,
    /// The pictures take more than they may.
    Budget,
    /// The disk has less room than it should.
    Disk,
}

impl Reason {
    /// The name as it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Budget => "budget",
            Self::Disk => "disk",
        }
    }
}

/// Why a frame stays that would have to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// It is on hold.
    Hold,
    /// A row of another table refers to it, and such rows are kept.
    ReferredTo,
    /// It was not collected by draywatch, and only lack of room asks for it.
    Elsewhere,
    /// Its file has a name that is not draywatch's, and such files are never touched.
    OtherName,
}

impl Obstacle {
    /// The name as it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::ReferredTo => "referred_to",
            Self::Elsewhere => "elsewhere",
            Self::OtherName => "other_name",
        }
    }
}

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes.
    Goes(Reason),
    /// It would have to go, and stays.
    Stays(Obstacle),
    /// Nothing asks for it.
    NotDue,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Frames taken before this instant are too old.
    pub taken_before: Option<DateTime<Utc>>,
    /// The pictures may take so many bytes.
    pub budget: Option<u64>,
    /// The disk shall have so many bytes free.
    pub floor: u64,
    /// Whether frames stay that rows of other tables refer to.
    pub keeps_referred: bool,
}

/// The instant before which a frame is too old; `None` where nothing can be.
#[must_use]
pub fn too_old(now: DateTime<Utc>, days: u32) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(TimeDelta::days(days.into()))
}

/// What is still asked for when all frames were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shortage {
    /// Bytes above the budget.
    pub budget: u64,
    /// Bytes that the disk lacks.
    pub disk: u64,
}

impl Shortage {
    /// Whether nothing is lacking.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// The judge of one clean-up. Frames must come oldest first.
#[derive(Debug)]
pub struct Judge<'a> {
    policy: Policy,
    holds: &'a [HoldSpan],
    free: u64,
    used: u64,
}

impl<'a> Judge<'a> {
    /// A judge for a disk with `free` bytes, of which the pictures take `used`.
    #[must_use]
    pub fn new(policy: Policy, holds: &'a [HoldSpan], free: u64, used: u64) -> Self {
        Self {
            policy,
            holds,
            free,
            used,
        }
    }

    /// What is still asked for.
    #[must_use]
    pub fn shortage(&self) -> Shortage {
        Shortage {
            budget: self
                .policy
                .budget
                .map_or(0, |most| self.used.saturating_sub(most)),
            disk: self.policy.floor.saturating_sub(self.free),
        }
    }

    /// What becomes of the next frame. One that goes counts as gone from now on.
    pub fn judge(&mut self, frame: &Candidate) -> Verdict {
        let is_old = self
            .policy
            .taken_before
            .is_some_and(|limit| frame.at < limit);
        let shortage = self.shortage();
        let reason = match shortage {
            _ if is_old => Reason::Age,
            // What frees nothing is no help.
            _ if shortage.is_none() || frame.size() == 0 => return Verdict::NotDue,
            Shortage { budget: 1.., .. } => Reason::Budget,
            _ => Reason::Disk,
        };
        if let Some(obstacle) = self.obstacle(frame, reason) {
            return Verdict::Stays(obstacle);
        }
        self.used = self.used.saturating_sub(frame.size());
        self.free = self.free.saturating_add(frame.size());
        Verdict::Goes(reason)
    }

    fn obstacle(&self, frame: &Candidate, reason: Reason) -> Option<Obstacle> {
        let is_held = || {
            self.holds
                .iter()
                .any(|hold| hold.covers(&frame.camera_id, frame.at))
        };
        if reason != Reason::Age && frame.origin == Origin::Elsewhere {
            Some(Obstacle::Elsewhere)
        } else if is_held() {
            Some(Obstacle::Hold)
        } else if self.policy.keeps_referred && frame.is_referred_to {
            Some(Obstacle::ReferredTo)
        } else if frame::place_of(&frame.path).is_none() {
            Some(Obstacle::OtherName)
        } else {
            None
        }
    }
}
