//! What can go wrong with the archive, told with the path and what to do. Must not decide what follows.

use std::io;
use std::path::{Path, PathBuf};

use draywatch_core::{CameraId, Kind};
use rustix::io::Errno;

/// A failure of the archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The archive's folder is absent.
    #[error("the archive {path} is not there: is its disk mounted, and is `download_dir` right?", path = path.display())]
    NotThere {
        /// The archive's folder.
        path: PathBuf,
    },
    /// Something else is where a folder should be.
    #[error("{path} is not a folder of its own (a file, or a symbolic link, which the archive never follows): move it away", path = path.display())]
    NotAFolder {
        /// What is in the way.
        path: PathBuf,
    },
    /// The folder has no control folder.
    #[error("{path} is no archive of draywatch (there is no .draywatch in it): is its disk mounted, and is `download_dir` right?", path = path.display())]
    NotAnArchive {
        /// The folder.
        path: PathBuf,
    },
    /// The disk or the rights do not let us write.
    #[error("{path} cannot be written to: check that the disk is not mounted read-only and that the folder belongs to draywatch's user", path = path.display())]
    ReadOnly {
        /// What was to be written.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// The archive was opened for reading only.
    #[error("the archive {path} was opened for reading only: this is a mistake in draywatch, please report it", path = path.display())]
    OpenedReadOnly {
        /// The archive's folder.
        path: PathBuf,
    },
    /// No space, no inodes, or the quota is used up.
    #[error("no space is left for {path}: free some, or set a retention", path = path.display())]
    DiskFull {
        /// What was to be written.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// The archive has another id than the one that was to be written.
    #[error("{path} says that this is the archive {there}, not {wanted}: point `download_dir` and the database at the same installation", path = path.display())]
    OtherId {
        /// The file with the id.
        path: PathBuf,
        /// The id in it.
        there: String,
        /// The id that was to be written.
        wanted: String,
    },
    /// The archive's id cannot be read.
    #[error("{path} holds no archive id but {text:?}: restore it from a backup or from the database", path = path.display())]
    BadId {
        /// The file with the id.
        path: PathBuf,
        /// What stands in it, or was to be written.
        text: String,
    },
    /// A text that names no frame's file.
    #[error(
        "{text:?} names no picture of an archive: this is a mistake in draywatch, please report it"
    )]
    BadPath {
        /// The text.
        text: String,
    },
    /// A file of that name is there already.
    #[error("{path} is there already: `draywatch verify` tells what it is", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is gone.
    #[error("{path} is not there: `draywatch verify` tells what else is missing", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Something with a picture's name that is no regular file.
    #[error("{path} is no regular file (a folder, a symbolic link or a device): move it away", path = path.display())]
    NotAFile {
        /// What it is called.
        path: PathBuf,
    },
    /// Somebody else collects this camera.
    #[error("camera {camera} is being collected by process {owner} ({path}): wait for it, or end it", path = path.display())]
    Locked {
        /// The camera.
        camera: CameraId,
        /// The number of the process that holds the lock, as far as it is known.
        owner: String,
        /// The lock's file.
        path: PathBuf,
    },
    /// Somebody else removes pictures.
    #[error("pictures are being removed by process {owner} ({path}): wait for it, or end it", path = path.display())]
    BeingPruned {
        /// The number of the process that holds the lock, as far as it is known.
        owner: String,
        /// The lock's file.
        path: PathBuf,
    },
    /// Any other word of the system.
    #[error("cannot {action} {path}: check the disk, and that the folder belongs to draywatch's user", path = path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
}

impl ArchiveError {
    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::DiskFull { .. } => Kind::DiskFull,
            Self::BadPath { .. } | Self::OpenedReadOnly { .. } => Kind::Bug,
            Self::Exists { .. } => Kind::Contradiction,
            Self::Locked { .. } | Self::BeingPruned { .. } => Kind::Transient,
            _ => Kind::Archive,
        }
    }

    /// The error that the system's `errno` stands for, met while trying to `action` `path`.
    pub(super) fn of(action: &'static str, path: &Path, errno: impl Into<io::Error>) -> Self {
        let (source, path) = (errno.into(), path.to_owned());
        match Errno::from_io_error(&source) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::DiskFull { path, source },
            Some(Errno::ROFS | Errno::ACCESS | Errno::PERM) if is_change(action) => {
                Self::ReadOnly { path, source }
            }
            Some(Errno::NOENT) => Self::Missing { path },
            Some(Errno::EXIST) => Self::Exists { path },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }
}

/// Whether an action changes the disk.
fn is_change(action: &str) -> bool {
    !matches!(action, "open" | "read" | "list" | "look at")
}
