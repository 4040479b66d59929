//! Thumbnails in a folder of their own: made once, found again by the hash of their picture, made anew when missing or broken, and no
//! more of them than a limit. Must not know rows or requests.

mod folder;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use draywatch_picture::Sha256;
use tokio::sync::Semaphore;

use crate::problem::Problem;
use crate::state::blocking;
use folder::Folder;

/// The widths that there are.
pub const WIDTHS: [u32; 3] = [160, 320, 640];
/// As many are made at a time: each takes a thread and some megabytes.
const MAKERS: usize = 2;

/// A thumbnail's name.
type Key = (String, u32);

/// Thumbnails of an archive.
#[derive(Debug)]
pub struct Thumbnails {
    folder: Arc<Folder>,
    /// Who makes which one now.
    making: Mutex<HashMap<Key, Weak<tokio::sync::Mutex<()>>>>,
    makers: Semaphore,
}

impl Thumbnails {
    /// Those in that folder, which need not be there.
    #[must_use]
    pub fn new(folder: &Path, most_bytes: u64) -> Self {
        Self {
            folder: Arc::new(Folder::new(folder, most_bytes)),
            making: Mutex::default(),
            makers: Semaphore::new(MAKERS),
        }
    }

    /// The thumbnail of the picture with that hash: as it is kept, or made of what `picture` reads.
    ///
    /// # Errors
    /// When the picture cannot be read, or is none.
    pub async fn get<F>(&self, sha256: &str, width: u32, picture: F) -> Result<Bytes, Problem>
    where
        F: AsyncFnOnce() -> Result<Vec<u8>, Problem>,
    {
        if let Some(kept) = self.kept(sha256, width).await? {
            return Ok(kept);
        }
        let turn = self.turn(sha256, width);
        let _mine = turn.lock().await;
        // Whoever had the turn before may have made it.
        if let Some(kept) = self.kept(sha256, width).await? {
            return Ok(kept);
        }
        let _maker = self.makers.acquire().await;
        let (bytes, folder) = (picture().await?, Arc::clone(&self.folder));
        let sha256 = sha256.to_owned();
        blocking(move || {
            // A picture that was damaged since must not be kept under the hash of the whole one.
            let is_whole = Sha256::of(&bytes).to_string() == sha256;
            let small = draywatch_picture::thumbnail(&bytes, width);
            let small = small
                .map_err(|error| Problem::absent(format!("there is no thumbnail: {error}")))?;
            if is_whole && let Err(error) = folder.keep(&sha256, width, &small) {
                // On a read-only disk every one is made again, which is slow and no failure.
                tracing::debug!(%error, "a thumbnail could not be kept");
            }
            Ok(Bytes::from(small))
        })
        .await?
    }

    /// What is kept under that hash.
    ///
    /// # Errors
    /// When looking for it panics.
    pub async fn kept(&self, sha256: &str, width: u32) -> Result<Option<Bytes>, Problem> {
        let (folder, sha256) = (Arc::clone(&self.folder), sha256.to_owned());
        blocking(move || folder.read(&sha256, width).map(Bytes::from)).await
    }

    /// Keeps something else than a thumbnail that is as easily made anew, by the hash of what it is made of.
    ///
    /// # Errors
    /// When keeping it panics.
    pub async fn keep(&self, sha256: &str, width: u32, bytes: &Bytes) -> Result<(), Problem> {
        let (folder, sha256, bytes) = (Arc::clone(&self.folder), sha256.to_owned(), bytes.clone());
        let kept = blocking(move || folder.keep(&sha256, width, &bytes)).await?;
        if let Err(error) = kept {
            tracing::debug!(%error, "a sheet could not be kept");
        }
        Ok(())
    }

    fn turn(&self, sha256: &str, width: u32) -> Arc<tokio::sync::Mutex<()>> {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        making.retain(|_, turn| turn.strong_count() > 0);
        let key = (sha256.to_owned(), width);
        if let Some(turn) = making.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        making.insert(key, Arc::downgrade(&turn));
        turn
    }
}
