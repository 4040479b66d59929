//! A small database and archive for the tests of this crate.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use draywatch_archive::Archive;
use draywatch_catalog::{Catalog, DatabaseUrl, NewImage, OpenOptions, PictureFacts};
use draywatch_core::{CameraId, FrameId};
use draywatch_picture::Sha256;

use crate::{Export, Format, ImageFilter, Request, Table};

mod exports;

pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) archive: Archive,
}

/// 2025-09-07 10:00:00 UTC and so many seconds.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_757_239_200 + seconds, 0).unwrap()
}

pub(crate) fn camera(name: &str) -> CameraId {
    CameraId::new(name).unwrap()
}

/// Contents that differ from frame to frame; no pictures, which rows with a hash need not be.
pub(crate) fn contents(frame: &FrameId) -> Vec<u8> {
    let seed = frame.instant.timestamp() + i64::from(frame.ordinal);
    let length = usize::try_from(700 + seed % 900).unwrap();
    seed.to_le_bytes()
        .into_iter()
        .cycle()
        .take(length)
        .collect()
}

impl Site {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = OpenOptions {
            create: true,
            busy_timeout: Duration::from_secs(5),
            now: at(0),
        };
        let url = DatabaseUrl::Sqlite(folder.path().join("database.db"));
        Self {
            catalog: draywatch_catalog::open(&url, options).await.unwrap(),
            archive: Archive::create(&folder.path().join("images")).unwrap(),
            folder,
        }
    }

    /// Frames of both cameras, every ten minutes.
    pub(crate) async fn filled(frames: i64) -> Self {
        let site = Self::new().await;
        for nth in 0..frames {
            for name in ["out_gate", "in_gate"] {
                site.store(&FrameId::first(camera(name), at(nth * 600)))
                    .await;
            }
        }
        site
    }

    pub(crate) async fn store(&self, frame: &FrameId) {
        let (bytes, relative) = (contents(frame), frame.relative_path());
        let staged = self.archive.stage(&bytes).unwrap();
        let _ = self.archive.place(staged, &relative).unwrap();
        let image = NewImage {
            frame: frame.clone(),
            path: format!("data/images/{relative}"),
            facts: PictureFacts {
                bytes: u64::try_from(bytes.len()).unwrap(),
                sha256: Sha256::of(&bytes).to_string(),
                media_type: "image/jpeg".into(),
                width: 1200,
                height: 675,
            },
            is_thumbnail: false,
            url: Some(format!("https://cdn.example/{relative}?a=1,\"b\"")),
            look: None,
        };
        assert_eq!(self.catalog.adopt(&[image], at(0)).await.unwrap(), 1);
    }

    pub(crate) fn export(&self, request: &Request) -> Export {
        let (catalog, archive) = (self.catalog.clone(), Some(self.archive.clone()));
        Export::start(catalog, archive, request.clone()).unwrap()
    }

    /// All files of an export.
    pub(crate) async fn files(&self, request: &Request) -> Vec<Vec<u8>> {
        rest(self.export(request)).await
    }
}

/// What is still to come of an export, file by file.
pub(crate) async fn rest(mut export: Export) -> Vec<Vec<u8>> {
    let mut files = vec![Vec::new()];
    while let Some(piece) = export.next().await.unwrap() {
        let file = files.last_mut().unwrap();
        piece
            .parts
            .iter()
            .for_each(|part| file.extend_from_slice(part));
        if piece.ends_file {
            files.push(Vec::new());
        }
    }
    assert_eq!(files.pop(), Some(Vec::new()), "the last file was ended");
    files
}

pub(crate) fn request(table: Table, format: Format) -> Request {
    Request {
        query: ImageFilter {
            cameras: vec![camera("out_gate"), camera("in_gate")],
            from: at(-3600),
            to: at(7 * 86_400),
            processed: None,
            verdicts: Vec::new(),
            thumbnails: true,
        },
        table,
        format,
        shard_bytes: None,
    }
}

/// Everything that can be asked for.
pub(crate) fn all() -> Vec<Request> {
    let tables = [Table::Images, Table::Slots, Table::Gaps];
    let formats = [Format::Csv, Format::Jsonl, Format::Parquet];
    let tables = tables
        .into_iter()
        .flat_map(|table| formats.map(|format| request(table, format)));
    let shards = [None, Some(20_000)].map(|shard_bytes| Request {
        shard_bytes,
        ..request(Table::Images, Format::WebDataset)
    });
    tables.chain(shards).collect()
}
