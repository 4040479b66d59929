//! The ledger against the images: a frame that is stored in full is wanted no more. Must not fetch.

use std::collections::HashSet;

use draywatch_catalog::{
    FrameResult, ImageRow, LedgerEntry, LedgerFilter, LedgerState, NewImage, NewLedgerEntry,
    PictureFacts,
};

use super::reconcile::Check;
use super::{MaintainError, ProblemKind};

/// Checks all open rows of the ledger. Files without an image row were found before.
pub(super) async fn check(check: &mut Check<'_>) -> Result<(), MaintainError> {
    let mut stored_all_the_same = Vec::new();
    for entry in check.store.catalog.ledger(&open()).await? {
        let row = check.store.catalog.image_at(&entry.entry.path).await?;
        if let Some(facts) = row.as_ref().filter(|row| !row.is_thumbnail).and_then(facts) {
            stored_all_the_same.push((entry, facts));
        }
    }
    if stored_all_the_same.is_empty() {
        return Ok(());
    }
    // A collection may have stored them between the two looks.
    let still: HashSet<i64> = check
        .store
        .catalog
        .ledger(&open())
        .await?
        .iter()
        .map(|entry| entry.id)
        .collect();
    for (entry, facts) in stored_all_the_same
        .into_iter()
        .filter(|(entry, _)| still.contains(&entry.id))
    {
        settle(check, entry, facts).await?;
    }
    Ok(())
}

fn open() -> LedgerFilter {
    LedgerFilter {
        states: vec![LedgerState::Open],
        ..LedgerFilter::default()
    }
}

/// Reports a frame that is wanted in vain, or takes it off the ledger.
async fn settle(
    check: &mut Check<'_>,
    entry: LedgerEntry,
    facts: PictureFacts,
) -> Result<(), MaintainError> {
    let repair = check.options.repair;
    let (path, camera) = (entry.entry.path.clone(), entry.entry.frame.camera.clone());
    if repair {
        check.lock(&camera)?;
        let stored = stored(entry, facts);
        check
            .store
            .catalog
            .record(&[stored], check.clock.now())
            .await?;
    }
    let what = "is stored and whole, but the ledger still wants it";
    check.report.note(
        ProblemKind::Ledger,
        &path,
        Some(camera.as_str()),
        what.to_owned(),
        repair,
    );
    Ok(())
}

/// The facts of a row whose file is as it should be.
fn facts(row: &ImageRow) -> Option<PictureFacts> {
    let is_ok = row.file_state.as_deref() == Some("ok");
    Some(PictureFacts {
        bytes: row
            .file_size
            .filter(|_| is_ok)
            .and_then(|size| u64::try_from(size).ok())?,
        sha256: row.sha256.clone()?,
        media_type: "image/jpeg".to_owned(),
        width: row.width?,
        height: row.height?,
    })
}

/// What takes the frame off the ledger.
fn stored(entry: LedgerEntry, facts: PictureFacts) -> FrameResult {
    let NewLedgerEntry {
        frame, path, url, ..
    } = entry.entry;
    let image = NewImage {
        frame,
        path,
        facts,
        is_thumbnail: false,
        url: Some(url),
        look: None,
    };
    FrameResult::Stored {
        ledger_id: entry.id,
        image,
        failure: None,
    }
}
