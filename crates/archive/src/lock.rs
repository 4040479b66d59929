//! One writer per camera and archive (invariant 7), one clean-up at a time: a lock of the operating system, which ends with the process that holds it.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use draywatch_core::CameraId;

use super::owner::try_lock;
use super::{Archive, ArchiveError};

/// The right to collect a camera, until it is dropped or the process ends.
#[derive(Debug)]
pub struct CameraLock {
    file: File,
}

/// The right to give the archive its id, until it is dropped or the process ends.
#[derive(Debug)]
pub struct IdLock {
    file: File,
}

/// The right to remove pictures, until it is dropped or the process ends.
#[derive(Debug)]
pub struct PruneLock {
    file: File,
}

/// No camera's lock can have this name.
const ID_LOCK: &str = "archive.id.lock";
/// Nor this one.
const PRUNE_LOCK: &str = "archive.prune.lock";

impl Archive {
    /// Takes the lock under which an archive gets its id, without waiting; `None` when somebody has it.
    ///
    /// # Errors
    /// When the disk does not let it be taken.
    pub fn lock_id(&self) -> Result<Option<IdLock>, ArchiveError> {
        let locks = &self.parts()?.locks;
        let file = locks.open_or_create_file(ID_LOCK)?;
        Ok(try_lock(&file, &locks.path().join(ID_LOCK))?.then_some(IdLock { file }))
    }

    /// Takes the lock under which pictures are removed, without waiting.
    ///
    /// # Errors
    /// [`ArchiveError::BeingPruned`] when somebody has it, in this process or another.
    pub fn lock_prune(&self) -> Result<PruneLock, ArchiveError> {
        let locks = &self.parts()?.locks;
        let path = locks.path().join(PRUNE_LOCK);
        let mut file = locks.open_or_create_file(PRUNE_LOCK)?;
        if try_lock(&file, &path)? {
            let _ = note_owner(&mut file);
            return Ok(PruneLock { file });
        }
        Err(ArchiveError::BeingPruned {
            owner: owner_in(&mut file, &path),
            path,
        })
    }

    /// Takes the lock of a camera, without waiting.
    ///
    /// # Errors
    /// [`ArchiveError::Locked`] when somebody has it, in this process or another.
    pub fn lock_camera(&self, camera: &CameraId) -> Result<CameraLock, ArchiveError> {
        let locks = &self.parts()?.locks;
        // The file stays for good: removing it would let two processes hold the lock of "the same" file. Only from a process
        // that was stopped, and has lost its lease, is it taken (`seize_camera`).
        let name = format!("{camera}.lock");
        let path = locks.path().join(&name);
        let mut file = locks.open_or_create_file(&name)?;
        if try_lock(&file, &path)? && locks.is_named(&file, &name)? {
            // Only for the message to others, so a full disk does not matter.
            let _ = note_owner(&mut file);
            return Ok(CameraLock { file });
        }
        Err(ArchiveError::Locked {
            camera: camera.clone(),
            owner: owner_in(&mut file, &path),
            path,
        })
    }

    /// Takes the lock of a camera from a process that cannot give it back (it was stopped): the file of the lock is replaced.
    /// Only for one who holds the camera's lease, which the other has lost: its writes are refused when it goes on.
    ///
    /// # Errors
    /// When the disk does not let it be taken, or somebody else was faster.
    pub fn seize_camera(&self, camera: &CameraId) -> Result<CameraLock, ArchiveError> {
        let locks = &self.parts()?.locks;
        let _ = locks.unlink(&format!("{camera}.lock"))?;
        self.lock_camera(camera)
    }
}

impl Drop for CameraLock {
    fn drop(&mut self) {
        // Closing alone would not do if a child was being started just now, which shares the open file for a moment.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

impl Drop for PruneLock {
    fn drop(&mut self) {
        // As above.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

impl Drop for IdLock {
    fn drop(&mut self) {
        // As above.
        let _ = self.file.unlock();
    }
}

fn note_owner(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// The process that noted itself, as far as it did yet.
fn owner_in(file: &mut File, path: &Path) -> String {
    let mut text = String::new();
    match file.take(20).read_to_string(&mut text) {
        Ok(_) if text.trim().parse::<u32>().is_ok() => text.trim().to_owned(),
        _ => format!("of unknown number, see `fuser {}`", path.display()),
    }
}
