//! Frames that a user names, by time or by address, fetched without a browser. Must not list.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use draywatch_core::address::{self, Address, AddressTime, full_of_thumbnail};
use draywatch_core::listing::ListedFrame;
use draywatch_core::zone::{self, Fold, ImageTime, ImageTimeSetting};
use draywatch_core::{CameraId, Failure};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::Mutex;

use super::zone::IMAGE_TIME;
use super::{Collector, DayReport, Event, Turn};
use crate::config::Config;

/// Days that are settled side by side: one is recorded, one fetched, one written into the ledger.
const DAYS_AT_ONCE: usize = 5;

/// One line of a list of frames.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GivenFrame {
    /// Its time.
    pub time: AddressTime,
    /// Its address, where the line was one.
    pub address: Option<String>,
}

/// What is wrong with a list of frames: every bad line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct BadFrames(Vec<String>);

/// Reads a list of frames of `camera`: one time or address a line; empty lines and lines that begin with `#` are passed over.
///
/// A time without a zone is taken as it stands in addresses. `name` is how the list is called in messages.
///
/// # Errors
/// With every line that is neither, or names another camera. Then nothing of the list is used.
pub fn read_frames(
    name: &str,
    text: &str,
    camera: &CameraId,
) -> Result<Vec<GivenFrame>, BadFrames> {
    let mut frames = Vec::new();
    let mut seen = HashSet::new();
    let mut bad = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim().trim_start_matches('\u{feff}');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match read_line(line, camera) {
            Ok(frame) if seen.contains(&frame) => {}
            Ok(frame) => {
                seen.insert(frame.clone());
                frames.push(frame);
            }
            Err(why) => bad.push(format!("{name}:{}: {why}", number + 1)),
        }
    }
    if bad.is_empty() {
        Ok(frames)
    } else {
        Err(BadFrames(bad))
    }
}

fn read_line(line: &str, camera: &CameraId) -> Result<GivenFrame, String> {
    if line.contains("://") {
        let shown: String = line.chars().take(200).collect();
        let address =
            Address::parse(line).ok_or_else(|| format!("{shown:?} is no address of a frame"))?;
        if address.camera != *camera {
            return Err(format!(
                "{shown:?} is an address of {}, not of {camera}",
                address.camera
            ));
        }
        return Ok(GivenFrame {
            time: address.time,
            address: Some(line.to_owned()),
        });
    }
    let time = read_time(line).ok_or_else(|| {
        let shown: String = line.chars().take(60).collect();
        format!("{shown:?} is neither a time (2025-09-07T10:17:34, with or without a zone) nor an address of a frame")
    })?;
    Ok(GivenFrame {
        time,
        address: None,
    })
}

fn read_time(line: &str) -> Option<AddressTime> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(line) {
        return Some(AddressTime::Absolute(instant.to_utc()));
    }
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(line, form).ok())
        .map(AddressTime::Naive)
}

impl Collector {
    /// Fetches frames that a user named. One report for each of the portal's days that they lie in.
    ///
    /// # Errors
    /// When the zone of addresses is needed and neither set nor decided by an earlier collection, or the database fails.
    pub async fn given(
        &self,
        turn: &Turn,
        frames: &[GivenFrame],
    ) -> Result<Vec<DayReport>, Failure> {
        let recorded = self.store().catalog.fact(IMAGE_TIME).await;
        let recorded = recorded.map_err(|error| Failure::of(error.kind(), &error))?;
        let reading = reading(&self.config, recorded.and_then(|text| text.parse().ok()));
        let mut days: BTreeMap<NaiveDate, Vec<ListedFrame>> = BTreeMap::new();
        for frame in frames {
            let listed = listed(&self.config, &turn.camera, frame, reading)?;
            refuse_future(&listed, self.clock.now())?;
            days.entry(zone::local_date(
                listed.instant,
                self.config.portal.time_zone,
            ))
            .or_default()
            .push(listed);
        }
        // Side by side, so that the last pictures of one day do not keep those of the next waiting; the host's slots are shared.
        let (preparing, asking) = (Arc::default(), Arc::default());
        let days = days.into_iter().map(|(date, frames)| {
            turn.collector
                .given_day(&turn.camera, date, frames, &preparing, &asking)
        });
        futures::stream::iter(days)
            .buffered(DAYS_AT_ONCE)
            .try_collect()
            .await
    }

    async fn given_day(
        &self,
        camera: &CameraId,
        date: NaiveDate,
        mut frames: Vec<ListedFrame>,
        preparing: &Arc<Mutex<()>>,
        asking: &Arc<Mutex<()>>,
    ) -> Result<DayReport, Failure> {
        frames.sort_by(|a, b| (a.instant, &a.url).cmp(&(b.instant, &b.url)));
        let preparing = Arc::clone(preparing).lock_owned().await;
        let mut listing = self.begin(camera, None, false).await;
        listing.preparing = Some(preparing).into();
        listing.date = date;
        listing.asking = Arc::clone(asking);
        if let Ok(day) = &mut listing.result {
            day.date = date;
            match self.known_addresses(camera, frames).await {
                Ok(frames) => day.frames = frames,
                // The run has begun, so it must end.
                Err(failure) => listing.result = Err(failure),
            }
        }
        let report = self.settle(camera, listing).await;
        (self.observer)(Event::Day(&report));
        Ok(report)
    }

    /// Frames named by time take the address that the portal listed for them, where the ledger or the archive knows one.
    async fn known_addresses(
        &self,
        camera: &CameraId,
        frames: Vec<ListedFrame>,
    ) -> Result<Vec<ListedFrame>, Failure> {
        let mut known = Vec::new();
        for mut frame in frames {
            if !frame.url_is_listed {
                let next = frame.instant + chrono::TimeDelta::seconds(1);
                let seen = self
                    .store()
                    .catalog
                    .known(camera, frame.instant, next)
                    .await;
                let seen = seen.map_err(|error| Failure::of(error.kind(), &error))?;
                if let Some(url) = seen.iter().find_map(|seen| seen.url.clone()) {
                    frame.url = full_of_thumbnail(&url).unwrap_or(url);
                    frame.url_is_listed = true;
                }
            }
            known.push(frame);
        }
        Ok(known)
    }
}

/// How addresses are read, if that is known.
fn reading(config: &Config, recorded: Option<ImageTime>) -> Option<ImageTime> {
    match config.portal.image_time {
        ImageTimeSetting::Auto => recorded,
        ImageTimeSetting::Utc => Some(ImageTime::Utc),
        ImageTimeSetting::Local => Some(ImageTime::Local),
    }
}

/// Frames in the future contradict any reading of addresses: the list is wrong, or a clock, or the zone.
fn refuse_future(frame: &ListedFrame, now: DateTime<Utc>) -> Result<(), Failure> {
    if frame.instant <= now + zone::FUTURE_TOLERANCE {
        return Ok(());
    }
    let message = format!(
        "{} would be a frame of {}, in the future: the clock says {now}; nothing was fetched. Check the list, the machine's clock, \
         portal.time_zone and portal.image_time",
        frame.url, frame.instant
    );
    Err(Failure::new(draywatch_core::Kind::Contradiction, message))
}

fn listed(
    config: &Config,
    camera: &CameraId,
    frame: &GivenFrame,
    reading: Option<ImageTime>,
) -> Result<ListedFrame, Failure> {
    let zone = config.portal.time_zone;
    let unknown = || {
        let message = "whether times in picture addresses are UTC or local is not known yet: set portal.image_time, or run \
                       `draywatch fetch` once so that it is decided";
        Failure::new(draywatch_core::Kind::Configuration, message)
    };
    let is_named = frame.address.is_some();
    // An address with an instant of its own needs no zone; one has to be built in some zone.
    let needs_zone = !(is_named && matches!(frame.time, AddressTime::Absolute(_)));
    let reading = match reading {
        Some(reading) => reading,
        None if needs_zone => return Err(unknown()),
        None => ImageTime::Utc,
    };
    let instant = zone::resolve(frame.time, reading, zone, Fold::First).ok_or_else(|| {
        Failure::new(
            draywatch_core::Kind::Configuration,
            format!("{} does not exist in {zone}", frame.time),
        )
    })?;
    let naive = match (frame.time, reading) {
        (AddressTime::Naive(naive), _) => naive,
        (AddressTime::Absolute(instant), ImageTime::Utc) => instant.naive_utc(),
        (AddressTime::Absolute(instant), ImageTime::Local) => {
            instant.with_timezone(&zone).naive_local()
        }
    };
    let address = frame
        .address
        .clone()
        .unwrap_or_else(|| address::build(config.portal.image_url.as_str(), camera, naive));
    let is_thumbnail = Address::parse(&address).is_some_and(|address| address.is_thumbnail);
    let url = full_of_thumbnail(&address)
        .filter(|_| is_thumbnail)
        .unwrap_or_else(|| address.clone());
    Ok(ListedFrame {
        instant,
        url_is_listed: is_named && !is_thumbnail,
        url,
        thumbnail_url: is_thumbnail.then_some(address),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn camera() -> CameraId {
        CameraId::new("in_gate").unwrap()
    }

    #[test]
    fn times_and_addresses_are_read_and_repetitions_passed_over() {
        let text = "# a comment\n2025-09-07T10:17:34\n\n2025-09-07 10:17:34\n2025-09-07T10:17:34Z\n\
                    https://c/apm/2025-09-07/10/2025-09-07T10:17:34-in_gate.jpeg\n";
        let frames = read_frames("list", text, &camera()).unwrap();
        assert_eq!(frames.len(), 3);
        assert!(frames[2].address.is_some());
    }

    #[test]
    fn every_bad_line_is_named() {
        let text = "yesterday\n2025-09-07T10:17:34\nhttps://c/x.png\nhttps://c/2025-09-07T10:17:34-out_gate.jpeg";
        let error = read_frames("frames.txt", text, &camera())
            .unwrap_err()
            .to_string();
        for place in ["frames.txt:1:", "frames.txt:3:", "frames.txt:4:"] {
            assert!(error.contains(place), "{error}");
        }
        assert!(!error.contains("frames.txt:2:"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,200}") {
            let _ = read_frames("x", &text, &camera());
        }
    }
}
