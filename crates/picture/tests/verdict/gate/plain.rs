//! Hours in which most of a picture is even, so that it looks drawn, and what moves in a night without noise.

use super::Chance;
use super::film::{COLUMNS, Light, Print, ROWS};

/// Where a pixel is, both from 0 to 1.
fn place(at: usize) -> (f32, f32) {
    let (x, y) = (at % COLUMNS, at / COLUMNS);
    (x as f32 / COLUMNS as f32, y as f32 / ROWS as f32)
}

/// Points of light, large and small, whose light falls off by the fourth power of the distance.
fn add_lamps(light: &mut Light, lamps: &[[f32; 4]]) {
    for (at, value) in light.bright.iter_mut().enumerate() {
        let (x, y) = ((at % COLUMNS) as f32, (at / COLUMNS) as f32);
        for &[lamp_x, lamp_y, radius, power] in lamps {
            let away = ((x - lamp_x).powi(2) + (y - lamp_y).powi(2)) / (radius * radius);
            if away < 400.0 {
                *value += power / (1.0 + away).powi(2);
            }
        }
    }
}

/// Lamps over a ground that is black or nearly so, even or with faint tracks.
pub fn lamps(light: &mut Light, skyline: f32, chance: &mut Chance) {
    let ground = (chance.between(0.5, 21.0) / 255.0).powf(2.2);
    let sky = ground * chance.between(0.3, 1.0);
    let tracks = [0.0, chance.between(0.0, 0.5)][chance.below(2)];
    let slant = chance.between(-30.0, 30.0);
    for (at, value) in light.bright.iter_mut().enumerate() {
        let (x, y) = place(at);
        let track = 1.0 + tracks * (x * 43.0 + y * slant).sin() * (y * 61.0 + x * 9.0).cos();
        *value = if y < skyline { sky } else { ground * track };
    }
    let count = 3 + chance.below(24);
    let lamps: Vec<[f32; 4]> = (0..count)
        .map(|_| {
            let (x, y) = (chance.between(0.0, 1200.0), chance.between(70.0, 430.0));
            [x, y, chance.between(3.0, 14.0), chance.between(0.6, 5.0)]
        })
        .collect();
    add_lamps(light, &lamps);
}

/// Snow with drifts under a sky without a cloud's edge, and what stands in it.
pub fn snow(light: &mut Light, skyline: f32, chance: &mut Chance) {
    let (sky, ground) = (chance.between(0.96, 1.3), chance.between(0.78, 0.94));
    let drifts = chance.between(0.012, 0.06);
    let phase = chance.between(0.0, 50.0);
    for (at, value) in light.bright.iter_mut().enumerate() {
        let (x, y) = place(at);
        let drift = (x * 17.0 + phase).sin() * (y * 23.0 + x * 5.0).cos()
            + 0.6 * (x * 71.0 - y * 37.0 + phase).sin();
        *value = if y < skyline {
            sky
        } else {
            ground * (1.0 + drifts * drift)
        };
    }
    for _ in 0..4 + chance.below(9) {
        let paint = chance.between(0.004, 0.2);
        let (left, top) = (
            chance.between(-0.05, 0.95),
            chance.between(skyline - 0.05, 0.85),
        );
        let (width, height) = (chance.between(0.05, 0.2), chance.between(0.05, 0.16));
        paint_box(light, [left, top, width, height], |_| paint);
    }
}

/// Even asphalt, a sky that grows lighter towards the ground, ribbed boxes and a few lines.
pub fn flat(light: &mut Light, skyline: f32, chance: &mut Chance) {
    let (ground, sky) = (chance.between(0.08, 0.25), chance.between(0.3, 0.5));
    let growth = chance.between(0.3, 0.9);
    let lines: Vec<(f32, f32)> = (0..3 + chance.below(5))
        .map(|_| (chance.between(-0.6, 1.6), chance.between(0.006, 0.014)))
        .collect();
    for (at, value) in light.bright.iter_mut().enumerate() {
        let (x, y) = place(at);
        let depth = (y - skyline) / (1.0 - skyline);
        let is_line = |&(foot, wide): &(f32, f32)| {
            (x - 0.5 - (foot - 0.5) * (0.2 + depth)).abs() < wide * (0.2 + depth)
        };
        *value = match y < skyline {
            true => sky + growth * y,
            false if depth > 0.02 && lines.iter().any(is_line) => 0.55,
            false => ground,
        };
    }
    for _ in 0..8 + chance.below(20) {
        let (paint, ribs) = (chance.between(0.02, 0.6), chance.between(120.0, 260.0));
        let (width, height) = (chance.between(0.03, 0.13), chance.between(0.03, 0.13));
        let left = chance.between(-0.05, 0.98);
        paint_box(light, [left, skyline - height, width, height], |x| {
            paint * (1.0 - 0.3 * (x * ribs).sin().max(0.0))
        });
    }
}

/// Paints a box by how far right in the picture a pixel is.
fn paint_box(light: &mut Light, [left, top, width, height]: [f32; 4], paint: impl Fn(f32) -> f32) {
    let span = |from: f32, by: f32, all: usize| {
        let edge = |at: f32| (at * all as f32).clamp(0.0, all as f32) as usize;
        edge(from)..edge(from + by)
    };
    for row in span(top, height, ROWS) {
        for column in span(left, width, COLUMNS) {
            light.bright[row * COLUMNS + column] = paint(column as f32 / COLUMNS as f32);
        }
    }
}

/// What moves through a still night: a car of at least 60 by 30 pixels, or a light that somebody carries.
pub fn passer_by(light: &mut Light, skyline: f32, chance: &mut Chance) {
    let (x, y) = (chance.between(0.02, 0.8), chance.between(skyline, 0.75));
    if chance.one_in(2) {
        let (width, height) = (chance.between(0.05, 0.14), chance.between(0.045, 0.1));
        let paint = chance.between(0.012, 0.07);
        paint_box(light, [x, y, width, height], |_| paint);
        paint_box(light, [x, y, width * 0.3, height * 0.4], |_| paint * 2.0);
    } else {
        let (radius, power) = (chance.between(9.0, 18.0), chance.between(0.1, 1.2));
        add_lamps(light, &[[x * 1200.0, y * 675.0, radius, power]]);
    }
}

/// A clock that some cameras burn in amid the picture, its digits up to 80 pixels high.
pub struct Watch {
    left: usize,
    top: usize,
    height: usize,
    date: u32,
}

impl Watch {
    pub fn new(chance: &mut Chance) -> Self {
        Self {
            left: 10 + chance.below(500),
            top: 80 + chance.below(430),
            height: 24 + chance.below(57),
            date: chance.word(),
        }
    }

    /// Eight digits of seven strokes each, white on dark or black on light; the last four by the bits of `time`.
    pub fn show(&self, print: &mut Print, time: u32) {
        let level = if print.level(self.left, self.top) < 140 {
            250
        } else {
            5
        };
        let (wide, thick) = (self.height / 2, (self.height / 9).max(3));
        for digit in 0..8 {
            let left = self.left + digit * (wide + thick * 2);
            let bits = if digit < 4 { self.date } else { time };
            let strokes = [
                (0, 0, wide, thick),
                (0, self.height / 2, wide, thick),
                (0, self.height - thick, wide, thick),
                (0, 0, thick, self.height / 2),
                (wide - thick, 0, thick, self.height / 2),
                (0, self.height / 2, thick, self.height / 2),
                (wide - thick, self.height / 2, thick, self.height / 2),
            ];
            for (bit, (x, y, width, height)) in strokes.into_iter().enumerate() {
                if bits.rotate_right(digit as u32 * 5) >> bit & 1 == 1 {
                    print.fill((left + x, self.top + y), (width, height), level);
                }
            }
        }
    }
}
