//! How often somebody may try to log in: by address, and all together, so that many addresses do not help. Must not read a clock.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Attempts of one address in a stretch of time.
const EACH: u32 = 5;
/// Attempts of all addresses in it.
const ALL: u32 = 30;
/// That stretch.
const STRETCH: TimeDelta = TimeDelta::seconds(Attempts::SECONDS as i64);

/// Attempts of the stretch that goes on.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    since: Option<DateTime<Utc>>,
    all: u32,
    by_address: HashMap<Option<IpAddr>, u32>,
}

impl Attempts {
    /// After so many seconds whoever had too many may try again.
    pub const SECONDS: u16 = 60;

    /// Counts an attempt; whether it may be made.
    pub fn allow(&self, address: Option<IpAddr>, now: DateTime<Utc>) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: DateTime<Utc>| now >= since + STRETCH || now < since;
        if counted.since.is_none_or(is_over) {
            *counted = Counted {
                since: Some(now),
                ..Counted::default()
            };
        }
        if counted.all >= ALL {
            return false;
        }
        // No more addresses than attempts are held.
        let own = counted.by_address.entry(address.map(network)).or_default();
        if *own >= EACH {
            return false;
        }
        *own += 1;
        counted.all += 1;
        true
    }
}

/// Who has one address of version 6 has all of its network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_few_attempts_a_minute_and_all_have_some_more() {
        let now = DateTime::from_timestamp(1_763_800_000, 0).unwrap();
        let attempts = Attempts::default();
        let of = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let allowed = (0..10)
            .filter(|_| attempts.allow(of("10.0.0.1"), now))
            .count();
        assert_eq!(allowed, 5);
        let six = (0..10)
            .filter(|nth| attempts.allow(of(&format!("fd00::{nth}")), now))
            .count();
        assert_eq!(six, 5, "one network");
        let others = (0..200)
            .filter(|nth| attempts.allow(of(&format!("10.0.1.{nth}")), now))
            .count();
        assert_eq!(others, 20);
        assert!(attempts.allow(of("10.0.0.1"), now + TimeDelta::minutes(1)));
    }
}
