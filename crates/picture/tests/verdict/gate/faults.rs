//! What comes when there is no picture of the gate: cards, black and white.

use super::Chance;
use super::film::{COLUMNS, Light, Normal, Print, ROWS, Sensor};

/// A page that is drawn, not seen: levels, and colours for four pixels each.
struct Page {
    levels: Vec<u8>,
    tint: Vec<[i8; 2]>,
}

impl Page {
    fn new(level: u8, tint: [i8; 2]) -> Self {
        Self {
            levels: vec![level; COLUMNS * ROWS],
            tint: vec![tint; COLUMNS / 2 * (ROWS + 1) / 2],
        }
    }

    fn shape(&mut self, level: u8, tint: [i8; 2], inside: impl Fn(i32, i32) -> bool) {
        for (at, value) in self.levels.iter_mut().enumerate() {
            let (x, y) = (at % COLUMNS, at / COLUMNS);
            if inside(x as i32, y as i32) {
                *value = level;
                self.tint[y / 2 * (COLUMNS / 2) + x / 2] = tint;
            }
        }
    }

    /// A word in seven-segment letters.
    fn word(&mut self, level: u8, left: i32, top: i32, size: i32, letters: &[u8]) {
        let thick = (size / 5).max(2);
        for (place, letter) in (0..).zip(letters) {
            let (x0, y0) = (left + place * (size + thick * 2), top);
            let bars = [
                (0, 0, size, thick),
                (0, 0, thick, size),
                (size - thick, 0, thick, size),
                (0, size - thick, size, thick),
                (0, size, thick, size),
                (size - thick, size, thick, size),
                (0, 2 * size - thick, size, thick),
            ];
            for (bit, (dx, dy, width, height)) in bars.into_iter().enumerate() {
                if letter >> bit & 1 == 1 {
                    for y in (y0 + dy).max(0)..(y0 + dy + height).min(ROWS as i32) {
                        for x in (x0 + dx).max(0)..(x0 + dx + width).min(COLUMNS as i32) {
                            self.levels[y as usize * COLUMNS + x as usize] = level;
                        }
                    }
                }
            }
        }
    }
}

/// Grounds of cards: level and colour. None of them is one of the yard's.
const GROUNDS: [(u8, [i8; 2]); 8] = [
    (16, [0, 0]),
    (41, [100, -18]),
    (90, [40, -30]),
    (150, [0, 0]),
    (75, [-20, 80]),
    (215, [0, 0]),
    (30, [4, -2]),
    (110, [-30, -30]),
];

/// A "no signal" card of one of seven designs, with other words, places and colours each time.
pub fn card(chance: &mut Chance) -> Print {
    let (level, tint) = GROUNDS[chance.below(GROUNDS.len())];
    let mut page = Page::new(level, tint);
    let ink = if level > 120 { 18 } else { 240 };
    design(&mut page, level, tint, chance);
    let size = 14 + chance.below(36) as i32;
    let letters: Vec<u8> = (0..4 + chance.below(9))
        .map(|_| chance.word() as u8 | 2)
        .collect();
    let wide = (size + size / 5 * 2) * letters.len() as i32;
    let top = 120 + chance.below(380) as i32;
    page.word(ink, (COLUMNS as i32 - wide) / 2, top, size, &letters);
    Print::drawn(page.levels, &page.tint)
}

fn design(page: &mut Page, level: u8, tint: [i8; 2], chance: &mut Chance) {
    let (x, y) = (
        300 + chance.below(600) as i32,
        200 + chance.below(250) as i32,
    );
    let radius = 50 + chance.below(120) as i32;
    let other = level.wrapping_add(90);
    match chance.below(7) {
        0 => page.shape(other, [0, 0], |px, py| {
            (px - x).pow(2) + (py - y).pow(2) < radius * radius
        }),
        1 => {
            let count = 6 + chance.below(4) as i32;
            for bar in 0..count {
                let level = 230 - (bar * 210 / count) as u8;
                let tint = [(bar * 37 % 120 - 60) as i8, (bar * 53 % 120 - 60) as i8];
                page.shape(level, tint, |px, _| px * count / COLUMNS as i32 == bar);
            }
        }
        2 => page.shape(other, tint, |px, py| (px / 120 + py / 135) % 2 == 0),
        3 => {
            for row in 0..ROWS as i32 {
                let value = level.saturating_add((row / 16) as u8);
                page.levels[row as usize * COLUMNS..][..COLUMNS].fill(value);
            }
        }
        4 => page.shape(other, [0, 0], |px, py| {
            let (dx, dy) = ((px - x).abs(), (py - y).abs());
            dx.max(dy) < radius && dx.max(dy) > radius - 9 || (dx - dy).abs() < 6 && dx < radius
        }),
        5 => page.shape(other, tint, |_, py| {
            !(ROWS as i32 / 5..ROWS as i32 * 4 / 5).contains(&py)
        }),
        _ => {}
    }
}

/// One colour all over, neither black nor white.
pub fn uniform(chance: &mut Chance) -> Print {
    let (level, tint) = match chance.below(3) {
        0 => (70 + chance.below(100) as u8, [0, 0]),
        1 => (35 + chance.below(40) as u8, [90, -20]),
        _ => (80 + chance.below(90) as u8, [-40, -40]),
    };
    let page = Page::new(level, tint);
    Print::drawn(page.levels, &page.tint)
}

/// Light that varies slowly over the picture.
fn veil(level: f32, uneven: f32, chance: &mut Chance) -> Light {
    let mut light = Light::even(level);
    let (cx, cy) = (chance.between(0.2, 0.8), chance.between(0.2, 0.8));
    for (at, value) in light.bright.iter_mut().enumerate() {
        let dx = (at % COLUMNS) as f32 / COLUMNS as f32 - cx;
        let dy = (at / COLUMNS) as f32 / ROWS as f32 - cy;
        *value *= 1.0 - uneven * (dx * dx + dy * dy);
    }
    light
}

/// A night in which nothing is to be seen: hardly any light, much noise, a corner that glows.
pub fn dark(noise: &Normal, chance: &mut Chance) -> Print {
    let level = chance.between(0.0, 0.006);
    let light = veil(level, chance.between(0.0, 1.0), chance);
    let sensor = Sensor::new(
        chance.between(300.0, 4000.0),
        chance.between(0.0002, 0.003),
        [0.0, 0.5][chance.below(2)],
        chance.between(1.9, 2.3),
    );
    let mut print = Print::expose(&light, 1.0, &sensor, noise, chance);
    captioned(&mut print, chance);
    print
}

/// Light that floods the sensor, or a bright cover over the lens.
pub fn blank(noise: &Normal, chance: &mut Chance) -> Print {
    let light = veil(chance.between(0.7, 1.6), chance.between(0.0, 0.3), chance);
    let sensor = Sensor::new(
        chance.between(2000.0, 20_000.0),
        chance.between(0.0005, 0.002),
        [0.0, 0.5][chance.below(2)],
        chance.between(1.9, 2.4),
    );
    let mut print = Print::expose(&light, 1.0, &sensor, noise, chance);
    captioned(&mut print, chance);
    print
}

fn captioned(print: &mut Print, chance: &mut Chance) {
    if chance.one_in(2) {
        let number = u64::from(chance.word()) << 29 | u64::from(chance.word());
        print.caption(number, chance.one_in(2));
    }
}

/// What a receiver shows that has no signal: grains of a few pixels, two-valued or of any level, brighter and darker by bands that
/// roll, at times with a word over it.
pub fn hiss(noise: &Normal, chance: &mut Chance) -> Print {
    let (wide, high) = (1 + chance.below(5), 1 + chance.below(3));
    let (mean, contrast) = (chance.between(70.0, 170.0), chance.between(35.0, 110.0));
    let is_two_valued = chance.one_in(2);
    let (band, phase) = (chance.between(0.0, 25.0), chance.between(0.0, 6.0));
    let mut page = Page::new(0, [0, 0]);
    for y in (0..ROWS).step_by(high) {
        let level = mean + band * (phase + y as f32 / 90.0).sin();
        let grains = noise.row(chance);
        for x in 0..COLUMNS {
            let grain = grains[x / wide];
            let grain = if is_two_valued { grain.signum() } else { grain };
            let value = (level + contrast * grain).clamp(0.0, 255.0) as u8;
            for y in y..(y + high).min(ROWS) {
                page.levels[y * COLUMNS + x] = value;
            }
        }
    }
    if chance.one_in(3) {
        page.word(250, 400, 250, 40, &[0x5b, 0x77, 0x3e, 0x5d]);
    }
    Print::drawn(page.levels, &page.tint)
}
