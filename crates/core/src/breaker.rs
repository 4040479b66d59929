//! The breaker: when the portal as a whole fails, it is asked by one careful probe at a time. (recent listings) -> open or
//! not, and until when. Must not read a clock or a database.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::camera::CameraId;
use crate::error::Kind;
use crate::retry::Delays;

/// How a listing ended, for the breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Of which camera.
    pub camera: CameraId,
    /// When it ended.
    pub ended: DateTime<Utc>,
    /// What kept the portal's answer away; `None` if it answered.
    pub failure: Option<Kind>,
}

/// What the breaker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// Ask as usual.
    Closed,
    /// The portal as a whole fails: one probe, not before then.
    Open {
        /// The first failure in the row.
        since: DateTime<Utc>,
        /// When the next probe may be.
        probe_at: DateTime<Utc>,
        /// How many failures in a row.
        failures: u32,
    },
}

impl Breaker {
    /// Until when nobody but the probe may ask; `None` if one may. `longest` is the longest delay there is: a probe that lies
    /// farther ahead tells of a clock that was set back, and may be at once.
    #[must_use]
    pub fn holds_until(self, now: DateTime<Utc>, longest: TimeDelta) -> Option<DateTime<Utc>> {
        match self {
            Self::Open { probe_at, .. } if probe_at - now <= longest => Some(probe_at),
            _ => None,
        }
    }
}

/// Whether a failure of that kind says something of the portal as a whole, rather than of a camera or of ourselves.
#[must_use]
pub fn is_the_portals(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Transient | Kind::RateLimited | Kind::Forbidden | Kind::PortalChanged
    )
}

/// Looks at the latest listings, newest first. It opens after `threshold` failures in a row that touch every one of
/// `cameras`; what failed for reasons of our own says nothing of the portal and is passed over.
#[must_use]
pub fn breaker(
    latest: &[Attempt],
    cameras: &[CameraId],
    threshold: u32,
    delays: &Delays,
) -> Breaker {
    let told = latest
        .iter()
        .filter(|attempt| attempt.failure.is_none_or(is_the_portals));
    let failures: Vec<&Attempt> = told
        .take_while(|attempt| attempt.failure.is_some())
        .collect();
    let touched: BTreeSet<&CameraId> = failures.iter().map(|attempt| &attempt.camera).collect();
    let number = u32::try_from(failures.len()).unwrap_or(u32::MAX);
    let is_whole = cameras.iter().all(|camera| touched.contains(camera));
    match (failures.first(), failures.last()) {
        (Some(last), Some(first)) if number >= threshold.max(1) && is_whole => Breaker::Open {
            since: first.ended,
            probe_at: last.ended + delays.after(number - threshold.max(1) + 1),
            failures: number,
        },
        _ => Breaker::Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(name: &str) -> CameraId {
        CameraId::new(name).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_757_203_200 + seconds, 0).unwrap()
    }

    fn attempt(name: &str, ended: i64, failure: Option<Kind>) -> Attempt {
        Attempt {
            camera: camera(name),
            ended: at(ended),
            failure,
        }
    }

    fn look(latest: &[Attempt]) -> Breaker {
        let delays = Delays {
            first: TimeDelta::seconds(60),
            multiplier: 2.0,
            most: TimeDelta::seconds(600),
            attempts: 3,
        };
        breaker(latest, &[camera("in_gate"), camera("out_gate")], 3, &delays)
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_hold_the_probe_up() {
        let (open, longest) = (
            Breaker::Open {
                since: at(0),
                probe_at: at(600),
                failures: 9,
            },
            TimeDelta::seconds(600),
        );
        assert_eq!(open.holds_until(at(0), longest), Some(at(600)));
        assert_eq!(open.holds_until(at(599), longest), Some(at(600)));
        // Seven hours back: however the clock goes on, it is not held.
        for now in [-25_200, -20_000, -1] {
            assert_eq!(open.holds_until(at(now), longest), None);
        }
        assert_eq!(Breaker::Closed.holds_until(at(0), longest), None);
    }

    #[test]
    fn it_opens_when_all_cameras_fail_and_waits_longer_each_time() {
        let down = Some(Kind::Transient);
        let mut latest = vec![
            attempt("in_gate", 20, down),
            attempt("out_gate", 10, down),
            attempt("in_gate", 0, down),
            attempt("out_gate", -10, None),
        ];
        let open = |since, probe, failures| Breaker::Open {
            since: at(since),
            probe_at: at(probe),
            failures,
        };
        assert_eq!(look(&latest), open(0, 80, 3));
        latest.insert(0, attempt("in_gate", 80, down));
        assert_eq!(look(&latest), open(0, 200, 4));
        latest.insert(0, attempt("out_gate", 200, None));
        assert_eq!(look(&latest), Breaker::Closed);
    }

    #[test]
    fn one_camera_alone_does_not_open_it() {
        let down = Some(Kind::Transient);
        let one: Vec<_> = (0..9).map(|n| attempt("in_gate", -n, down)).collect();
        assert_eq!(look(&one), Breaker::Closed);
    }

    #[test]
    fn a_missing_browser_or_a_full_disk_is_not_the_portals_fault() {
        let latest: Vec<_> = (0..9)
            .map(|n| {
                let name = if n % 2 == 0 { "in_gate" } else { "out_gate" };
                attempt(name, -n, Some(Kind::Browser))
            })
            .collect();
        assert_eq!(look(&latest), Breaker::Closed);
    }
}
