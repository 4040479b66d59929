//! The picture files on a local folder: put durably, opened, removed, walked. This module owns every file below
//! `download_dir` whose name is ours, and the control folder beside the day folders. It must not know SQL, HTTP or pictures:
//! whether a file is good, and whether a row exists for it, is the caller's business.
//!
//! ```text
//! <download_dir>/
//!   2025-09-07/20250907T101734_in_gate.jpg   pictures; days and names in UTC
//!   .draywatch/archive-id                    the id that the database knows (invariant 6)
//!   .draywatch/reserve                       room that is given up when the disk is full
//!   .draywatch/tmp/                          temporaries: only here, so the sweep costs by what was in flight
//!   .draywatch/quarantine/2025-09-07/        pictures set aside, with the reason beside them (invariant 2)
//!   .draywatch/locks/in_gate.lock            who collects a camera (invariant 7)
//! ```
//!
//! A put in the order of invariant 1, for a batch: [`Archive::write_aside`], once for the batch [`Archive::flush`], [`Archive::place`]
//! (renamed, never over another file), once for the batch [`Archive::sync_folders`], and only then may rows be committed.
//!
//! Every access goes through open folders and never follows a symbolic link below `download_dir`, so no name and no link leads out
//! of the archive. All calls block: use them from threads that may.

mod error;
mod flush;
mod folder;
mod identity;
mod lock;
mod owner;
mod put;
mod quarantine;
mod relative;
mod remove;
mod reserve;
#[cfg(test)]
mod tests;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub use error::ArchiveError;
use flush::Flushing;
use folder::Folder;
pub use lock::{CameraLock, IdLock, PruneLock};
use owner::Owner;
pub use owner::Swept;
pub use put::{Placed, Staged, Written};
pub use remove::Removed;
pub use walk::Walk;

/// The name of the control folder in the archive.
pub const CONTROL_FOLDER: &str = ".draywatch";

/// What an archive is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading and walking; nothing is created, and a read-only disk is fine.
    ReadOnly,
    /// Everything; that the disk takes new files is tried out at once.
    ReadWrite,
}

/// An open archive; cheap to clone. It stays with the folder that was opened, even if that is renamed or unmounted
/// meanwhile: open it anew for every collection.
#[derive(Debug, Clone)]
pub struct Archive(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: Folder,
    /// Absent when the folder was opened for reading and was never an archive.
    control: Option<Control>,
    access: Access,
    flushing: Flushing,
    /// Made at the first put.
    owner: Mutex<Option<Arc<Owner>>>,
}

#[derive(Debug)]
struct Control {
    folder: Folder,
    /// Absent only when opened for reading.
    parts: Option<Parts>,
}

#[derive(Debug)]
struct Parts {
    tmp: Folder,
    quarantine: Folder,
    locks: Folder,
}

impl Archive {
    /// Opens the archive in `root`. For [`Access::ReadWrite`] it must have been made by [`Archive::create`].
    ///
    /// # Errors
    /// When `root` is not there, is no folder, was never an archive, or cannot be written to.
    pub fn open(root: &Path, access: Access) -> Result<Self, ArchiveError> {
        let root = Folder::open_path(root)?;
        let control = match root.open(CONTROL_FOLDER) {
            Ok(folder) => Some(Control {
                parts: Parts::open(&folder, access)?,
                folder,
            }),
            Err(ArchiveError::Missing { .. }) if access == Access::ReadOnly => None,
            Err(ArchiveError::Missing { .. }) => {
                return Err(ArchiveError::NotAnArchive {
                    path: root.path().to_owned(),
                });
            }
            Err(error) => return Err(error),
        };
        let archive = Self(Arc::new(Inner {
            flushing: Flushing::of(&root),
            root,
            control,
            access,
            owner: Mutex::default(),
        }));
        if access == Access::ReadWrite {
            owner::probe(archive.tmp()?)?;
        }
        Ok(archive)
    }

    /// An archive for reading without a file in it, in the place of one that is not there: for a database that was never married to
    /// an archive, so that what its rows name can be told to be missing. Nothing is made at `root`.
    ///
    /// # Errors
    /// When no empty folder can be had from the system.
    pub fn absent(root: &Path) -> Result<Self, ArchiveError> {
        let root = Folder::empty(root)?;
        Ok(Self(Arc::new(Inner {
            flushing: Flushing::of(&root),
            root,
            control: None,
            access: Access::ReadOnly,
            owner: Mutex::default(),
        })))
    }

    /// Makes `root` an archive, durably, and opens it for writing. A folder that has files already is taken as it is, and
    /// an archive stays what it was.
    ///
    /// # Errors
    /// When something that is no folder is in the way, or nothing can be written there.
    pub fn create(root: &Path) -> Result<Self, ArchiveError> {
        folder::create_path(root)?;
        Folder::open_path(root)?.open_or_create(CONTROL_FOLDER)?;
        Self::open(root, Access::ReadWrite)
    }

    /// The folder, as it was given.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.0.root.path()
    }

    /// Where a frame's file lies, for people; the archive itself never opens files by such a path.
    #[must_use]
    pub fn path_of(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    /// What the archive was opened for.
    #[must_use]
    pub fn access(&self) -> Access {
        self.0.access
    }

    /// Bytes that we may still write on the disk below the archive, and these with all that is written: as `df` counts, without
    /// what is kept back for root.
    ///
    /// # Errors
    /// When the disk does not say.
    pub fn free_space(&self) -> Result<(u64, u64), ArchiveError> {
        self.0.root.free_space()
    }

    fn control(&self) -> Result<&Folder, ArchiveError> {
        let control = self.0.control.as_ref().map(|control| &control.folder);
        control.ok_or_else(|| ArchiveError::NotAnArchive {
            path: self.root().to_owned(),
        })
    }

    fn parts(&self) -> Result<&Parts, ArchiveError> {
        let parts = self
            .0
            .control
            .as_ref()
            .and_then(|control| control.parts.as_ref());
        parts.ok_or_else(|| ArchiveError::OpenedReadOnly {
            path: self.root().to_owned(),
        })
    }

    fn tmp(&self) -> Result<&Folder, ArchiveError> {
        Ok(&self.parts()?.tmp)
    }
}

impl Parts {
    /// The folders in the control folder, made where they are missing; nothing for reading.
    fn open(control: &Folder, access: Access) -> Result<Option<Self>, ArchiveError> {
        if access == Access::ReadOnly {
            return Ok(None);
        }
        Ok(Some(Self {
            tmp: control.open_or_create("tmp")?,
            quarantine: control.open_or_create("quarantine")?,
            locks: control.open_or_create("locks")?,
        }))
    }
}
