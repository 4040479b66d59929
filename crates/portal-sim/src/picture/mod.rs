//! Owns the pictures: what a frame looks like, as JPEG bytes that depend on nothing but seed and frame. It must
//! not cache, and must not know addresses.

mod canvas;
mod font;
mod scene;

use std::collections::HashMap;
use std::f64::consts::TAU;

use anyhow::Result;
use chrono::Timelike;
use chrono_tz::Tz;

use crate::config::Config;
use crate::faults::Fault;
use crate::mix::{hash_text, mix};
use crate::schedule::Frame;
use canvas::{Area, Canvas, Colour};

const WIDTH: usize = 1200;
const HEIGHT: usize = 675;
const THUMBNAIL: (usize, usize) = (320, 180);
const QUALITY: i32 = 84;
const GRAIN: usize = 1 << 20;

/// Draws and encodes frames.
#[derive(Debug)]
pub(crate) struct Studio {
    seed: u64,
    zone: Tz,
    backgrounds: HashMap<String, Canvas>,
    grain: Vec<i8>,
}

impl Studio {
    pub(crate) fn new(config: &Config) -> Self {
        let key = |name: &String| mix(&[config.seed, hash_text(name)]);
        Self {
            seed: config.seed,
            zone: config.timezone,
            backgrounds: config
                .cameras
                .iter()
                .map(|name| (name.clone(), scene::background(key(name))))
                .collect(),
            grain: grain(),
        }
    }

    /// The full-size picture.
    pub(crate) fn full(&self, frame: &Frame) -> Result<Vec<u8>> {
        self.draw(frame).encode(QUALITY)
    }

    /// The thumbnail.
    pub(crate) fn thumbnail(&self, frame: &Frame) -> Result<Vec<u8>> {
        self.draw(frame).shrunk(THUMBNAIL.0, THUMBNAIL.1).encode(78)
    }

    /// A number that tells frames apart.
    pub(crate) fn key(&self, frame: &Frame) -> u64 {
        let camera = hash_text(&frame.camera);
        mix(&[
            self.seed,
            camera,
            frame.slot.cast_unsigned(),
            u64::from(frame.twin),
        ])
    }

    fn draw(&self, frame: &Frame) -> Canvas {
        let key = self.key(frame);
        let blank = || Canvas::new(WIDTH, HEIGHT);
        let mut canvas = self
            .backgrounds
            .get(&*frame.camera)
            .cloned()
            .unwrap_or_else(blank);
        scene::trucks(&mut canvas, key);
        self.expose(&mut canvas, frame, key);
        self.caption(&mut canvas, frame);
        canvas
    }

    /// Light by the hour, and the grain of the sensor.
    fn expose(&self, canvas: &mut Canvas, frame: &Frame, key: u64) {
        let local = frame.instant.with_timezone(&self.zone);
        let hour = f64::from(local.num_seconds_from_midnight()) / 3600.0;
        let light = 0.68 + 0.32 * ((hour - 13.0) / 24.0 * TAU).cos();
        let gain = percent(light);
        let width = canvas.width;
        for (number, row) in (0_u64..).zip(canvas.luma().chunks_mut(width)) {
            let place = mix(&[key, 11, number]) % (GRAIN - WIDTH) as u64;
            let start = usize::try_from(place).unwrap_or(0);
            for (pixel, &grain) in row.iter_mut().zip(&self.grain[start..]) {
                *pixel = develop(*pixel, gain, grain);
            }
        }
    }

    fn caption(&self, canvas: &mut Canvas, frame: &Frame) {
        let local = frame.instant.with_timezone(&self.zone);
        let text = format!(
            "{}  {}",
            frame.camera.replace('_', " "),
            local.format("%Y-%m-%d %H:%M:%S %Z")
        );
        canvas.fill(
            Area {
                x: 0,
                y: 0,
                width: 1200,
                height: 44,
            },
            Colour(24, 128, 128),
        );
        canvas.text(20, 12, 4, &text, Colour(235, 128, 128));
    }
}

/// The valid picture that is sent by a fault instead of a frame's own.
pub(crate) fn lie(fault: Fault, thumbnail: bool) -> Result<Vec<u8>> {
    let canvas = match fault {
        Fault::Frozen => {
            let mut canvas = scene::background(7);
            scene::trucks(&mut canvas, 7);
            noisy(&mut canvas, 80);
            canvas
        }
        Fault::Dark | Fault::Blank => {
            let mut canvas = Canvas::new(WIDTH, HEIGHT);
            let light = if fault == Fault::Dark { 14 } else { 214 };
            canvas.luma().fill(light);
            noisy(&mut canvas, 100);
            canvas
        }
        _ => placeholder(),
    };
    if thumbnail {
        canvas.shrunk(THUMBNAIL.0, THUMBNAIL.1).encode(78)
    } else {
        canvas.encode(QUALITY)
    }
}

/// Light in per cent, and the grain of the sensor.
fn noisy(canvas: &mut Canvas, light: i16) {
    for (pixel, grain) in canvas.luma().iter_mut().zip(grain()) {
        *pixel = develop(*pixel, light, grain);
    }
}

/// The card that says nothing.
fn placeholder() -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let bars = [
        (180, 128, 128),
        (162, 44, 142),
        (131, 156, 44),
        (112, 72, 58),
    ];
    for (place, (y, u, v)) in (0..).zip(bars.into_iter().cycle().take(8)) {
        canvas.fill(
            Area {
                x: place * 150,
                y: 0,
                width: 150,
                height: 676,
            },
            Colour(y / 2, u, v),
        );
    }
    canvas.fill(
        Area {
            x: 250,
            y: 250,
            width: 700,
            height: 170,
        },
        Colour(20, 128, 128),
    );
    canvas.text(330, 290, 15, "NO SIGNAL", Colour(235, 128, 128));
    canvas
}

#[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
fn percent(share: f64) -> i16 {
    (share * 100.0).round() as i16
}

fn develop(pixel: u8, light: i16, grain: i8) -> u8 {
    let lit = i16::from(pixel) * light / 100 + i16::from(grain);
    u8::try_from(lit.clamp(0, 255)).unwrap_or(0)
}

/// Noise with about the shape of a bell.
fn grain() -> Vec<i8> {
    let bell = |word: u64| -> i8 {
        let sum: i16 = word
            .to_le_bytes()
            .iter()
            .map(|&byte| i16::from(byte % 8))
            .sum();
        i8::try_from(sum - 28).unwrap_or(0)
    };
    (0..GRAIN as u64)
        .map(|place| bell(mix(&[place, 17])))
        .collect()
}
