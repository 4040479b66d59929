//! How many files are read again in a round, so that all of them are within a month. Must not read any.

use std::time::Duration;

/// All files are to be read within this time; three days less than a month, so that a missed round does no harm.
const WITHIN: Duration = Duration::from_secs(27 * 86_400);

/// How many of `total` files to read now, when rounds are `interval` apart. Those that were not read for the longest time
/// come first.
#[must_use]
pub fn round(total: u64, interval: Duration) -> u64 {
    let rounds = WITHIN.as_secs().checked_div(interval.as_secs());
    total.div_ceil(rounds.unwrap_or(u64::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_day_takes_its_share() {
        let day = Duration::from_secs(86_400);
        assert_eq!(round(0, day), 0);
        assert_eq!(round(1, day), 1);
        assert_eq!(round(2700, day), 100);
        assert_eq!(round(10, 100 * day), 10);
        assert_eq!(round(10, Duration::ZERO), 1);
    }

    proptest! {
        #[test]
        fn thirty_days_read_everything(total in 0u64..20_000_000, hours in 1u64..=720) {
            let interval = Duration::from_secs(hours * 3600);
            let rounds = 30 * 24 / hours;
            prop_assert!(round(total, interval) * rounds >= total);
        }
    }
}
