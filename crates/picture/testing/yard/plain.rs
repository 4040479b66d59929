//! Scenes with large even areas, which are taken for drawn cards most easily, and what alone moves in a night without noise.

use super::Dice;
use super::canvas::{Canvas, HEIGHT, Paint, WIDTH};

/// Adds light that falls off like a bell around a point, white where there is too much of it.
fn glow(canvas: &mut Canvas, x: f32, y: f32, radius: f32, light: Paint) {
    let reach = radius * 4.0;
    let span = |at: f32, most: usize| {
        let edge = |at: f32| at.clamp(0.0, most as f32) as usize;
        edge(at - reach)..edge(at + reach)
    };
    for row in span(y, HEIGHT) {
        for column in span(x, WIDTH) {
            let away = (column as f32 - x).powi(2) + (row as f32 - y).powi(2);
            let share = (-away / (2.0 * radius * radius)).exp();
            let pixel = &mut canvas.0[row * WIDTH + column];
            for (value, light) in pixel.iter_mut().zip(light) {
                *value = (*value + (light * share * 16.0) as i16).min(16 * 300);
            }
        }
    }
}

/// Slow waves and patches of so many levels.
fn uneven(canvas: &mut Canvas, from: usize, amount: f32, dice: &mut Dice) {
    let patches: Vec<f32> = (0..4096).map(|_| dice.within(-1.0, 1.0)).collect();
    let phase = dice.within(0.0, 6.0);
    for row in from..HEIGHT {
        for column in 0..WIDTH {
            let wave = (column as f32 / 90.0 + phase).sin() * (row as f32 / 41.0).cos();
            let patch = patches[((row / 9) * 67 + column / 13) & 4095];
            let more = ((wave + patch * 0.7) * amount * 16.0) as i16;
            let pixel = &mut canvas.0[row * WIDTH + column];
            *pixel = pixel.map(|value| value + more);
        }
    }
}

/// Small bright lamps on posts over a dark and even ground.
pub fn lamps(horizon: i32, dice: &mut Dice) -> Canvas {
    let ground = dice.within(-2.0, 21.0);
    let mut canvas = Canvas::new([ground; 3]);
    if dice.chance(0.5) {
        let amount = dice.within(0.2, 2.5);
        uneven(&mut canvas, horizon as usize, amount, dice);
    }
    for _ in 0..dice.whole(3, 31) {
        let (x, y) = (dice.within(20.0, 1180.0), dice.within(90.0, 440.0));
        let radius = dice.within(3.0, 22.0);
        glow(&mut canvas, x, y, radius, [400.0, 380.0, 300.0]);
        if dice.chance(0.5) {
            glow(&mut canvas, x, y, radius * 6.0, [14.0, 11.0, 7.0]);
        }
    }
    canvas
}

/// A white sky over snow, and dark containers in it.
pub fn snow(horizon: i32, dice: &mut Dice) -> Canvas {
    let mut canvas = Canvas::new([dice.within(250.0, 257.0); 3]);
    let ground = dice.within(228.0, 262.0);
    canvas.fill(0, horizon, 1200, 675, [ground; 3]);
    let amount = dice.within(1.0, 5.0);
    uneven(&mut canvas, horizon as usize, amount, dice);
    for _ in 0..dice.whole(4, 14) {
        let paint = [0; 3].map(|_| dice.within(20.0, 120.0));
        let (x, y) = (dice.whole(-60, 1150), dice.whole(horizon - 40, 560));
        canvas.fill(x, y, dice.whole(80, 260), dice.whole(40, 110), paint);
    }
    canvas
}

/// A clear sky over asphalt that shows no grain, ribbed containers, and lanes.
pub fn flat(horizon: i32, dice: &mut Dice) -> Canvas {
    let mut canvas = Canvas::new([dice.within(70.0, 120.0); 3]);
    let sky = dice.within(120.0, 170.0);
    for row in 0..horizon {
        let level = sky + row as f32 / dice.within(7.9, 8.1);
        canvas.fill(0, row, 1200, 1, [level, level + 15.0, level + 40.0]);
    }
    for _ in 0..dice.whole(4, 32) {
        let (x, width) = (dice.whole(-40, 1180), dice.whole(40, 140));
        let tall = dice.whole(20, 80);
        let paint = [0; 3].map(|_| dice.within(30.0, 200.0));
        canvas.fill(x, horizon - tall, width, tall, paint);
        for rib in (0..width).step_by(6) {
            let dark = paint.map(|level| level - 25.0);
            canvas.fill(x + rib, horizon - tall, 1, tall, dark);
        }
    }
    for lane in 0..dice.whole(0, 6) {
        for row in horizon + 10..HEIGHT as i32 {
            let x = 160 + lane * 240 - (row - horizon) * (lane + 2) / 12;
            let width = 12 + (row - horizon) / 25;
            canvas.fill(x, row, width, 1, [190.0, 180.0, 60.0]);
        }
    }
    canvas
}

/// A car without lights, or the lamp of somebody who walks by.
pub fn passer_by(canvas: &mut Canvas, horizon: i32, dice: &mut Dice) {
    let (x, y) = (dice.whole(20, 1000), dice.whole(horizon, 530));
    if dice.chance(0.5) {
        let (width, height) = (dice.whole(60, 180), dice.whole(30, 70));
        let paint = [0; 3].map(|_| dice.within(35.0, 90.0));
        canvas.fill(x, y, width, height, paint);
        canvas.fill(x + 10, y + 5, width / 3, height / 4, [95.0, 100.0, 110.0]);
    } else {
        let (radius, light) = (dice.within(8.0, 16.0), dice.within(60.0, 220.0));
        glow(canvas, x as f32, y as f32, radius, [light; 3]);
    }
}
