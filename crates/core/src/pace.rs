//! A camera's own rhythm: its frames -> period and phase, and when the next listing is worth its while. Must not read a clock
//! or a database.

mod memory;

use chrono::{DateTime, TimeDelta, Utc};

use serde::{Deserialize, Serialize};

pub use memory::{Lag, Look, Memory, Purpose, Spent, lag};

/// Fewer steps from frame to frame than this say nothing of a rhythm.
const FEWEST: usize = 5;
/// So many of the newest frames are looked at: a drift may change over the day.
const MOST: usize = 36;
/// Steps may scatter around the period by this share of it; beyond, there is no rhythm to follow.
const SCATTER: f64 = 0.2;
/// Before anything is known, a frame is expected to appear after this share of the interval.
const FIRST_OFFSET: f64 = 0.06;
/// The share of the interval by which the offset shrinks after a tick that found its frame at once.
const SHRINK: f64 = 0.0025;
/// After a tick that came too early it grows by so many times as much: it comes to rest where one of eleven is early.
const GROW: f64 = 10.0;
/// A tick that came too early is followed by a second one after this share of the interval.
const SECOND_LOOK: f64 = 0.06;
/// Frames may appear this share of the interval after their instant; later ones are found by the tick of the next one.
const MOST_OFFSET: f64 = 0.9;
/// The next frame may be looked for this share of the interval after the last listing.
const LEAST_STEP: f64 = 0.8;
/// After one that came out of turn (at a start, after an outage) it may be looked for so much sooner.
const STEP_AFTER_START: f64 = 0.2;

/// The rhythm of a camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rhythm {
    /// From frame to frame.
    pub period: TimeDelta,
    /// A moment at which a frame was due, near the newest.
    pub anchor: DateTime<Utc>,
    /// How far frames scatter around it (mean absolute deviation).
    pub scatter: TimeDelta,
}

/// How long after a frame's expected instant a listing begins, learned from what listings found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// The wait in milliseconds.
    pub milliseconds: i64,
}

/// What a tick that follows the rhythm found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The frame that it was placed for, at once.
    AtOnce,
    /// That frame, but only at the second look.
    Late,
    /// Not that frame: the camera may have skipped it.
    Nothing,
    /// Not that frame, and a later listing showed that there was one: it appeared long after the tick.
    MuchLater,
}

impl Offset {
    /// The offset before anything was learned.
    #[must_use]
    pub fn first(interval: TimeDelta) -> Self {
        Self {
            milliseconds: share(interval, FIRST_OFFSET),
        }
    }

    /// The offset after a tick.
    #[must_use]
    pub fn learn(self, found: Found, interval: TimeDelta) -> Self {
        let step = share(interval, SHRINK);
        let milliseconds = match found {
            Found::AtOnce => self.milliseconds - step,
            Found::Late => self.milliseconds + times(step, GROW),
            Found::Nothing => self.milliseconds,
            Found::MuchLater => self.milliseconds + share(interval, SECOND_LOOK),
        };
        let most = share(interval, MOST_OFFSET);
        Self {
            milliseconds: milliseconds.clamp(0, most),
        }
    }

    fn delta(self) -> TimeDelta {
        TimeDelta::milliseconds(self.milliseconds)
    }
}

/// Learns the rhythm from the instants of a camera's newest frames, in any order; `None` when there is none to follow.
#[must_use]
pub fn rhythm(frames: &[DateTime<Utc>]) -> Option<Rhythm> {
    let mut frames = frames.to_vec();
    frames.sort_unstable();
    frames.dedup();
    let frames = &frames[frames.len().saturating_sub(MOST)..];
    let mut steps: Vec<i64> = frames
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).num_milliseconds())
        .collect();
    if steps.len() < FEWEST {
        return None;
    }
    steps.sort_unstable();
    let rough = steps[steps.len() / 2];
    // Half a second is no camera's rhythm; what is shorter than that are copies of one frame.
    if rough < 500 {
        return None;
    }
    let points = numbered(frames, rough);
    // Around a line, or from one frame to the next: whichever would have foretold the newest frames better.
    let (around, stepwise) = foretold(&points, rough);
    let line = fit(&points)?;
    let best = if stepwise < around {
        Rhythm {
            period: TimeDelta::milliseconds(rough),
            anchor: frames[frames.len() - 1],
            scatter: TimeDelta::milliseconds(round(stepwise)),
        }
    } else {
        Rhythm {
            period: TimeDelta::milliseconds(round(line.slope)),
            anchor: frames[0] + TimeDelta::milliseconds(round(line.at(line.last))),
            scatter: TimeDelta::milliseconds(round(around)),
        }
    };
    let most = round(SCATTER * as_f64(rough));
    let is_sound = best.scatter.num_milliseconds() <= most && best.period > TimeDelta::zero();
    is_sound.then_some(best)
}

/// How far off either way of foretelling was, in the mean, for each of the newer frames from those before it.
fn foretold(points: &[(f64, f64)], period: i64) -> (f64, f64) {
    let first = FEWEST.max(points.len() / 2);
    let (mut around, mut stepwise) = (0.0, 0.0);
    for at in first..points.len() {
        let (number, time) = points[at];
        let before = points[at - 1];
        let steps = number - before.0;
        stepwise += (time - before.1 - steps * as_f64(period)).abs();
        around += fit(&points[..at]).map_or(as_f64(period), |line| (time - line.at(number)).abs());
    }
    let count = as_f64(i64::try_from(points.len() - first).unwrap_or(1).max(1));
    (around / count, stepwise / count)
}

/// Each frame's number in the rhythm, gaps counted, and its time after the first in milliseconds.
fn numbered(frames: &[DateTime<Utc>], period: i64) -> Vec<(f64, f64)> {
    let mut number = 0;
    let mut points = vec![(0.0, 0.0)];
    for pair in frames.windows(2) {
        let step = (pair[1] - pair[0]).num_milliseconds();
        number += ((step + period / 2) / period).max(1);
        let after = (pair[1] - frames[0]).num_milliseconds();
        points.push((as_f64(number), as_f64(after)));
    }
    points
}

/// A straight line through points, by least squares.
struct Line {
    slope: f64,
    base: f64,
    /// The last point's number.
    last: f64,
}

impl Line {
    fn at(&self, number: f64) -> f64 {
        self.base + self.slope * number
    }
}

fn fit(points: &[(f64, f64)]) -> Option<Line> {
    let count = as_f64(i64::try_from(points.len()).ok()?);
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if spread <= 0.0 {
        return None;
    }
    let slope = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum::<f64>()
        / spread;
    Some(Line {
        slope,
        base: y - slope * x,
        last: points.last()?.0,
    })
}

impl Rhythm {
    /// The expected instant of the first frame that is not before `after`.
    #[must_use]
    pub fn next_frame(&self, after: DateTime<Utc>) -> DateTime<Utc> {
        let period = self.period.num_milliseconds().max(1);
        let since = (after - self.anchor).num_milliseconds();
        let steps = since.div_euclid(period) + i64::from(since.rem_euclid(period) > 0);
        self.anchor + TimeDelta::milliseconds(steps * period)
    }

    /// The expected instant of the frame that is nearest to `instant`.
    #[must_use]
    pub fn nearest_frame(&self, instant: DateTime<Utc>) -> DateTime<Utc> {
        self.next_frame(instant - self.period / 2)
    }

    /// When the next listing should begin, if the last one began at `last`: shortly after a frame that the last one cannot have
    /// seen, and not sooner than `least` after it.
    #[must_use]
    pub fn next_listing(
        &self,
        last: DateTime<Utc>,
        offset: Offset,
        least: TimeDelta,
    ) -> DateTime<Utc> {
        let soonest = last + least;
        self.next_frame(soonest - offset.delta()) + offset.delta()
    }

    /// The expected instant of the frame that a listing which begins at `due` was placed for.
    #[must_use]
    pub fn frame_of_listing(&self, due: DateTime<Utc>, offset: Offset) -> DateTime<Utc> {
        self.nearest_frame(due - offset.delta())
    }

    /// Whether one of `frames` is the one expected at `expected`.
    #[must_use]
    pub fn has_been(&self, expected: DateTime<Utc>, frames: &[DateTime<Utc>]) -> bool {
        frames
            .iter()
            .any(|frame| (*frame - expected).abs() < self.period / 2)
    }

    /// Whether a listing whose newest frame is `newest` has seen the frame expected at `expected`, or a later one.
    #[must_use]
    pub fn has_come(&self, expected: DateTime<Utc>, newest: Option<DateTime<Utc>>) -> bool {
        newest.is_some_and(|newest| newest > expected - self.period / 2)
    }
}

/// When a tick that came too early looks again.
#[must_use]
pub fn second_look(after: DateTime<Utc>, interval: TimeDelta) -> DateTime<Utc> {
    after + TimeDelta::milliseconds(share(interval, SECOND_LOOK))
}

/// Whether so many listings since `since` leave room for one more that no frame is due for: the portal is to see at most 1.2
/// per interval in the mean, of which some are kept for past days and for starts.
#[must_use]
pub fn has_room(
    listings: u32,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    interval: TimeDelta,
) -> bool {
    let intervals =
        as_f64((now - since).num_milliseconds()) / as_f64(interval.num_milliseconds().max(1));
    f64::from(listings) < intervals * 1.15 + 1.0
}

fn share(interval: TimeDelta, share: f64) -> i64 {
    times(interval.num_milliseconds(), share)
}

fn times(number: i64, factor: f64) -> i64 {
    round(as_f64(number) * factor)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of days and years fit a double exactly"
)]
fn as_f64(number: i64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float stops at the bounds of the integer"
)]
fn round(number: f64) -> i64 {
    number.round() as i64
}

#[cfg(test)]
#[path = "pace/tests.rs"]
mod tests;
