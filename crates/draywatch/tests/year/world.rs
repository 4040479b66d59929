//! The truth: cameras and their frames, and what the portal shows of them when. Must not know who asks.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use draywatch_core::zone::{day_bounds, local_date};
use draywatch_core::{CameraId, Failure, Kind as FailureKind};

use crate::script::{Dice, Kind, Trouble};

pub const ZONE: Tz = chrono_tz::America::Los_Angeles;
pub type Time = DateTime<Utc>;
pub type Span = (Time, Time);

/// How far ahead of our clock a frame may be (`draywatch_core::zone`).
const FUTURE: TimeDelta = TimeDelta::minutes(5);

/// A frame as it came to be.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub instant: Time,
    pub appears: Time,
    pub date: NaiveDate,
    /// When the portal keeps it no longer.
    pub dropped: Time,
}

/// A camera with all its frames.
#[derive(Debug)]
pub struct Camera {
    pub id: CameraId,
    pub frames: Vec<Frame>,
}

/// Everything that is so, whoever looks.
#[derive(Debug)]
pub struct World {
    pub start: Time,
    pub end: Time,
    pub cameras: Vec<Camera>,
    pub troubles: Vec<(Kind, Span, i64)>,
    by_kind: BTreeMap<Kind, Vec<(Span, i64)>>,
    keep: u64,
    /// Whether days of the future, and those that are not kept, cannot be picked; else they are shown empty.
    closes_days: bool,
}

impl World {
    /// A world of so many days from `start` on, whose portal keeps `keep` days besides today.
    pub fn new(start: Time, days: i64, keep: u64, closes_days: bool, troubles: &[Trouble]) -> Self {
        let spans = |trouble: &Trouble| (trouble.kind, trouble.span(start), trouble.size);
        let mut world = Self {
            start,
            end: start + TimeDelta::days(days),
            cameras: Vec::new(),
            troubles: troubles.iter().map(spans).collect(),
            by_kind: BTreeMap::new(),
            keep,
            closes_days,
        };
        for (kind, span, size) in &world.troubles {
            let of_kind = world.by_kind.entry(*kind).or_default();
            of_kind.push((*span, *size));
        }
        world.troubles.sort_by_key(|trouble| trouble.1);
        for (number, name) in (0..).zip(["in_gate", "out_gate"]) {
            let id = CameraId::new(name).unwrap();
            let frames = world.frames(number);
            world.cameras.push(Camera { id, frames });
        }
        world
    }

    /// One camera counts from a grid, the other from its last frame; both drift.
    fn frames(&self, number: i64) -> Vec<Frame> {
        let mut dice = Dice(77 + number.unsigned_abs());
        let first = self.start - TimeDelta::days(i64::try_from(self.keep).unwrap() + 2);
        let (mut grid, mut last) = (number * 137_000, number * 137_000);
        let mut frames = Vec::new();
        let end = (self.end - first).num_milliseconds();
        while grid < end {
            let drift = (grid / 86_400_000 % 3 - 1) * 1500;
            grid += 600_000 + drift;
            last = if number == 0 {
                grid + dice.around(20_000)
            } else {
                last + 600_000 + drift + dice.around(20_000)
            };
            let is_skipped = dice.upto(100) < 3;
            let appears_after = 5 + dice.upto(36);
            let instant = first + TimeDelta::seconds(last / 1000);
            if is_skipped || self.is_offline(number, instant) {
                continue;
            }
            frames.push(self.frame(instant, appears_after));
        }
        frames
    }

    fn frame(&self, instant: Time, appears_after: i64) -> Frame {
        let date = local_date(instant, ZONE);
        Frame {
            instant,
            appears: instant + TimeDelta::seconds(appears_after),
            date,
            dropped: day_bounds(date + Days::new(self.keep), ZONE).1,
        }
    }

    /// How many days the portal keeps besides today.
    pub fn keep(&self) -> u64 {
        self.keep
    }

    pub fn is_offline(&self, number: i64, at: Time) -> bool {
        self.sizes(Kind::CameraOffline, at)
            .any(|size| size == number)
    }

    pub fn is(&self, kind: Kind, at: Time) -> bool {
        self.sizes(kind, at).next().is_some()
    }

    /// How bad each trouble of that kind is at that time.
    pub fn sizes(&self, kind: Kind, at: Time) -> impl Iterator<Item = i64> + '_ {
        let of_kind = self.by_kind.get(&kind).map_or(&[][..], Vec::as_slice);
        let going_on = move |(span, _): &&(Span, i64)| span.0 <= at && at < span.1;
        of_kind.iter().filter(going_on).map(|(_, size)| *size)
    }

    /// What the machine's clock shows.
    pub fn clock(&self, at: Time) -> Time {
        at + TimeDelta::seconds(self.sizes(Kind::ClockOff, at).sum())
    }

    /// The oldest day that the portal shows.
    pub fn oldest(&self, at: Time) -> NaiveDate {
        local_date(at, ZONE) - Days::new(self.keep)
    }

    /// What the portal lists of a camera's day.
    pub fn list(&self, camera: usize, date: NaiveDate, at: Time) -> Result<Vec<Time>, Failure> {
        let refuse = |kind, words: &str| Err(Failure::new(kind, words));
        if self.is(Kind::PortalDown, at) {
            return refuse(FailureKind::Transient, "the portal is down");
        }
        let is_open = (self.oldest(at)..=local_date(at, ZONE)).contains(&date);
        if self.closes_days && !is_open {
            return refuse(
                FailureKind::NotFound,
                "the calendar does not offer that day",
            );
        }
        let frames = &self.cameras[camera].frames;
        let (from, to) = day_bounds(date, ZONE);
        let first = frames.partition_point(|frame| frame.instant < from);
        let last = frames.partition_point(|frame| frame.instant < to);
        let shown = frames[first..last].iter();
        let shown = shown.filter(|frame| frame.appears <= at && at < frame.dropped);
        let shown: Vec<Time> = shown.map(|frame| frame.instant).collect();
        let newest = shown.iter().max();
        if newest.is_some_and(|newest| *newest > self.clock(at) + FUTURE) {
            return refuse(FailureKind::Contradiction, "a frame in the future");
        }
        Ok(shown)
    }

    /// The stretches in which everything worked that collecting needs.
    pub fn good(&self) -> Vec<Span> {
        let mut good = Vec::new();
        let mut from = self.start;
        let bad = self.troubles.iter();
        for (_, span, _) in bad.filter(|trouble| trouble.0.excuses()) {
            if span.0 > from {
                good.push((from, span.0));
            }
            from = from.max(span.1);
        }
        good.push((from, self.end));
        good
    }
}
