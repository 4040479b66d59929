//! Files with a name of ours that have no row (invariant 2): adopted if they verify, else set aside; left alone where the row
//! was deleted on purpose. Files with other names are never looked at, and neither are those that are named after a camera which
//! is neither configured nor on record: another program may have put its own beside ours (`<time>_in_gate_boxes.jpg`).

use draywatch_archive::{Archive, ArchiveError};
use draywatch_catalog::{NewImage, PictureFacts};
use draywatch_core::error::chain;
use draywatch_core::frame::FileName;
use futures::{StreamExt, stream};

use super::judge::{self, Place, Verdict};
use super::reconcile::Check;
use super::{MaintainError, ProblemKind, Progress, looks_like_thumbnail, readers};

/// Checks all files of the archive, day by day.
pub(super) async fn check(check: &mut Check<'_>) -> Result<(), MaintainError> {
    let archive = check.store.archive.clone();
    let days = tokio::task::spawn_blocking(move || archive.days()).await??;
    let total = u64::try_from(days.len()).ok();
    for (done, day) in (0..).zip(days) {
        (check.watch)(Progress {
            doing: "day folders",
            done,
            total,
        });
        check_day(check, day).await?;
    }
    Ok(())
}

async fn check_day(check: &mut Check<'_>, day: String) -> Result<(), MaintainError> {
    let (archive, folder) = (check.store.archive.clone(), day.clone());
    let files = match tokio::task::spawn_blocking(move || archive.files_of_day(&folder)).await? {
        Ok(files) => files,
        // One folder that cannot be read keeps nobody from looking at the others.
        Err(error) => {
            let path = check.store.archive.path_of(&day).display().to_string();
            let (kind, what) = (ProblemKind::Unreadable, chain(&error));
            check.report.note(kind, &path, None, what, false);
            return Ok(());
        }
    };
    let mut candidates = Vec::new();
    for relative in files {
        let Some(file) = name_of(&relative).filter(|_| !check.seen.holds(&relative)) else {
            continue;
        };
        if !check.ours.contains(&file.camera) {
            let camera = file.camera.to_string();
            *check.report.other_cameras.entry(camera).or_insert(0) += 1;
            continue;
        }
        if check.options.repair {
            check.lock(&file.camera)?;
        }
        if has_row_by_now(check, &file).await? {
            continue;
        }
        let frame = file.frame();
        if check
            .store
            .catalog
            .is_tombstoned(&check.store.path_of(&frame), &frame)
            .await?
        {
            check.report.deleted_on_purpose += 1;
        } else if check.is_busy(&file.camera).await? {
            check.report.in_flight += 1;
        } else {
            candidates.push((relative, file));
        }
    }
    let judged = judge_all(&check.store.archive, candidates).await?;
    settle(check, judged).await
}

/// The name of ours in a path of the archive.
fn name_of(relative: &str) -> Option<FileName> {
    FileName::parse(relative.rsplit('/').next()?)
}

/// Whether a collection gave the file its row since the rows were read.
async fn has_row_by_now(check: &Check<'_>, file: &FileName) -> Result<bool, MaintainError> {
    Ok(check
        .store
        .catalog
        .image_at(&check.store.path_of(&file.frame()))
        .await?
        .is_some())
}

type Judged = (String, FileName, Verdict);

async fn judge_all(
    archive: &Archive,
    files: Vec<(String, FileName)>,
) -> Result<Vec<Judged>, MaintainError> {
    let judging = files.into_iter().map(|(relative, file)| {
        let place = Place::Archive(archive.clone(), relative.clone());
        async move {
            let verdict = tokio::task::spawn_blocking(move || judge::file(&place)).await?;
            Ok::<Judged, MaintainError>((relative, file, verdict))
        }
    });
    let judged: Vec<_> = stream::iter(judging).buffered(readers()).collect().await;
    judged.into_iter().collect()
}

/// Reports a day's files without a row, and mends them if that is asked for.
async fn settle(check: &mut Check<'_>, judged: Vec<Judged>) -> Result<(), MaintainError> {
    let repair = check.options.repair;
    let mut adopted = Vec::new();
    for (relative, file, verdict) in judged {
        let path = check.store.path_of(&file.frame());
        let (kind, what) = match verdict {
            Verdict::Whole(facts) => {
                let what = if repair {
                    "had no row; adopted"
                } else {
                    "a whole picture without a row: --repair adopts it"
                };
                adopted.push((relative, new_image(&file, path.clone(), facts)));
                (ProblemKind::Orphan, what.to_owned())
            }
            Verdict::Bad(why) if repair => {
                match set_aside(&check.store.archive, relative, &why).await? {
                    Ok(aside) => {
                        check.report.quarantined += 1;
                        let what = format!("had no row, and {why}; set aside as {aside}");
                        (ProblemKind::Orphan, what)
                    }
                    Err(error) => {
                        let what =
                            format!("has no row, and {why}; it cannot be set aside: {error}");
                        (ProblemKind::Unreadable, what)
                    }
                }
            }
            Verdict::Bad(why) => (
                ProblemKind::Orphan,
                format!("has no row, and {why}: --repair sets it aside"),
            ),
            // Gone since.
            Verdict::Missing(_) | Verdict::SizeFits | Verdict::Same => continue,
            Verdict::Unreadable(why) => (ProblemKind::Unreadable, format!("has no row, and {why}")),
        };
        check.report.orphans += u64::from(kind == ProblemKind::Orphan);
        let repaired = repair && kind == ProblemKind::Orphan;
        check
            .report
            .note(kind, &path, Some(file.camera.as_str()), what, repaired);
    }
    if repair && !adopted.is_empty() {
        check.report.adopted += give_rows(check, adopted).await?;
    }
    Ok(())
}

/// The row of a file of which nothing is known but its name and its bytes.
pub(super) fn new_image(file: &FileName, path: String, facts: PictureFacts) -> NewImage {
    NewImage {
        frame: file.frame(),
        path,
        is_thumbnail: looks_like_thumbnail(&facts),
        facts,
        url: None,
        look: None,
    }
}

/// Where the file is now, or what kept it from being set aside.
async fn set_aside(
    archive: &Archive,
    relative: String,
    why: &str,
) -> Result<Result<String, String>, MaintainError> {
    let (archive, reason) = (archive.clone(), format!("found without a row: {why}"));
    let aside = tokio::task::spawn_blocking(move || archive.quarantine(&relative, &reason)).await?;
    let aside = aside.map(|aside| aside.display().to_string());
    Ok(aside.map_err(|error| chain(&error)))
}

/// Makes rows for whole files, after these are durable (invariant 1).
async fn give_rows(
    check: &Check<'_>,
    files: Vec<(String, NewImage)>,
) -> Result<u64, MaintainError> {
    let (paths, images): (Vec<String>, Vec<NewImage>) = files.into_iter().unzip();
    let archive = check.store.archive.clone();
    tokio::task::spawn_blocking(move || make_durable(&archive, &paths)).await??;
    Ok(check
        .store
        .catalog
        .adopt(&images, check.clock.now())
        .await?)
}

/// Flushes files that somebody else wrote, and their names.
pub(super) fn make_durable(archive: &Archive, paths: &[String]) -> Result<(), ArchiveError> {
    for path in paths {
        let file = archive.open_file(path)?;
        file.sync_all().map_err(|source| ArchiveError::Io {
            action: "flush",
            path: archive.path_of(path),
            source,
        })?;
    }
    archive.sync_folders(paths.iter().map(String::as_str))
}
