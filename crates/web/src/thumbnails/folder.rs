//! The files of thumbnails: each with a hash behind it, so that a broken one is seen; the oldest go when there are too many. Must not
//! know pictures.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// Bytes of the hash behind each.
const HASH: usize = 32;
/// Room that is made at once, in parts of the limit.
const ROOM: u64 = 10;

/// A folder of thumbnails.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    most_bytes: u64,
    /// Bytes that were written since the files were counted, and those counted then.
    bytes: AtomicU64,
    is_counted: AtomicBool,
    next: AtomicU64,
}

impl Folder {
    /// A folder that need not be there.
    pub fn new(path: &Path, most_bytes: u64) -> Self {
        Self {
            path: path.to_owned(),
            most_bytes,
            bytes: AtomicU64::new(0),
            is_counted: AtomicBool::new(false),
            next: AtomicU64::new(0),
        }
    }

    /// A thumbnail that is whole.
    pub fn read(&self, sha256: &str, width: u32) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.file(sha256, width)?).ok()?;
        let hash = bytes.split_off(bytes.len().checked_sub(HASH)?);
        (Sha256::digest(&bytes)[..] == hash[..]).then_some(bytes)
    }

    /// Keeps a thumbnail; others see all of it or nothing.
    pub fn keep(&self, sha256: &str, width: u32, bytes: &[u8]) -> io::Result<()> {
        let bad = || io::Error::from(io::ErrorKind::InvalidInput);
        let file = self.file(sha256, width).ok_or_else(bad)?;
        let size = (bytes.len() + HASH) as u64;
        self.make_room(size)?;
        let folder = file.parent().ok_or_else(bad)?;
        fs::create_dir_all(folder)?;
        let nth = self.next.fetch_add(1, Ordering::Relaxed);
        let aside = folder.join(format!(".{}-{nth}.part", std::process::id()));
        let written = fs::File::create(&aside).and_then(|mut open| {
            open.write_all(bytes)?;
            open.write_all(&Sha256::digest(bytes))?;
            fs::rename(&aside, &file)
        });
        if written.is_err() {
            let _ = fs::remove_file(&aside);
        }
        self.bytes.fetch_add(size, Ordering::Relaxed);
        written
    }

    /// Where a thumbnail lies. Only hashes name files, so no name leads out of the folder.
    fn file(&self, sha256: &str, width: u32) -> Option<PathBuf> {
        let is_hash = sha256.len() == 64
            && sha256
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| {
            self.path
                .join(&sha256[..2])
                .join(format!("{sha256}-{width}.jpg"))
        })
    }

    /// Removes the oldest files, and those that somebody left half written, when there is no room for so many bytes more.
    fn make_room(&self, size: u64) -> io::Result<()> {
        let is_counted = self.is_counted.load(Ordering::Relaxed);
        if is_counted && self.bytes.load(Ordering::Relaxed) + size <= self.most_bytes {
            return Ok(());
        }
        let mut files = self.files()?;
        let mut all: u64 = files.iter().map(|(_, size, _)| size).sum();
        if all + size > self.most_bytes {
            files.sort_unstable();
            let most = (self.most_bytes - self.most_bytes / ROOM).saturating_sub(size);
            for (_, size, file) in files {
                if all <= most {
                    break;
                }
                if fs::remove_file(file).is_ok() {
                    all -= size;
                }
            }
        }
        self.bytes.store(all, Ordering::Relaxed);
        self.is_counted.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// All files of ours: when each was written, its size, and its name.
    fn files(&self) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
        let mut files = Vec::new();
        let folders = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            folders => folders?,
        };
        for folder in folders {
            let folder = folder?;
            if !folder.file_type()?.is_dir() || folder.file_name().len() != 2 {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                if let Ok(found) = file.metadata()
                    && found.is_file()
                {
                    let written = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    files.push((written, found.len(), file.path()));
                }
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(nth: u32) -> String {
        format!("{nth:064x}")
    }

    #[test]
    fn what_is_kept_is_found_and_what_is_broken_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Folder::new(&folder.path().join("thumbnails"), 1_000_000);
        assert_eq!(kept.read(&name(1), 160), None);
        kept.keep(&name(1), 160, b"small").unwrap();
        assert_eq!(kept.read(&name(1), 160).unwrap(), b"small");
        assert_eq!(kept.read(&name(1), 320), None);
        let file = kept.file(&name(1), 160).unwrap();
        for broken in [
            &b""[..],
            b"small",
            b"smalL and thirty-two bytes that are no hash of it",
            &[0; 40],
        ] {
            fs::write(&file, broken).unwrap();
            assert_eq!(kept.read(&name(1), 160), None, "{broken:?}");
        }
        for name in ["", "../../etc/passwd", &"A".repeat(64), &"/".repeat(64)] {
            assert!(kept.keep(name, 160, b"x").is_err() && kept.read(name, 160).is_none());
        }
    }

    #[test]
    fn there_are_never_more_than_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let count = |kept: &Folder| {
            kept.files()
                .unwrap()
                .iter()
                .map(|(_, size, _)| size)
                .sum::<u64>()
        };
        let kept = Folder::new(folder.path(), 10_000);
        for nth in 0..50 {
            kept.keep(&name(nth), 160, &[7; 968]).unwrap();
            assert!(count(&kept) <= 10_000);
        }
        assert!(kept.read(&name(49), 160).is_some(), "the newest stays");
        // Another process finds them, and a smaller limit counts from then on.
        let less = Folder::new(folder.path(), 3_000);
        less.keep(&name(99), 160, &[7; 968]).unwrap();
        assert!(count(&less) <= 3_000 && less.read(&name(99), 160).is_some());
    }
}
