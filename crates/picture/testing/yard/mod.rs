//! The yard: pictures of a gate by which the thresholds of verdicts are SET (`examples/verdict_tuning.rs`). The test of the
//! verdicts must never use it: it has a generator of its own that shares no code with this one.

pub mod canvas;
pub mod cards;
pub mod plain;
pub mod scene;

pub use canvas::{Canvas, Style, encode};
pub use scene::{Camera, Light};

/// A small pseudo-random generator (splitmix64).
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `low` to below `high`.
    pub fn within(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.bits() >> 40) as f32 / (1_u32 << 24) as f32
    }

    /// From `low` to `high - 1`.
    pub fn whole(&mut self, low: i32, high: i32) -> i32 {
        low + (self.bits() % (high - low).max(1) as u64) as i32
    }

    pub fn chance(&mut self, share: f32) -> bool {
        self.within(0.0, 1.0) < share
    }
}
