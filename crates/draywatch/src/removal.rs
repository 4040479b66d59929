//! Removals under way: rows that are gone and whose files are still to go (invariant 5). Must not decide what goes.

use draywatch_catalog::PendingRemoval;
use draywatch_core::frame::place_of;

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

async fn finish_batch(
    store: &Store,
    pending: Vec<PendingRemoval>,
    finished: &mut Finished,
) -> Result<(), StoreError> {
    let (mut ids, mut files, mut done) = (Vec::new(), Vec::new(), Vec::new());
    for removal in &pending {
        match place_of(&removal.path) {
            Some(place) if !removal.is_named_by_another => {
                ids.push(removal.id);
                files.push(place);
            }
            // A file that another row means stays, and so does one whose name is not ours.
            _ => done.push(removal.id),
        }
    }
    let archive = store.archive.clone();
    let removed = tokio::task::spawn_blocking(move || archive.remove_all(&files)).await;
    let removed = match removed {
        Ok(removed) => removed?,
        Err(broken) => std::panic::resume_unwind(broken.into_panic()),
    };
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
