//! What confirmed listings of the portal's days say about slots without a frame: not offered, or older than the portal
//! keeps. Must not read a clock.

use chrono::{DateTime, TimeDelta, Utc};

/// An empty day that ended no longer ago than this when it was listed is never taken for too old: portals keep a day.
pub const TOO_SOON: TimeDelta = TimeDelta::hours(24);

/// A frame may appear so long after its instant: a listing says nothing of what is younger.
pub const APPEARS_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// What the listings of one day of the portal showed, as far as it matters here. They were beyond doubt, but for `withheld`. A day
/// is over, here, when its last frame must have appeared ([`APPEARS_WITHIN`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayListings {
    /// Start of the day.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// When it was last listed while it was not over.
    pub during: Option<DateTime<Utc>>,
    /// Whether it was listed when it was over, and had frames.
    pub offered: bool,
    /// When it was first listed when it was over, and had none.
    pub empty: Option<DateTime<Utc>>,
    /// When the portal's calendar first did not let it be picked any more.
    pub withheld: Option<DateTime<Utc>>,
}

impl DayListings {
    /// A day that nobody has listed.
    #[must_use]
    pub fn none((from, to): (DateTime<Utc>, DateTime<Utc>)) -> Self {
        Self {
            from,
            to,
            during: None,
            offered: false,
            empty: None,
            withheld: None,
        }
    }

    /// With one more listing, read at `at`, of so many frames.
    #[must_use]
    pub fn with(mut self, at: DateTime<Utc>, listed: u64) -> Self {
        if at < self.to + APPEARS_WITHIN {
            self.during = self.during.max(Some(at));
        } else if listed > 0 {
            self.offered = true;
        } else {
            self.empty = Some(self.empty.map_or(at, |first| first.min(at)));
        }
        self
    }
}

/// A stretch of time that the portal was seen to answer for, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// Its start.
    pub from: DateTime<Utc>,
    /// Its end; for a day that was still going on, the instant of the reading.
    pub to: DateTime<Utc>,
    /// Whether the day was older than what the portal keeps at every such reading.
    pub is_too_old: bool,
}

/// The stretches that listings answer for. Those that say "not offered" come first, joined where they touch; then the
/// same with those that say "too old".
///
/// `reach` is the greatest age (time of the listing minus end of the day; below zero for a day that was going on) at
/// which the portal was ever seen to offer frames of that camera. An empty day says "too old" when it was older than that,
/// and than [`TOO_SOON`]. Of a camera that never offered anything, an empty day says no more than that it was offline.
#[must_use]
pub fn observed(days: &[DayListings], reach: Option<TimeDelta>) -> Vec<Observed> {
    let keeps = reach.map(|reach| reach.max(TOO_SOON));
    // A calendar that does not offer a day tells of its age at best, never of the camera.
    let is_withheld = |day: &DayListings| {
        let age = day.withheld.map(|at| at - day.to);
        age.zip(keeps).is_some_and(|(age, keeps)| age > keeps)
    };
    let is_offline = |day: &DayListings| {
        let age = day.empty.map(|at| at - day.to);
        day.offered || age.is_some_and(|age| keeps.is_none_or(|keeps| age <= keeps))
    };
    let mut not_offered = Vec::new();
    let mut any = Vec::new();
    for day in days {
        if is_offline(day) {
            not_offered.push((day.from, day.to));
        } else if let Some(during) = day.during {
            not_offered.push((day.from, day.to.min(during - APPEARS_WITHIN)));
        }
        if day.empty.is_some() || day.offered || is_withheld(day) {
            any.push((day.from, day.to));
        }
    }
    any.extend(&not_offered);
    let mut observed = joined(not_offered, false);
    observed.extend(joined(any, true));
    observed
}

fn joined(mut stretches: Vec<(DateTime<Utc>, DateTime<Utc>)>, is_too_old: bool) -> Vec<Observed> {
    stretches.sort_unstable();
    let mut joined: Vec<Observed> = Vec::new();
    for (from, to) in stretches {
        match joined.last_mut() {
            Some(last) if from <= last.to => last.to = last.to.max(to),
            _ => joined.push(Observed {
                from,
                to,
                is_too_old,
            }),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, SLOT, slots};
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_757_203_200 + hours * 3600, 0).unwrap()
    }

    /// The day from hour 0 to 24, listed empty so many hours after its end.
    fn empty(after: i64) -> DayListings {
        DayListings::none((at(0), at(24))).with(at(24 + after), 0)
    }

    fn says(day: DayListings, reach: Option<i64>, hour: i64) -> Answer {
        let seen = observed(&[day], reach.map(TimeDelta::hours));
        slots(at(hour), at(hour) + SLOT, &[], &seen)[0].1.clone()
    }

    #[test]
    fn an_empty_day_within_reach_was_offline_and_beyond_it_is_too_old() {
        assert_eq!(says(empty(100), Some(100), 5), Answer::NotOffered);
        assert_eq!(says(empty(101), Some(100), 5), Answer::TooOld);
        assert_eq!(says(empty(101), Some(100), 24), Answer::NotObserved);
    }

    #[test]
    fn a_day_is_kept_whatever_was_seen() {
        // Only a day that was going on was ever seen with frames.
        assert_eq!(says(empty(24), Some(-3), 5), Answer::NotOffered);
        assert_eq!(says(empty(25), Some(-3), 5), Answer::TooOld);
    }

    #[test]
    fn a_camera_that_never_offered_anything_is_offline() {
        assert_eq!(says(empty(10_000), None, 5), Answer::NotOffered);
    }

    #[test]
    fn a_day_with_frames_is_no_day_that_is_too_old() {
        let day = DayListings {
            offered: true,
            ..empty(10_000)
        };
        assert_eq!(says(day, Some(0), 5), Answer::NotOffered);
    }

    #[test]
    fn what_was_seen_while_the_day_went_on_stays() {
        let day = DayListings {
            during: Some(at(6)),
            ..empty(10_000)
        };
        assert_eq!(says(day, Some(0), 5), Answer::NotOffered);
        assert_eq!(says(day, Some(0), 6), Answer::TooOld);
        let youngest = at(6) - SLOT;
        let seen = observed(&[DayListings { empty: None, ..day }], None);
        let answers = slots(youngest - SLOT, at(6), &[], &seen);
        // A frame of the last ten minutes may still appear.
        assert_eq!(answers[0].1, Answer::NotOffered);
        assert_eq!(answers[1].1, Answer::NotObserved);
        let going_on = DayListings { empty: None, ..day };
        assert_eq!(says(going_on, Some(0), 6), Answer::NotObserved);
    }

    #[test]
    fn a_day_that_the_calendar_withholds_is_too_old_or_says_nothing() {
        let withheld = |after: i64| DayListings {
            withheld: Some(at(24 + after)),
            ..DayListings::none((at(0), at(24)))
        };
        assert_eq!(says(withheld(101), Some(100), 5), Answer::TooOld);
        assert_eq!(says(withheld(99), Some(100), 5), Answer::NotObserved);
        assert_eq!(says(withheld(999), None, 5), Answer::NotObserved);
    }

    #[test]
    fn a_slot_across_the_end_of_a_day_is_answered_by_both() {
        // The portal's days may end in the middle of a slot.
        let middle = at(24) + TimeDelta::minutes(5);
        let first = DayListings {
            to: middle,
            ..empty(5)
        };
        let second = DayListings {
            from: middle,
            to: at(48),
            ..empty(30)
        };
        let seen = observed(&[first, second], None);
        assert_eq!(
            slots(at(24), at(24) + SLOT, &[], &seen)[0].1,
            Answer::NotOffered
        );
        let old = DayListings {
            empty: Some(at(1000)),
            ..second
        };
        let seen = observed(&[first, old], Some(TimeDelta::zero()));
        assert_eq!(
            slots(at(24), at(24) + SLOT, &[], &seen)[0].1,
            Answer::TooOld
        );
    }
}
