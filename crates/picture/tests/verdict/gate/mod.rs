//! The gate: the pictures by which verdicts are TESTED. It shares no code, no palette and no model of noise with the yard
//! (`testing/yard`), on which the thresholds were set: light is linear and adds up, the ground is a plane seen in
//! perspective, noise is shot and read noise before the tone curve, some cameras smooth it away, and pictures are encoded
//! from planes of brightness and colour.

pub mod faults;
pub mod film;
pub mod plain;
pub mod world;

/// Pseudo-random numbers by multiplication and xor-shift (PCG's output function).
#[derive(Clone)]
pub struct Chance {
    state: u64,
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        let mut chance = Self {
            state: seed.wrapping_mul(0x5851_F42D_4C95_7F2D) ^ 0x1405_7B7E_F767_814F,
        };
        chance.word();
        chance.word();
        chance
    }

    pub fn word(&mut self) -> u32 {
        let old = self.state;
        self.state = old
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = (((old >> 18) ^ old) >> 27) as u32;
        mixed.rotate_right((old >> 59) as u32)
    }

    /// From 0 to below 1.
    pub fn unit(&mut self) -> f32 {
        (self.word() >> 8) as f32 / 16_777_216.0
    }

    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.word() as usize % count.max(1)
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}
