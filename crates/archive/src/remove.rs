//! Many files at once out of the archive, each folder flushed once, and day folders that are empty then. Must not decide what
//! goes.

use std::collections::BTreeMap;

use draywatch_core::error::chain;

use super::folder::Folder;
use super::relative::{Relative, is_day};
use super::{Archive, ArchiveError};

/// What became of files that were to go, each by its place in the list.
#[derive(Debug, Default)]
pub struct Removed {
    /// Those that are gone, durably; also those that had been gone before.
    pub gone: Vec<usize>,
    /// Those that may still be there, and why.
    pub failed: Vec<(usize, String)>,
}

impl Removed {
    fn fail(&mut self, files: impl IntoIterator<Item = usize>, error: &ArchiveError) {
        let words = chain(error);
        let failed = files.into_iter().map(|nth| (nth, words.clone()));
        self.failed.extend(failed);
    }
}

impl Archive {
    /// Removes files, durably, and the day folders that are empty after it.
    ///
    /// # Errors
    /// When the archive was opened for reading only. What is wrong with single files is in the answer.
    pub fn remove_all(&self, relatives: &[String]) -> Result<Removed, ArchiveError> {
        let root = self.root_for_change()?;
        let mut removed = Removed::default();
        let mut days = BTreeMap::<&str, Vec<(usize, &str)>>::new();
        for (nth, relative) in relatives.iter().enumerate() {
            match Relative::parse(relative) {
                Ok(Relative { folder, name }) => days.entry(folder).or_default().push((nth, name)),
                Err(error) => removed.fail([nth], &error),
            }
        }
        for (day, files) in days {
            let all = files.iter().map(|(nth, _)| *nth);
            match root.open(day) {
                Ok(folder) => remove_from(&folder, &files, &mut removed),
                Err(ArchiveError::Missing { .. }) => removed.gone.extend(all),
                Err(error) => removed.fail(all, &error),
            }
            // An empty folder that stays does no harm.
            let _ = self.remove_day_if_empty(day);
        }
        Ok(removed)
    }

    /// Removes a day folder that has nothing in it, durably; whether it did.
    ///
    /// # Errors
    /// When the archive was opened for reading only, or the disk does not let go of it.
    pub fn remove_day_if_empty(&self, day: &str) -> Result<bool, ArchiveError> {
        let root = self.root_for_change()?;
        if !is_day(day) || !root.remove_empty(day)? {
            return Ok(false);
        }
        root.sync()?;
        Ok(true)
    }
}

/// Removes files of one folder and flushes it; they count as gone only then.
fn remove_from(folder: &Folder, files: &[(usize, &str)], removed: &mut Removed) {
    let mut gone = Vec::new();
    for (nth, name) in files {
        match folder.stat_file(name).and_then(|_| folder.unlink(name)) {
            Ok(_) => gone.push(*nth),
            Err(error) => removed.fail([*nth], &error),
        }
        fail::fail_point!("archive-removed");
    }
    match folder.sync() {
        Ok(()) => removed.gone.extend(gone),
        Err(error) => removed.fail(gone, &error),
    }
}
