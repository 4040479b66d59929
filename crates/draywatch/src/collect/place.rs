//! Staged files moved to their places (invariants 1, 2 and 8): what lies there already gives way only to something better, and
//! never without a trace. Must not fetch, and must not record.

use draywatch_archive::{Archive, ArchiveError, Staged, Written};
use draywatch_catalog::{FrameResult, NewImage, PictureFacts};
use draywatch_core::Failure;

use super::frame::{Ready, failure_of};
use super::recover::facts_of;

/// Flushes files, moves them to their places and flushes the folders.
pub(super) fn place_all(
    archive: &Archive,
    ready: Vec<(Written, Ready)>,
) -> Result<Vec<FrameResult>, ArchiveError> {
    let (written, ready): (Vec<_>, Vec<_>) = ready.into_iter().unzip();
    let mut results = Vec::with_capacity(ready.len());
    let mut folders = Vec::new();
    for (staged, item) in archive.flush(written)?.into_iter().zip(ready) {
        let (folder, ledger_id) = (item.entry.entry.frame.folder(), item.entry.id);
        match place(archive, staged, item) {
            Ok(placed) => {
                folders.push(folder);
                results.push(placed);
            }
            Err(error) => results.push(in_the_way(ledger_id, error)?),
        }
    }
    archive.sync_folders(folders.iter().map(String::as_str))?;
    Ok(results)
}

/// A frame in whose place something lies that is no picture's file and that only a person can move away. The other frames
/// have nothing to do with it.
fn in_the_way(ledger_id: i64, error: ArchiveError) -> Result<FrameResult, ArchiveError> {
    match error {
        ArchiveError::NotAFile { .. } | ArchiveError::NotAFolder { .. } => {
            Ok(FrameResult::Failed {
                ledger_id,
                failure: Failure::of(error.kind(), &error),
                reason: "in_the_way".to_owned(),
                not_before: None,
            })
        }
        error => Err(error),
    }
}

/// Moves one staged file to its place.
fn place(archive: &Archive, staged: Staged, item: Ready) -> Result<FrameResult, ArchiveError> {
    let relative = item.entry.entry.frame.relative_path();
    let (mut is_thumbnail, mut is_ours) = (item.instead_of.is_some(), true);
    let mut facts = item.facts.clone();
    match found(archive, &relative, &item)? {
        Found::Nothing => drop(archive.place(staged, &relative)?),
        Found::Keep(kept) => {
            is_thumbnail &= kept.width <= facts.width;
            is_ours = kept.sha256 == facts.sha256;
            facts = kept;
        }
        Found::Worse => drop(archive.replace(staged, &relative)?),
        Found::Broken(why) => {
            archive.quarantine(&relative, &why)?;
            fail::fail_point!("collect-set-aside");
            let _ = archive.place(staged, &relative)?;
        }
    }
    let failure = item.instead_of.as_ref().filter(|_| is_thumbnail);
    let failure = failure.map(failure_of);
    let image = NewImage {
        frame: item.entry.entry.frame,
        path: item.entry.entry.path,
        facts,
        is_thumbnail,
        url: Some(item.url),
        // What was kept instead was not looked at.
        look: item.look.filter(|_| is_ours),
    };
    Ok(FrameResult::Stored {
        ledger_id: item.entry.id,
        image,
        failure,
    })
}

/// What lies where a new file should go.
enum Found {
    /// Nothing.
    Nothing,
    /// A whole picture, as good as the new one or better: a crash left it without its row, and it is taken over.
    Keep(PictureFacts),
    /// A whole picture, but smaller: a thumbnail.
    Worse,
    /// No whole picture, or not the one that its row says; why.
    Broken(String),
}

fn found(archive: &Archive, relative: &str, new: &Ready) -> Result<Found, ArchiveError> {
    if !archive.exists(relative)? {
        return Ok(Found::Nothing);
    }
    if new.has_thumbnail && new.instead_of.is_none() && !new.is_damaged {
        return Ok(Found::Worse);
    }
    let bytes = archive.read(relative)?;
    let there = match draywatch_picture::verify(&bytes, None) {
        Ok(there) => facts_of(&there),
        Err(refusal) => {
            return Ok(Found::Broken(format!(
                "lay where a frame goes, and is not a whole picture: {refusal}"
            )));
        }
    };
    Ok(if there.sha256 == new.facts.sha256 {
        Found::Keep(there)
    } else if new.is_damaged && there.width <= new.facts.width {
        Found::Broken("is not the picture that its row says; the portal has another".to_owned())
    } else if there.width >= new.facts.width {
        Found::Keep(there)
    } else {
        Found::Worse
    })
}
