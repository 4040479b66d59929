//! Owns what a gate camera sees: sky, cranes, road, lanes and trucks. It must not encode, and must not choose
//! anything except by the key it is given.

use super::canvas::{Area, Canvas, Colour};
use crate::mix::mix;

/// Where the road begins.
const HORIZON: i32 = 290;

/// Paints of containers.
const PAINTS: [Colour; 7] = [
    Colour(95, 150, 105),
    Colour(85, 115, 190),
    Colour(120, 100, 170),
    Colour(110, 105, 115),
    Colour(170, 120, 130),
    Colour(75, 160, 115),
    Colour(140, 90, 155),
];

/// What stays the same in all pictures of a camera.
pub(crate) fn background(key: u64) -> Canvas {
    let mut canvas = Canvas::new(super::WIDTH, super::HEIGHT);
    sky(&mut canvas);
    cranes(&mut canvas, key);
    road(&mut canvas, key);
    booths(&mut canvas, key);
    canvas
}

fn pick(key: u64, purpose: u64, below: i32) -> i32 {
    let below = u64::from(below.unsigned_abs().max(1));
    i32::try_from(mix(&[key, purpose]) % below).unwrap_or(0)
}

fn sky(canvas: &mut Canvas) {
    for y in (0..HORIZON).step_by(2) {
        let bright = u8::try_from(150 + y * 70 / HORIZON).unwrap_or(220);
        let blue = u8::try_from(146 - y * 16 / HORIZON).unwrap_or(130);
        canvas.fill(Area::new(0, y, 1200, 2), Colour(bright, blue, 120));
    }
}

fn cranes(canvas: &mut Canvas, key: u64) {
    let steel = Colour(92, 132, 122);
    for number in 0..4_i32 {
        let draw = number.unsigned_abs().into();
        let x = number * 300 + pick(key, draw, 160);
        let top = 70 + pick(key, 10 + u64::from(number.unsigned_abs()), 60);
        for leg in [0, 56] {
            canvas.fill(Area::new(x + leg, top, 8, HORIZON - top), steel);
        }
        canvas.fill(Area::new(x - 70, top + 24, 210, 8), steel);
        canvas.fill(Area::new(x, top + 90, 60, 6), steel);
    }
    for stack in 0..24_i32 {
        let draw = 40 + u64::from(stack.unsigned_abs());
        let height = 18 * (1 + pick(key, draw, 4));
        let paint = PAINTS[usize::try_from(pick(key, draw + 40, 7)).unwrap_or(0)];
        let area = Area::new(stack * 50, HORIZON - height, 46, height);
        canvas.fill(area, paint);
    }
}

fn road(canvas: &mut Canvas, key: u64) {
    for y in (HORIZON..676).step_by(2) {
        let bright = u8::try_from(88 + (y - HORIZON) * 40 / 386).unwrap_or(128);
        canvas.fill(Area::new(0, y, 1200, 2), Colour(bright, 128, 129));
    }
    let lanes = 3 + pick(key, 90, 2);
    for y in (HORIZON + 4..676).step_by(4) {
        let depth = y - HORIZON;
        for lane in 0..=lanes {
            let far = 600 + (lane * 2 - lanes) * 60 / lanes;
            let near = (lane * 2 - lanes) * 1100 / lanes;
            let x = far + near * depth / 386;
            let dashed = lane != 0 && lane != lanes && (depth / 24) % 2 == 0;
            if !dashed {
                canvas.fill(Area::new(x, y, 4 + depth / 40, 4), Colour(205, 118, 134));
            }
        }
    }
}

fn booths(canvas: &mut Canvas, key: u64) {
    let y = HORIZON - 66 + pick(key, 91, 12);
    canvas.fill(Area::new(0, y, 1200, 26), Colour(188, 126, 128));
    canvas.fill(Area::new(0, y + 26, 1200, 4), Colour(70, 128, 128));
    for number in 0..5_i32 {
        let x = 100 + number * 240;
        canvas.fill(Area::new(x, y + 30, 44, 62), Colour(160, 122, 132));
        canvas.fill(Area::new(x + 8, y + 38, 28, 22), Colour(60, 134, 124));
        let open = pick(key, 95 + u64::from(number.unsigned_abs()), 2) == 0;
        let lamp = if open {
            Colour(150, 90, 70)
        } else {
            Colour(110, 100, 220)
        };
        canvas.fill(Area::new(x + 12, y + 6, 20, 14), lamp);
    }
}

/// The trucks of one picture.
pub(crate) fn trucks(canvas: &mut Canvas, key: u64) {
    let count = pick(key, 0, 5);
    for number in 0..count {
        let key = mix(&[key, 7, u64::from(number.unsigned_abs())]);
        let near = number * 2 + pick(key, 1, 3);
        let scale = 40 + near * 9;
        let x = pick(key, 2, 1100) - 60;
        let y = HORIZON + 20 + near * 26;
        truck(canvas, key, (x, y), scale);
    }
}

fn truck(canvas: &mut Canvas, key: u64, (x, y): (i32, i32), scale: i32) {
    let unit = |hundredths: i32| hundredths * scale / 100;
    let paint = PAINTS[usize::try_from(pick(key, 3, 7)).unwrap_or(0)];
    let loaded = pick(key, 4, 4) != 0;
    let (tyre, frame) = (Colour(28, 128, 128), Colour(52, 128, 128));
    let long = unit(400);
    if loaded {
        canvas.fill(Area::new(x, y, long, unit(120)), paint);
        let rib = Colour(paint.0.saturating_sub(22), paint.1, paint.2);
        for offset in (0..long).step_by(usize::try_from(unit(16).max(4)).unwrap_or(4)) {
            canvas.fill(Area::new(x + offset, y, 2, unit(120)), rib);
        }
        let code = format!("DRYU {:06}", mix(&[key, 5]) % 1_000_000);
        canvas.text(
            x + unit(40),
            y + unit(30),
            unit(8).max(2),
            &code,
            Colour(225, 126, 130),
        );
    }
    canvas.fill(Area::new(x, y + unit(120), long, unit(14)), frame);
    let cab = Colour(200, 122, 140);
    canvas.fill(
        Area::new(x + long + unit(10), y + unit(20), unit(90), unit(114)),
        cab,
    );
    let window = Area::new(x + long + unit(50), y + unit(32), unit(46), unit(40));
    canvas.fill(window, Colour(50, 136, 122));
    for place in [30, 70, 300, 340, 470] {
        canvas.disc(x + unit(place), y + unit(140), unit(17), tyre);
    }
}
