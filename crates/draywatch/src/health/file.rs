//! The file that tells of health: written whole, read with care. Must not judge.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use draywatch_archive::CONTROL_FOLDER;
use draywatch_web::Report;

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
/// When the disk does not take it. The former report is gone then, if possible: it must not stand for what could not be told.
pub fn write(root: &Path, report: &Report) -> io::Result<()> {
    if !root.join(CONTROL_FOLDER).is_dir() {
        return Ok(());
    }
    let (before, file) = (root.join(BEFORE), root.join(FILE));
    let text = serde_json::to_string_pretty(report)? + "\n";
    let written = fs::write(&before, text).and_then(|()| fs::rename(&before, &file));
    if written.is_err() {
        let _ = fs::remove_file(&before);
        let _ = fs::remove_file(&file);
    }
    written
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use draywatch_core::health::Health;

    use super::*;
    use crate::health::gather;

    fn report() -> Report {
        let now = DateTime::from_timestamp(1_763_800_000, 0).unwrap();
        let facts = gather::nothing(now, "not asked", Vec::new());
        Report::new(&facts, Health::default(), TimeDelta::minutes(4), true)
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, &report()).unwrap();
        assert!(
            matches!(read(root), Err(ReadError::Absent(_))),
            "nothing is written where no archive is"
        );
        fs::create_dir(root.join(CONTROL_FOLDER)).unwrap();
        write(root, &report()).unwrap();
        write(root, &report()).unwrap();
        assert_eq!(read(root).unwrap(), report());
        fs::write(root.join(FILE), "{").unwrap();
        assert!(matches!(read(root), Err(ReadError::Broken(..))));
    }

    #[test]
    fn a_report_that_cannot_be_written_leaves_none() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join(CONTROL_FOLDER)).unwrap();
        write(root, &report()).unwrap();
        fs::create_dir(root.join(BEFORE)).unwrap();
        assert!(write(root, &report()).is_err());
        assert!(matches!(read(root), Err(ReadError::Absent(_))));
    }
}
