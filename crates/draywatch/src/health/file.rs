//! The file that tells of health: written whole, read with care. Must not judge.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use draywatch_archive::{Access, Archive};
use draywatch_web::Report;

use crate::lease;

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

/// Writes a report into the archive's folder, if the archive with that id is there: below a mount point without its disk, and into
/// somebody else's archive, nothing is written. It is not flushed, as it is worth nothing after a power cut.
///
/// # Errors
/// When the disk does not take it. The former report is gone then, if possible: it must not stand for what could not be told.
pub fn write(root: &Path, id: &str, report: &Report) -> io::Result<()> {
    let folder = match fs::File::open(root) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    // By the open folder: another disk may be mounted over its path between the look at the id and the writing.
    let root = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
    if !is_archive(&root, id) {
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

fn is_archive(root: &Path, id: &str) -> bool {
    let found = Archive::open(root, Access::ReadOnly).and_then(|archive| archive.id());
    found.is_ok_and(|found| found.as_deref() == Some(id))
}

/// Whether the process that wrote it was at work on this machine and is no more: what it said does not count until it expires. Of
/// another machine's, or another container's, nothing can be told.
#[must_use]
pub fn is_of_dead(report: &Report) -> bool {
    report.is_running && report.process.as_deref().is_some_and(lease::is_dead)
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
    use draywatch_core::health::{Facts, Health};

    use super::*;

    fn report() -> Report {
        let now = DateTime::from_timestamp(1_763_800_000, 0).unwrap();
        let facts = Facts::nothing(now, "not asked", Vec::new());
        Report::new(&facts, Health::default(), TimeDelta::minutes(4), true)
    }

    const ID: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

    fn archive() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::create(folder.path()).unwrap();
        archive.write_id(ID).unwrap();
        folder
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = archive();
        let root = folder.path();
        write(root, ID, &report()).unwrap();
        write(root, ID, &report()).unwrap();
        assert_eq!(read(root).unwrap(), report());
        fs::write(root.join(FILE), "{").unwrap();
        assert!(matches!(read(root), Err(ReadError::Broken(..))));
    }

    /// Found by a drill on a busy machine: a disk changed between the look at the archive and the writing.
    #[test]
    fn nothing_is_written_where_the_archive_is_not() {
        let folder = archive();
        let another = "67e55044-10b1-426f-9247-bb680e5fe0c9";
        let nowhere = folder.path().join("nowhere");
        let bare = tempfile::tempdir().unwrap();
        for (root, id) in [(folder.path(), another), (bare.path(), ID), (&nowhere, ID)] {
            write(root, id, &report()).unwrap();
            assert!(matches!(read(root), Err(ReadError::Absent(_))), "{root:?}");
        }
    }

    #[test]
    fn a_report_that_cannot_be_written_leaves_none() {
        let folder = archive();
        let root = folder.path();
        write(root, ID, &report()).unwrap();
        fs::create_dir(root.join(BEFORE)).unwrap();
        assert!(write(root, ID, &report()).is_err());
        assert!(matches!(read(root), Err(ReadError::Absent(_))));
    }
}
