//! The file that tells of health: written whole, read with care. Must not judge.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Report;
use crate::archive::CONTROL_FOLDER;

/// Its name in the archive's folder.
pub const FILE: &str = ".health";
/// What it is written as before it gets that name.
const BEFORE: &str = ".health.part";

/// Why there is no report to be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nobody has written one.
    #[error("there is no {path}: no service has run here yet, or `download_dir` is another", path = .0.display())]
    Absent(PathBuf),
    /// It cannot be read.
    #[error("{path} cannot be read", path = .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// It holds something else.
    #[error("{path} is no report of health of this version", path = .0.display())]
    Broken(PathBuf, #[source] serde_json::Error),
}

/// Writes a report into the archive's folder, if an archive is there: below a mount point without its disk nothing is written. It is
/// not flushed, as it is worth nothing after a power cut.
///
/// # Errors
/// When the disk does not take it.
pub fn write(root: &Path, report: &Report) -> io::Result<()> {
    if !root.join(CONTROL_FOLDER).is_dir() {
        return Ok(());
    }
    let text = serde_json::to_string_pretty(report)?;
    let before = root.join(BEFORE);
    fs::write(&before, text + "\n")?;
    fs::rename(&before, root.join(FILE))
}

/// Reads the report in the archive's folder.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn read(root: &Path) -> Result<Report, ReadError> {
    let path = root.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| ReadError::Broken(path, error)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Err(ReadError::Absent(path))
        }
        Err(error) => Err(ReadError::Unreadable(path, error)),
    }
}
