//! The only texts that name a file of the archive: what `FrameId::relative_path` writes. Must not touch files.

use draywatch_core::frame::FileName;

use super::ArchiveError;

/// A day folder and a picture's name in it, both checked: neither can lead anywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relative<'a> {
    pub(super) folder: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Relative<'a> {
    /// Reads `2025-09-07/20250907T101734_in_gate.jpg`; the name must be of the folder's day.
    pub(super) fn parse(text: &'a str) -> Result<Self, ArchiveError> {
        let bad = || ArchiveError::BadPath {
            text: text.to_owned(),
        };
        let (folder, name) = text.split_once('/').ok_or_else(bad)?;
        let is_ours = FileName::parse(name).is_some_and(|read| read.frame().folder() == folder);
        is_ours.then_some(Self { folder, name }).ok_or_else(bad)
    }
}

/// Whether a folder's name is that of a day: exactly `2025-09-07`.
pub(super) fn is_day(name: &str) -> bool {
    let date = chrono::NaiveDate::parse_from_str(name, "%Y-%m-%d");
    name.len() == 10 && date.is_ok_and(|date| date.format("%Y-%m-%d").to_string() == name)
}

/// The day folder that a text names, itself or with a picture's name behind it.
pub(super) fn day_of(text: &str) -> Result<&str, ArchiveError> {
    if is_day(text) {
        Ok(text)
    } else {
        Relative::parse(text).map(|relative| relative.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use draywatch_core::{CameraId, FrameId};
    use proptest::prelude::*;

    #[test]
    fn what_leads_elsewhere_is_refused() {
        for text in [
            "",
            "/",
            "20250907T101734_in_gate.jpg",
            "2025-09-08/20250907T101734_in_gate.jpg",
            "/2025-09-07/20250907T101734_in_gate.jpg",
            "./2025-09-07/20250907T101734_in_gate.jpg",
            "../2025-09-07/20250907T101734_in_gate.jpg",
            "2025-09-07/../2025-09-07/20250907T101734_in_gate.jpg",
            "2025-09-07//20250907T101734_in_gate.jpg",
            "2025-09-07/20250907T101734_in_gate.jpg/",
            "2025-09-07/20250907T101734_in_gate.jpg\0",
            "2025-9-7/20250907T101734_in_gate.jpg",
            ".draywatch/20250907T101734_in_gate.jpg",
            "2025-09-07/archive-id",
        ] {
            assert!(
                matches!(Relative::parse(text), Err(ArchiveError::BadPath { .. })),
                "{text:?}"
            );
        }
    }

    #[test]
    fn days_are_exact() {
        assert!(is_day("2025-09-07"));
        for name in [
            "2025-9-7",
            "2025-02-30",
            "+2025-09-0",
            "2025-09-07 ",
            "20250907",
            "..",
            ".draywatch",
        ] {
            assert!(!is_day(name), "{name:?}");
        }
        assert_eq!(day_of("2025-09-07").unwrap(), "2025-09-07");
        assert_eq!(
            day_of("2025-09-07/20250907T101734_in_gate.jpg").unwrap(),
            "2025-09-07"
        );
        assert!(day_of("2025-09-07/x").is_err());
    }

    proptest! {
        #[test]
        fn every_frame_has_a_place(millis in 0i64..200_000_000_000_000, ordinal in 1u16..999, camera in "[A-Za-z0-9_-]{1,30}") {
            prop_assume!(!camera.starts_with('-'));
            let instant = DateTime::from_timestamp_millis(millis).unwrap();
            let text = FrameId { camera: CameraId::new(&camera).unwrap(), instant, ordinal }.relative_path();
            let relative = Relative::parse(&text).unwrap();
            prop_assert!(is_day(relative.folder));
            prop_assert_eq!(format!("{}/{}", relative.folder, relative.name), text);
        }

        #[test]
        fn no_text_gets_through_that_could_climb(text in "[./0-9TZ_a-z-]{0,50}|\\PC{0,50}") {
            if let Ok(relative) = Relative::parse(&text) {
                prop_assert!(!relative.name.contains('/') && is_day(relative.folder));
            }
        }
    }
}
