//! A camera of the yard, by day and night.

use super::Dice;
use super::canvas::{Canvas, Grain, HEIGHT, Paint, WIDTH};
use super::plain;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Light {
    Day,
    Dusk,
    Night,
    QuietNight,
    Fog,
    Rain,
    /// Even areas: lamps over a dark ground, snow, asphalt without grain.
    Lamps,
    Snow,
    Flat,
    /// A night without noise in which one thing moves.
    Still,
}

impl Light {
    pub const ALL: [Self; 10] = [
        Self::Day,
        Self::Dusk,
        Self::Night,
        Self::QuietNight,
        Self::Fog,
        Self::Rain,
        Self::Lamps,
        Self::Snow,
        Self::Flat,
        Self::Still,
    ];

    fn is_night(self) -> bool {
        matches!(
            self,
            Self::Night | Self::QuietNight | Self::Lamps | Self::Still
        )
    }

    fn is_plain(self) -> bool {
        matches!(self, Self::Lamps | Self::Snow | Self::Flat)
    }
}

/// What one camera sees for some hours.
pub struct Camera {
    light: Light,
    background: Canvas,
    horizon: i32,
    air: Paint,
    thickness: f32,
    pub deviation: f32,
    drift: f32,
}

const PAINTS: [Paint; 6] = [
    [150.0, 60.0, 45.0],
    [40.0, 80.0, 150.0],
    [180.0, 180.0, 175.0],
    [60.0, 120.0, 70.0],
    [200.0, 140.0, 50.0],
    [90.0, 90.0, 95.0],
];

impl Camera {
    pub fn new(light: Light, dice: &mut Dice) -> Self {
        let horizon = dice.whole(150, 320);
        let mut camera = Self {
            light,
            background: match light {
                Light::Lamps => plain::lamps(horizon, dice),
                Light::Snow => plain::snow(horizon, dice),
                Light::Flat => plain::flat(horizon, dice),
                _ => ground(horizon, dice),
            },
            horizon,
            air: [dice.within(120.0, 205.0); 3],
            thickness: if light == Light::Fog {
                dice.within(0.6, 0.94)
            } else {
                dice.within(0.0, 0.2)
            },
            deviation: match light {
                Light::Day | Light::Fog => dice.within(0.5, 2.5),
                Light::Dusk | Light::Rain => dice.within(0.7, 3.5),
                Light::Night | Light::QuietNight => dice.within(0.6, 6.0),
                Light::Lamps | Light::Snow => dice.within(1.5, 3.0),
                Light::Flat => dice.within(0.2, 3.0),
                Light::Still => 0.0,
            },
            drift: match light {
                Light::QuietNight => dice.within(0.0, 0.004),
                Light::Still => 0.0,
                _ => dice.within(0.002, 0.05),
            },
        };
        if light.is_plain() {
            // Their edges stay as hard as a card's: that the lens softens them must not be what tells them apart.
            return camera;
        }
        camera.shade(dice);
        camera.background.soften();
        camera
    }

    /// Sunlight, dusk or lamps, and the air between.
    fn shade(&mut self, dice: &mut Dice) {
        let lamps: Vec<(f32, f32, f32)> = (0..dice.whole(2, 8))
            .map(|_| {
                let x = dice.within(0.0, WIDTH as f32);
                let y = dice.within(20.0, self.horizon as f32);
                (x, y, dice.within(0.25, 1.0))
            })
            .collect();
        let ambient = match self.light {
            Light::Day | Light::Fog => 1.0,
            Light::Rain => dice.within(0.5, 0.8),
            Light::Dusk => dice.within(0.2, 0.5),
            Light::Night | Light::QuietNight | Light::Still => dice.within(0.01, 0.08),
            Light::Lamps | Light::Snow | Light::Flat => 1.0,
        };
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let mut level = ambient;
                let mut glow = 0.0;
                if self.light.is_night() || self.light == Light::Dusk {
                    for &(lamp_x, lamp_y, power) in &lamps {
                        let (dx, dy) = (x as f32 - lamp_x, (y as f32 - lamp_y) * 0.7 - 40.0);
                        level += power * 9000.0 / (14_000.0 + dx * dx + dy * dy);
                        let near = dx * dx + (y as f32 - lamp_y).powi(2);
                        glow += power * 12_000.0 / (30.0 + near);
                    }
                }
                let depth = (self.horizon as f32 / (y as f32 + 1.0)).min(1.0);
                let air = self.thickness * depth;
                let pixel = &mut self.background.0[y * WIDTH + x];
                for (value, air_level) in pixel.iter_mut().zip(self.air) {
                    let lit = f32::from(*value) / 16.0 * level + glow.min(250.0);
                    let hazy = lit * (1.0 - air) + air_level * ambient * air;
                    *value = (hazy.min(300.0) * 16.0) as i16;
                }
            }
        }
    }

    fn in_air(&self, paint: Paint, y: i32, shade: f32) -> Paint {
        let air = self.thickness * (self.horizon as f32 / (y as f32 + 1.0)).min(1.0);
        [0, 1, 2].map(|c| paint[c] * shade * (1.0 - air) + self.air[c] * air)
    }

    /// The next exposure, before JPEG.
    pub fn shoot(&self, grain: &Grain, dice: &mut Dice) -> Vec<u8> {
        let mut canvas = self.background.clone();
        let trucks = match self.light {
            Light::QuietNight => i32::from(dice.chance(0.15)),
            Light::Lamps => dice.whole(0, 2),
            Light::Still => 0,
            Light::Night => dice.whole(0, 3),
            _ => dice.whole(0, 6),
        };
        for _ in 0..trucks {
            self.truck(&mut canvas, dice);
        }
        match self.light {
            Light::Rain => rain(&mut canvas, dice),
            Light::Still => plain::passer_by(&mut canvas, self.horizon, dice),
            _ => {}
        }
        clock(&mut canvas, dice);
        let gain = 1.0 + dice.within(-self.drift, self.drift);
        canvas.exposed(gain, self.deviation, grain, dice)
    }

    fn truck(&self, canvas: &mut Canvas, dice: &mut Dice) {
        let y = dice.whole(self.horizon, HEIGHT as i32 - 90);
        let size = 10 + (y - self.horizon) / 3;
        let x = dice.whole(-80, WIDTH as i32);
        let shade = if self.light.is_night() { 0.3 } else { 0.9 };
        let body = self.in_air(PAINTS[dice.whole(0, 6) as usize], y, shade);
        let dark = self.in_air([25.0; 3], y, 1.0);
        canvas.fill(x, y, size * 3, size, body);
        canvas.fill(
            x + size * 3 + 4,
            y + size / 4,
            size,
            size,
            self.in_air([190.0; 3], y, shade),
        );
        canvas.fill(x, y + size, size * 4, size / 6, dark);
        for wheel in 0..4 {
            canvas.fill(x + wheel * size, y + size, size / 3, size / 3, dark);
        }
        if self.light.is_night() {
            canvas.fill(x + size * 4, y + size, 6, 5, [255.0, 250.0, 220.0]);
        }
    }
}

/// Sky, stacks, cranes, road and lanes in full light.
fn ground(horizon: i32, dice: &mut Dice) -> Canvas {
    let mut canvas = Canvas::new([120.0; 3]);
    for y in 0..horizon {
        let fade = y as f32 / horizon as f32;
        canvas.fill(
            0,
            y,
            WIDTH as i32,
            1,
            [140.0 + 60.0 * fade, 165.0 + 40.0 * fade, 215.0],
        );
    }
    let road = dice.within(70.0, 130.0);
    let patches: Vec<f32> = (0..4096).map(|_| dice.within(-9.0, 9.0)).collect();
    for y in horizon..HEIGHT as i32 {
        for x in 0..WIDTH as i32 {
            let patch = patches[(((y / 14) * 61 + x / 23) & 4095) as usize];
            let grit = dice.within(-5.0, 5.0);
            let level = road + patch + grit;
            canvas.fill(x, y, 1, 1, [level, level, level * 0.97]);
        }
    }
    for stack in 0..dice.whole(4, 26) {
        let tall = dice.whole(12, 90);
        canvas.fill(
            stack * 47,
            horizon - tall,
            45,
            tall,
            PAINTS[dice.whole(0, 6) as usize],
        );
    }
    for _ in 0..dice.whole(1, 5) {
        let (x, top) = (dice.whole(0, 1150), dice.whole(10, horizon / 2));
        canvas.fill(x, top, 9, horizon - top, [95.0, 100.0, 120.0]);
        canvas.fill(x - 60, top + 20, 180, 8, [95.0, 100.0, 120.0]);
    }
    let lanes = dice.whole(3, 7);
    for lane in 0..=lanes {
        for y in horizon..HEIGHT as i32 {
            let reach = 200 + (y - horizon) * 5;
            let x = 600 + (lane * 2 - lanes) * reach / lanes / 2;
            if lane % lanes == 0 || y / 22 % 2 == 0 {
                canvas.fill(x, y, 3 + (y - horizon) / 60, 1, [210.0, 208.0, 190.0]);
            }
        }
    }
    canvas
}

fn rain(canvas: &mut Canvas, dice: &mut Dice) {
    for _ in 0..1500 {
        let (x, y) = (dice.whole(0, WIDTH as i32), dice.whole(0, HEIGHT as i32));
        let length = dice.whole(6, 30);
        for step in 0..length {
            let (x, y) = (x + step / 5, y + step);
            if x < WIDTH as i32 && y < HEIGHT as i32 {
                let pixel = &mut canvas.0[y as usize * WIDTH + x as usize];
                *pixel = pixel.map(|value| value + (2600 - value) / 6);
            }
        }
    }
}

/// A burnt-in clock: other strokes in every picture.
pub fn clock(canvas: &mut Canvas, dice: &mut Dice) {
    for digit in 0..19 {
        for _ in 0..3 {
            let (x, y) = (20 + digit * 22 + dice.whole(0, 10), 14 + dice.whole(0, 24));
            canvas.fill(x, y, 8, 4, [245.0; 3]);
        }
    }
}
