//! Owns local days: which instants belong to a date in the terminal's zone. It must not know about frames.

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// First instant of a local day. Where midnight is skipped the day begins with the first minute that exists.
pub(crate) fn day_start(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let candidates = (0..24 * 60).map(|minute| midnight + Duration::minutes(minute));
    for candidate in candidates {
        match zone.from_local_datetime(&candidate) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => {
                return instant.to_utc();
            }
            LocalResult::None => {}
        }
    }
    midnight.and_utc()
}

/// The instants `[start, end)` of a local day: 23, 24 or 25 hours.
pub(crate) fn day_window(zone: Tz, date: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let next = date.succ_opt().unwrap_or(date);
    (day_start(zone, date), day_start(zone, next))
}

/// The local date of an instant.
pub(crate) fn local_date(zone: Tz, instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
}

/// Whether the local clock shows this instant's time twice, and if so whether this is the second time.
pub(crate) fn second_pass(zone: Tz, instant: DateTime<Utc>) -> Option<bool> {
    let local = instant.with_timezone(&zone).naive_local();
    match zone.from_local_datetime(&local) {
        LocalResult::Ambiguous(_, later) => Some(later.to_utc() == instant),
        _ => None,
    }
}
