//! Which cameras' past days found no time of late. Must not know what time there is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use draywatch_core::CameraId;

/// After so many ticks in a row without time for a past day that is wanted, the next one takes it: a portal that is always slow, or
/// a machine that is always busy, must not keep an outage from being made good. Current frames are late by one day's reading then.
const PATIENCE: u32 = 2;

/// How many ticks in a row had no time for past days, by camera.
#[derive(Debug, Default)]
pub struct Unserved(Mutex<BTreeMap<CameraId, u32>>);

impl Unserved {
    /// Whether a past day of this camera is to be read, time or not.
    pub fn is_due(&self, camera: &CameraId) -> bool {
        self.lock()
            .get(camera)
            .is_some_and(|ticks| *ticks >= PATIENCE)
    }

    /// A tick ended, with or without a past day.
    pub fn note(&self, camera: &CameraId, was_served: bool) {
        let mut ticks = self.lock();
        if was_served {
            ticks.remove(camera);
        } else {
            *ticks.entry(camera.clone()).or_default() += 1;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<CameraId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_third_tick_serves_a_camera_that_never_has_time() {
        let (unserved, camera) = (Unserved::default(), CameraId::new("in_gate").unwrap());
        let other = CameraId::new("out_gate").unwrap();
        let served: Vec<bool> = (0..7)
            .map(|_| {
                let is_due = unserved.is_due(&camera);
                unserved.note(&camera, is_due);
                is_due
            })
            .collect();
        assert_eq!(served, [false, false, true, false, false, true, false]);
        assert!(!unserved.is_due(&other));
    }
}
