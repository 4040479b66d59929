//! What goes wrong and when: a list of troubles, by hand or by dice. Must not know what follows from them.

use chrono::{DateTime, TimeDelta, Utc};

/// Numbers that look random and are the same in every run.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn upto(&mut self, below: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(below).unwrap()).unwrap()
    }

    pub fn around(&mut self, reach: i64) -> i64 {
        self.upto(2 * reach + 1) - reach
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The portal answers nothing.
    PortalDown,
    /// The camera of that number takes no pictures.
    CameraOffline,
    /// Frames are listed and cannot be downloaded.
    PicturesDown,
    /// Our processes are killed, and one is started at the end.
    WeAreDown,
    /// Our process is stopped, and goes on at the end.
    Stopped,
    /// A second process works on the same database, until it is killed.
    Twin,
    /// The machine's clock is off by so many seconds.
    ClockOff,
    /// A listing takes so many minutes more.
    Slow,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::PortalDown,
        Self::CameraOffline,
        Self::PicturesDown,
        Self::WeAreDown,
        Self::Stopped,
        Self::Twin,
        Self::ClockOff,
        Self::Slow,
    ];

    /// Whether nothing is to be expected of us while it lasts.
    pub fn excuses(self) -> bool {
        !matches!(self, Self::CameraOffline | Self::Twin | Self::Slow)
    }
}

/// A trouble: what, from which minute after the start, for how many minutes, and how bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    pub kind: Kind,
    pub from: i64,
    pub minutes: i64,
    pub size: i64,
}

impl Trouble {
    pub fn new(kind: Kind, from: i64, minutes: i64, size: i64) -> Self {
        Self {
            kind,
            from,
            minutes,
            size,
        }
    }

    pub fn span(&self, start: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        // Not at whole minutes: real troubles come at any second.
        let from = start + TimeDelta::minutes(self.from) + TimeDelta::seconds(self.from % 60);
        (from, from + TimeDelta::minutes(self.minutes.max(1)))
    }
}

/// How often each kind comes in a hundred days, its longest length in minutes, and how bad it can be.
const RATES: [(Kind, i64, i64, i64); 8] = [
    (Kind::PortalDown, 8, 3 * 1440, 0),
    (Kind::CameraOffline, 10, 1200, 1),
    (Kind::PicturesDown, 6, 600, 0),
    (Kind::WeAreDown, 10, 3 * 1440, 0),
    (Kind::Stopped, 5, 90, 0),
    (Kind::Twin, 6, 600, 0),
    (Kind::ClockOff, 8, 900, 4 * 3600),
    (Kind::Slow, 8, 400, 25),
];

/// Troubles by dice over so many days. Most are short, few are as long as they can be.
pub fn by_dice(seed: u64, days: i64) -> Vec<Trouble> {
    let mut dice = Dice(seed);
    let mut troubles = Vec::new();
    for (kind, often, longest, worst) in RATES {
        for _ in 0..(often * days + 99) / 100 {
            let share = dice.upto(100) * dice.upto(100) * dice.upto(100);
            let minutes = 1 + longest * share / 1_000_000;
            let size = match kind {
                Kind::CameraOffline => dice.upto(2),
                Kind::Slow => 1 + dice.upto(worst),
                Kind::ClockOff => worst * dice.around(100) * dice.upto(100) / 10_000,
                _ => 0,
            };
            let from = 1440 + dice.upto((days - 3).max(1) * 1440);
            troubles.push(Trouble::new(kind, from, minutes, size));
        }
    }
    troubles
}
