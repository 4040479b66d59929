//! What the yard's recorders send instead of a picture, and what its cameras see when there is nothing to be seen.

use super::Dice;
use super::canvas::{Canvas, HEIGHT, Paint, WIDTH};
use super::scene::clock;

fn any_paint(dice: &mut Dice) -> Paint {
    let paints = [
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 200.0],
        [60.0, 60.0, 60.0],
        [128.0, 128.0, 128.0],
        [20.0, 40.0, 90.0],
        [230.0, 230.0, 230.0],
        [0.0, 90.0, 120.0],
    ];
    paints[dice.whole(0, 7) as usize]
}

/// A card with bars, a box, a logo or a slope, and a line of text.
pub fn card(dice: &mut Dice) -> Canvas {
    let paint = any_paint(dice);
    let mut canvas = Canvas::new(paint);
    match dice.whole(0, 5) {
        0 => bars(&mut canvas, dice),
        1 => slope(&mut canvas, paint),
        2 => {
            let (x, y) = (dice.whole(200, 600), dice.whole(100, 300));
            let other = any_paint(dice);
            canvas.fill(x, y, dice.whole(200, 500), dice.whole(100, 250), other);
        }
        3 => {
            let size = dice.whole(60, 160);
            for ring in 0..size {
                canvas.fill(600 - ring, 150 + ring, 2 * ring, 1, [200.0, 60.0, 40.0]);
            }
        }
        _ => {}
    }
    let bright = paint.iter().sum::<f32>() > 330.0;
    let ink = if bright { [20.0; 3] } else { [235.0; 3] };
    text(&mut canvas, ink, dice);
    if dice.chance(0.3) {
        clock(&mut canvas, dice);
    }
    canvas
}

fn bars(canvas: &mut Canvas, dice: &mut Dice) {
    let stairs = dice.chance(0.5);
    let count = dice.whole(5, 12);
    let width = WIDTH as i32 / count + 1;
    for bar in 0..count {
        if stairs {
            let level = 20.0 + 200.0 / count as f32 * bar as f32;
            canvas.fill(bar * width, 0, width, HEIGHT as i32, [level; 3]);
            continue;
        }
        let bit = |shift: i32| if bar >> shift & 1 == 0 { 190.0 } else { 10.0 };
        canvas.fill(
            bar * width,
            0,
            width,
            HEIGHT as i32,
            [bit(0), bit(1), bit(2)],
        );
    }
}

fn slope(canvas: &mut Canvas, paint: Paint) {
    for y in 0..HEIGHT as i32 {
        let more = y as f32 / 12.0;
        canvas.fill(0, y, WIDTH as i32, 1, paint.map(|level| level + more));
    }
}

/// Letters of strokes, in one or two lines.
fn text(canvas: &mut Canvas, ink: Paint, dice: &mut Dice) {
    for line in 0..dice.whole(1, 3) {
        let size = dice.whole(24, 100);
        let stroke = (size / 6).max(3);
        let letters = dice.whole(5, 14);
        let (x, y) = (600 - letters * size * 2 / 5, 260 + line * 130);
        for letter in 0..letters {
            let left = x + letter * size * 4 / 5;
            for _ in 0..3 {
                if dice.chance(0.5) {
                    let y = y + dice.whole(0, 3) * size / 2;
                    canvas.fill(left, y, size / 2, stroke, ink);
                } else {
                    let left = left + dice.whole(0, 2) * size / 2;
                    canvas.fill(left, y, stroke, size, ink);
                }
            }
        }
    }
}

/// One colour, neither nearly black nor nearly white.
pub fn uniform(dice: &mut Dice) -> Canvas {
    let grey = dice.within(65.0, 180.0);
    let paint = if dice.chance(0.5) {
        [grey; 3]
    } else {
        [0.0, dice.within(0.0, 90.0), dice.within(130.0, 255.0)]
    };
    Canvas::new(paint)
}

/// A smooth field around a level, with a slope and a falling off at the edges; answers the deviation of its noise, too.
fn field(level: f32, uneven: f32, dice: &mut Dice) -> Canvas {
    let mut canvas = Canvas::new([level; 3]);
    let (slope, edge) = (dice.within(-uneven, uneven), dice.within(0.0, uneven));
    let tint = [1.0, dice.within(0.96, 1.0), dice.within(0.9, 1.0)];
    for (at, pixel) in canvas.0.iter_mut().enumerate() {
        let x = (at % WIDTH) as f32 / WIDTH as f32 - 0.5;
        let y = (at / WIDTH) as f32 / HEIGHT as f32 - 0.5;
        let level = level + slope * y - edge * (x * x + y * y) * 2.0;
        *pixel = tint.map(|tint| (level * tint * 16.0) as i16);
    }
    canvas
}

/// Night without a lamp.
pub fn dark(dice: &mut Dice) -> (Canvas, f32) {
    let level = dice.within(0.0, 32.0);
    let mut canvas = field(level, level / 3.0, dice);
    if dice.chance(0.5) {
        clock(&mut canvas, dice);
    }
    (canvas, dice.within(0.3, 6.0))
}

/// Light, and nothing in it.
pub fn blank(dice: &mut Dice) -> (Canvas, f32) {
    let mut canvas = field(dice.within(195.0, 275.0), 30.0, dice);
    if dice.chance(0.5) {
        clock(&mut canvas, dice);
    }
    (canvas, dice.within(0.3, 3.0))
}

/// A recorder's input without a signal: every dot of any level, some recorders in dots of two by two.
pub fn static_noise(dice: &mut Dice) -> (Canvas, f32) {
    let (low, high) = (dice.within(0.0, 70.0), dice.within(130.0, 255.0));
    let dot = dice.whole(1, 3) as usize;
    let mut canvas = Canvas::new([0.0; 3]);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            canvas.0[y * WIDTH + x] = if x % dot + y % dot > 0 {
                canvas.0[(y - y % dot) * WIDTH + x - x % dot]
            } else {
                [dice.within(low, high) as i16 * 16; 3]
            };
        }
    }
    if dice.chance(0.5) {
        clock(&mut canvas, dice);
    }
    (canvas, 0.0)
}
