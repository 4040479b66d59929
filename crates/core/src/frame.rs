//! What a frame is and where it lies in the archive. Must not touch files: it only names them.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Timelike, Utc};
use serde::{Deserialize, Serialize};

use crate::camera::CameraId;

/// A picture narrower than this is taken for a thumbnail: the portal's pictures are 1200 pixels
/// wide, its thumbnails a few hundred.
pub const NARROWEST_FULL: u32 = 640;

/// Whether a picture of that width is a thumbnail, whatever its address promised or its name says. The one rule for what is
/// fetched, recovered and adopted.
#[must_use]
pub fn looks_like_thumbnail(width: u32) -> bool {
    width < NARROWEST_FULL
}

/// The identity of a frame: camera and instant, and which of the frames of that second it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FrameId {
    /// The camera that took it.
    pub camera: CameraId,
    /// When it was taken, UTC.
    pub instant: DateTime<Utc>,
    /// 1 for the first frame of this camera in this whole second, 2 for the next that has the same second.
    pub ordinal: u16,
}

/// A file name of ours, read back. The name keeps whole seconds only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// The camera.
    pub camera: CameraId,
    /// The second, UTC.
    pub second: DateTime<Utc>,
    /// Which frame of that second.
    pub ordinal: u16,
}

impl FrameId {
    /// A frame that is the first of its second.
    #[must_use]
    pub fn first(camera: CameraId, instant: DateTime<Utc>) -> Self {
        Self {
            camera,
            instant,
            ordinal: 1,
        }
    }

    /// The folder of the frame's day and its file name, both UTC: `2025-09-07/20250907T101734_in_gate.jpg`.
    ///
    /// A second frame of one second is `20250907T101734-2_in_gate.jpg`: still sorted by time, and no camera's name
    /// can collide with it.
    #[must_use]
    pub fn relative_path(&self) -> String {
        format!("{}/{}", self.folder(), self.file_name())
    }

    /// The day folder, UTC: `2025-09-07`.
    #[must_use]
    pub fn folder(&self) -> String {
        self.instant.format("%Y-%m-%d").to_string()
    }

    /// The file's name in its day folder.
    #[must_use]
    pub fn file_name(&self) -> String {
        FileName {
            camera: self.camera.clone(),
            second: self.second(),
            ordinal: self.ordinal,
        }
        .to_string()
    }

    /// The whole second of the frame.
    #[must_use]
    pub fn second(&self) -> DateTime<Utc> {
        self.instant.trunc_subsecs(0)
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.second.format("%Y%m%dT%H%M%S"))?;
        if self.ordinal > 1 {
            write!(f, "-{}", self.ordinal)?;
        }
        write!(f, "_{}.jpg", self.camera)
    }
}

impl FileName {
    /// Reads a file name; `None` when it is not exactly one that [`FrameId::file_name`] writes.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".jpg")?;
        let (time, camera) = stem.split_once('_')?;
        let (time, ordinal) = match time.split_once('-') {
            Some((time, ordinal)) => (time, ordinal.parse().ok()?),
            None => (time, 1),
        };
        let naive = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%S").ok()?;
        let parsed = Self {
            camera: CameraId::new(camera).ok()?,
            second: naive.and_utc(),
            ordinal,
        };
        // chrono reads a leap second as nanoseconds beyond a billion; no camera of ours names one.
        let is_leap_second = naive.nanosecond() >= 1_000_000_000;
        (!is_leap_second && parsed.to_string() == name).then_some(parsed)
    }

    /// The frame it names, at the whole second.
    #[must_use]
    pub fn frame(&self) -> FrameId {
        FrameId {
            camera: self.camera.clone(),
            instant: self.second,
            ordinal: self.ordinal,
        }
    }
}

/// Where in an archive the file of a row lies: the last two parts of its path, where they are a day folder and a name of ours.
/// Rows written when the archive was elsewhere are found all the same.
#[must_use]
pub fn place_of(path: &str) -> Option<String> {
    let mut parts = path.rsplitn(3, '/');
    let name = parts.next()?;
    let folder = parts.next()?;
    let file = FileName::parse(name)?;
    (file.frame().folder() == folder).then(|| format!("{folder}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(millis: i64, ordinal: u16) -> FrameId {
        FrameId {
            camera: CameraId::new("in_gate").unwrap(),
            instant: DateTime::from_timestamp_millis(millis).unwrap(),
            ordinal,
        }
    }

    #[test]
    fn the_path_is_the_one_users_know() {
        assert_eq!(
            frame(1_757_240_254_000, 1).relative_path(),
            "2025-09-07/20250907T101734_in_gate.jpg"
        );
        assert_eq!(
            frame(1_757_240_254_900, 2).relative_path(),
            "2025-09-07/20250907T101734-2_in_gate.jpg"
        );
    }

    #[test]
    fn other_names_are_not_ours() {
        for name in [
            "download_metadata.json",
            "20250907T101734_in_gate.jpeg",
            "20250907T101734-1_in_gate.jpg",
            "20250907T101734-02_in_gate.jpg",
            "20250907T101734_.jpg",
            "20250907T101734_a.b.jpg",
            "20250230T101734_in_gate.jpg",
            "x20250907T101734_in_gate.jpg",
            "20250907T101734_in_gate.jpg.tmp",
            "20250907T101760_in_gate.jpg",
        ] {
            assert_eq!(FileName::parse(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn names_are_read_back(millis in 0i64..4_000_000_000_000, ordinal in 1u16..50, camera in "[A-Za-z0-9_][A-Za-z0-9_-]{0,30}") {
            let id = FrameId { camera: CameraId::new(&camera).unwrap(), ..frame(millis, ordinal) };
            let read = FileName::parse(&id.file_name()).unwrap();
            prop_assert_eq!(read.camera.as_str(), camera.as_str());
            prop_assert_eq!(read.second, id.second());
            prop_assert_eq!(read.ordinal, ordinal);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,60}") {
            let _ = FileName::parse(&text);
        }
    }
}
