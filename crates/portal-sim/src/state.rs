//! Owns the simulated world that all servers share: which frames exist right now, and the switches. It must
//! not speak HTTP.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Result;
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use tokio::sync::watch;

use crate::address::AddressBook;
use crate::behaviours::{ApiFailure, Behaviours};
use crate::calendar::{day_start, day_window, local_date};
use crate::config::{Clock, Config};
use crate::faults::FaultBook;
use crate::schedule::{Frame, Timetable};
use crate::stats::Recorder;
use crate::store::Store;

/// Origins as clients see them, without a slash at the end.
#[derive(Debug, Clone)]
pub(crate) struct Origins {
    pub(crate) page: String,
    pub(crate) image: String,
    pub(crate) control: String,
}

/// Everything the servers share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) origins: Origins,
    pub(crate) faults: FaultBook,
    pub(crate) recorder: Recorder,
    pub(crate) store: Store,
    cameras: Vec<Arc<str>>,
    timetable: Timetable,
    addresses: AddressBook,
    behaviours: watch::Sender<Arc<Behaviours>>,
    clock: RwLock<Clock>,
    blank_loads_left: AtomicU32,
    api_failures_left: AtomicU32,
}

impl World {
    pub(crate) fn new(config: Config, origins: Origins) -> Result<Self> {
        let world = Self {
            origins,
            faults: FaultBook::default(),
            recorder: Recorder::new(config.logged_requests),
            store: Store::new(&config)?,
            cameras: config
                .cameras
                .iter()
                .map(|name| Arc::from(name.as_str()))
                .collect(),
            timetable: Timetable::new(&config),
            addresses: AddressBook::new(&config),
            behaviours: watch::Sender::default(),
            clock: RwLock::new(config.clock),
            blank_loads_left: AtomicU32::new(0),
            api_failures_left: AtomicU32::new(0),
            config,
        };
        world.set_behaviours(world.config.behaviours.clone());
        world.faults.set(world.config.faults.clone());
        Ok(world)
    }

    pub(crate) fn behaviours(&self) -> Arc<Behaviours> {
        Arc::clone(&self.behaviours.borrow())
    }

    /// The behaviours, and word of their changes.
    pub(crate) fn watch_behaviours(&self) -> watch::Receiver<Arc<Behaviours>> {
        self.behaviours.subscribe()
    }

    pub(crate) fn set_behaviours(&self, behaviours: Behaviours) {
        self.change_behaviours(behaviours, |_| true);
    }

    /// Sets behaviours; what is counted down begins anew only for those switches that were named.
    pub(crate) fn change_behaviours(&self, new: Behaviours, named: impl Fn(&str) -> bool) {
        if named("blank_loads") {
            self.blank_loads_left
                .store(new.blank_loads, Ordering::Relaxed);
        }
        if named("fail_api_times") {
            let failures = new.fail_api_times.unwrap_or(u32::MAX);
            self.api_failures_left.store(failures, Ordering::Relaxed);
        }
        self.behaviours.send_replace(Arc::new(new));
    }

    pub(crate) fn set_clock(&self, clock: Clock) {
        *self.clock.write().unwrap_or_else(PoisonError::into_inner) = clock;
    }

    pub(crate) fn clock(&self) -> Clock {
        *self.clock.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock().now()
    }

    pub(crate) fn today(&self) -> NaiveDate {
        local_date(self.config.timezone, self.now())
    }

    /// Whether this page load is to render nothing; counts it.
    pub(crate) fn blank_load(&self) -> bool {
        take_one(&self.blank_loads_left) || self.behaviours().blank
    }

    /// How this API request is to fail, if at all; counts it.
    pub(crate) fn api_failure(&self) -> Option<ApiFailure> {
        let behaviours = self.behaviours();
        let failure = behaviours.failing_api?;
        let for_ever = behaviours.fail_api_times.is_none();
        (for_ever || take_one(&self.api_failures_left)).then_some(failure)
    }

    pub(crate) fn camera(&self, name: &str) -> Option<&Arc<str>> {
        self.cameras.iter().find(|camera| &***camera == name)
    }

    pub(crate) fn cameras(&self) -> &[Arc<str>] {
        &self.cameras
    }

    /// The published frames of `[from, to)`, oldest first.
    pub(crate) fn published(
        &self,
        camera: &Arc<str>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Vec<Frame> {
        self.appeared(camera, from.max(self.history_start()), to)
    }

    /// The frames of `[from, to)` that were ever published, also those that the history has dropped since.
    pub(crate) fn appeared(
        &self,
        camera: &Arc<str>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Vec<Frame> {
        let horizon = self.horizon(camera);
        let to = to.min(horizon + Duration::milliseconds(1));
        if from >= to {
            return Vec::new();
        }
        let mut frames = self.timetable.frames(camera, from, to);
        frames.retain(|frame| frame.appears_at <= horizon);
        frames
    }

    /// The published frames of a local day, oldest first.
    pub(crate) fn day(&self, camera: &Arc<str>, date: NaiveDate) -> Vec<Frame> {
        let (from, to) = day_window(self.config.timezone, date);
        self.published(camera, from, to)
    }

    /// What the API shows for a day: its frames, and neighbours if that is switched on.
    pub(crate) fn history(&self, camera: &Arc<str>, date: NaiveDate) -> Vec<Frame> {
        let count = self.behaviours().neighbours;
        let wanted = usize::try_from(count).unwrap_or(0);
        let (from, to) = day_window(self.config.timezone, date);
        let span = self.timetable.span(count);
        let before = self.published(camera, from - span, from);
        let after = self.published(camera, to, to + span);
        let skipped = before.len().saturating_sub(wanted);
        let mut frames: Vec<Frame> = before.into_iter().skip(skipped).collect();
        frames.extend(self.day(camera, date));
        frames.extend(after.into_iter().take(wanted));
        frames
    }

    /// The newest published frames, newest first.
    pub(crate) fn newest(&self, camera: &Arc<str>, count: u8) -> Vec<Frame> {
        let wanted = usize::from(count);
        let end = self.horizon(camera) + Duration::milliseconds(1);
        let mut span = self.timetable.span(u32::from(count));
        loop {
            let mut frames = self.published(camera, end - span, end);
            if frames.len() >= wanted || end - span <= self.history_start() {
                frames.reverse();
                frames.truncate(wanted);
                return frames;
            }
            span = span * 4;
        }
    }

    /// The frame behind a path at the CDN, and whether its thumbnail is meant.
    pub(crate) fn find(&self, path: &str) -> Option<(Frame, bool)> {
        let zone = self.behaviours().zone;
        let wanted = self.addresses.read(path, zone)?;
        let camera = self.camera(&wanted.camera)?;
        let second = Duration::seconds(1);
        let frames = wanted
            .candidates
            .iter()
            .flat_map(|&instant| self.published(camera, instant - second, instant + second));
        let mut matching =
            frames.filter(|frame| self.addresses.path(frame, zone, wanted.thumbnail) == path);
        matching.next().map(|frame| (frame, wanted.thumbnail))
    }

    /// The address of a frame's picture or thumbnail.
    pub(crate) fn address(&self, frame: &Frame, thumbnail: bool) -> String {
        let path = self
            .addresses
            .path(frame, self.behaviours().zone, thumbnail);
        format!("{}{path}", self.origins.image)
    }

    /// Frames that were to appear until then are shown.
    fn horizon(&self, camera: &str) -> DateTime<Utc> {
        let late = self.behaviours().frozen(camera).min(1 << 40);
        self.now() - Duration::seconds(i64::try_from(late).unwrap_or(0))
    }

    /// The first day that the history holds.
    pub(crate) fn oldest_day(&self) -> NaiveDate {
        let today = self.today();
        let days = Days::new(u64::from(self.config.history_days));
        today.checked_sub_days(days).unwrap_or(today)
    }

    fn history_start(&self) -> DateTime<Utc> {
        day_start(self.config.timezone, self.oldest_day())
    }
}

fn take_one(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
        count.checked_sub(1)
    })
    .is_ok()
}
