//! Files written aside brought onto the disk: one by one, or many at once. Must not name or move them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{fstatfs, syncfs};
use rustix::system::uname;

use super::folder::Folder;
use super::put::{Staged, Written};
use super::{Archive, ArchiveError};

/// So many files are flushed together with all that their file system holds back: fewer are cheaper one by one.
const MANY: usize = 8;

/// A file takes no longer than this on a spinning disk. Flushing them all at once takes longer only where other programs write
/// much to the same file system, for which it waits as well.
const LONG_FOR_EACH: Duration = Duration::from_millis(20);

/// Since Linux 5.8 the kernel tells in `syncfs` what could not be written.
const TELLS_SINCE: (u32, u32) = (5, 8);

/// File systems on disks of this machine, as `statfs(2)` numbers them. Others, such as those over a network or in user space, may
/// have written nothing when `syncfs` is done.
const LOCAL: [u32; 4] = [
    0xEF53,      // ext4
    0x5846_5342, // XFS
    0x9123_683E, // btrfs
    0xF2F5_2010, // F2FS
];

/// How files are flushed in one archive.
#[derive(Debug)]
pub(super) struct Flushing {
    /// Many at once, for as long as it serves.
    at_once: AtomicBool,
}

impl Flushing {
    /// As the file system of `folder` and the kernel allow.
    pub(super) fn of(folder: &Folder) -> Self {
        Self {
            at_once: (tells(&uname().release().to_string_lossy()) && is_local(folder)).into(),
        }
    }
}

impl Archive {
    /// Brings files that were written aside onto the disk.
    ///
    /// # Errors
    /// When the disk does not take one of them: none of them may then be taken for stored.
    pub fn flush(&self, written: Vec<Written>) -> Result<Vec<Staged>, ArchiveError> {
        let (tmp, at_once) = (self.tmp()?, &self.0.flushing.at_once);
        if written.len() >= MANY && at_once.load(Ordering::Relaxed) {
            let began = Instant::now();
            let flushed = syncfs(tmp.fd());
            if flushed.is_err() || is_long(began.elapsed(), written.len()) {
                at_once.store(false, Ordering::Relaxed);
            }
            // It may be a file of another program; which it was, the next try finds out, file by file.
            flushed.map_err(|errno| ArchiveError::of("flush", tmp.path(), errno))?;
        } else {
            written.iter().try_for_each(Written::sync)?;
        }
        fail::fail_point!("archive-staged");
        Ok(written.into_iter().map(Written::flushed).collect())
    }
}

/// Whether so many files one by one would have taken less.
fn is_long(took: Duration, files: usize) -> bool {
    took > LONG_FOR_EACH.saturating_mul(u32::try_from(files).unwrap_or(u32::MAX))
}

fn is_local(folder: &Folder) -> bool {
    let kind = fstatfs(folder.fd()).map(|found| found.f_type);
    kind.is_ok_and(|kind| u32::try_from(kind).is_ok_and(|kind| LOCAL.contains(&kind)))
}

/// Whether a kernel of that release tells of failures in `syncfs`.
fn tells(release: &str) -> bool {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let mut next = || numbers.next()?.parse::<u32>().ok();
    next().zip(next()) >= Some(TELLS_SINCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_at_once_is_given_up_where_it_waits_for_others() {
        assert!(!is_long(Duration::from_millis(900), 50));
        assert!(is_long(Duration::from_millis(1100), 50));
        assert!(!is_long(Duration::from_hours(1), usize::MAX));
    }

    /// Files flushed together and one by one are whole, and can be placed.
    #[test]
    fn many_files_and_few_are_flushed() {
        // Beside the tests' program, on a disk: the usual place may be memory, which is never flushed at once.
        let program = std::env::current_exe().unwrap();
        let folder = tempfile::tempdir_in(program.parent().unwrap()).unwrap();
        let archive = Archive::create(folder.path()).unwrap();
        for files in [0, 1, MANY - 1, MANY, 3 * MANY] {
            let write = |nth: usize| archive.write_aside(&[7; 5000][..5000 - nth]).unwrap();
            let staged = archive.flush((0..files).map(write).collect()).unwrap();
            assert_eq!(staged.len(), files);
            for (nth, staged) in staged.into_iter().enumerate() {
                let path = format!("2025-09-07/20250907T10{files:02}{nth:02}_in_gate.jpg");
                let _ = archive.place(staged, &path).unwrap();
                assert_eq!(archive.read(&path).unwrap().len(), 5000 - nth);
            }
        }
    }

    #[test]
    fn kernels_that_tell_are_told_from_those_that_do_not() {
        for release in ["5.8.0", "5.10.0-21-amd64", "6.1", "10.0.0-rc1"] {
            assert!(tells(release), "{release}");
        }
        for release in ["5.7.19", "4.19.0-27-amd64", "", "six", "5"] {
            assert!(!tells(release), "{release}");
        }
    }
}
