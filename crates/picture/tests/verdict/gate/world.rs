//! What stands before a gate camera, hour by hour.

use super::film::{COLUMNS, Light, Normal, Print, ROWS, Sensor};
use super::{Chance, plain};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hour {
    Day,
    Night,
    QuietNight,
    Fog,
    Rain,
    Dusk,
    Lamps,
    Snow,
    Flat,
    Still,
}

impl Hour {
    pub const ALL: [Self; 10] = [
        Self::Day,
        Self::Night,
        Self::QuietNight,
        Self::Fog,
        Self::Rain,
        Self::Dusk,
        Self::Lamps,
        Self::Snow,
        Self::Flat,
        Self::Still,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Night => "night",
            Self::QuietNight => "quiet night",
            Self::Fog => "fog",
            Self::Rain => "rain",
            Self::Dusk => "dusk",
            Self::Lamps => "dark with lamps",
            Self::Snow => "snow",
            Self::Flat => "even asphalt",
            Self::Still => "night without noise",
        }
    }
}

/// One camera during some hours: what stays, and its habits.
pub struct Post {
    hour: Hour,
    still: Light,
    sensor: Sensor,
    skyline: f32,
    /// Light that falls on a moving thing, and what the air adds, at the far end and here.
    fall: f32,
    veil: f32,
    veil_depth: f32,
    flicker: f32,
    exposure: f32,
    quality: i32,
    progressive: bool,
    bottom_clock: bool,
    shots: u64,
}

impl Post {
    pub fn new(hour: Hour, chance: &mut Chance) -> Self {
        let skyline = chance.between(0.18, 0.42);
        let (sun, lamps) = match hour {
            Hour::Day => (chance.between(0.5, 0.9), 0),
            Hour::Rain => (chance.between(0.2, 0.4), 2),
            Hour::Fog => (chance.between(0.3, 0.6), 0),
            Hour::Dusk => (chance.between(0.04, 0.15), 4),
            Hour::Night => (chance.between(0.0005, 0.006), 3 + chance.below(6)),
            Hour::QuietNight | Hour::Still => (chance.between(0.0003, 0.004), 2 + chance.below(4)),
            Hour::Lamps => (0.001, 0),
            Hour::Snow | Hour::Flat => (0.7, 0),
        };
        let veil_depth = if hour == Hour::Fog {
            chance.between(0.35, 1.3)
        } else {
            chance.between(3.0, 9.0)
        };
        let mut post = Self {
            hour,
            still: Light::even(0.0),
            sensor: sensor(hour, chance),
            skyline,
            fall: sun.max(0.02),
            veil: sun * chance.between(0.5, 0.8),
            veil_depth,
            flicker: match hour {
                Hour::QuietNight => chance.between(0.0, 0.003),
                Hour::Night => chance.between(0.0, 0.01),
                Hour::Still => 0.0,
                _ => chance.between(0.002, 0.06),
            },
            exposure: chance.between(0.9, 1.15),
            quality: 50 + chance.below(44) as i32,
            progressive: chance.one_in(8),
            bottom_clock: chance.one_in(2),
            shots: u64::from(chance.word()) << 16,
        };
        match hour {
            Hour::Lamps => plain::lamps(&mut post.still, skyline, chance),
            Hour::Snow => plain::snow(&mut post.still, skyline, chance),
            Hour::Flat => plain::flat(&mut post.still, skyline, chance),
            _ => post.build(sun, lamps, chance),
        }
        post
    }

    /// How far away the ground is at this height of the picture; 1 is right below the camera.
    fn distance(&self, y: f32) -> f32 {
        let drop = (y - self.skyline).max(0.004);
        (1.0 - self.skyline) / drop
    }

    fn build(&mut self, sun: f32, lamps: usize, chance: &mut Chance) {
        let lamps: Vec<[f32; 3]> = (0..lamps)
            .map(|_| {
                let x = chance.between(0.02, 0.98);
                [
                    x,
                    chance.between(0.12, self.skyline.max(0.16)),
                    chance.between(0.4, 1.6),
                ]
            })
            .collect();
        let phase = chance.between(0.0, 100.0);
        let lanes = chance.between(1.3, 2.6);
        let asphalt = chance.between(0.06, 0.22);
        let clouds = chance.between(0.05, 0.3);
        let blocks: Vec<(f32, f32)> = (0..40)
            .map(|_| (chance.between(0.0, 0.14), chance.between(0.05, 0.6)))
            .collect();
        for row in 0..ROWS {
            let y = row as f32 / ROWS as f32;
            let distance = self.distance(y);
            let clear = (-distance / (self.veil_depth * 6.0)).exp();
            for column in 0..COLUMNS {
                let x = column as f32 / COLUMNS as f32;
                let mut colour = [0_i8; 2];
                let surface = if y < self.skyline {
                    let (tall, shade) = blocks[(x * 39.9) as usize];
                    if y > self.skyline - tall {
                        colour = [
                            ((shade * 97.0) as i32 % 40 - 20) as i8,
                            ((shade * 71.0) as i32 % 40 - 20) as i8,
                        ];
                        shade * (1.0 - 0.2 * ((column % 30) as f32 / 30.0))
                    } else {
                        colour = [8, -5];
                        0.75 + clouds * ((x * 7.0 + phase).sin() * (y * 23.0 + x * 3.0).cos())
                    }
                } else {
                    let ground = (x - 0.5) * distance * lanes;
                    let far = distance * 4.0;
                    let grain =
                        ((ground * 91.0).sin() * 43_758.547 + (far * 71.3).cos() * 9631.1).fract();
                    let on_line =
                        (ground + 0.5).rem_euclid(1.0) < 0.035 && ((far * 1.3) as i32) % 3 != 0;
                    let worn = 1.0 + 0.15 * ((ground * 2.7 + phase).sin() + (far * 0.31).cos());
                    if on_line {
                        0.7
                    } else {
                        asphalt * worn * (1.0 + 0.2 * grain)
                    }
                };
                let mut light = surface
                    * if y < self.skyline && sun < 0.02 {
                        sun * 0.3
                    } else {
                        sun
                    };
                for &[lamp_x, lamp_y, power] in &lamps {
                    let (dx, dy) = ((x - lamp_x) * 1.8, y - lamp_y);
                    let flare = 0.00012 * power / (dx * dx + dy * dy + 0.000_05);
                    let pool_y = (y - self.skyline - 0.12) * 1.6;
                    let pool = power * 0.05 / (dx * dx + pool_y * pool_y + 0.05);
                    let falls = if y < self.skyline { 0.15 } else { 1.0 };
                    light += flare + surface * pool * falls;
                }
                let at = row * COLUMNS + column;
                self.still.bright[at] = light * clear + self.veil * (1.0 - clear);
                if row % 2 == 0 && column % 2 == 0 {
                    let keep = clear * sun.sqrt().min(1.0);
                    *self.still.tint_at(column, row) =
                        colour.map(|tint| (f32::from(tint) * keep) as i8);
                }
            }
        }
    }

    /// The next picture that this camera takes, before it is encoded.
    pub fn shoot(&mut self, noise: &Normal, chance: &mut Chance) -> Print {
        let mut light = self.still.clone();
        let vehicles = match self.hour {
            Hour::QuietNight => usize::from(chance.one_in(6)),
            Hour::Night => chance.below(3),
            Hour::Lamps => chance.below(2),
            Hour::Still => 0,
            _ => chance.below(5),
        };
        for _ in 0..vehicles {
            self.vehicle(&mut light, chance);
        }
        match self.hour {
            Hour::Rain => drops(&mut light, chance),
            Hour::Still => plain::passer_by(&mut light, self.skyline, chance),
            _ => {}
        }
        let gain = self.exposure * (1.0 + chance.between(-self.flicker, self.flicker));
        let mut print = Print::expose(&light, gain, &self.sensor, noise, chance);
        self.shots += 600 + u64::from(chance.word() % 20);
        print.caption(self.clock(), self.bottom_clock);
        print
    }

    pub fn clock(&self) -> u64 {
        self.shots.wrapping_mul(0x9E37_79B9_97F4_A7C1)
    }

    /// Encodes as this camera does. Now and then somebody changes its quality.
    pub fn encode(&mut self, print: &Print, chance: &mut Chance) -> Vec<u8> {
        if chance.one_in(100) {
            self.quality = 50 + chance.below(44) as i32;
        }
        print.jpeg(self.quality, self.progressive)
    }

    /// The same pixels again, at another quality, and with the clock gone on or not.
    pub fn encode_otherwise(&self, print: &mut Print, chance: &mut Chance) -> Vec<u8> {
        if chance.one_in(2) {
            print.caption(self.clock() ^ u64::from(chance.word()), self.bottom_clock);
        }
        print.jpeg(45 + chance.below(50) as i32, chance.one_in(4))
    }

    /// A truck with its box, rounded by light from the side.
    fn vehicle(&self, light: &mut Light, chance: &mut Chance) {
        let y = chance.between(self.skyline + 0.05, 0.92);
        let distance = self.distance(y);
        let size = 0.42 / distance;
        let (width, height) = (
            size * chance.between(1.2, 2.2),
            size * chance.between(0.5, 0.8),
        );
        let left = chance.between(-0.1, 0.95);
        let clear = (-distance / (self.veil_depth * 6.0)).exp();
        let paint = chance.between(0.05, 0.8);
        let tint = [
            chance.between(-30.0, 30.0) as i8,
            chance.between(-30.0, 30.0) as i8,
        ];
        let span = |from: f32, by: f32, all: usize| {
            let edge = |at: f32| (at * all as f32).clamp(0.0, all as f32) as usize;
            edge(from)..edge(from + by)
        };
        for row in span(y - height, height, ROWS) {
            for column in span(left, width, COLUMNS) {
                let along = (column as f32 / COLUMNS as f32 - left) / width;
                let rib = 1.0 - 0.12 * (along * 70.0).sin().abs();
                let bottom = (row as f32 / ROWS as f32) > y - height * 0.15;
                let shade = if bottom { 0.02 } else { paint * rib };
                let lit = if along > 0.985 && self.fall < 0.05 {
                    0.9
                } else {
                    shade * self.fall
                };
                light.bright[row * COLUMNS + column] = lit * clear + self.veil * (1.0 - clear);
                if self.fall > 0.1 && row % 2 == 0 && column % 2 == 0 {
                    *light.tint_at(column, row) = tint.map(|it| (f32::from(it) * clear) as i8);
                }
            }
        }
    }
}

/// The camera for that hour; a still night has no noise at all.
fn sensor(hour: Hour, chance: &mut Chance) -> Sensor {
    let (electrons, read) = match hour {
        Hour::Night | Hour::QuietNight => ((200.0, 3000.0), (0.0005, 0.006)),
        Hour::Lamps => ((1500.0, 30_000.0), (0.0002, 0.0008)),
        Hour::Flat => ((3000.0, 300_000.0), (0.0001, 0.001)),
        Hour::Still => ((1e9, 2e9), (0.0, 0.0)),
        _ => ((1500.0, 15_000.0), (0.0005, 0.003)),
    };
    Sensor::new(
        chance.between(electrons.0, electrons.1),
        chance.between(read.0, read.1),
        [0.0, 0.0, 0.4, 0.66][chance.below(4)],
        chance.between(1.9, 2.4),
    )
}

/// Drops on the glass: blurred bright spots, others each time.
fn drops(light: &mut Light, chance: &mut Chance) {
    for _ in 0..chance.below(60) {
        let (x, y) = (chance.below(COLUMNS - 40), chance.below(ROWS - 40));
        let radius = 4 + chance.below(14);
        for row in 0..2 * radius {
            for column in 0..2 * radius {
                let (dx, dy) = (
                    column as f32 / radius as f32 - 1.0,
                    row as f32 / radius as f32 - 1.0,
                );
                let inside = (1.0 - dx * dx - dy * dy).max(0.0);
                let value = &mut light.bright[(y + row) * COLUMNS + x + column];
                *value += (0.25 - *value) * inside * 0.6;
            }
        }
    }
}
