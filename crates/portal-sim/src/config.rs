//! Owns what is fixed when a portal starts: cameras, schedule, addresses, ports. It must not hold anything
//! that changes while the portal runs, except as a starting value.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::{Result, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::behaviours::Behaviours;
use crate::faults::FaultRule;
use crate::wall;

/// Everything a portal starts with. All fields have defaults, also in JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Every picture and every time follows from this number.
    pub seed: u64,
    /// Path segment of the terminal.
    pub terminal: String,
    /// Stream names of the cameras.
    pub cameras: Vec<String>,
    /// Zone of the terminal; its calendar decides what a day is.
    pub timezone: Tz,
    /// When frames are taken.
    pub schedule: Schedule,
    /// How far back the history goes, in local days before today.
    pub history_days: u32,
    /// Form of the time in a picture's address.
    pub address_form: AddressForm,
    /// Ending of a picture's address.
    pub extension: Extension,
    /// What the portal takes for the present.
    pub clock: Clock,
    /// Address to bind.
    pub host: IpAddr,
    /// Port of the page and its API; 0 picks a free one.
    pub page_port: u16,
    /// Port of the CDN; 0 picks a free one.
    pub image_port: u16,
    /// Port of the control endpoints alone, which no outage touches; 0 picks a free one.
    pub control_port: u16,
    /// Origins as others see them, when that is not the bound address (containers).
    pub public: PublicAddresses,
    /// Folder with `index.html`, `app.js` and `node_modules`; the crate's own `page` folder if none.
    pub page_dir: Option<PathBuf>,
    /// How many full-size pictures are kept in memory.
    pub cached_pictures: usize,
    /// How many requests the statistics keep one by one (the counters go on).
    pub logged_requests: usize,
    /// Behaviours at the start.
    pub behaviours: Behaviours,
    /// Faults at the start.
    pub faults: Vec<FaultRule>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            terminal: "apm".to_owned(),
            cameras: vec!["in_gate".to_owned(), "out_gate".to_owned()],
            timezone: chrono_tz::America::Los_Angeles,
            schedule: Schedule::default(),
            history_days: 30,
            address_form: AddressForm::default(),
            extension: Extension::default(),
            clock: Clock::default(),
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            page_port: 0,
            image_port: 0,
            control_port: 0,
            public: PublicAddresses::default(),
            page_dir: None,
            cached_pictures: 2_000,
            logged_requests: 100_000,
            behaviours: Behaviours::default(),
            faults: Vec::new(),
        }
    }
}

impl Config {
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(!self.cameras.is_empty(), "at least one camera is needed");
        let plain = |name: &String| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        };
        ensure!(
            self.cameras.iter().all(plain) && plain(&self.terminal),
            "camera and terminal names may hold letters, digits, _ and - only"
        );
        ensure!(
            self.schedule.interval_seconds >= 2,
            "the interval must be at least 2 seconds"
        );
        Ok(())
    }

    pub(crate) fn page_dir(&self) -> PathBuf {
        let own = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/page"));
        self.page_dir.clone().unwrap_or_else(own)
    }
}

/// When frames are taken and when they appear.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Mean time between two frames of a camera (at least 2 seconds).
    pub interval_seconds: u32,
    /// Each frame is off by up to this much; capped so that frames keep their order.
    pub jitter_seconds: u32,
    /// The whole cadence wanders slowly by up to this much; capped at half an interval.
    pub drift_seconds: u32,
    /// Share of frames that were never taken, 0 to 1.
    pub skip_probability: f64,
    /// The mean interval of each camera is off by up to so many milliseconds, for ever the same: a period that is
    /// not quite the one on paper, so that the phase wanders over the days.
    pub period_spread_ms: u32,
    /// Time between a frame and its appearance in API and CDN.
    pub publish_delay_seconds: u32,
    /// Each frame appears later still, by up to this much.
    pub publish_jitter_seconds: u32,
    /// About every n-th frame has a second one within the same second; 0 for none. With addresses in seconds
    /// the second one differs by its extension only.
    pub twin_every: u32,
    /// Days of a camera without any frame.
    pub empty_days: Vec<EmptyDay>,
    /// No frame was taken before then: a portal that is new, so that its days are small whatever the time of day.
    pub since: Option<DateTime<Utc>>,
    /// Frames of the past that were never taken, if it is to be smaller than the present.
    pub thinned: Option<Thinned>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval_seconds: 600,
            jitter_seconds: 25,
            drift_seconds: 120,
            skip_probability: 0.0,
            period_spread_ms: 0,
            publish_delay_seconds: 0,
            publish_jitter_seconds: 0,
            twin_every: 0,
            empty_days: Vec::new(),
            since: None,
            thinned: None,
        }
    }
}

/// A past with fewer frames: a present with one every few seconds would make days of thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thinned {
    /// When it ends.
    pub before: DateTime<Utc>,
    /// Until then only every so many-th frame was taken.
    pub every: u32,
}

/// A local day on which a camera took no frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmptyDay {
    /// The camera; all of them if none is named.
    #[serde(default)]
    pub camera: Option<String>,
    /// The day in the terminal's calendar.
    pub date: NaiveDate,
}

/// Form of the time in a picture's address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum AddressForm {
    /// `2025-09-07T10:17:34-in_gate.jpeg`
    #[default]
    IsoSeconds,
    /// `1705316400000-in_gate.jpeg`, the older form.
    UnixMillis,
}

/// Ending of a picture's address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Extension {
    /// `.jpeg`
    #[default]
    Jpeg,
    /// `.jpg`
    Jpg,
}

/// What the portal takes for the present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The machine's clock.
    #[default]
    Real,
    /// Time stands still at this instant.
    Fixed(DateTime<Utc>),
    /// The machine's clock, moved by so many seconds.
    OffsetSeconds(i64),
}

impl Clock {
    pub(crate) fn now(self) -> DateTime<Utc> {
        match self {
            Self::Real => wall::utc(),
            Self::Fixed(instant) => instant,
            Self::OffsetSeconds(seconds) => wall::utc() + chrono::Duration::seconds(seconds),
        }
    }
}

/// Origins as others see them, such as `http://portal-sim:8081`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicAddresses {
    /// Origin of the page.
    pub page: Option<String>,
    /// Origin of the CDN.
    pub image: Option<String>,
    /// Origin of the control endpoints.
    pub control: Option<String>,
}
