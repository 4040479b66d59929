//! A picture on its way into a shard: read whole and held against its row, or the reason why not. Must not know tar.

use std::io::Read;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use draywatch_archive::Archive;
use draywatch_catalog::ImageRow;
use draywatch_core::error::chain;
use draywatch_core::frame::place_of;
use draywatch_picture::Sha256;
use serde::{Deserialize, Serialize};

/// So many faults are told one by one; the others are counted.
pub const MOST_FAULTS: usize = 1_000;
/// No picture is longer: what is, is refused before it fills the memory.
const LONGEST: u64 = 32 << 20;

/// A picture that is left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Its row.
    pub id: i64,
    /// Its camera.
    pub camera_id: String,
    /// When it was taken.
    pub timestamp: Option<DateTime<Utc>>,
    /// Where its file should be.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

/// What an export has written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Rows of a table, or pictures in shards.
    pub rows: u64,
    /// Bytes, in all files.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// Rows that name a file which another row has brought.
    pub duplicates: u64,
    /// Pictures that were left out.
    pub left_out: u64,
    /// The first of them.
    pub faults: Vec<Fault>,
}

impl Summary {
    pub(crate) fn leave_out(&mut self, fault: Fault) {
        self.left_out += 1;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        }
    }
}

/// The file of a row, if it is what the row says. It waits for the disk.
pub(crate) fn read(archive: &Archive, image: &ImageRow) -> Result<Bytes, Fault> {
    whole(archive, image).map_err(|problem| Fault {
        id: image.id,
        camera_id: image.camera_id.clone(),
        timestamp: image.timestamp,
        path: image.path.clone(),
        problem,
    })
}

fn whole(archive: &Archive, image: &ImageRow) -> Result<Bytes, String> {
    let place = place_of(&image.path).ok_or("its path names no picture of the archive")?;
    let mut file = archive.open_file(&place).map_err(|error| chain(&error))?;
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let length = file.metadata().map_err(unreadable)?.len();
    if let Some(recorded) = image
        .file_size
        .filter(|size| u64::try_from(*size) != Ok(length))
    {
        return Err(format!("has {length} bytes, its row says {recorded}"));
    }
    if length > LONGEST {
        return Err(format!("has {length} bytes, which is no picture"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    let read = file.by_ref().take(length + 1).read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    match &image.sha256 {
        Some(recorded) if Sha256::of(&bytes).to_string() == *recorded => {}
        Some(_) => return Err("its contents are not what its row says".to_owned()),
        // Nobody has looked at it yet.
        None => {
            let verified = draywatch_picture::verify(&bytes, Some(length));
            verified.map_err(|refusal| format!("is no whole picture: {refusal}"))?;
        }
    }
    Ok(bytes.into())
}
