//! Times as people read them: in the terminal's zone, UTC on hover. The only place where pages write times. Must not read a clock.

use askama::Template;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use draywatch_core::zone::local_date;

/// How times are shown on a page.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    zone: Tz,
    now: DateTime<Utc>,
}

/// An instant as an element; in a template: `{{ time|safe }}`.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    source = r#"<time datetime="{{ iso }}" title="{{ utc }}">{{ text }}</time>"#,
    ext = "html"
)]
pub struct Time {
    /// For programs.
    pub iso: String,
    /// UTC, for people.
    pub utc: String,
    /// In the terminal's zone.
    pub text: String,
}

/// How long ago something was, kept current by `ages.js`; in a template: `{{ age|safe }}`.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    source = r#"<time class="age" data-age datetime="{{ iso }}" title="{{ utc }}">{{ text }}</time>"#,
    ext = "html"
)]
pub struct Age {
    /// For programs.
    pub iso: String,
    /// UTC, for people.
    pub utc: String,
    /// Such as "5 min ago".
    pub text: String,
}

impl Clock {
    /// In that zone, at that moment.
    #[must_use]
    pub fn new(zone: Tz, now: DateTime<Utc>) -> Self {
        Self { zone, now }
    }

    /// With the date, and without it today.
    #[must_use]
    pub fn time(&self, at: DateTime<Utc>) -> Time {
        if local_date(at, self.zone) == self.today() {
            return self.hour(at);
        }
        self.element(at, "%-d %b %Y, %H:%M")
    }

    /// To the second, with the date.
    #[must_use]
    pub fn precise(&self, at: DateTime<Utc>) -> Time {
        self.element(at, "%a %-d %b %Y, %H:%M:%S %Z")
    }

    /// Without the date.
    #[must_use]
    pub fn hour(&self, at: DateTime<Utc>) -> Time {
        self.element(at, "%H:%M")
    }

    /// The same for the end of a stretch: midnight is the end of the day then.
    #[must_use]
    pub fn end(&self, at: DateTime<Utc>) -> Time {
        let time = self.hour(at);
        if time.text == "00:00" {
            let text = "24:00".to_owned();
            return Time { text, ..time };
        }
        time
    }

    /// As text such as `10:07`, where no element can stand.
    #[must_use]
    pub fn text(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%H:%M").to_string()
    }

    /// How long ago it was.
    #[must_use]
    pub fn age(&self, at: DateTime<Utc>) -> Age {
        Age {
            iso: iso(at),
            utc: utc(at),
            text: ago(self.now - at),
        }
    }

    /// The day of an instant in the terminal's zone.
    #[must_use]
    pub fn date(&self, at: DateTime<Utc>) -> NaiveDate {
        local_date(at, self.zone)
    }

    /// Today in the terminal's zone.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        local_date(self.now, self.zone)
    }

    fn element(&self, at: DateTime<Utc>, form: &str) -> Time {
        Time {
            iso: iso(at),
            utc: utc(at),
            text: at.with_timezone(&self.zone).format(form).to_string(),
        }
    }
}

fn iso(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Such as "5 min ago"; `ages.js` says the same.
fn ago(past: TimeDelta) -> String {
    if past < TimeDelta::seconds(5) {
        return "just now".to_owned();
    }
    format!("{} ago", length(past))
}

/// A length of time in its two greatest units, such as `2 h 10 min`; of weeks only the days.
#[must_use]
pub fn length(time: TimeDelta) -> String {
    let (days, hours) = (time.num_days(), time.num_hours() % 24);
    let (minutes, seconds) = (time.num_minutes() % 60, time.num_seconds() % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (1, 0, _) => "1 day".to_owned(),
        (7.., _, _) | (_, 0, _) => format!("{days} days"),
        (1, _, _) => format!("1 day {hours} h"),
        _ => format!("{days} days {hours} h"),
    }
}

/// A number of bytes, such as `1.4 MB`.
#[must_use]
pub fn bytes(number: u64) -> String {
    let mut whole = number;
    let mut rest = 0;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if whole < 1000 || unit == "TB" {
            let tenths = rest / 100;
            return match (unit, whole) {
                ("B", _) => format!("{whole} B"),
                (_, 100..) => format!("{whole} {unit}"),
                _ => format!("{whole}.{tenths} {unit}"),
            };
        }
        rest = whole % 1000;
        whole /= 1000;
    }
    format!("{number} B")
}

/// A share in per cent; 100 only if nothing is missing.
#[must_use]
pub fn percent(part: usize, all: usize) -> String {
    if all == 0 {
        return "–".to_owned();
    }
    format!("{} %", part * 100 / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_and_tell_utc() {
        let now = DateTime::from_timestamp(1_757_239_200, 0).unwrap();
        let clock = Clock::new(chrono_tz::America::Los_Angeles, now);
        assert_eq!(
            clock.time(now - TimeDelta::hours(1)).to_string(),
            r#"<time datetime="2025-09-07T09:00:00Z" title="2025-09-07 09:00:00 UTC">02:00</time>"#
        );
        assert_eq!(
            clock.time(now - TimeDelta::hours(4)).text,
            "6 Sep 2025, 23:00"
        );
        assert_eq!(clock.end(now - TimeDelta::hours(3)).text, "24:00");
        assert_eq!(clock.precise(now).text, "Sun 7 Sep 2025, 03:00:00 PDT");
        assert_eq!(
            clock.age(now - TimeDelta::minutes(130)).text,
            "2 h 10 min ago"
        );
        assert_eq!(clock.age(now + TimeDelta::minutes(1)).text, "just now");
    }

    #[test]
    fn figures_are_short() {
        for (seconds, told) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min"),
            (3600, "1 h"),
            (86_400, "1 day"),
            (90_000, "1 day 1 h"),
            (200_000, "2 days 7 h"),
            (700_000, "8 days"),
        ] {
            assert_eq!(length(TimeDelta::seconds(seconds)), told);
        }
        for (number, told) in [
            (0, "0 B"),
            (999, "999 B"),
            (1440, "1.4 kB"),
            (123_456, "123 kB"),
            (5_000_000_000, "5.0 GB"),
        ] {
            assert_eq!(bytes(number), told);
        }
        assert_eq!(percent(143, 144), "99 %");
        assert_eq!(percent(0, 0), "–");
    }
}
