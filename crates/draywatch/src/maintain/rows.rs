//! Every image row against its file. Must not delete rows or touch files.

use draywatch_archive::Archive;
use draywatch_catalog::{
    FileState, ImageRow, LedgerEntry, LedgerFilter, LedgerState, PictureFacts,
};
use draywatch_core::CameraId;
use draywatch_core::error::chain;
use futures::{StreamExt, stream};

use super::judge::{self, Place, Verdict};
use super::reconcile::Check;
use super::{MaintainError, ProblemKind, Progress, readers};
use crate::store::Store;

/// Rows that are read from the database at a time.
const PAGE: u32 = 500;

/// Checks all rows; `total` is about how many there are.
pub(super) async fn check(check: &mut Check<'_>, total: u64) -> Result<(), MaintainError> {
    let mut after = 0;
    loop {
        let page = check.store.catalog.images_after(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.id;
        check_page(check, page, total).await?;
    }
}

async fn check_page(
    check: &mut Check<'_>,
    page: Vec<ImageRow>,
    total: u64,
) -> Result<(), MaintainError> {
    for relative in page.iter().filter_map(|row| Store::relative(&row.path)) {
        check.seen.add(&relative);
    }
    let archive = check.store.archive.clone();
    let share = check.options.share.clamp(0.0, 1.0);
    let judging = page.into_iter().map(|row| {
        let wants_reading = rand::random_bool(share);
        judge_row(archive.clone(), row, wants_reading)
    });
    let mut judged = stream::iter(judging).buffer_unordered(readers());
    while let Some(judged) = judged.next().await {
        let (row, verdict) = judged?;
        settle(check, row, verdict).await?;
        (check.watch)(Progress {
            doing: "pictures",
            done: check.report.checked,
            total: Some(total),
        });
    }
    drop(judged);
    check.flush().await
}

/// Reads the file of one row, and notes what was found.
pub(super) async fn look_at(check: &mut Check<'_>, row: ImageRow) -> Result<(), MaintainError> {
    let (row, verdict) = judge_row(check.store.archive.clone(), row, true).await?;
    settle(check, row, verdict).await
}

async fn judge_row(
    archive: Archive,
    row: ImageRow,
    wants_reading: bool,
) -> Result<(ImageRow, Verdict), MaintainError> {
    let judging = tokio::task::spawn_blocking(move || {
        let verdict = judge::row(&archive, &row, wants_reading);
        (row, verdict)
    });
    Ok(judging.await?)
}

/// Writes down what was found; a row that looks wrong is looked at once more, should it have changed meanwhile.
async fn settle(
    check: &mut Check<'_>,
    row: ImageRow,
    verdict: Verdict,
) -> Result<(), MaintainError> {
    if !matches!(verdict, Verdict::Missing(_) | Verdict::Bad(_)) {
        return record(check, &row, verdict).await;
    }
    let fresh = check.store.catalog.image_at(&row.path).await?;
    match fresh {
        // Deleted since by another program: nobody's business any more.
        None if !row.path.is_empty() => Ok(()),
        Some(fresh) if fresh.id == row.id && fresh != row => {
            let (fresh, verdict) = judge_row(check.store.archive.clone(), fresh, true).await?;
            record(check, &fresh, verdict).await
        }
        _ => match unfinished(check, &row).await? {
            Some((entry, facts)) => finish(check, &row, entry, facts).await,
            None => record(check, &row, verdict).await,
        },
    }
}

async fn record(
    check: &mut Check<'_>,
    row: &ImageRow,
    verdict: Verdict,
) -> Result<(), MaintainError> {
    check.report.checked += 1;
    let was_read = matches!(verdict, Verdict::Same | Verdict::Whole(_));
    check.report.read += u64::from(was_read);
    let (kind, words, state) = match verdict {
        Verdict::SizeFits | Verdict::Same => {
            check.report.ok += 1;
            if was_read && check.notes_every_look {
                check.note(row.id, None);
            }
            return Ok(());
        }
        Verdict::Whole(facts) => {
            check.report.ok += 1;
            check.report.unverified_now_verified += u64::from(row.file_state.is_none());
            check.note(row.id, Some(FileState::Ok(facts)));
            return Ok(());
        }
        Verdict::Missing(words) => {
            check.report.missing += 1;
            (ProblemKind::Missing, words, Some(FileState::Missing))
        }
        Verdict::Bad(words) => {
            check.report.bad += 1;
            let (words, state) = damaged(check, row, words).await?;
            (ProblemKind::Bad, words, Some(state))
        }
        Verdict::Unreadable(words) => (ProblemKind::Unreadable, words, None),
    };
    check
        .report
        .note(kind, &row.path, Some(&row.camera_id), words, false);
    // One that cannot be read goes to the end of the line as well; its row says nothing new of it.
    if state.is_some() || check.notes_every_look {
        check.note(row.id, state);
    }
    Ok(())
}

/// What becomes of a row whose file is bad. Marked so, its frame is owed: the next fetch of its day asks for it, and the file is set
/// aside once a whole one is there. One that was whole once and can be had by its own address is set aside at once on repair.
/// Whatever keeps a file from being set aside is told with it, and keeps nobody from looking at the others.
async fn damaged(
    check: &Check<'_>,
    row: &ImageRow,
    words: String,
) -> Result<(String, FileState), MaintainError> {
    let relative = Store::relative(&row.path).filter(|_| check.options.repair);
    let Some(relative) = relative else {
        return Ok((words.clone(), FileState::Bad(words)));
    };
    if row.sha256.is_none() || row.url.is_none() {
        let told = format!("{words}; the next fetch of its day asks for it again");
        return Ok((told, FileState::Bad(words)));
    }
    let archive = check.store.archive.clone();
    let reason = format!("no longer what its row says: {words}");
    let aside = tokio::task::spawn_blocking(move || archive.quarantine(&relative, &reason)).await?;
    Ok(match aside {
        Ok(_) => {
            let next = "set aside in the quarantine, the next fetch of its day asks for it again";
            (format!("{words}; {next}"), FileState::Missing)
        }
        Err(error) => {
            let told = format!("{words}; it cannot be set aside: {}", chain(&error));
            (told, FileState::Bad(words))
        }
    })
}

/// The ledger row of a thumbnail or a damaged file that was about to be replaced, if it is its replacement that lies there (invariant 8).
async fn unfinished(
    check: &Check<'_>,
    row: &ImageRow,
) -> Result<Option<(LedgerEntry, PictureFacts)>, MaintainError> {
    let relative = Store::relative(&row.path).filter(|_| row.is_thumbnail || row.is_damaged());
    let camera = CameraId::new(&row.camera_id).ok();
    let (Some(camera), Some(at), Some(relative)) = (camera, row.timestamp, relative) else {
        return Ok(None);
    };
    // A portal's day is its own: the frame may be listed under the day before or after.
    let dates = at.date_naive().pred_opt().zip(at.date_naive().succ_opt());
    let filter = LedgerFilter {
        camera: Some(camera),
        dates,
        states: vec![LedgerState::Open, LedgerState::Thumbnail],
    };
    let entries = check.store.catalog.ledger(&filter).await?;
    let Some(entry) = entries
        .into_iter()
        .filter(|entry| entry.replacement.is_some())
        .find(|entry| entry.entry.frame.relative_path() == relative)
    else {
        return Ok(None);
    };
    let place = Place::of(&check.store.archive, &row.path);
    let verdict = tokio::task::spawn_blocking(move || judge::file(&place)).await?;
    Ok(match verdict {
        Verdict::Whole(facts) if entry.replacement.as_ref() == Some(&facts) => Some((entry, facts)),
        _ => None,
    })
}

/// Reports a replacement that was cut short, or completes it.
async fn finish(
    check: &mut Check<'_>,
    row: &ImageRow,
    entry: LedgerEntry,
    facts: PictureFacts,
) -> Result<(), MaintainError> {
    let repair = check.options.repair;
    if let Ok(camera) = CameraId::new(&row.camera_id)
        && check.is_busy(&camera).await?
    {
        check.report.in_flight += 1;
        return Ok(());
    }
    check.report.checked += 1;
    check.report.read += 1;
    if repair {
        complete(check, row, entry, facts).await?;
        check.report.ok += 1;
    }
    let took = if row.is_thumbnail {
        "the full picture took its thumbnail's place"
    } else {
        "a whole picture took the damaged one's place"
    };
    let what = format!("{took}, and the row does not say so yet (the next collection mends it)");
    check.report.note(
        ProblemKind::Unfinished,
        &row.path,
        Some(&row.camera_id),
        what,
        repair,
    );
    Ok(())
}

/// Makes the picture's name durable, then tells the row of it and takes the frame off the ledger.
async fn complete(
    check: &Check<'_>,
    row: &ImageRow,
    entry: LedgerEntry,
    facts: PictureFacts,
) -> Result<(), MaintainError> {
    if let Some(relative) = Store::relative(&row.path) {
        let archive = check.store.archive.clone();
        tokio::task::spawn_blocking(move || archive.sync_folders([relative.as_str()])).await??;
    }
    let stored = entry.taken_over(facts);
    check
        .store
        .catalog
        .record(&[stored], check.clock.now())
        .await?;
    Ok(())
}
