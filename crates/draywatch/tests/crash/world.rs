//! The simulated portal of a drill and its truth. Must not know how the program is run.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use draywatch_core::{CameraId, FrameId};
use portal_sim::{Behaviours, Config, Fault, FaultRule, Portal, Schedule, TruthFrame};

/// Files by their place in the archive, each with its SHA-256.
pub type Hashes = BTreeMap<String, String>;

/// A portal, and the days of it that a drill collects.
pub struct World {
    pub portal: Portal,
    pub first: NaiveDate,
    pub last: NaiveDate,
    /// What a complete collection holds.
    pub truth: Vec<TruthFrame>,
}

impl World {
    /// A portal with a frame of each camera every `interval` seconds; the last `days` days that have ended are collected. All
    /// pictures are drawn beforehand, so that the portal is as fast at first as it is later.
    pub async fn start(cameras: &[&str], days: u64, interval: u32) -> Self {
        let schedule = Schedule {
            interval_seconds: interval,
            ..Schedule::default()
        };
        let portal = Portal::start(Config {
            schedule,
            ..Config::default()
        })
        .await
        .unwrap();
        let today = portal.today();
        let first = today - Days::new(days);
        let mut truth = Vec::new();
        for camera in cameras {
            for date in first.iter_days().take_while(|date| *date < today) {
                truth.extend(portal.truth(camera, date).await.unwrap());
            }
        }
        assert!(!truth.is_empty());
        Self {
            portal,
            first,
            last: today - Days::new(1),
            truth,
        }
    }

    /// The CDN answers each request after so long.
    pub fn slow(&self, latency: Duration) {
        let latency_ms = u64::try_from(latency.as_millis()).unwrap();
        self.portal.set_behaviours(Behaviours {
            latency_ms,
            ..Behaviours::default()
        });
    }

    /// Only thumbnails can be had.
    pub fn hide_full_pictures(&self) {
        self.portal
            .set_faults(vec![FaultRule::always(Fault::NotFound)]);
    }

    /// No CDN fault any more.
    pub fn lift_faults(&self) {
        self.portal.set_faults(Vec::new());
    }

    /// The files that a complete archive holds: full pictures, or thumbnails.
    pub fn files(&self, thumbnails: bool) -> Hashes {
        let hash = |frame: &TruthFrame| {
            if thumbnails {
                frame.thumbnail_sha256.clone()
            } else {
                frame.sha256.clone()
            }
        };
        self.truth
            .iter()
            .map(|frame| (path_of(frame), hash(frame).unwrap()))
            .collect()
    }

    /// Requests for full pictures so far by place in the archive, once the CDN has finished with all that came.
    pub async fn requests(&self) -> BTreeMap<String, u64> {
        super::state::until(
            Duration::from_secs(20),
            "the CDN finishes its answers",
            || (self.portal.stats().cdn.in_flight == 0).then_some(()),
        )
        .await;
        let asked = self.portal.stats().cdn.full_addresses;
        let of = |frame: &TruthFrame| (path_of(frame), asked.get(&frame.url).copied().unwrap_or(0));
        self.truth.iter().map(of).collect()
    }
}

/// Where a frame lies in the archive.
pub fn path_of(frame: &TruthFrame) -> String {
    FrameId::first(CameraId::new(&frame.camera).unwrap(), frame.instant).relative_path()
}
