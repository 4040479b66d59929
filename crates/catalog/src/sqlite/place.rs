//! Whether the file that is open still lies in its place. `SQLite` goes on with a file that was deleted or moved away, and what is
//! written then is lost. Must not open or close it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So long a look at the place holds good: a look takes a thread's turn, and there are thousands of statements a second.
const GOOD_FOR: Duration = Duration::from_millis(250);

/// The place of a database file, and which file is open.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Device and number of the file.
    file: Option<(u64, u64)>,
    /// When it was last found in its place.
    seen: Mutex<Option<Instant>>,
}

/// What became of the file that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Moved {
    /// There is nothing in its place.
    #[error("the database file is gone")]
    Gone,
    /// Another file lies there.
    #[error("another file lies in the place of the database")]
    Replaced,
}

impl Place {
    /// The place of the file that was just opened.
    pub(super) async fn of(path: &Path) -> Self {
        let file = tokio::fs::metadata(path).await.ok();
        Self {
            path: path.to_owned(),
            file: file.as_ref().map(identity),
            seen: Mutex::default(),
        }
    }

    /// Finds out whether the file still lies there; what keeps anybody from looking (a disk that hangs) is not judged.
    pub(super) async fn check(&self) -> sqlx::Result<()> {
        let seen = *self.seen();
        if seen.is_some_and(|at| at.elapsed() < GOOD_FOR) {
            return Ok(());
        }
        let moved = match tokio::fs::metadata(&self.path).await {
            Ok(there) if Some(identity(&there)) == self.file => {
                *self.seen() = Some(Instant::now());
                return Ok(());
            }
            Ok(_) => Moved::Replaced,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Moved::Gone,
            Err(_) => return Ok(()),
        };
        Err(sqlx::Error::AnyDriverError(Box::new(moved)))
    }

    fn seen(&self) -> MutexGuard<'_, Option<Instant>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
