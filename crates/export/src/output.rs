//! An export on its way into a file, or into a folder of shards: everything lies in `<name>.part/` until it is whole, and is moved to
//! its name then. What stands there, and where the export stands, is kept beside it, so that an export that was cut short goes on.
//! Must not know what is written.

mod state;
mod sync;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{ExportError, Format, Piece, Position, Request, Summary};
use state::State;
use sync::Syncer;

/// How long an export goes on without writing down where it stands.
const SAVED_EVERY: Duration = Duration::from_secs(1);
/// The file that is locked while an export is under way.
const LOCK: &str = "lock";

/// The files of an export under way.
#[derive(Debug)]
pub struct Output {
    target: PathBuf,
    work: PathBuf,
    /// Held until the end.
    lock: Option<File>,
    state: State,
    current: Option<File>,
    saved: Instant,
    syncer: Syncer,
}

/// An export that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The file, or the folder.
    pub path: PathBuf,
    /// What was written.
    pub summary: Summary,
}

impl Output {
    /// Begins an export to `target`, or finds where the same one stopped.
    ///
    /// # Errors
    /// When there is something of that name, another process is at it, one with another question was begun, or the disk does not
    /// let us.
    pub fn open(target: &Path, request: &Request) -> Result<Self, ExportError> {
        if fs::symlink_metadata(target).is_ok() {
            return Err(ExportError::Exists {
                path: target.to_owned(),
            });
        }
        let mut name = target.as_os_str().to_owned();
        name.push(".part");
        let work = PathBuf::from(name);
        match fs::create_dir(&work) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(failed("create", &work)(error));
            }
            _ => {}
        }
        let lock = lock(&work)?;
        let state = State::read(&work, request)?;
        let mut output = Self {
            target: target.to_owned(),
            work,
            lock: Some(lock),
            state,
            current: None,
            saved: Instant::now(),
            syncer: Syncer::start(),
        };
        output.take_up()?;
        Ok(output)
    }

    /// Where the export stands: take it up there.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.state.position
    }

    /// Whether something was there already.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.state.position != Position::default()
    }

    /// Appends a piece; `position` is that of the export after it.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&mut self, piece: &Piece, position: &Position) -> Result<(), ExportError> {
        let path = self.path();
        if self.current.is_none() {
            let mut options = OpenOptions::new();
            let made = options.create(true).write(true).truncate(true).open(&path);
            self.current = Some(made.map_err(failed("create", &path))?);
        }
        if let Some(file) = &mut self.current {
            for part in &piece.parts {
                file.write_all(part).map_err(failed("write", &path))?;
                self.state.offset += u64::try_from(part.len()).unwrap_or(0);
            }
            self.syncer.written(file, self.state.offset)?;
        }
        fail::fail_point!("export-written");
        if piece.ends_file {
            if let Some(file) = self.current.take() {
                self.syncer.end(file)?;
            }
            self.state.offset = 0;
            self.state.file_start = position.clone();
            self.save(position)?;
        } else if self.saved.elapsed() >= SAVED_EVERY {
            self.save(position)?;
        }
        Ok(())
    }

    /// Writes down where the export stands.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn save(&mut self, position: &Position) -> Result<(), ExportError> {
        self.state.position = position.clone();
        self.state.write(&self.work)?;
        self.saved = Instant::now();
        fail::fail_point!("export-saved");
        Ok(())
    }

    /// Gives the whole export its name, durably.
    ///
    /// # Errors
    /// When the disk fails, or there is something of that name by now.
    pub fn finish(mut self) -> Result<Finished, ExportError> {
        let (work, target) = (self.work.clone(), self.target.clone());
        self.syncer.wait()?;
        sync_folder(&work)?;
        fail::fail_point!("export-whole");
        if self.is_folder() {
            State::remove(&work)?;
            remove(&work.join(LOCK))?;
            place(&work, &target)?;
        } else {
            place(&self.name_of(0), &target)?;
            State::remove(&work)?;
            remove(&work.join(LOCK))?;
            fs::remove_dir(&work).map_err(failed("remove", &work))?;
        }
        self.lock = None;
        let above = target
            .parent()
            .filter(|above| !above.as_os_str().is_empty());
        sync_folder(above.unwrap_or(Path::new(".")))?;
        Ok(Finished {
            path: target,
            summary: self.state.position.summary,
        })
    }

    fn is_folder(&self) -> bool {
        self.state.request.format == Format::WebDataset
    }

    /// The file that is being written.
    fn path(&self) -> PathBuf {
        self.name_of(self.state.file_start.file())
    }

    fn name_of(&self, file: u64) -> PathBuf {
        let extension = self.state.request.format.extension();
        self.work.join(format!("{file:06}.{extension}"))
    }

    /// Cuts what is there to what is known of, and removes what is not.
    fn take_up(&mut self) -> Result<(), ExportError> {
        let (path, offset) = (self.path(), self.state.offset);
        if offset > 0 {
            let opened = OpenOptions::new().write(true).open(&path);
            let length = opened
                .as_ref()
                .ok()
                .and_then(|file| Some(file.metadata().ok()?.len()));
            match opened {
                Ok(mut file) if length.is_some_and(|length| length >= offset) => {
                    file.set_len(offset).map_err(failed("cut", &path))?;
                    let end = file.seek(SeekFrom::Start(offset));
                    end.map_err(failed("write", &path))?;
                    self.current = Some(file);
                }
                // Somebody else was at it: the file is written anew.
                _ => self.state.begin_file_anew(),
            }
        }
        let known = self.state.file_start.file();
        let entries = fs::read_dir(&self.work).map_err(failed("list", &self.work))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let number = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            if number.is_some_and(|number| number > known)
                && self.name_of(number.unwrap_or(0)) == path
            {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ExportError {
    let path = path.to_owned();
    move |source| ExportError::Io {
        action,
        path,
        source,
    }
}

fn lock(work: &Path) -> Result<File, ExportError> {
    let path = work.join(LOCK);
    let made = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = made.map_err(failed("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ExportError::Busy {
            path: work.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(failed("lock", &path)(error)),
    }
}

fn remove(path: &Path) -> Result<(), ExportError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Moves to a name that nothing has.
fn place(from: &Path, to: &Path) -> Result<(), ExportError> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::EXIST) => Err(ExportError::Exists {
            path: to.to_owned(),
        }),
        // The file system does not know how.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS)
            if fs::symlink_metadata(to).is_err() =>
        {
            fs::rename(from, to).map_err(failed("move to", to))
        }
        Err(error) => Err(failed("move to", to)(error.into())),
    }
}

fn sync_folder(path: &Path) -> Result<(), ExportError> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(failed("flush", path))
}
