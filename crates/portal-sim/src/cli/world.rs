//! Owns the flags that say what exists, and where. It must not hold switches.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Result;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::Args;
use portal_sim::{AddressForm, Clock, Config, EmptyDay, Extension, FaultRule, Thinned};

use super::values::{empty_day, json, set, set_list, thinned};

/// What exists, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "World")]
pub(super) struct WorldFlags {
    /// Number that all pictures and times follow from.
    #[arg(long)]
    seed: Option<u64>,
    /// Path segment of the terminal.
    #[arg(long)]
    terminal: Option<String>,
    /// Stream name of a camera (repeat for more).
    #[arg(long = "camera", value_name = "NAME")]
    cameras: Vec<String>,
    /// Zone of the terminal, such as `America/Los_Angeles`.
    #[arg(long)]
    timezone: Option<Tz>,
    /// Mean seconds between two frames.
    #[arg(long, value_name = "SECONDS")]
    interval: Option<u32>,
    /// Each frame is off by up to so many seconds.
    #[arg(long, value_name = "SECONDS")]
    jitter: Option<u32>,
    /// The cadence wanders by up to so many seconds.
    #[arg(long, value_name = "SECONDS")]
    drift: Option<u32>,
    /// Share of frames that were never taken.
    #[arg(long, value_name = "0..1")]
    skip_probability: Option<f64>,
    /// Seconds between a frame and its appearance.
    #[arg(long, value_name = "SECONDS")]
    publish_delay: Option<u32>,
    /// Each frame appears later still, by up to so many seconds.
    #[arg(long, value_name = "SECONDS")]
    publish_jitter: Option<u32>,
    /// Each camera's mean interval is off by up to so many milliseconds.
    #[arg(long, value_name = "MS")]
    period_spread: Option<u32>,
    /// About every n-th frame has a second one within the same second.
    #[arg(long, value_name = "N")]
    twin_every: Option<u32>,
    /// A day without frames, `DATE` or `CAMERA:DATE` (repeat for more).
    #[arg(long = "empty-day", value_name = "DAY", value_parser = empty_day)]
    empty_days: Vec<EmptyDay>,
    /// No frame was taken before this instant (RFC 3339).
    #[arg(long, value_name = "INSTANT")]
    since: Option<DateTime<Utc>>,
    /// Until then only every so many-th frame was taken (`INSTANT/N`): days that are over stay small.
    #[arg(long, value_name = "INSTANT/N", value_parser = thinned)]
    thinned: Option<Thinned>,
    /// Local days of history before today.
    #[arg(long, value_name = "DAYS")]
    history_days: Option<u32>,
    /// Form of the time in addresses.
    #[arg(long)]
    address_form: Option<AddressForm>,
    /// Ending of addresses.
    #[arg(long)]
    extension: Option<Extension>,
    /// Let time stand still at this instant (RFC 3339).
    #[arg(long, value_name = "INSTANT", conflicts_with = "clock_offset")]
    now: Option<DateTime<Utc>>,
    /// Move the clock by so many seconds.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    clock_offset: Option<i64>,
    /// Address to bind.
    #[arg(long)]
    host: Option<IpAddr>,
    /// Port of the page; 0 for a free one.
    #[arg(long, value_name = "PORT")]
    page_port: Option<u16>,
    /// Port of the CDN; 0 for a free one.
    #[arg(long, value_name = "PORT")]
    image_port: Option<u16>,
    /// Port of the control endpoints; 0 for a free one.
    #[arg(long, value_name = "PORT")]
    control_port: Option<u16>,
    /// Origin of the page as others see it.
    #[arg(long, value_name = "ORIGIN")]
    public_page: Option<String>,
    /// Origin of the CDN as others see it.
    #[arg(long, value_name = "ORIGIN")]
    public_image: Option<String>,
    /// Origin of the control endpoints as others see it.
    #[arg(long, value_name = "ORIGIN")]
    public_control: Option<String>,
    /// Folder with the page and its `node_modules`.
    #[arg(long, value_name = "FOLDER")]
    page_dir: Option<PathBuf>,
    /// Full-size pictures kept in memory.
    #[arg(long, value_name = "N")]
    cached_pictures: Option<usize>,
    /// Fault rules as a JSON array, or `@FILE`.
    #[arg(long, value_name = "JSON")]
    faults: Option<String>,
}

impl WorldFlags {
    pub(super) fn apply(self, config: &mut Config) -> Result<()> {
        if let Some(text) = &self.faults {
            config.faults = json::<Vec<FaultRule>>(text)?;
        }
        let fixed = self.now.map(Clock::Fixed);
        set(
            &mut config.clock,
            fixed.or(self.clock_offset.map(Clock::OffsetSeconds)),
        );
        set(&mut config.seed, self.seed);
        set(&mut config.terminal, self.terminal);
        set_list(&mut config.cameras, self.cameras);
        set(&mut config.timezone, self.timezone);
        set(&mut config.history_days, self.history_days);
        set(&mut config.address_form, self.address_form);
        set(&mut config.extension, self.extension);
        set(&mut config.host, self.host);
        set(&mut config.page_port, self.page_port);
        set(&mut config.image_port, self.image_port);
        set(&mut config.control_port, self.control_port);
        set(&mut config.cached_pictures, self.cached_pictures);
        config.public.page = self.public_page.or(config.public.page.take());
        config.public.image = self.public_image.or(config.public.image.take());
        config.public.control = self.public_control.or(config.public.control.take());
        config.page_dir = self.page_dir.or(config.page_dir.take());
        let schedule = &mut config.schedule;
        set(&mut schedule.interval_seconds, self.interval);
        set(&mut schedule.jitter_seconds, self.jitter);
        set(&mut schedule.drift_seconds, self.drift);
        set(&mut schedule.skip_probability, self.skip_probability);
        set(&mut schedule.publish_delay_seconds, self.publish_delay);
        set(&mut schedule.publish_jitter_seconds, self.publish_jitter);
        set(&mut schedule.period_spread_ms, self.period_spread);
        set(&mut schedule.twin_every, self.twin_every);
        set_list(&mut schedule.empty_days, self.empty_days);
        schedule.since = self.since.or(schedule.since);
        schedule.thinned = self.thinned.or(schedule.thinned);
        Ok(())
    }
}
