//! The clock: the only place of the program that reads the wall clock. Must not sleep or schedule.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// A source of the present instant, cheap to clone; either the machine's clock or one that a test turns by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `start` until [`Clock::advance`] moves it; clones share the hand.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(start))))
    }

    /// The present instant, UTC.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one wall-clock read of the program"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => Utc::now(),
            Source::Manual(hand) => *hand.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a manual clock by `by` (which may be negative, as real clocks step); the machine's clock is left alone.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Manual(hand) = &self.0 {
            *hand.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_for_all_its_clones() {
        let start = DateTime::from_timestamp(1_757_240_254, 0).unwrap();
        let clock = Clock::manual(start);
        let other = clock.clone();
        clock.advance(TimeDelta::minutes(10));
        assert_eq!(other.now(), start + TimeDelta::minutes(10));
    }

    #[test]
    fn the_system_clock_is_of_this_century_and_cannot_be_moved() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(TimeDelta::days(1000));
        assert!(clock.now() - before < TimeDelta::days(1));
        assert!(before.timestamp() > 1_700_000_000);
    }
}
