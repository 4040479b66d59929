//! Zones: how the times in picture addresses are read, and which stretch of time a portal day is. Must not read a clock.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::address::AddressTime;

/// How far ahead of our clock a frame may be before it counts as "in the future": clocks differ a little.
pub const FUTURE_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// How old the newest live frame may be to be taken as evidence that it is fresh: two slots and a bit.
pub const FRESH: TimeDelta = TimeDelta::minutes(30);

/// In which zone the times of picture addresses are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageTime {
    /// UTC.
    Utc,
    /// The terminal's local time.
    Local,
}

impl ImageTime {
    /// The name as it stands in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utc => "utc",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for ImageTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ImageTime {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "utc" => Ok(Self::Utc),
            "local" => Ok(Self::Local),
            _ => Err(()),
        }
    }
}

/// The setting `portal.image_time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageTimeSetting {
    /// Decide from the newest live frame against the clock.
    #[default]
    Auto,
    /// Times in addresses are UTC.
    Utc,
    /// Times in addresses are the terminal's local time.
    Local,
}

/// Which of two passes of a local hour that comes twice (the day on which clocks go back).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// The first pass, in summer time.
    #[default]
    First,
    /// The second pass, in winter time.
    Second,
}

/// Why the zone of addresses is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// Neither reading of the newest frame is compelling.
    #[error(
        "cannot tell whether the times in picture addresses are UTC or {zone}: the newest picture says {newest}, \
         the clock {now} UTC; set portal.image_time to \"utc\" or \"local\", or try again when the camera is live"
    )]
    Undecided {
        /// The newest address time.
        newest: String,
        /// Our clock.
        now: DateTime<Utc>,
        /// The terminal's zone.
        zone: Tz,
    },
    /// No live or listed picture at all to decide from.
    #[error(
        "cannot tell whether the times in picture addresses are UTC or {zone}, since the page shows no recent picture; \
         set portal.image_time to \"utc\" or \"local\", or try again when the camera is live"
    )]
    NoEvidence {
        /// The terminal's zone.
        zone: Tz,
    },
    /// What was recorded or set does not fit what the portal shows.
    #[error(
        "picture addresses contradict image_time = {reading}: {address} would be {instant}, the clock says {now} UTC{hint}; \
         nothing was stored. Check the machine's clock, portal.time_zone and portal.image_time"
    )]
    Contradiction {
        /// The reading in force.
        reading: ImageTime,
        /// The address time.
        address: String,
        /// What it would be.
        instant: String,
        /// Our clock.
        now: DateTime<Utc>,
        /// More words, or none.
        hint: String,
    },
}

/// The stretch of time `[start, end)` that is calendar day `date` in `zone`: 23, 24 or 25 hours.
#[must_use]
pub fn day_bounds(date: NaiveDate, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
    let next = date.succ_opt().unwrap_or(date);
    (start_of_day(date, zone), start_of_day(next, zone))
}

/// The first instant of a local day; where midnight does not exist, the first instant after it that does.
fn start_of_day(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let mut local = date.and_time(NaiveTime::MIN);
    loop {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => {
                return instant.to_utc();
            }
            LocalResult::None => local += TimeDelta::minutes(15),
        }
    }
}

/// The calendar day of `instant` in `zone`.
#[must_use]
pub fn local_date(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
}

/// The instant of an address time; `None` when that local time does not exist (the hour that clocks skip).
#[must_use]
pub fn resolve(
    time: AddressTime,
    reading: ImageTime,
    zone: Tz,
    fold: Fold,
) -> Option<DateTime<Utc>> {
    match (time, reading) {
        (AddressTime::Absolute(instant), _) => Some(instant),
        (AddressTime::Naive(naive), ImageTime::Utc) => Some(naive.and_utc()),
        (AddressTime::Naive(naive), ImageTime::Local) => match zone.from_local_datetime(&naive) {
            LocalResult::Single(instant) => Some(instant.to_utc()),
            LocalResult::Ambiguous(first, second) => {
                Some(if fold == Fold::First { first } else { second }.to_utc())
            }
            LocalResult::None => None,
        },
    }
}

/// Whether a local time comes twice.
#[must_use]
pub fn is_ambiguous(naive: NaiveDateTime, zone: Tz) -> bool {
    matches!(zone.from_local_datetime(&naive), LocalResult::Ambiguous(..))
}

/// Which pass each of a sequence of naive local times belongs to, told by the order in which the portal lists them.
///
/// `times` are in the portal's order, rising or falling. Where a rising list of times steps back (or a falling one forward)
/// among times that come twice, the second pass begins (or ends). Where the order tells nothing, the first pass
/// is assumed: the frame is kept all the same, only its hour is a convention.
#[must_use]
pub fn folds(times: &[AddressTime], zone: Tz) -> Vec<Fold> {
    let naive: Vec<Option<NaiveDateTime>> = times.iter().map(AddressTime::naive).collect();
    let rising = is_rising(&naive);
    let mut folds = vec![Fold::First; times.len()];
    let order: Vec<usize> = if rising {
        (0..times.len()).collect()
    } else {
        (0..times.len()).rev().collect()
    };
    let mut last: Option<NaiveDateTime> = None;
    let mut second_pass = false;
    for at in order {
        let Some(time) = naive[at].filter(|time| is_ambiguous(*time, zone)) else {
            continue;
        };
        second_pass |= last.is_some_and(|last| time < last);
        if second_pass {
            folds[at] = Fold::Second;
        }
        last = Some(time);
    }
    folds
}

/// Whether the order of a list (as for [`folds`]) leaves no doubt about the passes of a doubled hour: either no time comes
/// twice, or the list runs one way but for a single step back among the times that do.
#[must_use]
pub fn passes_are_clear(times: &[AddressTime], zone: Tz) -> bool {
    let naive: Vec<Option<NaiveDateTime>> = times.iter().map(AddressTime::naive).collect();
    let mut known: Vec<NaiveDateTime> = naive.iter().flatten().copied().collect();
    if !known.iter().any(|time| is_ambiguous(*time, zone)) {
        return true;
    }
    if !is_rising(&naive) {
        known.reverse();
    }
    let mut back = known.windows(2).filter(|pair| pair[1] < pair[0]);
    let is_change = |pair: &[NaiveDateTime]| pair.iter().all(|time| is_ambiguous(*time, zone));
    back.next().is_some_and(is_change) && back.next().is_none()
}

/// Whether a list is mostly rising, judged by its neighbours.
fn is_rising(times: &[Option<NaiveDateTime>]) -> bool {
    let known: Vec<NaiveDateTime> = times.iter().flatten().copied().collect();
    let (up, down) =
        known
            .windows(2)
            .fold((0, 0), |(up, down), pair| match pair[0].cmp(&pair[1]) {
                std::cmp::Ordering::Less => (up + 1, down),
                std::cmp::Ordering::Greater => (up, down + 1),
                std::cmp::Ordering::Equal => (up, down),
            });
    up >= down
}

/// What is known when the zone of addresses is decided.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The newest address time that the page shows for the camera.
    pub newest: Option<AddressTime>,
    /// The newest one that it shows for any camera: where this camera stands still, another one may tell how addresses are read.
    pub newest_of_any: Option<AddressTime>,
    /// Whether that very frame was seen at an earlier collection (a camera that stands still says nothing new).
    pub newest_is_known: bool,
    /// Our clock.
    pub now: DateTime<Utc>,
    /// The terminal's zone.
    pub zone: Tz,
}

/// Decides how addresses are read: by the setting; else by what was recorded, if it fits; else from the evidence.
///
/// # Errors
/// [`ZoneError`] when it cannot be told, or when a frame would lie in the future, or when the recorded reading makes the newest frame
/// hours old while the other one makes it fresh.
pub fn decide(
    setting: ImageTimeSetting,
    recorded: Option<ImageTime>,
    evidence: &Evidence,
) -> Result<ImageTime, ZoneError> {
    let fixed = match setting {
        ImageTimeSetting::Auto => recorded,
        ImageTimeSetting::Utc => Some(ImageTime::Utc),
        ImageTimeSetting::Local => Some(ImageTime::Local),
    };
    let Some(reading) = fixed else {
        return first_decision(evidence);
    };
    let Some(newest) = evidence.newest else {
        return Ok(reading);
    };
    let (utc, local) = both_readings(newest, evidence.zone);
    let instant = if reading == ImageTime::Utc {
        utc
    } else {
        local
    };
    future_check(reading, newest, instant, evidence)?;
    if setting == ImageTimeSetting::Auto {
        stale_check(reading, newest, utc, local, evidence)?;
    }
    Ok(reading)
}

/// What an address time is, read as UTC and as local time.
fn both_readings(time: AddressTime, zone: Tz) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    (
        resolve(time, ImageTime::Utc, zone, Fold::First),
        resolve(time, ImageTime::Local, zone, Fold::First),
    )
}

/// The first decision: by the camera's own newest frame, or where that one tells nothing, by the newest of any camera, since all
/// addresses of a portal are made alike.
fn first_decision(evidence: &Evidence) -> Result<ImageTime, ZoneError> {
    let own = match evidence.newest {
        Some(newest) => from_newest(newest, evidence),
        None => Err(ZoneError::NoEvidence {
            zone: evidence.zone,
        }),
    };
    match (own, evidence.newest_of_any) {
        (
            Err(ZoneError::Undecided { .. } | ZoneError::NoEvidence { .. }),
            Some(any @ AddressTime::Naive(_)),
        ) => from_newest(any, evidence),
        (own, _) => own,
    }
}

/// One reading must make the newest frame fresh, and the other must not.
fn from_newest(newest: AddressTime, evidence: &Evidence) -> Result<ImageTime, ZoneError> {
    if let AddressTime::Absolute(instant) = newest {
        return future_check(ImageTime::Utc, newest, Some(instant), evidence)
            .map(|()| ImageTime::Utc);
    }
    let (utc, local) = both_readings(newest, evidence.zone);
    let fresh = |instant: Option<DateTime<Utc>>| {
        instant.is_some_and(|t| t <= evidence.now + FUTURE_TOLERANCE && evidence.now - t <= FRESH)
    };
    let future = |instant: Option<DateTime<Utc>>| {
        instant.is_none_or(|t| t > evidence.now + FUTURE_TOLERANCE)
    };
    match (fresh(utc), fresh(local)) {
        (true, false) => return Ok(ImageTime::Utc),
        (false, true) => return Ok(ImageTime::Local),
        _ => {}
    }
    match (future(utc), future(local)) {
        (true, true) => {
            future_check(ImageTime::Utc, newest, utc.min(local), evidence).map(|()| ImageTime::Utc)
        }
        (false, true) => Ok(ImageTime::Utc),
        (true, false) => Ok(ImageTime::Local),
        (false, false) => Err(ZoneError::Undecided {
            newest: newest.to_string(),
            now: evidence.now,
            zone: evidence.zone,
        }),
    }
}

/// A frame in the future, or at a time that does not exist, contradicts any reading.
fn future_check(
    reading: ImageTime,
    time: AddressTime,
    instant: Option<DateTime<Utc>>,
    evidence: &Evidence,
) -> Result<(), ZoneError> {
    if instant.is_some_and(|t| t <= evidence.now + FUTURE_TOLERANCE) {
        return Ok(());
    }
    let instant = instant.map_or_else(
        || format!("a time that does not exist in {}", evidence.zone),
        |t| format!("{t}, in the future"),
    );
    Err(ZoneError::Contradiction {
        reading,
        address: time.to_string(),
        instant,
        now: evidence.now,
        hint: String::new(),
    })
}

/// A recorded reading is doubted when the newest frame, not seen before, is hours old by it and fresh by the other one.
fn stale_check(
    reading: ImageTime,
    newest: AddressTime,
    utc: Option<DateTime<Utc>>,
    local: Option<DateTime<Utc>>,
    evidence: &Evidence,
) -> Result<(), ZoneError> {
    let (Some(utc), Some(local)) = (utc, local) else {
        return Ok(());
    };
    let (mine, other) = if reading == ImageTime::Utc {
        (utc, local)
    } else {
        (local, utc)
    };
    let age = evidence.now - mine;
    let other_age = evidence.now - other;
    let doubted = age > FRESH && other_age >= -FUTURE_TOLERANCE && other_age <= FRESH;
    if !doubted || evidence.newest_is_known {
        return Ok(());
    }
    Err(ZoneError::Contradiction {
        reading,
        address: newest.to_string(),
        instant: format!("{mine}, {} minutes old", age.num_minutes()),
        now: evidence.now,
        hint: format!(
            "; read the other way it would be {} minutes old",
            other_age.num_minutes()
        ),
    })
}

#[cfg(test)]
mod tests;
