//! An image as the API tells it. Must not ask for anything.

use chrono::{DateTime, Utc};
use draywatch_catalog::ImageRow;
use draywatch_core::verdict::Verdict;
use serde::Serialize;
use utoipa::ToSchema;

use super::BASE;

/// What a picture is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictName {
    /// It shows what the camera sees.
    Ok,
    /// The same picture as the one before, while the clock goes on.
    Frozen,
    /// A "no signal" card or the like.
    Placeholder,
    /// Too little light to see anything.
    Dark,
    /// Light, but nothing to be seen.
    Blank,
}

impl From<Verdict> for VerdictName {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Ok => Self::Ok,
            Verdict::Frozen => Self::Frozen,
            Verdict::Placeholder => Self::Placeholder,
            Verdict::Dark => Self::Dark,
            Verdict::Blank => Self::Blank,
        }
    }
}

/// A stored frame.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Image {
    /// Its id.
    pub id: i64,
    /// The camera, as it stands in the row.
    pub camera: String,
    /// When the frame was taken; null where another program wrote what is no time.
    pub time: Option<DateTime<Utc>>,
    /// Which frame of its second, from 1 on.
    pub ordinal: u16,
    /// Bytes of its file.
    pub bytes: Option<i64>,
    /// SHA-256 of its file; null where draywatch never read it.
    pub sha256: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Whether only the portal's thumbnail could be had so far.
    pub thumbnail_only: bool,
    /// Whether a detector has read it.
    pub processed: bool,
    /// What the picture is worth; null while nobody has examined it.
    pub verdict: Option<VerdictName>,
    /// `ok`, `missing` or `bad`, when its file was last looked at; null when nobody has.
    pub file_state: Option<String>,
    /// When its file was last looked at.
    pub verified_at: Option<DateTime<Utc>>,
    /// Where its file is; with this address it may be kept for ever.
    pub file: String,
    /// Where its thumbnails are.
    pub thumbnails: ThumbnailAddresses,
}

/// Where the thumbnails of an image are, by width.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ThumbnailAddresses {
    /// 160 pixels wide.
    #[serde(rename = "160")]
    pub small: String,
    /// 320 pixels wide.
    #[serde(rename = "320")]
    pub medium: String,
    /// 640 pixels wide.
    #[serde(rename = "640")]
    pub large: String,
}

impl Image {
    /// An image whose addresses begin with that path.
    #[must_use]
    pub fn new(row: ImageRow, base_path: &str) -> Self {
        let version = row.sha256.as_deref().map(|hash| format!("?v={hash}"));
        let version = version.unwrap_or_default();
        let address = format!("{base_path}{BASE}/images/{}", row.id);
        Self {
            file: format!("{address}/file{version}"),
            thumbnails: ThumbnailAddresses {
                small: format!("{address}/thumbnails/160{version}"),
                medium: format!("{address}/thumbnails/320{version}"),
                large: format!("{address}/thumbnails/640{version}"),
            },
            id: row.id,
            camera: row.camera_id,
            time: row.timestamp,
            ordinal: row.ordinal,
            bytes: row.file_size,
            sha256: row.sha256,
            width: row.width,
            height: row.height,
            thumbnail_only: row.is_thumbnail,
            processed: row.processed,
            verdict: row.verdict.map(VerdictName::from),
            file_state: row.file_state,
            verified_at: row.verified_at,
        }
    }
}
