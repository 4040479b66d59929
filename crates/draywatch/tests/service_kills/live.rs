//! A portal that goes on publishing while a drill runs. Its past is thin, so that there are days to be healed without thousands
//! of pictures. Must not know how the service is run.

use std::time::Duration;

use chrono::{DateTime, Days, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use draywatch_core::Clock;
use portal_sim::{Behaviours, Config, Portal, Schedule, Thinned};

use crate::world::World;

/// Seconds from one frame to the next.
pub const FRAMES_EVERY: u32 = 12;
/// In the past only each so many-th frame was taken: one in about an hour.
const THIN: u32 = 300;
/// Before the drill begins, frames came as fast as in it for so long, so that there is a rhythm from the start.
const BUSY_BEFORE: TimeDelta = TimeDelta::minutes(4);

/// The portal and what is asked of it.
pub struct Live {
    pub world: World,
    pub cameras: Vec<&'static str>,
    pub zone: Tz,
}

/// The time, as the machine has it.
pub fn now() -> DateTime<Utc> {
    Clock::system().now()
}

/// A zone in which it is noon: no drill meets midnight by chance.
fn zone_of_noon(now: DateTime<Utc>) -> Tz {
    // In these names the sign is the other way round.
    let west = i64::from(now.hour()) - 12;
    let name = format!("Etc/GMT{west:+}");
    name.parse().unwrap_or(Tz::UTC)
}

impl Live {
    /// A portal with so many past days in its history.
    pub async fn start(cameras: &[&'static str], past_days: u32) -> Self {
        let zone = zone_of_noon(now());
        let before = now() - BUSY_BEFORE;
        let schedule = Schedule {
            interval_seconds: FRAMES_EVERY,
            jitter_seconds: 2,
            drift_seconds: 2,
            publish_delay_seconds: 1,
            publish_jitter_seconds: 1,
            thinned: Some(Thinned {
                before,
                every: THIN,
            }),
            ..Schedule::default()
        };
        let config = Config {
            schedule,
            timezone: zone,
            history_days: past_days,
            cameras: cameras.iter().map(ToString::to_string).collect(),
            ..Config::default()
        };
        let portal = Portal::start(config).await.unwrap();
        let last = portal.today();
        let first = last - Days::new(past_days.into());
        let world = World {
            portal,
            first,
            last,
            truth: Vec::new(),
        };
        let mut live = Self {
            world,
            cameras: cameras.to_vec(),
            zone,
        };
        live.refresh().await;
        live
    }

    /// Takes what is published by now as the truth.
    pub async fn refresh(&mut self) {
        let mut truth = Vec::new();
        for camera in &self.cameras {
            let days = self.world.first.iter_days();
            for date in days.take_while(|date| *date <= self.world.last) {
                truth.extend(self.world.portal.truth(camera, date).await.unwrap());
            }
        }
        self.world.truth = truth;
    }

    /// The portal publishes nothing more; what it has is the truth.
    pub async fn freeze(&mut self) {
        let behaviours = Behaviours::default();
        self.world.portal.set_behaviours(behaviours);
        self.world.portal.set_clock(portal_sim::Clock::Fixed(now()));
        self.refresh().await;
    }

    /// Page and pictures take so long.
    pub fn slow(&self, api: Duration, pictures: Duration) {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        self.world.portal.set_behaviours(Behaviours {
            slow_api_ms: millis(api),
            latency_ms: millis(pictures),
            ..Behaviours::default()
        });
    }

    /// Pictures that are being asked for.
    pub fn in_flight(&self) -> u64 {
        self.world.portal.stats().cdn.in_flight
    }
}
