//! Whether and when a failed request is tried again: (kind, attempt) -> wait, later, or give up. Must not sleep.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::Kind;

/// The longest `Retry-After` that is waited for inside a collection; what asks for more goes to the ledger.
pub const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A wish to be left alone for longer than this tells of a clock that was set back, or is nobody's right.
const LONGEST_WISH: TimeDelta = TimeDelta::days(2);

/// How requests are repeated within one collection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all at one request (`max_retries`).
    pub attempts: u32,
    /// Wait before the second attempt.
    pub first_wait: Duration,
    /// Factor from one wait to the next; 1 for equal waits.
    pub multiplier: f64,
    /// The longest wait of our own choosing.
    pub longest: Duration,
}

/// When the service tries a failed collection, or a frame that it owes, again (`retry_delay_seconds` and its kin).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delays {
    /// Wait after the first failure.
    pub first: TimeDelta,
    /// Factor from one wait to the next; 1 for equal waits.
    pub multiplier: f64,
    /// The longest wait.
    pub most: TimeDelta,
    /// Attempts in all before the next regular tick takes over.
    pub attempts: u32,
}

impl Delays {
    /// The wait after that many failures in a row (from 1).
    #[must_use]
    pub fn after(&self, failures: u32) -> TimeDelta {
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.first.as_seconds_f64() * self.multiplier.powi(exponent);
        let wait = Duration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|wait| TimeDelta::from_std(wait).ok());
        wait.map_or(self.longest(), |wait| wait.min(self.longest()))
    }

    /// Whether a frame that was tried that often in vain, the last time at `last`, may be tried again at `now`; the portal's own
    /// wish (`not_before`) comes first.
    #[must_use]
    pub fn may_try(
        &self,
        now: DateTime<Utc>,
        attempts: u32,
        last: Option<DateTime<Utc>>,
        not_before: Option<DateTime<Utc>>,
    ) -> bool {
        if not_before.is_some_and(|at| now < at && at - now <= LONGEST_WISH) {
            return false;
        }
        // Tried in the future: the clock was set back since.
        let last = last.filter(|last| *last <= now);
        // A tick comes a little sooner or later; a frame is not to wait for the one after for that.
        attempts == 0 || last.is_none_or(|last| now - last >= self.after(attempts) * 9 / 10)
    }

    /// When a frame that was tried that often in vain, the last time at `last`, is to be tried again.
    #[must_use]
    pub fn again_at(
        &self,
        attempts: u32,
        last: DateTime<Utc>,
        not_before: Option<DateTime<Utc>>,
    ) -> DateTime<Utc> {
        let own = last + self.after(attempts);
        not_before.map_or(own, |at| at.max(own))
    }

    /// The longest wait; a first wait that is longer counts as it stands.
    #[must_use]
    pub fn longest(&self) -> TimeDelta {
        self.most.max(self.first)
    }
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Wait so long, then try again.
    Wait(Duration),
    /// Not now: the other side asks for a pause longer than a collection waits.
    Later(Duration),
    /// No further attempt in this collection.
    GiveUp,
}

/// Whether a failure of this kind may pass within seconds.
#[must_use]
pub fn is_worth_retrying(kind: Kind) -> bool {
    matches!(kind, Kind::Transient | Kind::RateLimited | Kind::Corrupt)
}

impl RetryPolicy {
    /// What to do after attempt number `attempt` (from 1) failed. `jitter` in `0.0..1.0` spreads waits over the upper half
    /// of their length, so that many clients do not come back at once.
    #[must_use]
    pub fn next(
        &self,
        kind: Kind,
        attempt: u32,
        retry_after: Option<Duration>,
        jitter: f64,
    ) -> Next {
        if let Some(wait) = retry_after.filter(|wait| *wait > LONGEST_WAIT) {
            return Next::Later(wait);
        }
        if !is_worth_retrying(kind) || attempt >= self.attempts {
            return Next::GiveUp;
        }
        let own = self
            .backoff(attempt)
            .mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
        Next::Wait(retry_after.map_or(own, |wait| wait.max(own)))
    }

    /// The full wait after attempt `attempt`, without jitter.
    fn backoff(&self, attempt: u32) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.first_wait.as_secs_f64() * self.multiplier.powi(exponent);
        Duration::try_from_secs_f64(seconds).map_or(self.longest, |wait| wait.min(self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 3,
        first_wait: Duration::from_secs(1),
        multiplier: 2.0,
        longest: Duration::from_secs(8),
    };

    #[test]
    fn waits_double_and_end() {
        assert_eq!(
            POLICY.next(Kind::Transient, 1, None, 1.0),
            Next::Wait(Duration::from_secs(1))
        );
        assert_eq!(
            POLICY.next(Kind::Transient, 2, None, 0.0),
            Next::Wait(Duration::from_secs(1))
        );
        assert_eq!(POLICY.next(Kind::Transient, 3, None, 0.5), Next::GiveUp);
    }

    #[test]
    fn what_will_not_pass_is_not_repeated() {
        for kind in [
            Kind::NotFound,
            Kind::Forbidden,
            Kind::DiskFull,
            Kind::Bug,
            Kind::Configuration,
        ] {
            assert_eq!(POLICY.next(kind, 1, None, 0.5), Next::GiveUp);
        }
    }

    #[test]
    fn the_other_sides_wish_is_obeyed() {
        let wish = |s| Some(Duration::from_secs(s));
        assert_eq!(
            POLICY.next(Kind::RateLimited, 1, wish(7), 0.5),
            Next::Wait(Duration::from_secs(7))
        );
        assert_eq!(
            POLICY.next(Kind::RateLimited, 1, wish(61), 0.5),
            Next::Later(Duration::from_secs(61))
        );
        assert_eq!(
            POLICY.next(Kind::RateLimited, 3, wish(61), 0.5),
            Next::Later(Duration::from_secs(61))
        );
    }

    #[test]
    fn a_frame_in_the_ledger_waits_its_turn() {
        let delays = Delays {
            first: TimeDelta::seconds(60),
            multiplier: 2.0,
            most: TimeDelta::seconds(600),
            attempts: 3,
        };
        let at = |s| DateTime::from_timestamp(1_757_203_200 + s, 0).unwrap();
        let may = |now, tried, last, wish: Option<i64>| {
            delays.may_try(at(now), tried, Some(at(last)), wish.map(at))
        };
        assert!(may(0, 0, 0, None) && !may(53, 1, 0, None) && may(54, 1, 0, None));
        assert!(!may(107, 2, 0, None) && may(595, 99, 0, None));
        assert_eq!(delays.again_at(2, at(5), None), at(125));
        assert_eq!(delays.again_at(2, at(5), Some(at(900))), at(900));
        assert!(!may(700, 1, 0, Some(701)) && may(701, 1, 0, Some(701)));
        assert!(may(-50, 9, 0, None), "tried in the future");
        assert!(may(700, 1, 0, Some(900_000)), "a wish of ten days");
    }

    proptest! {
        #[test]
        fn never_longer_than_allowed_nor_more_often(attempt in 1u32..100_000, jitter in 0.0f64..1.0, attempts in 1u32..20) {
            let policy = RetryPolicy { attempts, ..POLICY };
            match policy.next(Kind::Transient, attempt, None, jitter) {
                Next::Wait(wait) => prop_assert!(attempt < attempts && wait <= policy.longest),
                Next::GiveUp => prop_assert!(attempt >= attempts),
                Next::Later(_) => prop_assert!(false, "nobody asked for a pause"),
            }
        }
    }
}
