//! Owns the flags for what page, API and CDN do at the start. It must not say what exists.

use clap::Args;
use portal_sim::{AddressZone, ApiFailure, Behaviours};

use super::values::{api_failure, set, set_list};

/// What the page does.
#[derive(Debug, Args)]
#[command(next_help_heading = "Page")]
#[expect(clippy::struct_excessive_bools, reason = "they are independent flags")]
pub(super) struct PageFlags {
    /// All behaviours as a JSON object, or `@FILE`; the flags below win over it.
    #[arg(long = "behaviours", value_name = "JSON")]
    pub(super) all: Option<String>,
    /// After a pick the previous day stays for so many milliseconds.
    #[arg(long, value_name = "MS")]
    stale: Option<u64>,
    /// So many frames of either neighbouring day among those of the picked day.
    #[arg(long, value_name = "N")]
    neighbours: Option<u32>,
    /// History `img` elements exist only once scrolled into view.
    #[arg(long)]
    lazy: bool,
    /// The history comes in pages as one scrolls.
    #[arg(long)]
    endless: bool,
    /// Frames in such a page.
    #[arg(long, value_name = "N")]
    page_size: Option<u32>,
    /// Other class names and another placeholder.
    #[arg(long)]
    renamed: bool,
    /// No heading above the history.
    #[arg(long)]
    no_heading: bool,
    /// One cannot type into the day picker.
    #[arg(long)]
    readonly_picker: bool,
    /// The page renders nothing.
    #[arg(long)]
    blank: bool,
    /// The first so many page loads render nothing.
    #[arg(long, value_name = "N")]
    blank_loads: Option<u32>,
    /// The page is another one, without calendar and pictures.
    #[arg(long)]
    unreadable: bool,
    /// Days before the history cannot be picked.
    #[arg(long)]
    disable_expired: bool,
    /// Live pictures look like history pictures.
    #[arg(long)]
    live_like_history: bool,
    /// Number of live pictures, 1 to 4.
    #[arg(long, value_name = "N")]
    live_pictures: Option<u8>,
    /// Seconds between two requests for live pictures; 0 for only one.
    #[arg(long, value_name = "SECONDS")]
    live_poll: Option<u32>,
    /// The API does not say whether there is more.
    #[arg(long)]
    bare_api: bool,
    /// The page hides API failures.
    #[arg(long)]
    swallow_errors: bool,
    /// The page uses `XMLHttpRequest`.
    #[arg(long)]
    xhr: bool,
}

/// What API and CDN do.
#[derive(Debug, Args)]
#[command(next_help_heading = "API and CDN")]
pub(super) struct ApiFlags {
    /// The history API answers after so many milliseconds.
    #[arg(long, value_name = "MS")]
    slow_api: Option<u64>,
    /// The history API fails: `500`, `429`, `429:SECONDS` or `error-body`.
    #[arg(long, value_name = "HOW", value_parser = api_failure)]
    failing_api: Option<ApiFailure>,
    /// Only the first so many history requests fail.
    #[arg(long, value_name = "N")]
    fail_api_times: Option<u32>,
    /// The live API fails too.
    #[arg(long)]
    fail_live_api: bool,
    /// Zone of the time in addresses.
    #[arg(long)]
    zone: Option<AddressZone>,
    /// The newest frame is so many seconds older than it should be.
    #[arg(long, value_name = "SECONDS")]
    frozen: Option<u64>,
    /// A camera that hangs (repeat for more; all if none is named).
    #[arg(long = "frozen-camera", value_name = "NAME")]
    frozen_cameras: Vec<String>,
    /// The CDN answers after so many milliseconds.
    #[arg(long, value_name = "MS")]
    latency: Option<u64>,
}

impl PageFlags {
    pub(super) fn apply(self, ways: &mut Behaviours) {
        set(&mut ways.stale_ms, self.stale);
        set(&mut ways.neighbours, self.neighbours);
        ways.lazy |= self.lazy;
        ways.endless |= self.endless;
        ways.bare_api |= self.bare_api;
        set(&mut ways.page_size, self.page_size);
        ways.renamed |= self.renamed;
        ways.no_heading |= self.no_heading;
        ways.readonly_picker |= self.readonly_picker;
        ways.blank |= self.blank;
        set(&mut ways.blank_loads, self.blank_loads);
        ways.unreadable |= self.unreadable;
        ways.disable_expired |= self.disable_expired;
        ways.live_like_history |= self.live_like_history;
        set(&mut ways.live_pictures, self.live_pictures);
        set(&mut ways.live_poll_seconds, self.live_poll);
        ways.swallow_errors |= self.swallow_errors;
        ways.xhr |= self.xhr;
    }
}

impl ApiFlags {
    pub(super) fn apply(self, ways: &mut Behaviours) {
        set(&mut ways.slow_api_ms, self.slow_api);
        ways.failing_api = self.failing_api.or(ways.failing_api);
        ways.fail_api_times = self.fail_api_times.or(ways.fail_api_times);
        ways.fail_live_api |= self.fail_live_api;
        set(&mut ways.zone, self.zone);
        set(&mut ways.frozen_seconds, self.frozen);
        set_list(&mut ways.frozen_cameras, self.frozen_cameras);
        set(&mut ways.latency_ms, self.latency);
    }
}
