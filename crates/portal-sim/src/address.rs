//! Owns the addresses of pictures: the path of a frame, and which instants a path could mean. It must not
//! know whether such a frame exists.

use chrono::{DateTime, NaiveDateTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::behaviours::AddressZone;
use crate::config::{AddressForm, Config, Extension};
use crate::schedule::Frame;

/// How addresses are written.
#[derive(Debug, Clone)]
pub(crate) struct AddressBook {
    terminal: String,
    timezone: Tz,
    form: AddressForm,
    extension: Extension,
}

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) camera: String,
    pub(crate) thumbnail: bool,
    pub(crate) candidates: Vec<DateTime<Utc>>,
}

impl AddressBook {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            terminal: config.terminal.clone(),
            timezone: config.timezone,
            form: config.address_form,
            extension: config.extension,
        }
    }

    /// The path of a frame's picture or thumbnail.
    pub(crate) fn path(&self, frame: &Frame, zone: AddressZone, thumbnail: bool) -> String {
        let local = match zone {
            AddressZone::Utc => frame.instant.naive_utc(),
            AddressZone::Local => frame.instant.with_timezone(&self.timezone).naive_local(),
        };
        let time = match self.form {
            AddressForm::IsoSeconds => local.format("%Y-%m-%dT%H:%M:%S").to_string(),
            AddressForm::UnixMillis => frame.instant.timestamp_millis().to_string(),
        };
        let small = if thumbnail { "-thumbnail" } else { "" };
        let twin = frame.twin && self.form == AddressForm::IsoSeconds;
        let extension = match (self.extension, twin) {
            (Extension::Jpeg, false) | (Extension::Jpg, true) => "jpeg",
            (Extension::Jpg, false) | (Extension::Jpeg, true) => "jpg",
        };
        let (date, hour) = (local.date(), local.hour());
        format!(
            "/{}/{date}/{hour}/{time}-{}{small}.{extension}",
            self.terminal, frame.camera
        )
    }

    /// Reads a path as far as needed to look the frame up.
    pub(crate) fn read(&self, path: &str, zone: AddressZone) -> Option<Wanted> {
        let name = path.rsplit('/').next()?;
        let stem = name
            .strip_suffix(".jpeg")
            .or_else(|| name.strip_suffix(".jpg"))?;
        let (stem, thumbnail) = match stem.strip_suffix("-thumbnail") {
            Some(rest) => (rest, true),
            None => (stem, false),
        };
        let (candidates, camera) = match self.form {
            AddressForm::IsoSeconds => {
                let (time, rest) = stem.split_at_checked(19)?;
                let local = NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S").ok()?;
                (self.instants(local, zone), rest.strip_prefix('-')?)
            }
            AddressForm::UnixMillis => {
                let (millis, camera) = stem.split_once('-')?;
                (
                    vec![Utc.timestamp_millis_opt(millis.parse().ok()?).single()?],
                    camera,
                )
            }
        };
        Some(Wanted {
            camera: camera.to_owned(),
            thumbnail,
            candidates,
        })
    }

    fn instants(&self, local: NaiveDateTime, zone: AddressZone) -> Vec<DateTime<Utc>> {
        match zone {
            AddressZone::Utc => vec![local.and_utc()],
            AddressZone::Local => {
                let both = self.timezone.from_local_datetime(&local);
                both.earliest()
                    .into_iter()
                    .chain(both.latest())
                    .map(|instant| instant.to_utc())
                    .collect()
            }
        }
    }
}
