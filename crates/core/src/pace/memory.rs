//! What a camera's job remembers from tick to tick, so that its ticks follow the camera. Must not read a clock or a database.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Found, LEAST_STEP, Offset, Rhythm, STEP_AFTER_START, has_room, rhythm, second_look, share,
};

/// The share by which a newly measured delay moves the one that is remembered.
const SMOOTHING: i64 = 5;

/// What a tick is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The service starts, or takes up what it was kept from.
    Start,
    /// The plain interval: the camera has no rhythm that is known.
    Period,
    /// The camera's next frame should be there.
    Rhythm,
    /// The frame was not there yet at the last look.
    SecondLook,
}

impl Purpose {
    /// The name as it stands in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Period => "period",
            Self::Rhythm => "rhythm",
            Self::SecondLook => "second_look",
        }
    }

    /// The purpose of that name; what is unknown counts as the plain interval.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        [Self::Start, Self::Rhythm, Self::SecondLook]
            .into_iter()
            .find(|purpose| purpose.as_str() == name)
            .unwrap_or(Self::Period)
    }
}

/// What a camera's job remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The wait that was learned.
    offset: Option<Offset>,
    /// The frame that was not there at the first look, and when that was.
    look: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The frame that was not there at the last look that was spent on it: skipped, or much later than thought.
    doubt: Option<DateTime<Utc>>,
    /// How long after its instant a frame appears, in milliseconds, as far as two looks have narrowed it down.
    appears_after: Option<i64>,
    /// Whether the last listing came out of turn: the next frame is not to wait for an interval after it.
    is_out_of_turn: bool,
}

/// A tick that listed the camera's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When it was due.
    pub due: DateTime<Utc>,
    /// When the page was read, as near as is known.
    pub at: DateTime<Utc>,
    /// What it was for.
    pub purpose: Purpose,
}

/// The listings of late, for keeping within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// How many.
    pub listings: u32,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Memory {
    /// How long after its instant a frame appears on the portal, where looks have told.
    #[must_use]
    pub fn appears_after(&self) -> Option<TimeDelta> {
        self.appears_after.map(TimeDelta::milliseconds)
    }

    fn offset(&self, interval: TimeDelta) -> Offset {
        self.offset.unwrap_or_else(|| Offset::first(interval))
    }

    /// When the camera should be listed next, if its last listing began at `last`, and what for; `None` when only the plain
    /// interval is left.
    #[must_use]
    pub fn next(
        &self,
        frames: &[DateTime<Utc>],
        last: DateTime<Utc>,
        interval: TimeDelta,
    ) -> Option<(DateTime<Utc>, Purpose)> {
        // A listing that began since was the second look, and failed: that is for its own delays, not for a third.
        let waits = |first: DateTime<Utc>| last <= first && first - last < interval;
        if self.look.is_some_and(|(_, first)| waits(first)) {
            return Some((second_look(last, interval), Purpose::SecondLook));
        }
        let least = if self.is_out_of_turn {
            STEP_AFTER_START
        } else {
            LEAST_STEP
        };
        let least = TimeDelta::milliseconds(share(interval, least));
        let due = rhythm(frames)?.next_listing(last, self.offset(interval), least);
        Some((due, Purpose::Rhythm))
    }

    /// What is remembered after a tick. `frames` are the camera's newest, with those that the tick listed.
    #[must_use]
    pub fn after(
        mut self,
        look: &Look,
        frames: &[DateTime<Utc>],
        interval: TimeDelta,
        spent: &Spent,
    ) -> Self {
        self.is_out_of_turn = look.purpose == Purpose::Start;
        let Some(rhythm) = rhythm(frames) else {
            return Self {
                look: None,
                doubt: None,
                ..self
            };
        };
        let newest = frames.iter().max().copied();
        match (look.purpose, self.look) {
            (Purpose::SecondLook, Some((expected, first))) => {
                self.after_second(&rhythm, (expected, first), look.at, frames, interval)
            }
            (Purpose::Rhythm, _) => {
                let offset = self.offset(interval);
                let expected = rhythm.frame_of_listing(look.due, offset);
                let known = self.resolve_doubt(&rhythm, frames, interval);
                if rhythm.has_come(expected, newest) {
                    return known.learn(Found::AtOnce, interval);
                }
                let is_worth_it = has_room(spent.listings, spent.since, look.at, interval);
                Self {
                    look: is_worth_it.then_some((expected, look.at)),
                    doubt: (!is_worth_it).then_some(expected),
                    ..known
                }
            }
            _ => Self {
                look: None,
                ..self.resolve_doubt(&rhythm, frames, interval)
            },
        }
    }

    fn after_second(
        self,
        rhythm: &Rhythm,
        (expected, first): (DateTime<Utc>, DateTime<Utc>),
        at: DateTime<Utc>,
        frames: &[DateTime<Utc>],
        interval: TimeDelta,
    ) -> Self {
        let done = Self { look: None, ..self };
        let newest = frames.iter().max().copied();
        if !rhythm.has_come(expected, newest) {
            return Self {
                doubt: Some(expected),
                ..done
            };
        }
        let frame = newest.unwrap_or(expected);
        let after = ((first - frame) + (at - frame)).num_milliseconds() / 2;
        let known = done.appears_after.unwrap_or(after);
        Self {
            appears_after: Some((known + (after - known) / SMOOTHING).max(0)),
            ..done.learn(Found::Late, interval)
        }
    }

    /// Whether the frame that was missed last time has been after all.
    fn resolve_doubt(self, rhythm: &Rhythm, frames: &[DateTime<Utc>], interval: TimeDelta) -> Self {
        let was_late = self
            .doubt
            .is_some_and(|expected| rhythm.has_been(expected, frames));
        let known = Self {
            doubt: None,
            ..self
        };
        if was_late {
            known.learn(Found::MuchLater, interval)
        } else {
            known
        }
    }

    fn learn(self, found: Found, interval: TimeDelta) -> Self {
        Self {
            offset: Some(self.offset(interval).learn(found, interval)),
            ..self
        }
    }
}

/// How long frames took from their instant to their row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Lag {
    /// Frames that were looked at.
    pub frames: usize,
    /// Half of them took at most so many milliseconds.
    pub median_ms: i64,
    /// Nineteen of twenty took at most so many milliseconds.
    pub p95_ms: i64,
    /// As `median_ms`, counted from the frame's appearance on the portal, where that is known well enough.
    pub median_from_appearance_ms: Option<i64>,
}

/// The lag of frames, each with its instant and the moment at which its row was committed; `None` without frames.
#[must_use]
pub fn lag(
    frames: &[(DateTime<Utc>, DateTime<Utc>)],
    appears_after: Option<TimeDelta>,
) -> Option<Lag> {
    let mut lags: Vec<i64> = frames
        .iter()
        .map(|(instant, committed)| (*committed - *instant).num_milliseconds())
        .collect();
    lags.sort_unstable();
    let median = *lags.get(lags.len().checked_sub(1)? / 2)?;
    Some(Lag {
        frames: lags.len(),
        median_ms: median,
        p95_ms: lags[(lags.len() - 1) * 19 / 20],
        median_from_appearance_ms: appears_after
            .map(|after| (median - after.num_milliseconds()).max(0)),
    })
}
