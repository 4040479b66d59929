//! Taking over a tree of pictures: the archive's own folder, whose files get rows where they lie, or another folder, whose
//! pictures are copied. Originals are never touched, nothing is overwritten, and it may be broken off and begun again.
//!
//! What only a file's name and bytes tell goes into its row; a picture less than [`super::NARROWEST_FULL`] pixels wide counts
//! as a thumbnail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use draywatch_archive::{Access, Archive};
use draywatch_catalog::{Catalog, NewImage};
use draywatch_core::frame::FileName;
use draywatch_core::{CameraId, Clock};
use futures::{StreamExt, stream};
use serde::Serialize;

use super::judge::{self, Place, Verdict};
use super::orphans::{make_durable, new_image};
use super::{MaintainError, Progress, Watch, cameras, copy, readers, tree};
use crate::store::{ARCHIVE_ID, Store};

/// Files that are made durable and get their rows together.
const BATCH: usize = 50;

/// A picture that was not taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotTaken {
    /// Its path, as found.
    pub path: String,
    /// Short code of the reason: `bad`, `differs`, `other_name`, `unreadable`.
    pub reason: &'static str,
    /// The reason in words.
    pub what: String,
}

/// What became of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Adopted {
    /// Whether the tree is the archive itself, so that nothing was copied.
    pub in_place: bool,
    /// Files with a name of ours.
    pub found: u64,
    /// Files copied into the archive.
    pub copied: u64,
    /// Rows made.
    pub adopted: u64,
    /// Files that were in the archive, with a row, already.
    pub already: u64,
    /// Files whose rows were deleted on purpose; they stay so.
    pub deleted_on_purpose: u64,
    /// Files that are no whole pictures.
    pub bad: u64,
    /// Files that differ from what the archive or its row holds; that is kept.
    pub differs: u64,
    /// Pictures whose names are not ours.
    pub other_names: u64,
    /// Pictures that are named after cameras which are neither configured, nor on record, nor asked for, by camera; they are
    /// passed over.
    pub other_cameras: BTreeMap<String, u64>,
    /// Files that are no pictures by their names; they are passed over.
    pub other_files: u64,
    /// Every picture that was not taken over, but those deleted on purpose.
    pub problems: Vec<NotTaken>,
}

impl Adopted {
    /// Whether every picture was taken over.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.other_cameras.is_empty()
    }

    pub(super) fn refuse(&mut self, path: &Path, reason: &'static str, what: String) {
        let path = path.display().to_string();
        self.problems.push(NotTaken { path, reason, what });
    }

    /// Notes a file that could not be judged as whole.
    pub(super) fn refuse_by(&mut self, path: &Path, verdict: Verdict) {
        match verdict {
            Verdict::Bad(what) => {
                self.bad += 1;
                self.refuse(path, "bad", what);
            }
            Verdict::Unreadable(what) | Verdict::Missing(what) => {
                self.refuse(path, "unreadable", what);
            }
            Verdict::SizeFits | Verdict::Same | Verdict::Whole(_) => {}
        }
    }
}

/// Whether the tree is the archive itself.
///
/// # Errors
/// When `tree` is not there, is no folder, or lies inside the archive.
pub fn is_archive_itself(tree: &Path, archive: &Path) -> Result<bool, MaintainError> {
    let bad = |problem: String| MaintainError::BadFolder {
        path: tree.to_owned(),
        problem,
    };
    let real = tree
        .canonicalize()
        .map_err(|error| bad(format!("{error}; name a folder that is there")))?;
    if !real.is_dir() {
        return Err(bad(
            "it is no folder; name the folder that holds the pictures".to_owned(),
        ));
    }
    let Ok(archive_itself) = archive.canonicalize() else {
        return Ok(false);
    };
    if real != archive_itself && real.starts_with(&archive_itself) {
        return Err(bad(format!(
            "it lies inside the archive; name the archive itself, {}",
            archive.display()
        )));
    }
    Ok(real == archive_itself)
}

/// Makes a database that knows no archive take the one in `root` for its own, by its id, so that the two can be opened
/// together. One that knows another archive is left alone.
///
/// # Errors
/// When database or archive fail.
pub async fn marry(catalog: &dyn Catalog, root: &Path) -> Result<(), MaintainError> {
    let root = root.to_owned();
    let id =
        tokio::task::spawn_blocking(move || Archive::open(&root, Access::ReadOnly)?.id()).await??;
    if let (None, Some(id)) = (catalog.fact(ARCHIVE_ID).await?, id) {
        catalog.set_fact(ARCHIVE_ID, Some(&id)).await?;
    }
    Ok(())
}

/// Gives rows to the files of the archive itself that have none: those of cameras in `wanted`, or that have rows already.
///
/// # Errors
/// When database or archive fail. What was taken over until then lasts.
pub async fn in_place(
    store: &Store,
    clock: &Clock,
    wanted: &[CameraId],
    watch: Watch<'_>,
) -> Result<Adopted, MaintainError> {
    let mut done = Adopted {
        in_place: true,
        ..Adopted::default()
    };
    let cameras = cameras(&store.catalog.totals().await?, wanted);
    let archive = store.archive.clone();
    let days = tokio::task::spawn_blocking(move || archive.days()).await??;
    let total = u64::try_from(days.len()).ok();
    for (number, day) in (0..).zip(days) {
        watch(Progress {
            doing: "day folders",
            done: number,
            total,
        });
        let archive = store.archive.clone();
        let files = tokio::task::spawn_blocking(move || archive.files_of_day(&day)).await??;
        let new = without_row(store, files, &cameras, &mut done).await?;
        let whole = judge_all(store, new, &mut done).await?;
        for batch in whole.chunks(BATCH) {
            done.adopted += give_rows(store, clock, batch).await?;
        }
    }
    Ok(done)
}

/// The files that have neither a row nor a tombstone.
async fn without_row(
    store: &Store,
    files: Vec<String>,
    cameras: &BTreeSet<CameraId>,
    done: &mut Adopted,
) -> Result<Vec<(String, FileName)>, MaintainError> {
    let mut new = Vec::new();
    for relative in files {
        let Some(file) = relative.rsplit('/').next().and_then(FileName::parse) else {
            continue;
        };
        if !cameras.contains(&file.camera) {
            let camera = file.camera.to_string();
            *done.other_cameras.entry(camera).or_insert(0) += 1;
            continue;
        }
        let (frame, path) = (file.frame(), store.path_of(&file.frame()));
        done.found += 1;
        if store.catalog.image_at(&path).await?.is_some() {
            done.already += 1;
        } else if store.catalog.is_tombstoned(&path, &frame).await? {
            done.deleted_on_purpose += 1;
        } else {
            new.push((relative, file));
        }
    }
    Ok(new)
}

type WholeFile = (String, NewImage);

async fn judge_all(
    store: &Store,
    files: Vec<(String, FileName)>,
    done: &mut Adopted,
) -> Result<Vec<WholeFile>, MaintainError> {
    let judging = files.into_iter().map(|(relative, file)| {
        let place = Place::Archive(store.archive.clone(), relative.clone());
        async move {
            (
                relative,
                file,
                tokio::task::spawn_blocking(move || judge::file(&place)).await,
            )
        }
    });
    let mut judged = stream::iter(judging).buffered(readers());
    let mut whole = Vec::new();
    while let Some((relative, file, verdict)) = judged.next().await {
        match verdict? {
            Verdict::Whole(facts) => {
                let path = store.path_of(&file.frame());
                whole.push((relative, new_image(&file, path, facts)));
            }
            verdict => done.refuse_by(&store.archive.path_of(&relative), verdict),
        }
    }
    Ok(whole)
}

/// Makes rows for whole files, after these are durable (invariant 1). How many; the others have one in another spelling.
async fn give_rows(
    store: &Store,
    clock: &Clock,
    files: &[WholeFile],
) -> Result<u64, MaintainError> {
    let (paths, images): (Vec<String>, Vec<NewImage>) = files.iter().cloned().unzip();
    let archive = store.archive.clone();
    tokio::task::spawn_blocking(move || make_durable(&archive, &paths)).await??;
    Ok(store.catalog.adopt(&images, clock.now()).await?)
}

/// Copies the pictures of another folder into the archive, and gives them rows: those of cameras in `wanted`, or that have rows
/// already.
///
/// # Errors
/// When database or archive fail, or a folder cannot be listed. What was taken over until then lasts.
pub async fn from_elsewhere(
    store: &Store,
    clock: &Clock,
    from: &Path,
    wanted: &[CameraId],
    watch: Watch<'_>,
) -> Result<Adopted, MaintainError> {
    let mut done = Adopted::default();
    let cameras = cameras(&store.catalog.totals().await?, wanted);
    let (from, archive) = (from.to_owned(), store.archive.root().to_owned());
    let walk = move || tree::walk(&from, &archive, &cameras);
    let found = tokio::task::spawn_blocking(walk).await??;
    done.other_cameras = found.other_cameras;
    done.found = u64::try_from(found.ours.len()).unwrap_or(u64::MAX);
    done.other_files = found.other_files;
    for path in found.other_names {
        done.other_names += 1;
        let what = "is not named like a picture of draywatch, such as 20250907T101734_in_gate.jpg";
        done.refuse(&path, "other_name", what.to_owned());
    }
    let total = Some(done.found);
    let mut number = 0;
    for batch in found.ours.chunks(BATCH) {
        watch(Progress {
            doing: "pictures",
            done: number,
            total,
        });
        copy::batch(store, clock, batch.to_vec(), &mut done).await?;
        number += u64::try_from(batch.len()).unwrap_or(0);
    }
    Ok(done)
}

/// A file of another folder whose name is ours.
pub(super) type Ours = (PathBuf, FileName);
