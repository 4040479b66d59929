//! Alerts: (instant, state so far, reasons of now) -> state and the messages to send. Raise, update, remind, resolve; never a
//! storm. Must not read a clock, send anything, or know how a reason is found out.
//!
//! - A thing (a reason's id) is *settled* bad after `raise_after` bad evaluations in a row, and settled good after
//!   `recover_after` good ones. What is not settled says nothing.
//! - An alert is one outage with everything it touches. While something that all cameras need is degraded, cameras belong
//!   to its alert; what goes bad within `settle` of what went bad before belongs to the same alert; neither says anything.
//!   But what is wrong with one camera alone (it is silent, its pictures lie, its job is stuck) is not why another one is: the
//!   second camera within `settle` is told as an update of that alert, and one that comes later is an alert of its own.
//! - An alert gives one [`Event::Raise`], one [`Event::Resolve`] when all of it is settled good, a [`Event::Remind`] after
//!   each day of silence, and an [`Event::Update`] when it becomes worse, when its cause shows, or when the cause has been
//!   over for `settle` and something is left.
//! - The promise: within any 24 hours one thing causes at most `raises_per_day` raises and updates, so one flapping
//!   camera gives at most `2 * raises_per_day + 2` messages ([`Policy::most_messages_per_day`]); all alerts of cameras
//!   alone together are raised at most [`CAMERAS_TOGETHER`] times as often. What is over that stays unsaid until the 24
//!   hours are over, and is said then if it still lasts.

mod rules;
mod subject;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use subject::Subject;

pub use crate::health::{Reason, Status};

/// The time between two reminders, and the stretch in which alerts are counted.
pub const DAY: TimeDelta = TimeDelta::hours(24);

/// How many times `raises_per_day` the alerts of cameras alone may be raised within a day, however many cameras there are.
pub const CAMERAS_TOGETHER: u32 = 4;

/// What the ids of cameras' reasons begin with.
pub const CAMERA: &str = "camera:";

/// What the ids of reasons begin with that tell what a camera's pictures are worth.
pub const PICTURE: &str = "picture:";

/// What the ids of reasons begin with that tell of the job that collects a camera.
pub const JOB: &str = "job:collect:";

/// When to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Bad evaluations in a row after which something counts as bad; at least 1.
    pub raise_after: u32,
    /// Good evaluations in a row after which something counts as good; at least 1.
    pub recover_after: u32,
    /// What is better than this is not spoken of.
    pub from: Status,
    /// Raises and updates that one thing may cause within 24 hours; at least 1.
    pub raises_per_day: u32,
    /// What goes bad within this time belongs together, and what is left of an outage for longer than this is told.
    pub settle: TimeDelta,
}

impl Policy {
    /// The most messages that one flapping thing gives within any 24 hours: each raise with its end, an end of what began
    /// before, and a reminder of it.
    #[must_use]
    pub fn most_messages_per_day(&self) -> u32 {
        self.raises_per_day.saturating_mul(2).saturating_add(2)
    }
}

/// What a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Something went wrong.
    Raise,
    /// It became worse, its cause is known now, or part of it is over.
    Update,
    /// It still lasts.
    Remind,
    /// It is over.
    Resolve,
}

/// One thing in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The reason's id.
    pub id: String,
    /// How well it is now.
    pub status: Status,
    /// What was found last, in words.
    pub message: String,
    /// When it went wrong.
    pub since: DateTime<Utc>,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The number of the alert: one outage, one number.
    pub alert: u64,
    /// What it tells.
    pub event: Event,
    /// The worst of what is wrong; at the end the worst that was told.
    pub status: Status,
    /// The instant of the evaluation.
    pub at: DateTime<Utc>,
    /// When the first of it went wrong.
    pub since: DateTime<Utc>,
    /// The ids of what it is about first of all: the cause.
    pub about: Vec<String>,
    /// What is wrong, the gravest first.
    pub wrong: Vec<Line>,
    /// What was wrong and is over.
    pub over: Vec<Line>,
    /// Whether its cause may say no more for the rest of 24 hours, but that it is over.
    pub is_last_for_now: bool,
}

/// An outage with what it touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Alert {
    number: u64,
    /// All that it touches; what has been well for `settle` leaves it.
    members: BTreeSet<String>,
    /// What was told to be the cause.
    head: BTreeSet<String>,
    /// Whether it was told that it is more than one camera's.
    #[serde(default = "was_common")]
    is_common: bool,
    /// The status that was told.
    told: Status,
    since: DateTime<Utc>,
    /// When something was added last.
    grown_at: DateTime<Utc>,
    /// When people last heard of it; `None` until it is raised.
    told_at: Option<DateTime<Utc>>,
    /// Since when it is better than was told.
    easing_since: Option<DateTime<Utc>>,
}

/// Of alerts that an older version wrote down all is told.
fn was_common() -> bool {
    true
}

/// Everything that is remembered from one evaluation to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    subjects: BTreeMap<String, Subject>,
    alerts: Vec<Alert>,
    /// When alerts of cameras alone were raised within the last day.
    camera_raises: Vec<DateTime<Utc>>,
    last_number: u64,
}

impl State {
    /// The state after one more evaluation at `now`, and what is to be sent, one message for each alert at most.
    #[must_use]
    pub fn evaluated(
        mut self,
        now: DateTime<Utc>,
        reasons: &[Reason],
        policy: &Policy,
    ) -> (Self, Vec<Message>) {
        let messages = self.step(now, reasons, policy);
        (self, messages)
    }

    /// How many alerts are open.
    #[must_use]
    pub fn open_alerts(&self) -> usize {
        self.alerts.len()
    }
}
