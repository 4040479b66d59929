//! Files in and out: staged aside and flushed, placed under their name, read, removed. Must not decide which file is the
//! better one: `place` never overwrites, `replace` is told to.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::Arc;

use super::folder::Folder;
use super::owner::Owner;
use super::relative::{Relative, day_of};
use super::{Archive, ArchiveError};

/// A file written aside, not on the disk for sure; dropping it removes it again.
#[derive(Debug)]
pub struct Written(Staged);

impl Written {
    /// Waits until the file is on the disk.
    pub(super) fn sync(&self) -> Result<(), ArchiveError> {
        let Staged { owner, name } = &self.0;
        let Some(name) = name else { return Ok(()) };
        let path = owner.tmp().path().join(name);
        // What failed since the file was written is told to whoever opens it next, too.
        let synced = owner.tmp().open_file(name)?.sync_all();
        synced.map_err(|error| ArchiveError::of("flush", &path, error))
    }

    /// The same file, once it is on the disk.
    pub(super) fn flushed(self) -> Staged {
        self.0
    }
}

/// A file written aside and flushed; dropping it removes it again.
#[derive(Debug)]
pub struct Staged {
    owner: Arc<Owner>,
    name: Option<String>,
}

/// A file under its name; durable after [`Archive::sync_folders`] with `folder`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "its folder must be synced before a row is committed"]
pub struct Placed {
    /// Where it lies in the archive.
    pub relative: String,
    /// The day folder in that.
    pub folder: String,
}

impl Staged {
    /// Moves the file to its place, never over another one.
    pub(super) fn move_to(&mut self, folder: &Folder, name: &str) -> Result<(), ArchiveError> {
        if let Some(own) = &self.name {
            self.owner.tmp().rename_new(own, folder, name)?;
            self.name = None;
        }
        Ok(())
    }

    fn move_over(&mut self, folder: &Folder, name: &str) -> Result<(), ArchiveError> {
        if let Some(own) = &self.name {
            self.owner.tmp().rename(own, folder, name)?;
            self.name = None;
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // If this fails, a later sweep does it.
            let _ = self.owner.tmp().unlink(name);
        }
    }
}

impl Archive {
    /// Writes `bytes` aside, under a name that nobody else uses. They may not be on the disk yet: see [`Archive::flush`].
    ///
    /// # Errors
    /// When the disk is full or does not take them.
    pub fn write_aside(&self, bytes: &[u8]) -> Result<Written, ArchiveError> {
        let owner = self.owner()?;
        let name = owner.next_name();
        let path = owner.tmp().path().join(&name);
        let mut file = owner.tmp().create_new(&name)?;
        let written = Written(Staged {
            owner,
            name: Some(name),
        });
        file.write_all(bytes)
            .map_err(|error| ArchiveError::of("write", &path, error))?;
        Ok(written)
    }

    /// Writes `bytes` aside and flushes them to the disk.
    ///
    /// # Errors
    /// When the disk is full or does not take them.
    pub fn stage(&self, bytes: &[u8]) -> Result<Staged, ArchiveError> {
        let written = self.write_aside(bytes)?;
        written.sync()?;
        Ok(written.flushed())
    }

    /// Gives a staged file its name. The day folder is made durably if it is missing; the name itself is durable only after
    /// [`Archive::sync_folders`].
    ///
    /// # Errors
    /// [`ArchiveError::Exists`] when there is a file of that name: it is left as it is. Others when the disk does not
    /// take it. The staged file is gone then.
    pub fn place(&self, mut staged: Staged, relative: &str) -> Result<Placed, ArchiveError> {
        let Relative { folder, name } = Relative::parse(relative)?;
        let root = self.root_for_change()?;
        match staged.move_to(&root.open_or_create(folder)?, name) {
            // A clean-up removed the folder, which was empty, between the two steps.
            Err(ArchiveError::Missing { .. }) => {
                staged.move_to(&root.open_or_create(folder)?, name)?;
            }
            done => done?,
        }
        fail::fail_point!("archive-placed");
        Ok(Placed {
            relative: relative.to_owned(),
            folder: folder.to_owned(),
        })
    }

    /// Puts a staged file in the place of the one that has its name, if any; a crash leaves one of the two, whole. Durable
    /// after [`Archive::sync_folders`].
    ///
    /// # Errors
    /// When something else than a regular file has the name, or the disk does not take it. The staged file is gone then.
    pub fn replace(&self, mut staged: Staged, relative: &str) -> Result<Placed, ArchiveError> {
        let Relative { folder, name } = Relative::parse(relative)?;
        let day = self.root_for_change()?.open_or_create(folder)?;
        day.stat_file(name)?;
        staged.move_over(&day, name)?;
        fail::fail_point!("archive-replaced");
        Ok(Placed {
            relative: relative.to_owned(),
            folder: folder.to_owned(),
        })
    }

    /// Makes the names in these day folders durable, each folder once; a path of a file in one will do, too. To be called
    /// once for a batch, before its rows are committed.
    ///
    /// # Errors
    /// When the disk fails: nothing in the batch may then be taken for stored.
    pub fn sync_folders<'a>(
        &self,
        folders: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), ArchiveError> {
        let days = folders
            .into_iter()
            .map(day_of)
            .collect::<Result<BTreeSet<_>, _>>()?;
        if days.is_empty() {
            return Ok(());
        }
        let root = self.root_for_change()?;
        for day in days {
            root.open(day)?.sync()?;
        }
        // A day folder may be new, and the process that made it not yet so far as to flush its name.
        root.sync()
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// When it is missing, no regular file, or cannot be read.
    pub fn read(&self, relative: &str) -> Result<Vec<u8>, ArchiveError> {
        let mut file = self.open_file(relative)?;
        let path = self.path_of(relative);
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.read_to_end(&mut bytes)
            .map_err(|error| ArchiveError::of("read", &path, error))?;
        Ok(bytes)
    }

    /// A file, open for reading.
    ///
    /// # Errors
    /// When it is missing, no regular file, or cannot be opened.
    pub fn open_file(&self, relative: &str) -> Result<std::fs::File, ArchiveError> {
        let Relative { folder, name } = Relative::parse(relative)?;
        self.0.root.open(folder)?.open_file(name)
    }

    /// Whether there is a file of that name.
    ///
    /// # Errors
    /// When something else has the name, or the disk does not say.
    pub fn exists(&self, relative: &str) -> Result<bool, ArchiveError> {
        let Relative { folder, name } = Relative::parse(relative)?;
        match self.0.root.open(folder) {
            Ok(day) => Ok(day.stat_file(name)?.is_some()),
            Err(ArchiveError::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Size and times of a file.
    ///
    /// # Errors
    /// When it is missing, no regular file, or the disk does not say.
    pub fn metadata(&self, relative: &str) -> Result<std::fs::Metadata, ArchiveError> {
        let file = self.open_file(relative)?;
        file.metadata()
            .map_err(|error| ArchiveError::of("look at", &self.path_of(relative), error))
    }

    /// Removes a file, durably; whether there was one.
    ///
    /// # Errors
    /// When something else has the name, or the disk does not let go of it.
    pub fn remove(&self, relative: &str) -> Result<bool, ArchiveError> {
        let Relative { folder, name } = Relative::parse(relative)?;
        let day = match self.root_for_change()?.open(folder) {
            Ok(day) => day,
            Err(ArchiveError::Missing { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let was_there = day.stat_file(name)?.is_some() && day.unlink(name)?;
        // Also when it was gone already: the one who removed it may have crashed before this.
        day.sync()?;
        Ok(was_there)
    }

    /// The root, if the archive was opened for writing.
    pub(super) fn root_for_change(&self) -> Result<&Folder, ArchiveError> {
        self.parts().map(|_| &self.0.root)
    }
}
