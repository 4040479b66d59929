//! Owns the ways of page, API and CDN that can be switched while the portal runs. It must not act on them:
//! page, API and schedule do.

use serde::{Deserialize, Serialize};

/// Switches of the simulated portal; the default is a portal on its best day. Missing JSON fields take their
/// defaults, unknown ones are an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent switches"
)]
pub struct Behaviours {
    /// After a pick the page goes on showing the previous day for so many milliseconds (after the answer).
    pub stale_ms: u64,
    /// So many frames of the day before, and of the day after, are among those of the picked day.
    pub neighbours: u32,
    /// A history `img` exists only once it was scrolled into view in the history's own scroll container.
    pub lazy: bool,
    /// The API answers in pages; the next is fetched when the history's scroll container nears its end.
    pub endless: bool,
    /// Frames in one API page when `endless`.
    pub page_size: u32,
    /// The API says neither how many frames there are nor where the next page begins; the page asks until nothing comes.
    pub bare_api: bool,
    /// Other class names and another placeholder on everything.
    pub renamed: bool,
    /// The history has no heading.
    pub no_heading: bool,
    /// The day picker's input cannot be typed into.
    pub readonly_picker: bool,
    /// The page renders nothing.
    pub blank: bool,
    /// Only the first so many page loads (counted from when this was set) render nothing.
    pub blank_loads: u32,
    /// The page is another one altogether, without calendar, history or pictures, and its old API is gone (404).
    pub unreadable: bool,
    /// Days before the history's first cannot be picked in the calendar; else they can, and are empty.
    pub disable_expired: bool,
    /// How the page's origin (page, API, assets) is down, if it is. The control endpoints go on at `control_url`.
    pub page_outage: Option<Outage>,
    /// How the CDN is down, if it is.
    pub cdn_outage: Option<Outage>,
    /// The history API answers after so many milliseconds.
    pub slow_api_ms: u64,
    /// How the history API fails.
    pub failing_api: Option<ApiFailure>,
    /// Only the first so many history requests (counted from when this was set) fail.
    pub fail_api_times: Option<u32>,
    /// The live API fails as the history API does.
    pub fail_live_api: bool,
    /// Live pictures have the same markup and the same thumbnail addresses as history pictures.
    pub live_like_history: bool,
    /// How many live pictures there are, 1 to 4.
    pub live_pictures: u8,
    /// The page asks for live pictures again after so many seconds; 0 for never.
    pub live_poll_seconds: u32,
    /// An API failure shows no message; what was there before stays.
    pub swallow_errors: bool,
    /// The page uses `XMLHttpRequest` rather than `fetch`.
    pub xhr: bool,
    /// Zone of date, hour and time in picture addresses.
    pub zone: AddressZone,
    /// The newest frame is so many seconds older than it should be (a camera that hangs).
    pub frozen_seconds: u64,
    /// Cameras that hang; all of them if empty.
    pub frozen_cameras: Vec<String>,
    /// The CDN answers each request after so many milliseconds.
    pub latency_ms: u64,
}

impl Default for Behaviours {
    fn default() -> Self {
        Self {
            stale_ms: 0,
            neighbours: 0,
            lazy: false,
            endless: false,
            page_size: 24,
            bare_api: false,
            renamed: false,
            no_heading: false,
            readonly_picker: false,
            blank: false,
            blank_loads: 0,
            unreadable: false,
            disable_expired: false,
            page_outage: None,
            cdn_outage: None,
            slow_api_ms: 0,
            failing_api: None,
            fail_api_times: None,
            fail_live_api: false,
            live_like_history: false,
            live_pictures: 3,
            live_poll_seconds: 60,
            swallow_errors: false,
            xhr: false,
            zone: AddressZone::default(),
            frozen_seconds: 0,
            frozen_cameras: Vec::new(),
            latency_ms: 0,
        }
    }
}

impl Behaviours {
    /// By how many seconds this camera hangs.
    pub(crate) fn frozen(&self, camera: &str) -> u64 {
        let all = self.frozen_cameras.is_empty();
        let hangs = all || self.frozen_cameras.iter().any(|name| name == camera);
        if hangs { self.frozen_seconds } else { 0 }
    }
}

/// How a whole origin is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outage {
    /// Nobody listens: connections are refused, and those that are open are reset at their next request.
    Refused,
    /// Connections are taken and reset.
    Reset,
    /// Requests are read and never answered.
    Silent,
    /// Every request is answered with status 503.
    Unavailable {
        /// Seconds in `Retry-After`; none if 0.
        #[serde(default)]
        retry_after: u64,
    },
}

/// How the history API fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ApiFailure {
    /// Status 500 with a JSON error.
    ServerError,
    /// Status 429 with `Retry-After`.
    TooMany {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Status 200 with `{"error": …}`.
    ErrorBody,
}

/// Zone of the time in picture addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum AddressZone {
    /// Universal time.
    #[default]
    Utc,
    /// The terminal's local time.
    Local,
}
