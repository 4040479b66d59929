//! Pictures read ahead, some at a time, on threads that may wait for the disk; handed over in order. Must not judge them.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use draywatch_archive::Archive;
use draywatch_catalog::{ImageKey, ImageRow};
use tokio::task::JoinHandle;

use crate::ExportError;
use crate::picture::{self, Fault};
use crate::rows::Images;

/// Pictures that are read at the same time ...
const MOST: usize = 8;
/// ... and the bytes, as their rows have them, that they may take together; one is always read.
const BYTES: i64 = 32 << 20;
/// What a picture is taken to have whose row does not say.
const UNKNOWN: i64 = 4 << 20;

/// A row, and its picture.
pub(super) struct Found {
    pub(super) key: ImageKey,
    pub(super) image: Arc<ImageRow>,
    pub(super) bytes: Result<Bytes, Fault>,
}

struct Reading {
    key: ImageKey,
    image: Arc<ImageRow>,
    bytes: JoinHandle<Result<Bytes, Fault>>,
}

/// Pictures in the order of their rows.
pub(super) struct Ahead {
    archive: Archive,
    images: Images,
    has_more: bool,
    reading: VecDeque<Reading>,
    first: Option<Found>,
}

impl Ahead {
    pub(super) fn new(archive: Archive, images: Images) -> Self {
        Self {
            archive,
            images,
            has_more: true,
            reading: VecDeque::new(),
            first: None,
        }
    }

    /// The next picture, which stays the next one.
    pub(super) async fn peek(&mut self) -> Result<Option<&Found>, ExportError> {
        self.fill().await?;
        if self.first.is_none()
            && let Some(reading) = self.reading.pop_front()
        {
            let bytes = reading.bytes.await;
            let bytes =
                bytes.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()));
            self.first = Some(Found {
                key: reading.key,
                image: reading.image,
                bytes,
            });
        }
        Ok(self.first.as_ref())
    }

    /// The picture that was looked at.
    pub(super) fn take(&mut self) -> Option<Found> {
        self.first.take()
    }

    /// Makes it the next one again.
    pub(super) fn put_back(&mut self, found: Found) {
        self.first = Some(found);
    }

    async fn fill(&mut self) -> Result<(), ExportError> {
        let size = |reading: &Reading| reading.image.file_size.unwrap_or(UNKNOWN).clamp(0, BYTES);
        while self.has_more
            && self.reading.len() < MOST
            && self.reading.iter().map(size).sum::<i64>() < BYTES
        {
            let Some((key, image)) = self.images.next().await? else {
                self.has_more = false;
                break;
            };
            let image = Arc::new(image);
            let (archive, row) = (self.archive.clone(), Arc::clone(&image));
            self.reading.push_back(Reading {
                key,
                image,
                bytes: tokio::task::spawn_blocking(move || picture::read(&archive, &row)),
            });
        }
        Ok(())
    }
}
