//! A small file of nothing: room that is given up when the disk is so full that not even a removal can be recorded. Must not
//! decide when.

use super::{Archive, ArchiveError};

const FILE: &str = "reserve";
/// Its size: more than the database needs to record that one picture goes.
const SIZE: u64 = 1_000_000;

impl Archive {
    /// Makes the reserve where there is none and the disk has room for it; whether there is one.
    ///
    /// # Errors
    /// When the archive was opened for reading only, or the disk fails otherwise than by being full.
    pub fn keep_reserve(&self) -> Result<bool, ArchiveError> {
        self.parts()?;
        let control = self.control()?;
        if control.stat_file(FILE)?.is_some() {
            return Ok(true);
        }
        if self.free_space()?.0 < 4 * SIZE {
            return Ok(false);
        }
        let file = control.create_new(FILE)?;
        let flags = rustix::fs::FallocateFlags::empty();
        match rustix::fs::fallocate(&file, flags, 0, SIZE) {
            Ok(()) => Ok(true),
            // Full after all, or a file system that cannot promise room.
            Err(_) => control.unlink(FILE).map(|_| false),
        }
    }

    /// Gives the reserve up; whether there was one.
    ///
    /// # Errors
    /// When the archive was opened for reading only, or the disk does not let go of it.
    pub fn release_reserve(&self) -> Result<bool, ArchiveError> {
        self.parts()?;
        self.control()?.unlink(FILE)
    }
}
