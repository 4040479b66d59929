//! A stretch of a camera's frames as a video file: which frames, in which order, and the file's way to its name. Must not know how a
//! picture becomes a part of a video, which is ffmpeg's business (`encoder`).

mod encoder;
mod error;
mod film;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Timelike, Utc};
use chrono_tz::Tz;
use draywatch_archive::Archive;
use draywatch_catalog::{Catalog, ImageFilter, ImageRow};
use draywatch_core::CameraId;
use draywatch_core::verdict::Verdict;
use tempfile::NamedTempFile;

use crate::rows::Images;

pub use error::TimelapseError;
pub use film::{Container, Film};

/// The hours of a day that count as day.
const DAY: std::ops::Range<u32> = 6..20;

/// What is to be played, and how.
#[derive(Debug, Clone)]
pub struct Timelapse {
    /// Of this camera.
    pub camera: CameraId,
    /// From this instant on.
    pub from: DateTime<Utc>,
    /// Before this instant.
    pub to: DateTime<Utc>,
    /// Frames a second.
    pub fps: u8,
    /// So many pixels wide; as wide as the first frame otherwise.
    pub width: Option<u32>,
    /// Frames with these verdicts are passed over.
    pub skip: Vec<Verdict>,
    /// Only frames taken by day, which is from 6 to 20 h of this zone.
    pub by_day_in: Option<Tz>,
    /// Also frames of which only the thumbnail is stored.
    pub thumbnails: bool,
    /// Hold a frame over the slots that lack one, so that time runs evenly.
    pub keep_pace: bool,
}

impl Timelapse {
    /// Makes the video, beside its place, and moves it there when it is whole. `progress` is told how many of how many frames
    /// were read. Dropping the future ends ffmpeg and removes what was written.
    ///
    /// # Errors
    /// When there is no frame, no ffmpeg, or database or file cannot be used; a picture that cannot be had is left out instead.
    pub async fn save(
        &self,
        catalog: Arc<dyn Catalog>,
        archive: Archive,
        path: &Path,
        overwrite: bool,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Film, TimelapseError> {
        let container = Container::of(path).ok_or_else(|| TimelapseError::Container {
            path: path.to_owned(),
        })?;
        if !overwrite && path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
        let mut film = Film::default();
        let total = self.count(&catalog, &mut film).await?;
        if total == 0 {
            return Err(TimelapseError::Empty {
                skipped: film.skipped,
            });
        }
        let part = part(path)?;
        let work = film::Work {
            plan: self,
            archive,
            container,
            total,
        };
        let images = self.images(catalog);
        work.encode(images, part.path(), &mut film, progress)
            .await?;
        film.bytes = settle(part, path, overwrite)?;
        Ok(film)
    }

    /// Whether a frame is played.
    fn takes(&self, at: DateTime<Utc>, image: &ImageRow) -> bool {
        let is_day = |zone: Tz| DAY.contains(&at.with_timezone(&zone).hour());
        let is_bad = image
            .verdict
            .is_some_and(|verdict| self.skip.contains(&verdict));
        !is_bad && self.by_day_in.is_none_or(is_day)
    }

    /// How many frames are played; how many are not is noted.
    async fn count(
        &self,
        catalog: &Arc<dyn Catalog>,
        film: &mut Film,
    ) -> Result<u64, TimelapseError> {
        let (mut images, mut total) = (self.images(Arc::clone(catalog)), 0);
        while let Some((key, image)) = images.next().await? {
            if self.takes(key.timestamp, &image) {
                total += 1;
            } else {
                film.skipped += 1;
            }
        }
        Ok(total)
    }

    fn images(&self, catalog: Arc<dyn Catalog>) -> Images {
        let filter = ImageFilter {
            cameras: vec![self.camera.clone()],
            from: self.from,
            to: self.to,
            processed: None,
            verdicts: Vec::new(),
            thumbnails: self.thumbnails,
        };
        Images::new(catalog, &filter, None)
    }
}

/// A file beside that of the name, which goes when it is dropped.
fn part(path: &Path) -> Result<NamedTempFile, TimelapseError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    tempfile::Builder::new()
        .prefix(".draywatch-timelapse-")
        .suffix(".part")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(|source| TimelapseError::Io {
            action: "make a file in",
            path: folder.to_owned(),
            source,
        })
}

/// Flushes the file and gives it its name; how long it is.
fn settle(part: NamedTempFile, path: &Path, overwrite: bool) -> Result<u64, TimelapseError> {
    let failed = |source| TimelapseError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    };
    part.as_file().sync_all().map_err(failed)?;
    let bytes = part.as_file().metadata().map_err(failed)?.len();
    let moved = if overwrite {
        part.persist(path)
    } else {
        part.persist_noclobber(path)
    };
    match moved {
        Ok(_) => Ok(bytes),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(failed(error.error)),
    }
}

fn exists(path: &Path) -> TimelapseError {
    TimelapseError::Exists {
        path: PathBuf::from(path),
    }
}
