//! Copies pictures of another folder into the archive: verified, durably, never over a file that is there. Originals are
//! only read.

use std::path::Path;

use draywatch_archive::{Archive, ArchiveError};
use draywatch_catalog::{FileState, ImageRow, NewImage, PictureFacts};
use draywatch_core::Clock;
use futures::{StreamExt, stream};

use super::adopt::{Adopted, Ours};
use super::judge::{self, Place, Verdict};
use super::orphans::{make_durable, new_image};
use super::{MaintainError, readers};
use crate::store::Store;

/// What the archive has of a picture by now.
enum There {
    /// It was copied just now.
    Copied(PictureFacts),
    /// The same bytes.
    Same(PictureFacts),
    /// Something else, which is kept; what.
    Other(String),
    /// The picture is not to be had.
    Refused(Verdict),
}

/// A picture on its way into the archive.
struct Incoming {
    image: NewImage,
    row: Option<ImageRow>,
}

/// Copies a few files and gives them rows.
pub(super) async fn batch(
    store: &Store,
    clock: &Clock,
    files: Vec<Ours>,
    done: &mut Adopted,
) -> Result<(), MaintainError> {
    let mut copying = Vec::new();
    for (from, file) in files {
        let (frame, path) = (file.frame(), store.path_of(&file.frame()));
        if store.catalog.is_tombstoned(&path, &frame).await? {
            done.deleted_on_purpose += 1;
            continue;
        }
        let row = store.catalog.image_at(&path).await?;
        let archive = store.archive.clone();
        copying.push(async move {
            tokio::task::spawn_blocking(move || {
                let there = copy(&archive, &from, &frame.relative_path(), row.as_ref());
                (from, file, row, there)
            })
            .await
        });
    }
    let mut copied = stream::iter(copying).buffered(readers());
    let mut incoming = Vec::new();
    while let Some(copied) = copied.next().await {
        let (from, file, row, there) = copied?;
        if let Some(facts) = done.note(&from, there?) {
            let image = new_image(&file, store.path_of(&file.frame()), facts);
            incoming.push(Incoming { image, row });
        }
    }
    record(store, clock, incoming, done).await
}

impl Adopted {
    /// Counts what became of a copy; the facts of the picture, if it is in the archive now.
    fn note(&mut self, from: &Path, there: There) -> Option<PictureFacts> {
        match there {
            There::Copied(facts) => {
                self.copied += 1;
                return Some(facts);
            }
            There::Same(facts) => return Some(facts),
            There::Other(what) => {
                self.differs += 1;
                self.refuse(from, "differs", what);
            }
            There::Refused(verdict) => self.refuse_by(from, verdict),
        }
        None
    }
}

/// Flushes what was copied, then gives it rows, or tells the rows that are there that their files are.
async fn record(
    store: &Store,
    clock: &Clock,
    incoming: Vec<Incoming>,
    done: &mut Adopted,
) -> Result<(), MaintainError> {
    let (archive, paths) = (store.archive.clone(), relatives(&incoming));
    tokio::task::spawn_blocking(move || make_durable(&archive, &paths)).await??;
    let mut new = Vec::new();
    for Incoming { image, row } in incoming {
        let Some(row) = row else {
            new.push(image);
            continue;
        };
        done.already += 1;
        if row.file_state.as_deref() != Some("ok") {
            store
                .catalog
                .set_file_state(row.id, &FileState::Ok(image.facts), clock.now())
                .await?;
        }
    }
    let offered = u64::try_from(new.len()).unwrap_or(u64::MAX);
    let adopted = store.catalog.adopt(&new, clock.now()).await?;
    done.adopted += adopted;
    // A row in another spelling of the path has them already.
    done.already += offered.saturating_sub(adopted);
    Ok(())
}

fn relatives(incoming: &[Incoming]) -> Vec<String> {
    incoming
        .iter()
        .map(|incoming| incoming.image.frame.relative_path())
        .collect()
}

/// Whether a row can mean a picture of these facts: by its hash, or by its size where it has none.
fn is_of(row: &ImageRow, facts: &PictureFacts) -> bool {
    match &row.sha256 {
        Some(sha256) => *sha256 == facts.sha256,
        None => row
            .file_size
            .is_none_or(|size| size <= 0 || u64::try_from(size) == Ok(facts.bytes)),
    }
}

/// Copies one file, unless something is in its place or the row of that place means another picture.
fn copy(
    archive: &Archive,
    from: &Path,
    relative: &str,
    row: Option<&ImageRow>,
) -> Result<There, ArchiveError> {
    let bytes = match Place::Elsewhere(from.to_owned()).read() {
        Ok(bytes) => bytes,
        Err(verdict) => return Ok(There::Refused(verdict)),
    };
    let facts = match judge::picture(&bytes) {
        Verdict::Whole(facts) => facts,
        verdict => return Ok(There::Refused(verdict)),
    };
    if row.is_some_and(|row| !is_of(row, &facts)) {
        return Ok(There::Other(
            "is another picture than the one that the database has a row for; that is kept".into(),
        ));
    }
    match archive.place(archive.stage(&bytes)?, relative) {
        Ok(_placed) => Ok(There::Copied(facts)),
        Err(ArchiveError::Exists { .. } | ArchiveError::NotAFile { .. }) => {
            Ok(compare(archive, relative, &bytes, facts))
        }
        Err(error) => Err(error),
    }
}

fn compare(archive: &Archive, relative: &str, bytes: &[u8], facts: PictureFacts) -> There {
    match archive.read(relative) {
        Ok(there) if there == bytes => There::Same(facts),
        Ok(there) => There::Other(format!(
            "differs from the file of that name in the archive ({} bytes here, {} there); that is kept",
            bytes.len(),
            there.len()
        )),
        Err(error) => There::Other(format!("something is in its place: {error}")),
    }
}
