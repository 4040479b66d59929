//! An open folder, and the few things done with what is in it, by plain names and without following links. Must not know what
//! the names mean.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use super::ArchiveError;

const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);
const FILE_MODE: Mode = Mode::from_raw_mode(0o644);

/// A folder held open, so that what a name means cannot change under way.
#[derive(Debug)]
pub(super) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

impl Folder {
    /// Opens the archive's root; it alone may be reached through symbolic links, as its place is the user's choice.
    pub(super) fn open_path(path: &Path) -> Result<Self, ArchiveError> {
        match rustix::fs::open(
            path,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        ) {
            Ok(fd) => Ok(Self {
                fd,
                path: path.to_owned(),
            }),
            Err(Errno::NOENT) => Err(ArchiveError::NotThere {
                path: path.to_owned(),
            }),
            Err(Errno::NOTDIR) => Err(ArchiveError::NotAFolder {
                path: path.to_owned(),
            }),
            Err(errno) => Err(ArchiveError::of("open", path, errno)),
        }
    }

    /// A folder with nothing in it that says of itself that it is `path`: one that was removed as soon as it was open.
    pub(super) fn empty(path: &Path) -> Result<Self, ArchiveError> {
        let name = format!("draywatch-empty-{}", uuid::Uuid::new_v4());
        let aside = std::env::temp_dir().join(name);
        fs::create_dir(&aside).map_err(|error| ArchiveError::of("create", &aside, error))?;
        let opened = Self::open_path(&aside);
        fs::remove_dir(&aside).map_err(|error| ArchiveError::of("remove", &aside, error))?;
        Ok(Self {
            path: path.to_owned(),
            ..opened?
        })
    }

    /// Opens a folder in this one; a symbolic link is refused.
    pub(super) fn open(&self, name: &str) -> Result<Self, ArchiveError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path = self.path.join(name);
        match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(Self { fd, path }),
            Err(Errno::NOTDIR | Errno::LOOP) => Err(ArchiveError::NotAFolder { path }),
            Err(errno) => Err(ArchiveError::of("open", &path, errno)),
        }
    }

    /// Opens a folder in this one, made durably if it is missing.
    pub(super) fn open_or_create(&self, name: &str) -> Result<Self, ArchiveError> {
        match self.open(name) {
            Err(ArchiveError::Missing { .. }) => {}
            other => return other,
        }
        match rustix::fs::mkdirat(&self.fd, name, FOLDER_MODE) {
            Ok(()) => self.sync()?,
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(ArchiveError::of("create", &self.path.join(name), errno)),
        }
        self.open(name)
    }

    /// Makes the names in this folder durable.
    pub(super) fn sync(&self) -> Result<(), ArchiveError> {
        rustix::fs::fsync(&self.fd).map_err(|errno| ArchiveError::of("flush", &self.path, errno))
    }

    /// Creates a file that must not be there yet.
    pub(super) fn create_new(&self, name: &str) -> Result<File, ArchiveError> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        self.file(name, flags, "create")
    }

    /// Opens a file for reading and writing, made if it is missing.
    pub(super) fn open_or_create_file(&self, name: &str) -> Result<File, ArchiveError> {
        self.file(
            name,
            OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            "create",
        )
    }

    /// Opens a file for reading and writing, as some file systems want it for a lock.
    pub(super) fn open_existing(&self, name: &str) -> Result<File, ArchiveError> {
        self.file(
            name,
            OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC,
            "open",
        )
    }

    /// Opens a file for reading; anything but a regular file is refused, without waiting for the other end of a pipe.
    pub(super) fn open_file(&self, name: &str) -> Result<File, ArchiveError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = self.file(name, flags, "open")?;
        let path = self.path.join(name);
        let metadata = file
            .metadata()
            .map_err(|error| ArchiveError::of("look at", &path, error))?;
        if metadata.is_file() {
            Ok(file)
        } else {
            Err(ArchiveError::NotAFile { path })
        }
    }

    fn file(&self, name: &str, flags: OFlags, action: &'static str) -> Result<File, ArchiveError> {
        match rustix::fs::openat(&self.fd, name, flags, FILE_MODE) {
            Ok(fd) => Ok(File::from(fd)),
            Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => Err(ArchiveError::NotAFile {
                path: self.path.join(name),
            }),
            Err(errno) => Err(ArchiveError::of(action, &self.path.join(name), errno)),
        }
    }

    /// What a name stands for, a link not followed; `None` if for nothing.
    pub(super) fn stat(&self, name: &str) -> Result<Option<Stat>, ArchiveError> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(ArchiveError::of("look at", &self.path.join(name), errno)),
        }
    }

    /// The regular file of that name, `None` if there is nothing.
    ///
    /// # Errors
    /// When the name stands for something else.
    pub(super) fn stat_file(&self, name: &str) -> Result<Option<Stat>, ArchiveError> {
        let stat = self.stat(name)?;
        if stat
            .as_ref()
            .is_some_and(|stat| FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile)
        {
            return Err(ArchiveError::NotAFile {
                path: self.path.join(name),
            });
        }
        Ok(stat)
    }

    /// Removes a file; whether there was one.
    pub(super) fn unlink(&self, name: &str) -> Result<bool, ArchiveError> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(ArchiveError::of("remove", &self.path.join(name), errno)),
        }
    }

    /// Removes a folder in this one if it is empty; whether it did.
    pub(super) fn remove_empty(&self, name: &str) -> Result<bool, ArchiveError> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR) {
            Ok(()) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOENT | Errno::NOTDIR) => Ok(false),
            Err(errno) => Err(ArchiveError::of("remove", &self.path.join(name), errno)),
        }
    }

    /// Whether that name still means the open file.
    pub(super) fn is_named(&self, file: &File, name: &str) -> Result<bool, ArchiveError> {
        let open = rustix::fs::fstat(file)
            .map_err(|errno| ArchiveError::of("look at", &self.path.join(name), errno))?;
        let named = self.stat(name)?;
        Ok(named.is_some_and(|stat| (stat.st_dev, stat.st_ino) == (open.st_dev, open.st_ino)))
    }

    /// Moves a file to another folder of the same disk, over what is there.
    pub(super) fn rename(&self, name: &str, to: &Self, new: &str) -> Result<(), ArchiveError> {
        let done = rustix::fs::renameat(&self.fd, name, &to.fd, new);
        done.map_err(|errno| self.rename_error(name, to, new, errno))
    }

    /// Moves a file to another folder of the same disk, but never over anything.
    pub(super) fn rename_new(&self, name: &str, to: &Self, new: &str) -> Result<(), ArchiveError> {
        let done =
            match rustix::fs::renameat_with(&self.fd, name, &to.fd, new, RenameFlags::NOREPLACE) {
                // The file system (NFS, for one) does not know how: a second name, which is never given twice, instead.
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                    return self.link_new(name, to, new);
                }
                done => done,
            };
        done.map_err(|errno| self.rename_error(name, to, new, errno))
    }

    /// What [`Folder::rename_new`] does, in two steps; a crash between them leaves the old name, too.
    pub(super) fn link_new(&self, name: &str, to: &Self, new: &str) -> Result<(), ArchiveError> {
        let done = rustix::fs::linkat(&self.fd, name, &to.fd, new, AtFlags::empty());
        done.map_err(|errno| self.rename_error(name, to, new, errno))?;
        self.unlink(name).map(|_| ())
    }

    fn rename_error(&self, name: &str, to: &Self, new: &str, errno: Errno) -> ArchiveError {
        let is_source_gone = errno == Errno::NOENT && matches!(self.stat(name), Ok(None));
        let path = if is_source_gone {
            self.path.join(name)
        } else {
            to.path.join(new)
        };
        match errno {
            Errno::ISDIR | Errno::NOTDIR => ArchiveError::NotAFile { path },
            errno => ArchiveError::of("move a file to", &path, errno),
        }
    }

    /// The names in this folder with what they stand for, sorted; names that are no UTF-8 are never ours and left out.
    pub(super) fn list(&self) -> Result<Vec<(String, FileType)>, ArchiveError> {
        let failed = |errno| ArchiveError::of("list", &self.path, errno);
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if matches!(name, "." | "..") {
                continue;
            }
            let file_type = match entry.file_type() {
                FileType::Unknown => match self.stat(name)? {
                    Some(stat) => FileType::from_raw_mode(stat.st_mode),
                    None => continue,
                },
                known => known,
            };
            names.push((name.to_owned(), file_type));
        }
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(names)
    }

    pub(super) fn free_space(&self) -> Result<(u64, u64), ArchiveError> {
        let found = rustix::fs::fstatvfs(&self.fd)
            .map_err(|errno| ArchiveError::of("look at", &self.path, errno))?;
        let used = found.f_blocks.saturating_sub(found.f_bfree);
        let usable = used.saturating_add(found.f_bavail);
        Ok((
            found.f_bavail.saturating_mul(found.f_frsize),
            usable.saturating_mul(found.f_frsize),
        ))
    }

    /// The folder itself, for calls about its file system.
    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the folder and those above it, each durably; what is there already is fine.
pub(super) fn create_path(path: &Path) -> Result<(), ArchiveError> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    match fs::create_dir(path) {
        Ok(()) => Folder::open_path(above.unwrap_or(Path::new(".")))?.sync(),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let above = above.ok_or_else(|| ArchiveError::NotThere {
                path: path.to_owned(),
            })?;
            create_path(above)?;
            fs::create_dir(path).map_err(|error| ArchiveError::of("create", path, error))?;
            Folder::open_path(above)?.sync()
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(ArchiveError::NotAFolder {
                path: above.unwrap_or(path).to_owned(),
            })
        }
        Err(error) => Err(ArchiveError::of("create", path, error)),
    }
}
