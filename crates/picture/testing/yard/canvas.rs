//! Pixels in sixteenths of a level, the sensor's noise, and JPEG styles.

use super::Dice;
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

pub const WIDTH: usize = 1200;
pub const HEIGHT: usize = 675;

/// A colour in levels.
pub type Paint = [f32; 3];

#[derive(Clone)]
pub struct Canvas(pub Vec<[i16; 3]>);

/// How a picture is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub quality: i32,
    pub subsamp: Subsamp,
    pub progressive: bool,
}

impl Style {
    pub fn any(dice: &mut Dice) -> Self {
        let subsamps = [Subsamp::Sub2x2, Subsamp::Sub2x2, Subsamp::Sub2x1];
        Self {
            quality: dice.whole(45, 96),
            subsamp: subsamps[dice.whole(0, 3) as usize],
            progressive: dice.chance(0.1),
        }
    }
}

impl Canvas {
    pub fn new(paint: Paint) -> Self {
        Self(vec![fixed(paint); WIDTH * HEIGHT])
    }

    pub fn fill(&mut self, x: i32, y: i32, width: i32, height: i32, paint: Paint) {
        let clip = |from: i32, by: i32, most: usize| {
            let end = (from + by).clamp(0, most as i32) as usize;
            ((from.max(0) as usize).min(end), end)
        };
        let (left, right) = clip(x, width, WIDTH);
        let (top, bottom) = clip(y, height, HEIGHT);
        for row in top..bottom {
            self.0[row * WIDTH + left..row * WIDTH + right].fill(fixed(paint));
        }
    }

    /// What a lens does: each pixel a mean of its neighbours, twice.
    pub fn soften(&mut self) {
        for _ in 0..2 {
            for step in [1, WIDTH] {
                for at in step..self.0.len() - step {
                    for channel in 0..3 {
                        let sum = self.0[at - step][channel]
                            + 2 * self.0[at][channel]
                            + self.0[at + step][channel];
                        self.0[at][channel] = sum / 4;
                    }
                }
            }
        }
    }

    /// The picture as the sensor sees it: gain and noise of this deviation (in levels; stronger where it is bright).
    pub fn exposed(&self, gain: f32, deviation: f32, grain: &Grain, dice: &mut Dice) -> Vec<u8> {
        let mut pixels = Vec::with_capacity(self.0.len() * 3);
        let gain = (gain * 4096.0) as i32;
        let amount = (deviation * 16.0) as i32;
        for row in self.0.chunks(WIDTH) {
            let start = (dice.bits() % (grain.0.len() - 3 * WIDTH) as u64) as usize;
            let noise = grain.0[start..].as_chunks::<3>().0;
            for (pixel, noise) in row.iter().zip(noise) {
                for (&value, &noise) in pixel.iter().zip(noise) {
                    let lit = (i32::from(value) * gain) >> 12;
                    let shot = amount + ((amount * lit) >> 13);
                    let level = (lit + ((i32::from(noise) * shot) >> 5) + 8) >> 4;
                    pixels.push(level.clamp(0, 255) as u8);
                }
            }
        }
        pixels
    }

    pub fn plain(&self) -> Vec<u8> {
        let level = |value: &i16| ((value + 8) >> 4).clamp(0, 255) as u8;
        self.0.iter().flatten().map(level).collect()
    }
}

pub fn fixed(paint: Paint) -> [i16; 3] {
    paint.map(|level| (level * 16.0) as i16)
}

/// Noise of a bell's shape, of deviation 32, made once.
pub struct Grain(Vec<i8>);

impl Grain {
    pub fn new() -> Self {
        let mut dice = Dice(4);
        let mut bell = || {
            let bytes = dice.bits().to_le_bytes();
            let sum: i32 = bytes.iter().map(|&byte| i32::from(byte)).sum();
            ((sum - 1020) * 32 / 209).clamp(-127, 127) as i8
        };
        Self((0..1 << 20).map(|_| bell()).collect())
    }
}

pub fn encode(pixels: &[u8], style: Style) -> Vec<u8> {
    let mut compressor = Compressor::new().unwrap();
    compressor.set_quality(style.quality).unwrap();
    compressor.set_subsamp(style.subsamp).unwrap();
    compressor.set_progressive(style.progressive).unwrap();
    let image = Image {
        pixels,
        width: WIDTH,
        pitch: WIDTH * 3,
        height: HEIGHT,
        format: PixelFormat::RGB,
    };
    compressor.compress_to_vec(image).unwrap()
}
