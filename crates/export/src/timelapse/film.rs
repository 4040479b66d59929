//! The frames of a video on their way to the encoder, and the account of them. Must not know where the video goes.

use std::path::Path;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use draywatch_archive::Archive;
use draywatch_catalog::ImageRow;
use draywatch_core::coverage::SLOT;
use serde::Serialize;

use super::encoder::{Encoder, even};
use super::{Timelapse, TimelapseError};
use crate::picture;
use crate::rows::Images;
use crate::{Fault, MOST_FAULTS};

/// The form of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// H.264 in MP4.
    Mp4,
    /// VP9 in `WebM`.
    Webm,
}

impl Container {
    /// By the ending of a name.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "mp4" => Some(Self::Mp4),
            "webm" => Some(Self::Webm),
            _ => None,
        }
    }

    /// The ending of its names.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Webm => "webm",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Mp4 => "video/mp4",
            Self::Webm => "video/webm",
        }
    }

    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Mp4 => &["-c:v", "libx264", "-movflags", "+faststart", "-f", "mp4"],
            Self::Webm => &[
                "-c:v",
                "libvpx-vp9",
                "-crf",
                "32",
                "-b:v",
                "0",
                "-cpu-used",
                "4",
                "-row-mt",
                "1",
                "-f",
                "webm",
            ],
        }
    }
}

/// What a video became.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Film {
    /// Frames in it.
    pub frames: u64,
    /// Those of them that repeat the one before over a missing slot.
    pub held: u64,
    /// Frames passed over for their verdict.
    pub skipped: u64,
    /// Frames whose picture could not be had.
    pub left_out: u64,
    /// The first of those.
    pub faults: Vec<Fault>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A video being made.
pub(super) struct Work<'a> {
    pub(super) plan: &'a Timelapse,
    pub(super) archive: Archive,
    pub(super) container: Container,
    pub(super) total: u64,
}

impl Work<'_> {
    /// Feeds all frames to ffmpeg, which is started at the first one that can be read.
    pub(super) async fn encode(
        &self,
        mut images: Images,
        path: &Path,
        film: &mut Film,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<(), TimelapseError> {
        let (mut encoder, mut read) = (None, 0);
        let mut last: Option<(DateTime<Utc>, Bytes)> = None;
        while let Some((key, image)) = images.next().await? {
            if !self.plan.takes(key.timestamp, &image) {
                continue;
            }
            read += 1;
            progress(read, self.total);
            let Some(picture) = self.picture(image, film).await else {
                continue;
            };
            let running = match &mut encoder {
                Some(running) => running,
                empty => match self.start(path, &picture, film)? {
                    Some(started) => empty.insert(started),
                    None => continue,
                },
            };
            if self
                .feed(running, last.as_ref(), (key.timestamp, &picture), film)
                .await
                .is_err()
            {
                break;
            }
            last = Some((key.timestamp, picture));
        }
        match encoder {
            Some(encoder) => encoder.finish().await,
            None => Err(unreadable(film)),
        }
    }

    /// ffmpeg for videos of the size of that picture; nothing if that is not to be told, which is noted.
    fn start(
        &self,
        path: &Path,
        picture: &Bytes,
        film: &mut Film,
    ) -> Result<Option<Encoder>, TimelapseError> {
        let Ok(first) = draywatch_picture::verify(picture, None) else {
            film.left_out += 1;
            return Ok(None);
        };
        let size = even((first.width, first.height), self.plan.width);
        (film.width, film.height) = size;
        Encoder::start(path, self.container, self.plan.fps, size).map(Some)
    }

    /// A picture, and before it the last one again for each slot between them, if the pace is kept.
    async fn feed(
        &self,
        encoder: &mut Encoder,
        last: Option<&(DateTime<Utc>, Bytes)>,
        (at, picture): (DateTime<Utc>, &Bytes),
        film: &mut Film,
    ) -> std::io::Result<()> {
        if let Some((then, before)) = last.filter(|_| self.plan.keep_pace) {
            for _ in 0..missing(*then, at) {
                encoder.feed(before).await?;
                film.frames += 1;
                film.held += 1;
            }
        }
        encoder.feed(picture).await?;
        film.frames += 1;
        Ok(())
    }

    /// The file of a row, or nothing and a note.
    async fn picture(&self, image: ImageRow, film: &mut Film) -> Option<Bytes> {
        let archive = self.archive.clone();
        let read = tokio::task::spawn_blocking(move || picture::read(&archive, &image)).await;
        match read {
            Ok(Ok(bytes)) => return Some(bytes),
            Ok(Err(fault)) if film.faults.len() < MOST_FAULTS => film.faults.push(fault),
            // Counted below like the others.
            Ok(Err(_)) | Err(_) => {}
        }
        film.left_out += 1;
        None
    }
}

fn unreadable(film: &Film) -> TimelapseError {
    let first = film.faults.first().map(|fault| fault.problem.clone());
    TimelapseError::Unreadable {
        left_out: film.left_out,
        problem: first.unwrap_or_else(|| "is no picture".to_owned()),
    }
}

/// Slots between two frames that have none.
fn missing(then: DateTime<Utc>, at: DateTime<Utc>) -> i64 {
    let slot = SLOT.num_seconds();
    ((at - then).num_seconds() + slot / 2) / slot - 1
}
