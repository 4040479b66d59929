//! Owns the pictures' bytes in memory: a bounded cache for each size, and the hashes of all pictures ever
//! made. It must not decide which pictures exist.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::faults::Fault;
use crate::picture::{Studio, lie};
use crate::schedule::Frame;

/// Length and hash of a picture.
#[derive(Debug, Clone)]
pub(crate) struct Print {
    pub(crate) bytes: usize,
    pub(crate) sha256: Arc<str>,
}

/// All pictures.
#[derive(Debug)]
pub(crate) struct Store {
    studio: Arc<Studio>,
    workers: Semaphore,
    full: Mutex<Cache>,
    thumbnails: Mutex<Cache>,
    prints: Mutex<HashMap<(u64, bool), Print>>,
    /// What is sent instead of a frame's picture, in full size and as thumbnail.
    lies: Vec<(Fault, [Bytes; 2])>,
}

impl Store {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let limit = config.cached_pictures.max(1);
        Ok(Self {
            studio: Arc::new(Studio::new(config)),
            workers: Semaphore::new(cores),
            full: Mutex::new(Cache::new(limit)),
            thumbnails: Mutex::new(Cache::new(limit.saturating_mul(4))),
            prints: Mutex::default(),
            lies: lies()?,
        })
    }

    /// A frame's picture or thumbnail, drawn if it is not in memory.
    pub(crate) async fn picture(&self, frame: &Frame, thumbnail: bool) -> Result<Bytes> {
        let key = self.studio.key(frame);
        if let Some(bytes) = self.cached(key, thumbnail) {
            return Ok(bytes);
        }
        let _worker = self
            .workers
            .acquire()
            .await
            .context("the store is closed")?;
        if let Some(bytes) = self.cached(key, thumbnail) {
            return Ok(bytes);
        }
        let (studio, frame) = (Arc::clone(&self.studio), frame.clone());
        let draw = move || {
            if thumbnail {
                studio.thumbnail(&frame)
            } else {
                studio.full(&frame)
            }
        };
        let bytes = Bytes::from(tokio::task::spawn_blocking(draw).await??);
        lock(self.cache(thumbnail)).put(key, bytes.clone());
        Ok(bytes)
    }

    /// Length and hash of a picture, which is drawn if it never was before.
    pub(crate) async fn print(&self, frame: &Frame, thumbnail: bool) -> Result<Print> {
        let key = (self.studio.key(frame), thumbnail);
        if let Some(print) = lock(&self.prints).get(&key) {
            return Ok(print.clone());
        }
        let bytes = self.picture(frame, thumbnail).await?;
        let print = Print {
            bytes: bytes.len(),
            sha256: hex(&Sha256::digest(&bytes)).into(),
        };
        lock(&self.prints).insert(key, print.clone());
        Ok(print)
    }

    /// The picture that is sent by a fault instead of a frame's own.
    pub(crate) fn lie(&self, fault: Fault, thumbnail: bool) -> Bytes {
        let found = self.lies.iter().find(|(lie, _)| *lie == fault);
        found.map_or_else(Bytes::new, |(_, pictures)| {
            pictures[usize::from(thumbnail)].clone()
        })
    }

    /// A tag that changes with the picture.
    pub(crate) fn tag(&self, frame: &Frame, thumbnail: bool) -> String {
        format!(
            "\"{:016x}{}\"",
            self.studio.key(frame),
            if thumbnail { "t" } else { "" }
        )
    }

    fn cached(&self, key: u64, thumbnail: bool) -> Option<Bytes> {
        lock(self.cache(thumbnail)).get(key)
    }

    fn cache(&self, thumbnail: bool) -> &Mutex<Cache> {
        if thumbnail {
            &self.thumbnails
        } else {
            &self.full
        }
    }
}

/// Every picture that is sent instead of a frame's own.
fn lies() -> Result<Vec<(Fault, [Bytes; 2])>> {
    let faults = [Fault::Placeholder, Fault::Frozen, Fault::Dark, Fault::Blank];
    let pictures =
        faults.map(|fault| Ok((fault, [lie(fault, false)?.into(), lie(fault, true)?.into()])));
    pictures.into_iter().collect()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes by key; the least recently used go first.
#[derive(Debug)]
struct Cache {
    limit: usize,
    clock: u64,
    entries: HashMap<u64, (u64, Bytes)>,
    ages: BTreeMap<u64, u64>,
}

impl Cache {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            clock: 0,
            entries: HashMap::new(),
            ages: BTreeMap::new(),
        }
    }

    fn get(&mut self, key: u64) -> Option<Bytes> {
        let (age, bytes) = self.entries.get_mut(&key)?;
        self.ages.remove(age);
        self.clock += 1;
        *age = self.clock;
        self.ages.insert(self.clock, key);
        Some(bytes.clone())
    }

    fn put(&mut self, key: u64, bytes: Bytes) {
        self.clock += 1;
        if let Some((age, _)) = self.entries.insert(key, (self.clock, bytes)) {
            self.ages.remove(&age);
        }
        self.ages.insert(self.clock, key);
        while self.entries.len() > self.limit {
            let Some((_, oldest)) = self.ages.pop_first() else {
                break;
            };
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = Cache::new(2);
        cache.put(1, Bytes::from_static(b"1"));
        cache.put(2, Bytes::from_static(b"2"));
        assert!(cache.get(1).is_some());
        cache.put(3, Bytes::from_static(b"3"));
        assert!(cache.get(1).is_some() && cache.get(2).is_none() && cache.get(3).is_some());
    }
}
