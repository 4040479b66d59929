//! Pictures set aside (invariant 2): kept, with the reason beside them, but out of the archive. Must not judge them.

use std::io::Write;
use std::path::PathBuf;

use super::folder::Folder;
use super::relative::Relative;
use super::{Archive, ArchiveError};

/// So many files of one name can be in quarantine.
const MOST_OF_A_NAME: u32 = 10_000;

impl Archive {
    /// Moves a file into the quarantine folder of its day, durably, its reason beside it in `<name>.reason.txt`. A file of
    /// that name there is kept: the new one is then called `<name>.2` and so on. Returns where the file is now.
    ///
    /// # Errors
    /// When the file is missing, or the disk does not take the change; the file may then be in either place, but is not
    /// lost.
    pub fn quarantine(&self, relative: &str, reason: &str) -> Result<PathBuf, ArchiveError> {
        let Relative { folder, name } = Relative::parse(relative)?;
        let day = self.root_for_change()?.open(folder)?;
        if day.stat_file(name)?.is_none() {
            return Err(ArchiveError::Missing {
                path: day.path().join(name),
            });
        }
        let aside = self.parts()?.quarantine.open_or_create(folder)?;
        let mut new = name.to_owned();
        for number in 2..=MOST_OF_A_NAME {
            if set_aside(&day, name, &aside, &new, reason)? {
                // First where it is, then where it is no more: a crash in between leaves two names, not none.
                aside.sync()?;
                day.sync()?;
                return Ok(aside.path().join(new));
            }
            new = format!("{name}.{number}");
        }
        Err(ArchiveError::Exists {
            path: aside.path().join(new),
        })
    }
}

/// Moves a file to a name that is free, together with that of its reason; whether it was free. The reason is written first.
fn set_aside(
    from: &Folder,
    name: &str,
    to: &Folder,
    new: &str,
    reason: &str,
) -> Result<bool, ArchiveError> {
    let note = format!("{new}.reason.txt");
    let path = to.path().join(&note);
    let mut file = match to.create_new(&note) {
        Ok(file) => file,
        Err(ArchiveError::Exists { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let written = file
        .write_all(format!("{reason}\n").as_bytes())
        .and_then(|()| file.sync_all());
    let moved = written
        .map_err(|error| ArchiveError::of("write", &path, error))
        .and_then(|()| from.rename_new(name, to, new));
    match moved {
        Ok(()) => Ok(true),
        Err(error) => {
            to.unlink(&note)?;
            if matches!(error, ArchiveError::Exists { .. }) {
                Ok(false)
            } else {
                Err(error)
            }
        }
    }
}
