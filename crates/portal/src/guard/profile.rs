//! The folder in which everything lies that the driver and the browser write. It lives as long as its guard, which holds its lock;
//! must not know how they are started.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;

use super::processes::{end_users_of, status_of};

/// Prefix of our profile folders; the guard's process id and some letters follow.
const PREFIX: &str = "draywatch-browser-";
/// File in a profile folder that its guard keeps locked, with the guard's process id and start time.
const OWNER: &str = "draywatch-owner";
/// The longest path for Chromium's temporary files: it adds 45 bytes for a socket, whose path may have 107.
const LONGEST_TEMPORARY: usize = 60;

/// A profile folder and the lock that says that its guard lives.
pub(super) struct Profile {
    path: PathBuf,
    _lock: File,
}

impl Profile {
    /// Makes the folder, marks it as ours and makes it the current folder.
    ///
    /// # Errors
    /// When the temporary folder cannot be written.
    pub fn make() -> io::Result<Self> {
        let name = format!("{PREFIX}{}-", std::process::id());
        let path = tempfile::Builder::new()
            .prefix(&name)
            .rand_bytes(4)
            .tempdir()?
            .keep();
        let mut lock = File::create_new(path.join(OWNER))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        lock.write_all(own_mark().as_bytes())?;
        std::fs::create_dir(path.join("tmp"))?;
        std::env::set_current_dir(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where temporary files of those go who are started in the folder: inside it, by a path short enough for Chromium's sockets.
    pub fn temporary(&self) -> PathBuf {
        let path = self.path.join("tmp");
        if path.as_os_str().len() <= LONGEST_TEMPORARY {
            return path;
        }
        // By their own working folder: root's renderers give up their capabilities, and then may not look into our /proc.
        PathBuf::from("/proc/self/cwd/tmp")
    }

    /// Removes the folder.
    pub fn remove(self) {
        let _ = std::env::set_current_dir("/");
        remove(&self.path);
    }
}

/// Our process id and start time: an id alone is used again by others.
fn own_mark() -> String {
    let pid = std::process::id();
    let started = status_of(pid).map(|status| status.started);
    format!("{pid} {}", started.unwrap_or_default())
}

/// Removes profile folders whose guard is gone, and ends what still uses them. How many were removed.
///
/// Costs by the entries of the temporary folder that carry our prefix, and touches no others, nor those of other users.
#[must_use]
pub fn sweep_profiles() -> usize {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else {
        return 0;
    };
    let me = rustix::process::geteuid().as_raw();
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let ours = paths.filter(|path| {
        named_pid(path).is_some()
            && std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir() && meta.uid() == me)
    });
    let stale = ours.filter(|path| is_stale(path));
    stale
        .filter(|path| {
            end_users_of(path);
            remove(path)
        })
        .count()
}

/// The process id in a profile folder's name; `None` for any other name.
fn named_pid(path: &Path) -> Option<u32> {
    let rest = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
    rest.split_once('-')?.0.parse().ok()
}

/// Whether the guard that made a profile folder is gone: nobody has its id and start time, and nobody holds its lock (its id
/// may mean nothing here when the temporary folder is shared by containers).
fn is_stale(profile: &Path) -> bool {
    let mark = std::fs::read_to_string(profile.join(OWNER)).unwrap_or_default();
    let started = mark.split_once(' ').map(|(_, started)| started);
    let owner = named_pid(profile).and_then(status_of);
    // Without a mark the folder is just being made by the process that its name tells.
    let lives = owner.is_some_and(|owner| started.is_none_or(|started| started == owner.started));
    !lives && !is_locked(&profile.join(OWNER))
}

fn is_locked(file: &Path) -> bool {
    let Ok(file) = File::open(file) else {
        return false;
    };
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared)
        == Err(rustix::io::Errno::WOULDBLOCK)
}

/// Removes a folder; a dying browser may still write into it, so it is tried again for a moment.
fn remove(folder: &Path) -> bool {
    for _ in 0..100 {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(within: &Path, pid: u32, mark: Option<&str>) -> PathBuf {
        let path = within.join(format!("{PREFIX}{pid}-abcd"));
        std::fs::create_dir(&path).unwrap();
        if let Some(mark) = mark {
            std::fs::write(path.join(OWNER), mark).unwrap();
        }
        path
    }

    /// Larger than any process id can be.
    const NOBODY: u32 = 4_194_999;

    #[test]
    fn our_own_folder_is_not_stale_and_anothers_is() {
        let within = tempfile::tempdir().unwrap();
        let me = std::process::id();
        let ours = folder(within.path(), me, Some(&own_mark()));
        assert!(!is_stale(&ours));
        std::fs::write(ours.join(OWNER), format!("{me} 1")).unwrap();
        assert!(is_stale(&ours), "the process id is used again");
        std::fs::remove_file(ours.join(OWNER)).unwrap();
        assert!(!is_stale(&ours), "it is being made");
        assert!(is_stale(&folder(within.path(), NOBODY, None)));
    }

    #[test]
    fn a_locked_folder_is_not_stale_though_nobody_has_its_process_id() {
        let within = tempfile::tempdir().unwrap();
        let theirs = folder(within.path(), NOBODY, Some("4194999 7"));
        let lock = File::open(theirs.join(OWNER)).unwrap();
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        assert!(!is_stale(&theirs));
        // Not only closed: a child that another test starts at this moment has the file open, too, until it is another program.
        rustix::fs::flock(&lock, FlockOperation::Unlock).unwrap();
        assert!(is_stale(&theirs));
    }

    #[test]
    fn other_names_are_not_ours() {
        for name in [
            "draywatch-browser-",
            "draywatch-browser-x-abcd",
            "other-1-abcd",
        ] {
            assert_eq!(named_pid(&Path::new("/tmp").join(name)), None, "{name}");
        }
    }
}
