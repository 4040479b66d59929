//! Owns when each camera takes a frame: a pure function of seed, camera and place in the schedule, so that any
//! window costs only its own length. It must not know what time it is, nor what has been published.

use std::sync::Arc;

use chrono::{DateTime, Duration, TimeZone, Utc};
use chrono_tz::Tz;

use crate::calendar::{local_date, second_pass};
use crate::config::{AddressForm, Config, Schedule};
use crate::mix::{hash_text, mix, spread, unit};

/// Slots in one slow swing of the cadence.
const SWING: i64 = 97;

/// One picture that a camera took.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Stream name of the camera.
    pub camera: Arc<str>,
    /// When it was taken (whole seconds, unless addresses are in milliseconds).
    pub instant: DateTime<Utc>,
    /// When API and CDN show it first, if nothing hangs.
    pub appears_at: DateTime<Utc>,
    /// Its place in the camera's schedule.
    pub slot: i64,
    /// It is the second frame within one second.
    pub twin: bool,
}

/// The schedule of all cameras.
#[derive(Debug, Clone)]
pub(crate) struct Timetable {
    seed: u64,
    zone: Tz,
    form: AddressForm,
    schedule: Schedule,
}

impl Timetable {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            seed: config.seed,
            zone: config.timezone,
            form: config.address_form,
            schedule: config.schedule.clone(),
        }
    }

    /// The frames of a camera in `[from, to)`, oldest first.
    pub(crate) fn frames(
        &self,
        camera: &Arc<str>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Vec<Frame> {
        let cadence = Cadence::new(self, camera);
        let first = (from.timestamp_millis() - cadence.reach()).div_euclid(cadence.interval);
        let last = (to.timestamp_millis() + cadence.reach()).div_euclid(cadence.interval);
        (first..=last)
            .flat_map(|slot| self.slot_frames(&cadence, camera, slot))
            .filter(|frame| frame.instant >= from && frame.instant < to)
            .collect()
    }

    /// How long one has to look back to be sure of `count` frames when none is skipped.
    pub(crate) fn span(&self, count: u32) -> Duration {
        Duration::seconds(i64::from(self.schedule.interval_seconds) * i64::from(count + 2))
    }

    fn slot_frames(&self, cadence: &Cadence, camera: &Arc<str>, slot: i64) -> Vec<Frame> {
        if unit(cadence.draw(slot, 2)) < self.schedule.skip_probability {
            return Vec::new();
        }
        let Some(instant) = self.settle(cadence.millis(slot)) else {
            return Vec::new();
        };
        let is_early = self.schedule.since.is_some_and(|since| instant < since);
        let is_none = is_early || self.is_empty_day(camera, instant);
        if is_none || self.is_thinned_out(slot, instant) {
            return Vec::new();
        }
        let frame = Frame {
            camera: Arc::clone(camera),
            instant,
            appears_at: instant + self.lateness(cadence, slot),
            slot,
            twin: false,
        };
        let every = u64::from(self.schedule.twin_every);
        if every == 0 || !cadence.draw(slot, 3).is_multiple_of(every) {
            return vec![frame];
        }
        let mut both = vec![self.twin_of(&frame), frame];
        both.sort_by_key(|one| (one.instant, one.twin));
        both
    }

    /// How long after it was taken a frame appears.
    fn lateness(&self, cadence: &Cadence, slot: i64) -> Duration {
        let schedule = &self.schedule;
        let width = u64::from(schedule.publish_jitter_seconds) * 1000 + 1;
        let late = i64::try_from(cadence.draw(slot, 4) % width).unwrap_or(0);
        Duration::seconds(i64::from(schedule.publish_delay_seconds)) + Duration::milliseconds(late)
    }

    fn twin_of(&self, frame: &Frame) -> Frame {
        let shift = match self.form {
            AddressForm::IsoSeconds => 0,
            AddressForm::UnixMillis if frame.instant.timestamp_subsec_millis() < 500 => 137,
            AddressForm::UnixMillis => -137,
        };
        Frame {
            instant: frame.instant + Duration::milliseconds(shift),
            twin: true,
            ..frame.clone()
        }
    }

    /// Rounds an instant to what its address can tell: whole seconds, and in the hour that the local clock
    /// shows twice, even ones the first time and odd ones the second time.
    fn settle(&self, millis: i64) -> Option<DateTime<Utc>> {
        if self.form == AddressForm::UnixMillis {
            return Utc.timestamp_millis_opt(millis).single();
        }
        let second = Utc.timestamp_opt(millis.div_euclid(1000), 0).single()?;
        let odd = second.timestamp() & 1;
        Some(match second_pass(self.zone, second) {
            Some(false) => second - Duration::seconds(odd),
            Some(true) => second + Duration::seconds(1 - odd),
            None => second,
        })
    }

    fn is_thinned_out(&self, slot: i64, instant: DateTime<Utc>) -> bool {
        self.schedule.thinned.is_some_and(|thinned| {
            instant < thinned.before && slot.rem_euclid(i64::from(thinned.every.max(1))) != 0
        })
    }

    fn is_empty_day(&self, camera: &str, instant: DateTime<Utc>) -> bool {
        let days = &self.schedule.empty_days;
        let named =
            |day: &crate::config::EmptyDay| day.camera.as_ref().is_none_or(|name| name == camera);
        !days.is_empty() && {
            let date = local_date(self.zone, instant);
            days.iter().any(|day| day.date == date && named(day))
        }
    }
}

/// One camera's cadence in milliseconds.
struct Cadence {
    key: u64,
    interval: i64,
    phase: i64,
    jitter: i64,
    drift: i64,
}

impl Cadence {
    fn new(table: &Timetable, camera: &str) -> Self {
        let schedule = &table.schedule;
        let key = mix(&[table.seed, hash_text(camera)]);
        let mean = i64::from(schedule.interval_seconds.max(2)) * 1000;
        let off = spread(mix(&[key, 5]), i64::from(schedule.period_spread_ms));
        let interval = (mean + off).max(2000);
        let drift = (i64::from(schedule.drift_seconds) * 1000).min(interval / 2);
        // The swing changes by at most 2 pi / 97 of its width from one frame to the next; two seconds stay.
        let room = (interval - 2000 - drift * 7 / 100).max(0) / 2;
        Self {
            key,
            interval,
            phase: i64::try_from(mix(&[key, 1]) % interval.unsigned_abs()).unwrap_or(0),
            jitter: (i64::from(schedule.jitter_seconds) * 1000).min(room),
            drift: if room == 0 { 0 } else { drift },
        }
    }

    /// How far a frame can be from `slot * interval`, generously.
    fn reach(&self) -> i64 {
        self.interval + self.jitter + self.drift + 2000
    }

    fn draw(&self, slot: i64, purpose: u64) -> u64 {
        mix(&[self.key, slot.cast_unsigned(), purpose])
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "small whole numbers"
    )]
    fn millis(&self, slot: i64) -> i64 {
        let turn = slot.rem_euclid(SWING) as f64 / SWING as f64 + unit(self.key);
        let swing = (turn * std::f64::consts::TAU).sin() * self.drift as f64;
        let jitter = spread(self.draw(slot, 0), self.jitter);
        slot * self.interval + self.phase + jitter + swing.round() as i64
    }
}
