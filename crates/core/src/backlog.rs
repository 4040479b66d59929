//! Which of a camera's past days are to be asked for again, and in which order: what is known of the days -> days. Must not
//! read a clock or a database.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::error::Kind;

/// Nobody looks farther back than this, ten years, whatever is asked for: nothing may walk through the calendar for ever.
const FARTHEST: usize = 3660;

/// After this many empty days in a row, going back, the portal is taken to keep nothing older.
const EMPTY_DAYS: usize = 7;

/// The longest wait before a day that still owes frames is asked for again.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);

/// A day whose last frame lies long before its end is asked for once more so long after its end: the camera was offline, or the
/// machine's clock was ahead, and the day was not over.
const SECOND_THOUGHT: TimeDelta = TimeDelta::days(1);

/// The first and the longest wait before a day that the portal's calendar did not offer is asked for again: it is most likely
/// older than the portal keeps, but a page that misleads must not lose it for good.
const WITHHELD_WAITS: (TimeDelta, TimeDelta) = (TimeDelta::days(1), TimeDelta::days(8));

/// What is on record of one of the portal's days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayStanding {
    /// The day.
    pub date: NaiveDate,
    /// When it ended, UTC.
    pub end: DateTime<Utc>,
    /// The last listing that was beyond doubt.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// How many frames that one had.
    pub listed: u64,
    /// The newest of them.
    pub newest: Option<DateTime<Utc>>,
    /// The last listing, whatever became of it.
    pub asked_at: Option<DateTime<Utc>>,
    /// How often it was asked for since its last frame must have been in.
    pub in_vain: u32,
    /// What that last listing failed with, if it did.
    pub failure: Option<Kind>,
    /// Frames of it in the ledger that are still wanted.
    pub owed: u64,
}

impl DayStanding {
    /// A day that nobody has asked for.
    #[must_use]
    pub fn unknown(date: NaiveDate, end: DateTime<Utc>) -> Self {
        Self {
            date,
            end,
            confirmed_at: None,
            listed: 0,
            newest: None,
            asked_at: None,
            in_vain: 0,
            failure: None,
            owed: 0,
        }
    }

    /// Whether its last frame must have been in at the last listing beyond doubt: two intervals after its end, by a clock that
    /// the frames themselves bear out.
    #[must_use]
    pub fn is_settled(&self, interval: TimeDelta) -> bool {
        let from = if self.ends_early(interval) {
            self.end + SECOND_THOUGHT
        } else {
            self.end + interval * 2
        };
        self.confirmed_at.is_some_and(|at| at >= from)
    }

    /// Whether there is room for one more frame at its end.
    fn ends_early(&self, interval: TimeDelta) -> bool {
        self.newest
            .is_none_or(|newest| newest < self.end - interval * 9 / 10)
    }

    /// Whether nothing of it is left to ask for.
    #[must_use]
    pub fn is_final(&self, interval: TimeDelta) -> bool {
        self.is_settled(interval) && self.owed == 0
    }

    /// Whether the portal no longer keeps it: asked after its end, it did not let the day be picked.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.failure == Some(Kind::NotFound) && self.asked_at.is_some_and(|at| at >= self.end)
    }

    /// Whether it says that nothing older is kept: gone, or empty and older than any day (`reach`: its age when it was listed)
    /// that the portal was seen to offer frames of. A younger empty day says that the camera was offline.
    fn is_beyond(&self, now: DateTime<Utc>, interval: TimeDelta, reach: Option<TimeDelta>) -> bool {
        let is_old = reach.is_none_or(|reach| now - self.end > reach);
        self.is_gone() || (self.is_settled(interval) && self.listed == 0 && is_old)
    }

    /// From when on it may be asked for again.
    fn ask_from(&self, now: DateTime<Utc>, interval: TimeDelta) -> DateTime<Utc> {
        // Asked in the future: the clock was set back since, and nobody knows when it was.
        let Some(asked) = self.asked_at.filter(|asked| *asked <= now) else {
            return DateTime::<Utc>::MIN_UTC;
        };
        let doublings = self.in_vain.saturating_sub(1).min(16);
        if self.is_gone() {
            let (first, longest) = WITHHELD_WAITS;
            return asked + (first * (1 << doublings)).min(longest);
        }
        let is_confirmed = self
            .confirmed_at
            .is_some_and(|at| at >= self.end + interval * 2);
        let second = self.end + SECOND_THOUGHT;
        let awaits_second =
            self.ends_early(interval) && !self.is_settled(interval) && self.owed == 0;
        // Once that was tried in vain, it waits as any other day does: else it would stand before older days for ever.
        if is_confirmed && awaits_second && asked < second {
            return second;
        }
        // The day is over, but its last frames may not have been in.
        let was_early = asked < self.end + interval * 2;
        if was_early && self.in_vain == 0 {
            return (self.end + interval * 2).min(asked + interval);
        }
        // An interval that is as long needs no doubling, which would leave what a time can hold.
        let wait = interval.min(LONGEST_WAIT) * (1 << doublings);
        asked + wait.min(LONGEST_WAIT)
    }
}

/// The past days that are wanted at `now`, newest first. `days` are what is on record, in any order; days between `first` and
/// `last` that are not among them are unknown and wanted. `reach` is the greatest age (from its end) at which the portal was seen
/// to offer frames of a day, whichever camera's. `end_of` tells when a day ends.
#[must_use]
pub fn wanted(
    now: DateTime<Utc>,
    (first, last): (NaiveDate, NaiveDate),
    days: &[DayStanding],
    interval: TimeDelta,
    reach: Option<TimeDelta>,
    end_of: impl Fn(NaiveDate) -> DateTime<Utc>,
) -> Vec<NaiveDate> {
    let mut wanted = Vec::new();
    let mut empty = 0;
    let known: BTreeMap<NaiveDate, DayStanding> = days.iter().map(|day| (day.date, *day)).collect();
    for date in back_from(last, first) {
        let day = known
            .get(&date)
            .copied()
            .unwrap_or_else(|| DayStanding::unknown(date, end_of(date)));
        // Confirmed in the future: the clock was set back since.
        let day = DayStanding {
            confirmed_at: day.confirmed_at.filter(|at| *at <= now),
            ..day
        };
        if day.is_beyond(now, interval, reach) {
            empty += 1;
        } else if day.is_settled(interval) && day.listed > 0 {
            empty = 0;
        }
        if empty >= EMPTY_DAYS {
            break;
        }
        if !day.is_final(interval) && day.ask_from(now, interval) <= now {
            wanted.push(date);
        }
    }
    // Beyond that, only what is known to be owed.
    let older = days.iter().filter(|day| day.owed > 0 && day.date <= last);
    let older = older.filter(|day| day.ask_from(now, interval) <= now);
    let mut older: Vec<NaiveDate> = older.map(|day| day.date).collect();
    older.sort_unstable_by(|a, b| b.cmp(a));
    wanted.extend(older);
    let mut seen = BTreeSet::new();
    wanted.retain(|date| seen.insert(*date));
    wanted
}

/// Days from `last` back to `first`.
fn back_from(last: NaiveDate, first: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    std::iter::successors(Some(last), |date| date.checked_sub_days(Days::new(1)))
        .take_while(move |date| *date >= first)
        .take(FARTHEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: TimeDelta = TimeDelta::minutes(10);

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 9, day).unwrap()
    }

    fn end_of(date: NaiveDate) -> DateTime<Utc> {
        date.succ_opt()
            .unwrap()
            .and_hms_opt(7, 0, 0)
            .unwrap()
            .and_utc()
    }

    fn done(day: u32, listed: u64) -> DayStanding {
        let end = end_of(date(day));
        DayStanding {
            confirmed_at: Some(end + INTERVAL * 2),
            newest: (listed > 0).then_some(end - INTERVAL / 2),
            listed,
            asked_at: Some(end + INTERVAL * 2),
            ..DayStanding::unknown(date(day), end)
        }
    }

    fn ask(now: DateTime<Utc>, days: &[DayStanding]) -> Vec<u32> {
        ask_within(None, now, days)
    }

    fn ask_within(reach: Option<TimeDelta>, now: DateTime<Utc>, days: &[DayStanding]) -> Vec<u32> {
        use chrono::Datelike;
        let range = (date(1), date(20));
        let wanted = wanted(now, range, days, INTERVAL, reach, end_of);
        wanted.iter().map(Datelike::day).collect()
    }

    #[test]
    fn yesterday_is_asked_for_until_its_last_frame_is_in() {
        let end = end_of(date(20));
        let mut days: Vec<_> = (1..=19).map(|day| done(day, 140)).collect();
        let early = end - TimeDelta::minutes(3);
        days.push(DayStanding {
            confirmed_at: Some(early),
            newest: Some(early - INTERVAL),
            listed: 143,
            asked_at: Some(early),
            ..DayStanding::unknown(date(20), end)
        });
        assert_eq!(ask(end + TimeDelta::minutes(6), &days), Vec::<u32>::new());
        assert_eq!(ask(end + TimeDelta::minutes(7), &days), [20]);
        days[19].confirmed_at = Some(end + TimeDelta::minutes(7));
        days[19].asked_at = days[19].confirmed_at;
        assert_eq!(ask(end + TimeDelta::minutes(17), &days), [20]);
        days[19] = done(20, 144);
        assert_eq!(ask(end + TimeDelta::hours(9), &days), Vec::<u32>::new());
    }

    #[test]
    fn after_an_outage_the_newest_come_first() {
        let days: Vec<_> = (1..=15).map(|day| done(day, 140)).collect();
        assert_eq!(ask(end_of(date(21)), &days), [20, 19, 18, 17, 16]);
    }

    #[test]
    fn beyond_what_the_portal_keeps_nobody_asks_unless_frames_are_owed() {
        let mut days: Vec<_> = (15..=20).map(|day| done(day, 140)).collect();
        days.extend((8..=14).map(|day| DayStanding {
            confirmed_at: Some(end_of(date(20))),
            ..done(day, 0)
        }));
        assert_eq!(ask(end_of(date(21)), &days), Vec::<u32>::new());
        days.push(DayStanding {
            owed: 3,
            ..done(2, 5)
        });
        assert_eq!(ask(end_of(date(21)), &days), [2]);
    }

    #[test]
    fn days_that_the_portal_no_longer_keeps_end_the_search_like_empty_ones() {
        let gone = |day: u32, asked: TimeDelta| {
            let end = end_of(date(day));
            DayStanding {
                asked_at: Some(end + asked),
                in_vain: 1,
                failure: Some(Kind::NotFound),
                ..DayStanding::unknown(date(day), end)
            }
        };
        let now = end_of(date(20)) + INTERVAL * 2;
        let mut days: Vec<_> = (15..=20).map(|day| done(day, 140)).collect();
        days.extend((9..=14).map(|day| gone(day, TimeDelta::days(6))));
        // Six of them may be anything; the search goes on behind them, and they are asked for again after a day.
        assert_eq!(ask(now, &days), [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        days.push(gone(8, TimeDelta::days(12)));
        assert_eq!(ask(now, &days), [13, 12, 11, 10, 9]);
        for day in &mut days[6..] {
            day.asked_at = Some(now - INTERVAL);
        }
        assert_eq!(ask(now, &days), Vec::<u32>::new());
        // One that owes frames is asked for all the same, but no sooner.
        days[12].owed = 2;
        assert_eq!(ask(now, &days), Vec::<u32>::new());
        assert_eq!(ask(now - INTERVAL + WITHHELD_WAITS.0, &days)[5..], [9, 8]);
    }

    #[test]
    fn a_day_that_was_not_over_when_it_was_refused_is_not_gone() {
        let mut day = DayStanding::unknown(date(20), end_of(date(20)));
        (day.failure, day.asked_at) = (Some(Kind::NotFound), Some(day.end - INTERVAL));
        assert!(!day.is_gone());
        day.asked_at = Some(day.end);
        assert!(day.is_gone());
        day.failure = Some(Kind::Transient);
        assert!(!day.is_gone());
    }

    #[test]
    fn a_day_that_owes_frames_is_asked_for_less_and_less_often() {
        let mut days: Vec<_> = (1..=20).map(|day| done(day, 140)).collect();
        days[19].owed = 1;
        let asked = days[19].asked_at.unwrap();
        for (in_vain, minutes) in [(1, 10), (2, 20), (3, 40), (9, 360)] {
            days[19].in_vain = in_vain;
            assert_eq!(
                ask(asked + TimeDelta::minutes(minutes - 1), &days),
                Vec::<u32>::new()
            );
            assert_eq!(ask(asked + TimeDelta::minutes(minutes), &days), [20]);
        }
    }

    #[test]
    fn days_that_the_calendar_does_not_offer_are_hardly_asked_for() {
        // A new service: the portal keeps five days, and refuses what is older.
        let now = end_of(date(20)) + TimeDelta::hours(9);
        let mut days: Vec<_> = (16..=20).map(|day| done(day, 140)).collect();
        let withheld = |day| DayStanding {
            asked_at: Some(now),
            in_vain: 1,
            failure: Some(Kind::NotFound),
            ..DayStanding::unknown(date(day), end_of(date(day)))
        };
        days.extend((10..=15).map(withheld));
        assert_eq!(
            ask(now, &days)[..2],
            [9, 8],
            "the seventh may be another camera's week off"
        );
        days.push(withheld(9));
        assert_eq!(ask(now + TimeDelta::hours(23), &days), Vec::<u32>::new());
        assert_eq!(
            ask(now + TimeDelta::days(1), &days)[..],
            [15, 14, 13, 12, 11, 10]
        );
        // What it owes is tried by its own address, and its day is not asked for every few hours.
        days[5].owed = 2;
        assert_eq!(ask(now + TimeDelta::hours(23), &days), Vec::<u32>::new());
    }

    #[test]
    fn a_day_without_frames_at_its_end_is_asked_for_once_more_a_day_later() {
        let mut days: Vec<_> = (1..=20).map(|day| done(day, 140)).collect();
        let end = end_of(date(20));
        days[19].newest = Some(end - TimeDelta::hours(4));
        assert_eq!(ask(end + TimeDelta::hours(23), &days), Vec::<u32>::new());
        assert_eq!(ask(end + TimeDelta::hours(24), &days), [20]);
        days[19].confirmed_at = Some(end + TimeDelta::hours(24));
        days[19].asked_at = days[19].confirmed_at;
        assert_eq!(ask(end + TimeDelta::hours(40), &days), Vec::<u32>::new());
    }

    #[test]
    fn a_second_thought_in_vain_is_had_less_and_less_often() {
        let mut days: Vec<_> = (2..=20).map(|day| done(day, 140)).collect();
        let end = end_of(date(20));
        days[18].newest = Some(end - TimeDelta::hours(4));
        let asked = end + TimeDelta::hours(24);
        (days[18].asked_at, days[18].failure) = (Some(asked), Some(Kind::Transient));
        for (in_vain, minutes) in [(2, 20), (3, 40), (9, 360)] {
            days[18].in_vain = in_vain;
            let after = |minutes| asked + TimeDelta::minutes(minutes);
            assert_eq!(ask(after(minutes - 1), &days), [1], "older days get a turn");
            assert_eq!(ask(after(minutes), &days), [20, 1]);
        }
    }

    #[test]
    fn a_camera_that_was_offline_for_a_week_does_not_end_the_search() {
        let now = end_of(date(20)) + INTERVAL * 2;
        let empty = |day| DayStanding {
            confirmed_at: Some(now),
            asked_at: Some(now),
            ..done(day, 0)
        };
        let mut days: Vec<_> = (10..=19).map(empty).collect();
        days.push(done(20, 140));
        assert_eq!(ask(now, &days), Vec::<u32>::new(), "nothing else is known");
        // Another camera's 12th was offered, when it was eight days old: only what is older may be beyond that.
        let reach = Some(now - end_of(date(12)));
        assert_eq!(ask_within(reach, now, &days), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
        days.extend((6..=9).map(empty));
        assert_eq!(
            ask_within(reach, now, &days),
            [5, 4, 3, 2, 1],
            "six are too old"
        );
        days.push(empty(5));
        assert_eq!(ask_within(reach, now, &days), Vec::<u32>::new());
    }

    #[test]
    fn a_search_without_an_end_is_ended() {
        // Before it was bounded, this walked through 10^8 days.
        let now = end_of(date(21));
        let range = (NaiveDate::MIN, date(20));
        let found = wanted(now, range, &[], INTERVAL, None, end_of);
        assert_eq!((found.len(), found[0]), (FARTHEST, date(20)));
    }

    #[test]
    fn the_longest_interval_that_can_be_set_overflows_nothing() {
        let mut day = DayStanding::unknown(date(20), end_of(date(20)));
        (day.asked_at, day.in_vain, day.owed) = (Some(day.end), 40, 1);
        let interval = TimeDelta::minutes(u32::MAX.into());
        let range = (date(20), date(20));
        let ask = |now| wanted(now, range, &[day], interval, None, end_of);
        assert_eq!(ask(day.end + TimeDelta::hours(5)), []);
        assert_eq!(ask(day.end + TimeDelta::hours(6)), [date(20)]);
    }

    #[test]
    fn a_clock_that_was_wrong_does_not_keep_a_day_from_being_asked_for() {
        let mut days: Vec<_> = (1..=20).map(|day| done(day, 140)).collect();
        days[19].confirmed_at = None;
        days[19].asked_at = Some(end_of(date(25)));
        assert_eq!(ask(end_of(date(21)), &days), [20]);
    }
}
