//! All files of ours, day by day. Must not open them, and never leaves the day folders.

use std::vec;

use rustix::fs::FileType;

use super::relative::{Relative, is_day};
use super::{Archive, ArchiveError};

/// The relative paths of all files whose names are ours, sorted: by day, then by name. It holds one day in memory; a day
/// that goes away meanwhile is left out.
#[derive(Debug)]
pub struct Walk {
    archive: Archive,
    days: vec::IntoIter<String>,
    day: vec::IntoIter<String>,
}

impl Archive {
    /// Walks all day folders. Whatever has another name, is no regular file or lies elsewhere is skipped.
    ///
    /// # Errors
    /// When the archive's folder cannot be listed.
    pub fn walk(&self) -> Result<Walk, ArchiveError> {
        Ok(Walk {
            archive: self.clone(),
            days: self.days()?.into_iter(),
            day: Vec::new().into_iter(),
        })
    }

    /// The day folders that there are, sorted.
    ///
    /// # Errors
    /// When the archive's folder cannot be listed.
    pub fn days(&self) -> Result<Vec<String>, ArchiveError> {
        let entries = self.0.root.list()?.into_iter();
        Ok(entries
            .filter(|(name, of)| *of == FileType::Directory && is_day(name))
            .map(|(name, _)| name)
            .collect())
    }

    /// The relative paths of the files of ours in one day folder, sorted; none if there is no such folder.
    ///
    /// # Errors
    /// When `day` names no day, or its folder cannot be listed.
    pub fn files_of_day(&self, day: &str) -> Result<Vec<String>, ArchiveError> {
        if !is_day(day) {
            return Err(ArchiveError::BadPath {
                text: day.to_owned(),
            });
        }
        let entries = match self.0.root.open(day) {
            Ok(folder) => folder.list()?,
            Err(ArchiveError::Missing { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let files = entries
            .into_iter()
            .filter(|(_, file_type)| *file_type == FileType::RegularFile);
        let paths = files.map(|(name, _)| format!("{day}/{name}"));
        Ok(paths.filter(|path| Relative::parse(path).is_ok()).collect())
    }
}

impl Iterator for Walk {
    type Item = Result<String, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(path) = self.day.next() {
                return Some(Ok(path));
            }
            match self.archive.files_of_day(&self.days.next()?) {
                Ok(paths) => self.day = paths.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
