//! What was served lately, kept for a minute so that serving it again asks neither database nor disk for what cannot have changed. Owns
//! how much and for how long; must not serve, and must not be asked by what anything is but a name that changes with it.

use std::fs::{File, Metadata};
use std::hash::Hash;
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

/// For how long something is kept: what was removed from the archive is gone from here as well after it.
const KEPT: Duration = Duration::from_mins(1);
/// For how long a picture is handed out without a look at its file.
const UNSEEN: Duration = Duration::from_secs(1);
/// Bytes of pictures: those that many look at, as the newest of each camera.
const PICTURES: u64 = 32 * 1024 * 1024;
/// Bytes of thumbnails.
const THUMBNAILS: u64 = 24 * 1024 * 1024;
/// Bytes of sheets.
const SHEETS: u64 = 8 * 1024 * 1024;
/// Files that were found whole; each takes about 300 bytes.
const FILES: u64 = 20_000;
/// What an entry takes beside its bytes, about.
const BESIDE: usize = 200;
/// Bytes of a file that are read at once.
const AT_ONCE: usize = 128 * 1024;

/// Sheets by their images and width, each with the version that it is of.
type Sheets = Cache<(Box<[i64]>, u32), (Arc<str>, Bytes)>;

/// What was served lately.
#[derive(Debug)]
pub struct Warm {
    pictures: Cache<i64, Arc<Picture>>,
    thumbnails: Cache<(i64, u32), (Arc<str>, Held)>,
    sheets: Sheets,
    files: Cache<i64, Arc<Whole>>,
}

/// A picture or a thumbnail of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// As JPEG.
    pub bytes: Bytes,
    /// When the file of its picture was written, where its disk says so.
    pub written: Option<SystemTime>,
}

/// A picture that was found whole, and when its file was last found unchanged.
#[derive(Debug)]
pub struct Picture {
    /// What is handed out.
    pub held: Held,
    sha256: String,
    seen: Instant,
}

impl Picture {
    /// Whether its file was found unchanged so lately that it need not be looked at.
    #[must_use]
    pub fn was_just_seen(&self) -> bool {
        self.seen.elapsed() < UNSEEN
    }
}

/// A file that was read to its end and has the hash that its row says.
#[derive(Debug)]
pub struct Whole {
    /// Where in the archive it is.
    pub place: String,
    /// Its hash.
    pub sha256: String,
    stamp: Stamp,
}

/// What is another one as soon as somebody writes to a file, or puts another in its place.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Default for Warm {
    fn default() -> Self {
        Self {
            pictures: cache(PICTURES, |picture: &Arc<Picture>| {
                picture.held.bytes.len() + BESIDE
            }),
            thumbnails: cache(THUMBNAILS, |(_, small): &(_, Held)| {
                small.bytes.len() + BESIDE
            }),
            sheets: cache(SHEETS, |(_, sheet): &(_, Bytes)| sheet.len() + BESIDE),
            files: cache(FILES, |_| 1),
        }
    }
}

/// A cache of what weighs so much altogether.
fn cache<K, V>(most: u64, weight: impl Fn(&V) -> usize + Send + Sync + 'static) -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder()
        .weigher(move |_, value| u32::try_from(weight(value)).unwrap_or(u32::MAX))
        .max_capacity(most)
        .time_to_live(KEPT)
        .build()
}

impl Warm {
    /// The picture of an image, if it had that hash.
    #[must_use]
    pub fn picture(&self, id: i64, sha256: &str) -> Option<Arc<Picture>> {
        let picture = self.pictures.get(&id);
        picture.filter(|picture| picture.sha256 == sha256)
    }

    /// Keeps a picture whose file was just found unchanged.
    pub fn keep_picture(&self, id: i64, sha256: &str, held: Held) {
        let picture = Picture {
            held,
            sha256: sha256.to_owned(),
            seen: Instant::now(),
        };
        self.pictures.insert(id, Arc::new(picture));
    }

    /// The thumbnail of an image whose picture had that hash.
    #[must_use]
    pub fn thumbnail(&self, id: i64, width: u32, sha256: &str) -> Option<Held> {
        let (of, small) = self.thumbnails.get(&(id, width))?;
        (&*of == sha256).then_some(small)
    }

    /// Keeps a thumbnail.
    pub fn keep_thumbnail(&self, id: i64, width: u32, sha256: &str, small: &Held) {
        let kept = (Arc::from(sha256), small.clone());
        self.thumbnails.insert((id, width), kept);
    }

    /// The sheet of these images, if it was of that version.
    #[must_use]
    pub fn sheet(&self, ids: &[i64], width: u32, version: &str) -> Option<Bytes> {
        let (of, sheet) = self.sheets.get(&(ids.into(), width))?;
        (&*of == version).then_some(sheet)
    }

    /// Keeps a sheet.
    pub fn keep_sheet(&self, ids: &[i64], width: u32, version: &str, sheet: &Bytes) {
        let kept = (Arc::from(version), sheet.clone());
        self.sheets.insert((ids.into(), width), kept);
    }

    /// The file of an image, if it was found to have that hash. It may have changed since: [`Whole::is`] tells.
    #[must_use]
    pub fn file(&self, id: i64, sha256: &str) -> Option<Arc<Whole>> {
        self.files.get(&id).filter(|file| file.sha256 == sha256)
    }

    /// Whether a file has the hash that its row says: it is read for it, unless it was before and did not change.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_whole(
        &self,
        id: i64,
        file: &mut File,
        place: &str,
        sha256: &str,
    ) -> io::Result<bool> {
        let before = file.metadata()?;
        if let Some(known) = self.file(id, sha256)
            && known.place == place
            && known.is(&before)
        {
            return Ok(true);
        }
        let found = hash_of(file)?;
        let stamp = Stamp::of(&before);
        if found != sha256 || stamp != Stamp::of(&file.metadata()?) {
            self.files.invalidate(&id);
            return Ok(false);
        }
        let whole = Whole {
            place: place.to_owned(),
            sha256: found,
            stamp,
        };
        self.files.insert(id, Arc::new(whole));
        Ok(true)
    }
}

fn hash_of(file: &mut File) -> io::Result<String> {
    let (mut hash, mut part) = (Sha256::new(), vec![0; AT_ONCE]);
    file.rewind()?;
    loop {
        match file.read(&mut part) {
            Ok(0) => break,
            Ok(length) => hash.update(&part[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let bytes: [u8; 32] = hash.finalize().into();
    Ok(draywatch_picture::Sha256::from(bytes).to_string())
}

impl Whole {
    /// Whether that is still the file that was read.
    #[must_use]
    pub fn is(&self, file: &Metadata) -> bool {
        self.stamp == Stamp::of(file)
    }
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn hash(bytes: &[u8]) -> String {
        draywatch_picture::Sha256::of(bytes).to_string()
    }

    fn held(bytes: &'static [u8]) -> Held {
        Held {
            bytes: Bytes::from_static(bytes),
            written: Some(SystemTime::UNIX_EPOCH),
        }
    }

    #[test]
    fn a_picture_is_found_by_its_hash_only() {
        let warm = Warm::default();
        let picture = held(b"picture");
        warm.keep_picture(1, "a", picture.clone());
        assert_eq!(warm.picture(1, "a").unwrap().held, picture);
        assert!(warm.picture(1, "b").is_none() && warm.picture(2, "a").is_none());
    }

    #[test]
    fn a_thumbnail_is_found_by_the_hash_of_its_picture_only() {
        let warm = Warm::default();
        let small = held(b"small");
        assert_eq!(warm.thumbnail(1, 160, "a"), None);
        warm.keep_thumbnail(1, 160, "a", &small);
        assert_eq!(warm.thumbnail(1, 160, "a"), Some(small));
        for (id, width, of) in [(1, 160, "b"), (1, 320, "a"), (2, 160, "a")] {
            assert_eq!(warm.thumbnail(id, width, of), None);
        }
    }

    #[test]
    fn a_sheet_is_found_by_its_images_and_its_version_only() {
        let warm = Warm::default();
        let sheet = Bytes::from_static(b"sheet");
        warm.keep_sheet(&[1, 2], 160, "a", &sheet);
        assert_eq!(warm.sheet(&[1, 2], 160, "a"), Some(sheet));
        for (ids, width, version) in [
            (&[1, 3][..], 160, "a"),
            (&[1], 160, "a"),
            (&[1, 2], 320, "a"),
            (&[1, 2], 160, "b"),
        ] {
            assert_eq!(warm.sheet(ids, width, version), None);
        }
    }

    #[test]
    fn a_file_counts_as_whole_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jpg");
        let warm = Warm::default();
        let is_whole = |of: &[u8]| {
            let mut file = File::open(&path).unwrap();
            warm.is_whole(1, &mut file, "a.jpg", &hash(of)).unwrap()
        };
        fs::write(&path, b"whole").unwrap();
        assert!(is_whole(b"whole") && is_whole(b"whole"));
        assert!(warm.file(1, &hash(b"whole")).is_some());
        assert!(!is_whole(b"other"), "its row says another hash");
        assert!(is_whole(b"whole"));
        let known = warm.file(1, &hash(b"whole")).unwrap();
        assert!(known.is(&fs::metadata(&path).unwrap()));
        // Another one of the same size in its place.
        let aside = folder.path().join("b.jpg");
        fs::write(&aside, b"wh0le").unwrap();
        fs::rename(&aside, &path).unwrap();
        assert!(!known.is(&fs::metadata(&path).unwrap()) && !is_whole(b"whole"));
        assert!(warm.file(1, &hash(b"whole")).is_none());
        fs::write(&path, b"half").unwrap();
        assert!(!is_whole(b"whole"));
    }
}
