//! The file of a frame, read to be looked at. Blocks; must not change anything.

use std::fs::File;
use std::io::Read;

use draywatch_archive::Archive;
use draywatch_catalog::Look;
use draywatch_core::error::chain;
use draywatch_picture::Limits;
use draywatch_picture::verdict::{Examiner, Placeholders};

use super::look::look_at;
use crate::store::Store;

/// The bytes of the file that a row names, in the archive or wherever another program put it.
///
/// # Errors
/// Why it cannot be read, in words.
pub(super) fn read(archive: &Archive, path: &str) -> Result<Vec<u8>, String> {
    let file = match Store::relative(path) {
        Some(relative) => archive
            .open_file(&relative)
            .map_err(|error| chain(&error))?,
        None => plain(path)?,
    };
    let most = Limits::default().max_bytes;
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = file.take(limit).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > most {
        return Err(format!("is larger than any picture (at most {most} bytes)"));
    }
    Ok(bytes)
}

/// A file of another program; what is no regular file is not waited for.
fn plain(path: &str) -> Result<File, String> {
    let failed = |error: std::io::Error| format!("cannot be opened: {error}");
    if path.is_empty() {
        return Err("the row names no file".to_owned());
    }
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err("is no regular file".to_owned());
    }
    File::open(path).map_err(failed)
}

/// Reads a file and looks at it.
///
/// # Errors
/// Why nobody can, in words.
pub(super) fn look(archive: &Archive, path: &str, cards: &Placeholders) -> Result<Look, String> {
    let bytes = read(archive, path)?;
    let (_, seen) =
        draywatch_picture::verify_and_see(&bytes, None).map_err(|error| error.to_string())?;
    look_at(&seen, &bytes, cards)
        .ok_or_else(|| "by a mistake of ours: please report this".to_owned())
}

/// Whether two files show the same pixels. One that is gone proves nothing, and then they do not.
pub(super) fn is_same_picture(archive: &Archive, previous: &str, path: &str) -> bool {
    let (Ok(previous), Ok(bytes)) = (read(archive, previous), read(archive, path)) else {
        return false;
    };
    let same = std::panic::catch_unwind(|| Examiner::default().is_same_picture(&previous, &bytes));
    matches!(same, Ok(Ok(true)))
}
