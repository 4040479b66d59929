//! What the settings say about keeping pictures, as the rule of a moment. Must not remove anything.

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::retention::{Policy, too_old};

use super::MaintainError;
use crate::config::{ReferencedRows, Retention, RetentionConfig};
use crate::store::Store;

/// Bytes of a gigabyte in the settings.
const GIGABYTE: f64 = 1e9;
/// So long after the newest frame a clock is believed. A portal may be away for days.
const BORNE_OUT: TimeDelta = TimeDelta::days(2);

/// What the settings say about keeping pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Keep {
    /// How long.
    pub age: Retention,
    /// How much room, and what stays all the same.
    pub room: RetentionConfig,
    /// The newest frame that is known, where the clock is to be borne out by it: one that is far ahead must not make the whole
    /// archive too old. `None` trusts the clock.
    pub newest: Option<DateTime<Utc>>,
}

impl Keep {
    /// Whether anything may go for want of room. Who set neither a floor nor a budget has not said so, and a disk that another
    /// program has filled must not cost the archive.
    #[must_use]
    pub fn may_yield(&self) -> bool {
        self.room.min_free_gb.is_some() || self.room.max_size_gb.is_some()
    }

    /// The free bytes that are asked for.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.room.min_free_gb.map_or(0, bytes)
    }

    /// The instant from which age is counted: `now`, but not much later than the newest frame.
    #[must_use]
    pub fn age_counts_from(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.newest
            .map_or(now, |newest| now.min(newest + BORNE_OUT))
    }
}

/// What asks for a clean-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The time has come: all rules count.
    Routine,
    /// The disk lacks room; besides the floor, so many bytes more than now are to be free. The budget does not count.
    Room(u64),
}

/// The rule of this moment.
///
/// # Errors
/// When the floor is higher than the disk.
pub(super) fn policy(
    store: &Store,
    now: DateTime<Utc>,
    keep: &Keep,
    cause: Cause,
    (free, total): (u64, u64),
) -> Result<Policy, MaintainError> {
    let floor = keep.floor();
    if floor > total {
        let path = store.archive.root().to_owned();
        return Err(MaintainError::FloorTooHigh { path, floor, total });
    }
    let (budget, floor) = match cause {
        Cause::Routine => (keep.room.max_size_gb.map(bytes), floor),
        Cause::Room(_) if !keep.may_yield() => (None, 0),
        Cause::Room(more) => (None, floor.max(free.saturating_add(more).min(total))),
    };
    let taken_before = match keep.age {
        // A disk below the floor is a matter of room alone: age can wait for the clean-up.
        Retention::Days(_) if cause == Cause::Room(0) => None,
        Retention::Days(days) => too_old(keep.age_counts_from(now), days),
        Retention::Forever => None,
    };
    Ok(Policy {
        taken_before,
        budget,
        floor,
        keeps_referred: keep.room.referenced_rows == ReferencedRows::Keep,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the settings allow no negative numbers, and what is too large saturates"
)]
fn bytes(gigabytes: f64) -> u64 {
    (gigabytes * GIGABYTE) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_ahead_of_the_newest_frame_makes_nothing_too_old() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let mut keep = Keep {
            age: Retention::Days(30),
            room: crate::config::Config::default().retention,
            newest: Some(at("2025-09-07T12:00:00Z")),
        };
        let soon = at("2025-09-09T12:00:00Z");
        assert_eq!(keep.age_counts_from(soon), soon);
        // A year ahead, age is counted from two days after the newest frame.
        assert_eq!(keep.age_counts_from(at("2026-09-07T12:00:00Z")), soon);
        // Behind, it is the clock's.
        let before = at("2025-08-01T00:00:00Z");
        assert_eq!(keep.age_counts_from(before), before);
        keep.newest = None;
        let ahead = at("2026-09-07T12:00:00Z");
        assert_eq!(keep.age_counts_from(ahead), ahead);
    }
}
