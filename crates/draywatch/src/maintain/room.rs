//! What a service asks for by itself: room on a full disk, and the periodic clean-up. Must not schedule, log or print.

use std::time::Duration;

use draywatch_archive::{ArchiveError, PruneLock};
use draywatch_core::Clock;
use serde::Serialize;
use tokio::time::Instant;

use super::keep::{Cause, Keep};
use super::prune::{self, Mode};
use super::{MaintainError, Pruned, Watch};
use crate::store::Store;

/// Bytes that are freed at most when a write failed for lack of room, whatever the floor says.
const ROOM_TO_WRITE: u64 = 16_000_000;
/// Nor more than this part of a disk, since on a small one that would be all there is ...
const OF_THE_DISK: u64 = 8;
/// ... or of the pictures: where others have filled the disk, a few do not make up for it. What is wanted beyond, further writes
/// will ask for.
const OF_THE_PICTURES: u64 = 4;
/// Rounds until the disk is measured to have room; each removes what the one before it said was enough.
const ROUNDS: u32 = 5;

/// How long another clean-up is waited for, of this process (two cameras, or a camera and the clean-up) or of another.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two looks at whether it has ended.
const PAUSE: Duration = Duration::from_millis(100);

/// Why room is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The disk may be below the floor.
    Floor,
    /// A write failed because the disk is full (which may be for want of more than bytes).
    Write,
}

/// What a clean-up did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cleaned {
    /// Pictures that went.
    pub pruned: Pruned,
    /// Temporaries of dead processes that were removed.
    pub swept: u64,
}

/// Removes the oldest that draywatch collected until the disk has room; before that, where a write has failed, what is too old.
/// The size budget is left to [`cleanup`]. Temporaries of dead processes go first.
///
/// It is well ([`Pruned::is_well`]) when there is room; else the account says what could not go.
///
/// # Errors
/// As [`prune::prune`]; another clean-up is waited for first.
pub async fn make_room(
    store: &Store,
    clock: &Clock,
    keep: &Keep,
    need: Need,
) -> Result<Pruned, MaintainError> {
    sweep(store).await?;
    if need == Need::Floor && store.archive.free_space()?.0 >= keep.floor() {
        return Ok(Pruned::default());
    }
    let alone = alone(store).await?;
    let mut more = match need {
        Need::Floor => 0,
        Need::Write => room_to_write(store).await?,
    };
    let mut done = Pruned::default();
    for _ in 0..ROUNDS {
        let cause = (Mode::Remove, Cause::Room(more));
        let round = prune::run(store, clock, keep, cause, &alone, &|_| {}, &|_| {}).await?;
        let is_last = round.frames == 0 || round.is_stuck;
        done = done.then(round);
        if is_last {
            break;
        }
        // Only the floor is measured again: another process may have taken what was freed.
        more = 0;
    }
    Ok(done)
}

/// The bytes to free after a write failed.
async fn room_to_write(store: &Store) -> Result<u64, MaintainError> {
    let (_, total) = store.archive.free_space()?;
    let pictures = store.catalog.usage().await?.bytes;
    let room = ROOM_TO_WRITE.min(total / OF_THE_DISK);
    Ok(room.min(pictures / OF_THE_PICTURES).max(1))
}

/// The periodic clean-up: removals that a crash cut short, pictures by all rules, temporaries of dead processes.
///
/// # Errors
/// As [`prune::prune`]; another clean-up is waited for first.
pub async fn cleanup(
    store: &Store,
    clock: &Clock,
    keep: &Keep,
    watch: Watch<'_>,
) -> Result<Cleaned, MaintainError> {
    let alone = alone(store).await?;
    let cause = (Mode::Remove, Cause::Routine);
    let pruned = prune::run(store, clock, keep, cause, &alone, &|_| {}, watch).await?;
    let swept = sweep(store).await?;
    Ok(Cleaned { pruned, swept })
}

/// The right to remove.
async fn alone(store: &Store) -> Result<PruneLock, MaintainError> {
    let archive = store.reopened().await?.archive;
    let until = Instant::now() + PATIENCE;
    loop {
        match archive.lock_prune() {
            Err(ArchiveError::BeingPruned { .. }) if Instant::now() < until => {
                tokio::time::sleep(PAUSE).await;
            }
            lock => return Ok(lock?),
        }
    }
}

async fn sweep(store: &Store) -> Result<u64, MaintainError> {
    let archive = store.reopened().await?.archive;
    Ok(tokio::task::spawn_blocking(move || archive.sweep())
        .await??
        .count)
}
