//! One file: is it there, can it be read, is it a whole picture, is it what its row says? Blocks; must not change anything.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use draywatch_archive::{Archive, ArchiveError};
use draywatch_catalog::{ImageRow, PictureFacts};
use draywatch_core::error::chain;
use draywatch_picture::{Limits, Refusal, Sha256};

use crate::store::Store;

/// What was found out about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is there and has the right size; nobody read it.
    SizeFits,
    /// It is what its row says.
    Same,
    /// It is a whole picture with these facts (and what its row says, if that says anything).
    Whole(PictureFacts),
    /// It is not there; the words say more.
    Missing(String),
    /// It is not what its row says, or no whole picture.
    Bad(String),
    /// It could not be read or judged, which says nothing about it.
    Unreadable(String),
}

/// Where a row's file lies.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In the archive, under that name of ours.
    Archive(Archive, String),
    /// Wherever another program put it: only ever read.
    Elsewhere(PathBuf),
}

impl Place {
    /// The place that a row's path names.
    pub(super) fn of(archive: &Archive, path: &str) -> Self {
        match Store::relative(path) {
            Some(relative) => Self::Archive(archive.clone(), relative),
            None => Self::Elsewhere(path.into()),
        }
    }

    fn open(&self) -> Result<File, Verdict> {
        match self {
            Self::Archive(archive, relative) => {
                archive.open_file(relative).map_err(|error| match error {
                    ArchiveError::Missing { .. } => {
                        Verdict::Missing("there is no such file in the archive".into())
                    }
                    ArchiveError::NotAFile { .. } => {
                        Verdict::Bad("is no regular file (a folder, a link or a device)".into())
                    }
                    error => Verdict::Unreadable(chain(&error)),
                })
            }
            Self::Elsewhere(path) => open_plainly(path),
        }
    }

    /// The bytes of the file.
    pub(super) fn read(&self) -> Result<Vec<u8>, Verdict> {
        let file = self.open()?;
        let length = length(&file)?;
        read(file, length)
    }
}

/// Opens a file of another program; what is no regular file is not waited for.
fn open_plainly(path: &Path) -> Result<File, Verdict> {
    let open = || {
        if std::fs::metadata(path)?.is_file() {
            File::open(path)
        } else {
            Err(ErrorKind::InvalidInput.into())
        }
    };
    open().map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            Verdict::Missing("there is no such file".into())
        }
        ErrorKind::InvalidInput => Verdict::Bad("is no regular file (a folder or a device)".into()),
        _ => Verdict::Unreadable(format!("cannot be read: {error}")),
    })
}

fn length(file: &File) -> Result<u64, Verdict> {
    let metadata = file
        .metadata()
        .map_err(|error| Verdict::Unreadable(format!("cannot be looked at: {error}")))?;
    Ok(metadata.len())
}

/// The bytes of a file, unless it is larger than any picture.
fn read(mut file: File, length: u64) -> Result<Vec<u8>, Verdict> {
    let most = Limits::default().max_bytes;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > most {
        return Err(Verdict::Bad(format!(
            "{length} bytes are more than any picture has (at most {most})"
        )));
    }
    let mut bytes = Vec::with_capacity(length);
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    let done = file
        .by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes);
    done.map_err(|error| Verdict::Unreadable(format!("cannot be read: {error}")))?;
    Ok(bytes)
}

/// Whether these bytes are a whole picture: [`Verdict::Whole`], [`Verdict::Bad`] or [`Verdict::Unreadable`].
pub(super) fn picture(bytes: &[u8]) -> Verdict {
    match draywatch_picture::verify(bytes, None) {
        Ok(verified) => Verdict::Whole(PictureFacts {
            bytes: verified.bytes,
            sha256: verified.sha256.to_string(),
            media_type: verified.media_type.as_str().to_owned(),
            width: verified.width,
            height: verified.height,
        }),
        Err(refusal @ Refusal::Uncheckable { .. }) => Verdict::Unreadable(refusal.to_string()),
        Err(refusal) => Verdict::Bad(refusal.to_string()),
    }
}

/// Judges a file that has no row.
pub(super) fn file(place: &Place) -> Verdict {
    place
        .read()
        .map_or_else(|verdict| verdict, |bytes| picture(&bytes))
}

/// Holds a row against its file. A file that was found wrong before is read in any case.
pub(super) fn row(archive: &Archive, row: &ImageRow, wants_reading: bool) -> Verdict {
    let place = Place::of(archive, &row.path);
    let was_wrong = row.file_state.as_deref().is_some_and(|state| state != "ok");
    let judged = match held_against(&place, row, wants_reading || was_wrong) {
        Ok(verdict) | Err(verdict) => verdict,
    };
    match judged {
        Verdict::Missing(_) if row.path.is_empty() => {
            Verdict::Missing("the row names no file".into())
        }
        Verdict::Missing(words) => Verdict::Missing(elsewhere(&place, row).unwrap_or(words)),
        other => other,
    }
}

/// What to say of a file that is not in the archive but where the row says it is.
fn elsewhere(place: &Place, row: &ImageRow) -> Option<String> {
    let path = Path::new(&row.path);
    let is_there = matches!(place, Place::Archive(..)) && path.is_file();
    let folder = path.parent()?.parent()?;
    is_there.then(|| {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        format!(
            "not in the archive; it lies outside of it: `draywatch adopt {}` copies it",
            folder.display()
        )
    })
}

fn held_against(place: &Place, row: &ImageRow, wants_reading: bool) -> Result<Verdict, Verdict> {
    let file = place.open()?;
    let length = length(&file)?;
    // Other programs may have written nothing, zero or nonsense.
    let recorded = row
        .file_size
        .and_then(|size| u64::try_from(size).ok())
        .filter(|size| *size > 0);
    if let Some(recorded) = recorded.filter(|recorded| *recorded != length) {
        return Err(Verdict::Bad(format!(
            "has {length} bytes, the row says {recorded}"
        )));
    }
    if !wants_reading {
        return Ok(Verdict::SizeFits);
    }
    let bytes = read(file, length)?;
    let Some(recorded) = &row.sha256 else {
        return Ok(picture(&bytes));
    };
    let actual = Sha256::of(&bytes).to_string();
    if actual != *recorded {
        return Err(Verdict::Bad(format!(
            "has the SHA-256 {actual}, the row says {recorded}"
        )));
    }
    let is_on_record = row.file_state.as_deref() == Some("ok") && row.verified_at.is_some();
    Ok(if is_on_record {
        Verdict::Same
    } else {
        picture(&bytes)
    })
}
