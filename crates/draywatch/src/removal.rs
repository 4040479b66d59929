//! Removals under way: rows that are gone and whose files are still to go (invariant 5). Must not decide what goes.

use std::os::unix::fs::MetadataExt;

use draywatch_archive::Archive;
use draywatch_catalog::PendingRemoval;
use draywatch_core::frame::place_of;

use crate::blocking::blocking;
use crate::store::{Store, StoreError};

/// Removals that are completed together.
const BATCH: u32 = 500;

/// What became of removals that were under way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finished {
    /// Removals whose files are gone now.
    pub count: u64,
    /// Files that could not be removed, and why. They are tried again at the next start or clean-up.
    pub failed: Vec<String>,
}

/// Completes all removals that are under way. Costs by their number, not by the size of the archive.
///
/// # Errors
/// When the database fails, or the archive was opened for reading only.
pub async fn finish(store: &Store) -> Result<Finished, StoreError> {
    let mut finished = Finished::default();
    let mut after = 0;
    loop {
        let pending = store.catalog.pending_removals(after, BATCH).await?;
        let Some(last) = pending.last() else {
            return Ok(finished);
        };
        after = last.id;
        finish_batch(store, pending, &mut finished).await?;
    }
}

/// What the files take that [`finish`] would remove; what cannot be looked at counts as nothing.
///
/// # Errors
/// When the database fails.
pub async fn pending_bytes(store: &Store) -> Result<u64, StoreError> {
    let (mut bytes, mut after) = (0_u64, 0);
    loop {
        let pending = store.catalog.pending_removals(after, BATCH).await?;
        let Some(last) = pending.last() else {
            return Ok(bytes);
        };
        after = last.id;
        let files: Vec<String> = pending.iter().filter_map(file_of).collect();
        let archive = store.archive.clone();
        let sizes = move || files.iter().map(|file| taken(&archive, file)).sum::<u64>();
        bytes = bytes.saturating_add(blocking(sizes).await);
    }
}

/// What a file takes on the disk, by its blocks: that is what becomes free.
fn taken(archive: &Archive, file: &str) -> u64 {
    let metadata = archive
        .open_file(file)
        .ok()
        .and_then(|file| file.metadata().ok());
    metadata.map_or(0, |found| found.blocks().saturating_mul(512))
}

/// The file that a removal is to remove. One that another row means stays, and so does one whose name is not ours.
fn file_of(removal: &PendingRemoval) -> Option<String> {
    place_of(&removal.path).filter(|_| !removal.is_named_by_another)
}

async fn finish_batch(
    store: &Store,
    pending: Vec<PendingRemoval>,
    finished: &mut Finished,
) -> Result<(), StoreError> {
    let (mut ids, mut files, mut done) = (Vec::new(), Vec::new(), Vec::new());
    for removal in &pending {
        match file_of(removal) {
            Some(place) => {
                ids.push(removal.id);
                files.push(place);
            }
            None => done.push(removal.id),
        }
    }
    let archive = store.archive.clone();
    let removed = blocking(move || archive.remove_all(&files)).await?;
    finished.count += u64::try_from(removed.gone.len() + done.len()).unwrap_or(0);
    done.extend(removed.gone.iter().map(|nth| ids[*nth]));
    finished
        .failed
        .extend(removed.failed.into_iter().map(|(_, words)| words));
    fail::fail_point!("removal-flushed");
    store.catalog.removals_done(&done).await?;
    fail::fail_point!("removal-done");
    Ok(())
}
