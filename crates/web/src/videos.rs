//! Videos that are made for those who look at pages: one at a time, so that the archive stays quick for others; few in all; each for an
//! hour. Must not know requests, nor how a video comes about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_export::{Container, Film};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::AbortHandle;

use crate::access::random_name;
use crate::problem::Problem;

/// For how long a video is kept when it is made.
const KEPT: TimeDelta = TimeDelta::hours(1);
/// So many there are at most, made and waiting.
const MOST: usize = 8;
/// Their folder, in that of the thumbnails.
const FOLDER: &str = "videos";
/// What a process that was killed left is removed after so long.
const LEFT: Duration = Duration::from_hours(3);

/// All videos.
#[derive(Debug)]
pub struct Videos {
    folder: PathBuf,
    all: Mutex<BTreeMap<String, Arc<Video>>>,
    turn: Semaphore,
}

/// A video; its file goes with it.
#[derive(Debug)]
pub struct Video {
    /// Its name, which only those know who were told.
    pub id: String,
    /// Its form.
    pub container: Container,
    /// What it is called when it is saved.
    pub file_name: String,
    asked_at: DateTime<Utc>,
    path: PathBuf,
    state: Mutex<State>,
    maker: Mutex<Option<AbortHandle>>,
}

/// How far a video is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Others are before it.
    Waiting,
    /// So many of so many frames were read.
    Making(u64, u64),
    /// It is there since then.
    Done(Film, DateTime<Utc>),
    /// It will not be, and why.
    Failed(String, DateTime<Utc>),
}

impl Videos {
    /// Videos beside the thumbnails, whose folder need not be there.
    #[must_use]
    pub fn new(thumbnails: &Path) -> Self {
        Self {
            folder: thumbnails.join(FOLDER),
            all: Mutex::default(),
            turn: Semaphore::new(1),
        }
    }

    /// A new video, whose maker is started with it.
    ///
    /// # Errors
    /// When there are as many as may be, or there is no place for it.
    pub fn begin(
        &self,
        container: Container,
        file_name: String,
        now: DateTime<Utc>,
        start: impl FnOnce(Arc<Video>) -> AbortHandle,
    ) -> Result<Arc<Video>, Problem> {
        let mut all = lock(&self.all);
        sweep(&mut all, now);
        if all.len() >= MOST {
            let oldest = all.values().filter(|one| one.ended_at().is_some());
            let Some(oldest) = oldest.min_by_key(|one| one.asked_at) else {
                return Err(Problem::later(
                    "as many videos as may be are being made; try again later",
                ));
            };
            let id = oldest.id.clone();
            all.remove(&id);
        }
        self.make_folder()?;
        let id = random_name();
        let path = self.folder.join(format!("{id}.{}", container.extension()));
        let video = Arc::new(Video {
            container,
            file_name,
            asked_at: now,
            path,
            state: Mutex::new(State::Waiting),
            maker: Mutex::default(),
            id: id.clone(),
        });
        all.insert(id, Arc::clone(&video));
        let maker = start(Arc::clone(&video));
        *lock(&video.maker) = Some(maker);
        Ok(video)
    }

    /// The turn to make one.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turn.acquire().await.ok()
    }

    /// A video that is there.
    #[must_use]
    pub fn find(&self, id: &str, now: DateTime<Utc>) -> Option<Arc<Video>> {
        let mut all = lock(&self.all);
        sweep(&mut all, now);
        all.get(id).cloned()
    }

    /// Ends and removes a video; whether it was there.
    pub fn remove(&self, id: &str) -> bool {
        let found = lock(&self.all).remove(id);
        found.inspect(|video| video.stop()).is_some()
    }

    fn make_folder(&self) -> Result<(), Problem> {
        std::fs::create_dir_all(&self.folder).map_err(|error| {
            tracing::warn!(%error, folder = %self.folder.display(), "there is no place for a video");
            Problem::later("there is no place for a video: thumbnail_dir in [web] must be writable")
        })?;
        // Another process may be at work here, too: only what nobody writes to any more goes.
        for file in std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
        {
            let written = file.metadata().and_then(|about| about.modified());
            let age = written.ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age > LEFT) {
                let _ = std::fs::remove_file(file.path());
            }
        }
        Ok(())
    }
}

impl Video {
    /// How far it is.
    #[must_use]
    pub fn state(&self) -> State {
        lock(&self.state).clone()
    }

    /// Where it is, when it is made.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When it goes.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.ended_at().map(|at| at + KEPT)
    }

    /// Notes how far it is.
    pub fn note(&self, state: State) {
        *lock(&self.state) = state;
    }

    fn ended_at(&self) -> Option<DateTime<Utc>> {
        match &*lock(&self.state) {
            State::Done(_, at) | State::Failed(_, at) => Some(*at),
            State::Waiting | State::Making(..) => None,
        }
    }

    fn stop(&self) {
        if let Some(maker) = lock(&self.maker).take() {
            maker.abort();
        }
    }
}

impl Drop for Video {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn sweep(all: &mut BTreeMap<String, Arc<Video>>, now: DateTime<Utc>) {
    all.retain(|_, video| video.expires_at().is_none_or(|until| now < until));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn begin(videos: &Videos, now: DateTime<Utc>) -> Result<Arc<Video>, Problem> {
        let never = || tokio::spawn(std::future::pending::<()>()).abort_handle();
        videos.begin(Container::Mp4, "a.mp4".to_owned(), now, |_| never())
    }

    #[tokio::test]
    async fn a_video_goes_after_its_hour_and_takes_its_file_along() {
        let folder = tempfile::tempdir().unwrap();
        let videos = Videos::new(folder.path());
        let video = begin(&videos, at(0)).unwrap();
        let (id, path) = (video.id.clone(), video.path().to_owned());
        std::fs::write(&path, b"video").unwrap();
        assert!(
            videos.find(&id, at(600)).is_some(),
            "it is still being made"
        );
        video.note(State::Done(Film::default(), at(600)));
        drop(video);
        assert!(videos.find(&id, at(659)).is_some() && path.exists());
        assert!(videos.find(&id, at(660)).is_none() && !path.exists());
        let video = begin(&videos, at(700)).unwrap();
        assert!(videos.remove(&video.id) && !videos.remove(&video.id));
    }

    #[tokio::test]
    async fn there_are_never_more_than_a_few() {
        let folder = tempfile::tempdir().unwrap();
        let videos = Videos::new(folder.path());
        let all: Vec<_> = (0..8).map(|nth| begin(&videos, at(nth)).unwrap()).collect();
        assert_eq!(begin(&videos, at(9)).unwrap_err().code(), 503);
        all[3].note(State::Failed("it broke".to_owned(), at(10)));
        let ninth = begin(&videos, at(11)).unwrap();
        assert!(
            videos.find(&all[3].id, at(11)).is_none(),
            "the oldest that has ended goes"
        );
        assert!(videos.find(&ninth.id, at(11)).is_some());
    }
}
