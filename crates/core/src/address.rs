//! Picture addresses: what frame an address names. The address itself is kept word for word; must not fetch or rebuild it.

use std::fmt;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike, Utc};
use percent_encoding::percent_decode_str;
use regex::Regex;

use crate::camera::CameraId;

/// The time that an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AddressTime {
    /// An instant: Unix time, or a time with an offset.
    Absolute(DateTime<Utc>),
    /// A time without a zone; see [`crate::zone::ImageTime`].
    Naive(NaiveDateTime),
}

impl AddressTime {
    /// The time without its zone, where it has none.
    #[must_use]
    pub fn naive(&self) -> Option<NaiveDateTime> {
        match self {
            Self::Absolute(_) => None,
            Self::Naive(naive) => Some(*naive),
        }
    }
}

impl fmt::Display for AddressTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(instant) => write!(f, "{}", instant.format("%Y-%m-%dT%H:%M:%S%.fZ")),
            Self::Naive(naive) => write!(f, "{}", naive.format("%Y-%m-%dT%H:%M:%S%.f")),
        }
    }
}

/// A picture address, taken apart. Nothing of it is used to build another address but the marker of thumbnails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The camera it names.
    pub camera: CameraId,
    /// The time it names.
    pub time: AddressTime,
    /// Whether it is a thumbnail's.
    pub is_thumbnail: bool,
    /// File name without thumbnail marker and extension, decoded: equal for a picture and its thumbnail.
    pub stem: String,
    /// What stands before the file name in the path, decoded, without host: the last two folders, or fewer.
    pub folder: String,
    /// The extension, lower case: `jpeg` or `jpg`.
    pub extension: String,
}

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:(?P<iso>(?P<y>\d{4})-?(?P<mo>\d{2})-?(?P<d>\d{2})[T_ ](?P<h>\d{2})[:_.\-]?(?P<mi>\d{2})[:_.\-]?(?P<s>\d{2})",
        r"(?:[.,](?P<frac>\d{1,9}))?(?P<zone>Z|[+-]\d{2}:?\d{2})?)|(?P<ms>\d{13})|(?P<secs>\d{10}))",
        r"[-_](?P<camera>[A-Za-z0-9_][A-Za-z0-9_-]*?)(?P<thumb>-thumbnail)?\.(?P<ext>(?i:jpe?g))$"
    ))
    .expect("the pattern is a constant")
});

impl Address {
    /// Takes `text` apart: an absolute or relative address, or only its end. `None` when it names no frame.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let path = path.split_once("://").map_or(path, |(_, rest)| rest);
        let decoded = percent_decode_str(path).decode_utf8().ok()?;
        let mut segments = decoded.rsplit('/');
        let name = segments.next()?;
        let mut folders: Vec<&str> = segments.take(2).collect();
        folders.reverse();
        let found = NAME.captures(name)?;
        let is_thumbnail = found.name("thumb").is_some();
        let extension = &found["ext"];
        let marked = name.len() - extension.len() - 1;
        let end = marked - if is_thumbnail { "-thumbnail".len() } else { 0 };
        Some(Self {
            camera: CameraId::new(&found["camera"]).ok()?,
            time: time_of(&found)?,
            is_thumbnail,
            stem: name[..end].to_owned(),
            folder: folders.join("/"),
            extension: extension.to_ascii_lowercase(),
        })
    }
}

/// The time in a match of [`NAME`].
fn time_of(found: &regex::Captures<'_>) -> Option<AddressTime> {
    if let Some(ms) = found.name("ms") {
        return DateTime::from_timestamp_millis(ms.as_str().parse().ok()?)
            .map(AddressTime::Absolute);
    }
    if let Some(secs) = found.name("secs") {
        return DateTime::from_timestamp(secs.as_str().parse().ok()?, 0).map(AddressTime::Absolute);
    }
    let number = |name: &str| found.name(name)?.as_str().parse::<u32>().ok();
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(number("y")?).ok()?,
        number("mo")?,
        number("d")?,
    )?;
    let mut naive = date.and_hms_opt(number("h")?, number("mi")?, number("s")?)?;
    if let Some(fraction) = found.name("frac") {
        naive = naive.with_nanosecond(format!("{:0<9}", fraction.as_str()).parse().ok()?)?;
    }
    let Some(zone) = found.name("zone") else {
        return Some(AddressTime::Naive(naive));
    };
    let offset = offset_seconds(zone.as_str())?;
    Some(AddressTime::Absolute(
        naive.and_utc() - chrono::TimeDelta::seconds(offset),
    ))
}

/// Seconds east of UTC of `Z`, `+HH:MM` or `+HHMM`.
fn offset_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let digits: String = zone[1..].chars().filter(char::is_ascii_digit).collect();
    let seconds = digits[..2].parse::<i64>().ok()? * 3600 + digits[2..].parse::<i64>().ok()? * 60;
    Some(if zone.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

/// The full picture's address that belongs to a thumbnail's: the same without `-thumbnail` before the extension
/// (source: `shared/portal.md`). `None` when `thumbnail` has no such marker.
#[must_use]
pub fn full_of_thumbnail(thumbnail: &str) -> Option<String> {
    let (path_end, _) = split_query(thumbnail);
    let at = thumbnail[..path_end].rfind("-thumbnail.")?;
    Some(format!(
        "{}{}",
        &thumbnail[..at],
        &thumbnail[at + "-thumbnail".len()..]
    ))
}

/// The thumbnail's address that belongs to a full picture's: the same with `-thumbnail` before the extension.
/// `None` when the address has no extension, or is a thumbnail's already.
#[must_use]
pub fn thumbnail_of_full(full: &str) -> Option<String> {
    let (path_end, _) = split_query(full);
    let dot = full[..path_end]
        .rfind('.')
        .filter(|dot| !full[..*dot].ends_with("-thumbnail"))?;
    full[dot..]
        .find('/')
        .is_none()
        .then(|| format!("{}-thumbnail{}", &full[..dot], &full[dot..]))
}

/// Where the path of an address ends, and what follows it.
fn split_query(address: &str) -> (usize, &str) {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    (end, &address[end..])
}

/// The address of a frame of which only the camera and the time in the address are known: the form that was seen in 2025
/// (source: `shared/portal.md`). Only for frames that a user names by time; listed frames keep their own address.
#[must_use]
pub fn build(image_url: &str, camera: &CameraId, naive: NaiveDateTime) -> String {
    format!(
        "{}/{}/{}/{}-{camera}.jpeg",
        image_url.trim_end_matches('/'),
        naive.format("%Y-%m-%d"),
        naive.hour(),
        naive.format("%Y-%m-%dT%H:%M:%S")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|| panic!("{text} is an address"))
    }

    fn naive(text: &str) -> AddressTime {
        AddressTime::Naive(text.parse().unwrap())
    }

    #[test]
    fn reads_the_forms_of_the_portal() {
        let full =
            parse("https://cdn.draydog.com/apm/2025-09-07/10/2025-09-07T10:17:34-in_gate.jpeg");
        assert_eq!(full.camera.as_str(), "in_gate");
        assert_eq!(full.time, naive("2025-09-07T10:17:34"));
        assert_eq!(
            (full.is_thumbnail, full.folder.as_str()),
            (false, "2025-09-07/10")
        );
        let thumb = parse(
            "https://cdn.draydog.com/apm/2025-09-07/10/2025-09-07T10:17:34-in_gate-thumbnail.jpg?v=1#x",
        );
        assert!(thumb.is_thumbnail);
        assert_eq!(thumb.stem, full.stem);
        let old = parse("/apm/2024-01-15/10/1705316400000-in_gate.jpeg");
        assert_eq!(
            old.time,
            AddressTime::Absolute("2024-01-15T11:00:00Z".parse().unwrap())
        );
    }

    #[test]
    fn reads_relative_encoded_and_zoned_forms() {
        assert_eq!(
            parse("2025-09-07T10%3A17%3A34-in_gate.JPG").time,
            naive("2025-09-07T10:17:34")
        );
        assert_eq!(
            parse("x/2025-09-07T10-17-34-gate-7.jpg").camera.as_str(),
            "gate-7"
        );
        assert_eq!(
            parse("2025-09-07T10:17:34.250-in_gate.jpg").time,
            naive("2025-09-07T10:17:34.250")
        );
        let zoned = parse("2025-09-07T10:17:34-07:00-in_gate.jpeg");
        assert_eq!(
            zoned.time,
            AddressTime::Absolute("2025-09-07T17:17:34Z".parse().unwrap())
        );
        assert_eq!(
            parse("2025-09-07T10:17:34Z-in_gate.jpeg").time.to_string(),
            "2025-09-07T10:17:34Z"
        );
    }

    #[test]
    fn other_addresses_name_no_frame() {
        for text in [
            "",
            "https://cdn.draydog.com/logo.jpeg",
            "2025-09-07T10:17:34.jpeg",
            "2025-13-07T10:17:34-in_gate.jpeg",
            "2025-09-07T25:17:34-in_gate.jpeg",
            "2025-09-07T10:17:34-in_gate.html",
            "2025-09-07T10:17:34-..jpeg",
            "123-in_gate.jpeg",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn thumbnails_and_full_pictures_lead_to_each_other() {
        let full = "https://c/apm/d/1/2025-09-07T10:17:34-in_gate.jpeg?a=b.c";
        let thumb = "https://c/apm/d/1/2025-09-07T10:17:34-in_gate-thumbnail.jpeg?a=b.c";
        assert_eq!(thumbnail_of_full(full).as_deref(), Some(thumb));
        assert_eq!(full_of_thumbnail(thumb).as_deref(), Some(full));
        assert_eq!(full_of_thumbnail(full), None);
        assert_eq!(thumbnail_of_full(thumb), None);
        assert_eq!(thumbnail_of_full("https://host.example/none"), None);
    }

    #[test]
    fn builds_the_hour_without_a_leading_zero() {
        let camera = CameraId::new("in_gate").unwrap();
        let built = build(
            "https://c/apm/",
            &camera,
            "2025-09-07T03:07:34".parse().unwrap(),
        );
        assert_eq!(
            built,
            "https://c/apm/2025-09-07/3/2025-09-07T03:07:34-in_gate.jpeg"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,80}") {
            let _ = Address::parse(&text);
            let _ = full_of_thumbnail(&text);
            let _ = thumbnail_of_full(&text);
        }

        #[test]
        fn what_is_built_is_read_back(seconds in 0i64..2_000_000_000, camera in "[a-z][a-z_]{0,8}") {
            let camera = CameraId::new(&camera).unwrap();
            let time = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            let read = parse(&build("https://c/apm", &camera, time));
            prop_assert_eq!(read.time, AddressTime::Naive(time));
            prop_assert_eq!(read.camera, camera);
        }
    }
}
