//! What the settings say about keeping pictures, as the rule of a moment. Must not remove anything.

use chrono::{DateTime, Utc};
use draywatch_core::retention::{Policy, too_old};

use super::MaintainError;
use crate::config::{ReferencedRows, Retention, RetentionConfig};
use crate::store::Store;

/// Bytes of a gigabyte in the settings.
const GIGABYTE: f64 = 1e9;
/// What the settings say about keeping pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Keep {
    /// How long.
    pub age: Retention,
    /// How much room, and what stays all the same.
    pub room: RetentionConfig,
}

impl Keep {
    /// Whether anything may go for want of room. Who set neither a floor nor a budget has not said so, and a disk that another
    /// program has filled must not cost the archive.
    #[must_use]
    pub fn may_yield(&self) -> bool {
        self.room.min_free_gb.is_some() || self.room.max_size_gb.is_some()
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
    let floor = keep.room.min_free_gb.map_or(0, bytes);
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
        Retention::Forever => None,
        Retention::Days(days) => too_old(now, days),
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
