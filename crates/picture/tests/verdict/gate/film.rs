//! From light to a JPEG: exposure, noise, tone curve, caption, encoding. Owns nothing of what is seen.

use std::f32::consts::PI;

use turbojpeg::{Compressor, Subsamp, YuvImage};

use super::Chance;

pub const COLUMNS: usize = 1200;
pub const ROWS: usize = 675;

/// Brightness in linear light (1 is white) and two colour differences in levels.
#[derive(Clone)]
pub struct Light {
    pub bright: Vec<f32>,
    pub tint: Vec<[i8; 2]>,
}

impl Light {
    pub fn even(level: f32) -> Self {
        Self {
            bright: vec![level; COLUMNS * ROWS],
            tint: vec![[0; 2]; COLUMNS * ROWS / 4 + COLUMNS],
        }
    }

    pub fn tint_at(&mut self, x: usize, y: usize) -> &mut [i8; 2] {
        &mut self.tint[(y / 2) * (COLUMNS / 2) + x / 2]
    }
}

/// A sensor and what is behind it.
#[derive(Clone, Debug)]
pub struct Sensor {
    /// Electrons at white: the fewer, the more shot noise.
    pub electrons: f32,
    /// Read noise, as a share of white.
    pub read: f32,
    /// Weight of the neighbours in the smoothing after it, 0 to 1.
    pub smoothing: f32,
    /// The tone curve, by square root of light for finer steps in the dark.
    curve: Vec<u8>,
}

impl Sensor {
    pub fn new(electrons: f32, read: f32, smoothing: f32, gamma: f32) -> Self {
        let curve = (0..=4096)
            .map(|step| {
                let light = (step as f32 / 4096.0).powi(2);
                (light.powf(1.0 / gamma) * 255.0).round() as u8
            })
            .collect();
        Self {
            electrons,
            read,
            smoothing,
            curve,
        }
    }

    fn level(&self, light: f32) -> u8 {
        self.curve[(light.clamp(0.0, 1.0).sqrt() * 4096.0) as usize]
    }
}

/// Standard normal numbers, made once by Box and Muller's way.
pub struct Normal(Vec<f32>);

impl Normal {
    pub fn new() -> Self {
        let mut chance = Chance::new(99);
        let pairs = (0..300_000).flat_map(|_| {
            let radius = (-2.0 * (1.0 - chance.unit()).ln()).sqrt();
            let angle = 2.0 * PI * chance.unit();
            [radius * angle.cos(), radius * angle.sin()]
        });
        Self(pairs.collect())
    }

    /// A row's worth of them, from anywhere.
    pub fn row(&self, chance: &mut Chance) -> &[f32] {
        let start = chance.below(self.0.len() - COLUMNS);
        &self.0[start..start + COLUMNS]
    }
}

/// A developed picture: planes of brightness and of the two colours (one for four pixels).
#[derive(Clone)]
pub struct Print {
    planes: Vec<u8>,
}

/// How many rows the planes have: an even number.
const PLANE_ROWS: usize = ROWS + 1;

impl Print {
    /// Exposes the light for a moment.
    pub fn expose(
        light: &Light,
        gain: f32,
        sensor: &Sensor,
        noise: &Normal,
        chance: &mut Chance,
    ) -> Self {
        let mut planes = Vec::with_capacity(COLUMNS * PLANE_ROWS * 3 / 2);
        let mut line = vec![0.0_f32; COLUMNS];
        for row in light.bright.chunks(COLUMNS) {
            let banding = sensor.read * 0.1 * noise.0[chance.below(1000)];
            let pairs = row.iter().zip(noise.row(chance));
            for (value, (&light, &normal)) in line.iter_mut().zip(pairs) {
                let light = light * gain;
                let deviation = (light / sensor.electrons + sensor.read * sensor.read).sqrt();
                *value = light + normal * deviation + banding;
            }
            if sensor.smoothing > 0.0 {
                smooth(&mut line, sensor.smoothing);
            }
            planes.extend(line.iter().map(|&light| sensor.level(light)));
        }
        Self::with_colour(planes, &light.tint)
    }

    /// Draws without a sensor: levels as they are.
    pub fn drawn(levels: Vec<u8>, tint: &[[i8; 2]]) -> Self {
        Self::with_colour(levels, tint)
    }

    fn with_colour(mut planes: Vec<u8>, tint: &[[i8; 2]]) -> Self {
        planes.extend_from_within(planes.len() - COLUMNS..);
        let wanted = COLUMNS / 2 * PLANE_ROWS / 2;
        for channel in 0..2 {
            let levels = tint
                .iter()
                .take(wanted)
                .map(|pair| (128 + i16::from(pair[channel])) as u8);
            planes.extend(levels);
        }
        Self { planes }
    }

    /// Burns a line of text in, at the top left or the bottom right: bars by the bits of `number`.
    pub fn caption(&mut self, number: u64, at_bottom: bool) {
        let (left, top) = if at_bottom { (780, 640) } else { (12, 8) };
        for glyph in 0..20_usize {
            for segment in 0..7_usize {
                let bit = (number >> ((glyph * 7 + segment) % 61)) & 1;
                if bit == 1 {
                    let (x, y) = (left + glyph * 18 + segment % 2 * 8, top + segment / 2 * 6);
                    self.fill((x, y), (6, 5), 250);
                }
            }
        }
    }

    pub fn level(&self, x: usize, y: usize) -> u8 {
        self.planes[y * COLUMNS + x]
    }

    /// Burns one bar in.
    pub fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), level: u8) {
        for y in y..y + height {
            self.planes[y * COLUMNS + x..y * COLUMNS + x + width].fill(level);
        }
    }

    /// Adds noise of a cable or of an older encoder, in levels.
    pub fn roughen(&mut self, deviation: f32, noise: &Normal, chance: &mut Chance) {
        for row in self.planes[..COLUMNS * ROWS].chunks_mut(COLUMNS) {
            for (level, normal) in row.iter_mut().zip(noise.row(chance)) {
                *level = (f32::from(*level) + normal * deviation)
                    .round()
                    .clamp(0.0, 255.0) as u8;
            }
        }
    }

    pub fn jpeg(&self, quality: i32, progressive: bool) -> Vec<u8> {
        let mut compressor = Compressor::new().unwrap();
        compressor.set_quality(quality).unwrap();
        compressor.set_progressive(progressive).unwrap();
        compressor.set_optimize(quality % 2 == 0).unwrap();
        let image = YuvImage {
            pixels: &self.planes[..],
            width: COLUMNS,
            align: 1,
            height: ROWS,
            subsamp: Subsamp::Sub2x2,
        };
        compressor.compress_yuv_to_vec(image).unwrap()
    }

    /// Decodes a JPEG of [`Print::jpeg`] again.
    pub fn of_jpeg(bytes: &[u8]) -> Self {
        let planes = turbojpeg::decompress_to_yuv(bytes).unwrap();
        // Planes come with rows padded to four bytes: none here, since 1200 and 600 are multiples of four.
        let mut levels = planes.pixels;
        levels.splice(COLUMNS * ROWS..COLUMNS * ROWS, [0; COLUMNS]);
        Self { planes: levels }
    }
}

/// What a camera's noise reduction does along a row.
fn smooth(line: &mut [f32], weight: f32) {
    let mut before = line[0];
    for at in 0..line.len() - 1 {
        let here = line[at];
        line[at] = here * (1.0 - weight) + (before + line[at + 1]) * weight / 2.0;
        before = here;
    }
}
