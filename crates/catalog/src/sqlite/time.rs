//! Times as text, in the one form that `SQLAlchemy` reads: naive UTC, `YYYY-MM-DD HH:MM:SS.ffffff`.
//!
//! Written by one function, always with six digits; read leniently, since other programs write the same columns.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};

/// An instant as it stands in every column.
pub(super) fn text(instant: DateTime<Utc>) -> String {
    // A leap second is kept as more than a second's nanoseconds.
    let (leap, micros) = (
        instant.nanosecond() / 1_000_000_000,
        instant.nanosecond() / 1000 % 1_000_000,
    );
    let (hour, minute, second) = (instant.hour(), instant.minute(), instant.second() + leap);
    // `NaiveDate` writes days as we do, and years beyond the usual ones as chrono's own forms.
    let date = instant.date_naive();
    format!("{date} {hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// Reads an instant in any form that a person or a program may have written; `None` when it is no time.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    ours(text.as_bytes()).or_else(|| in_any_form(text))
}

/// Reads the one form that we write: by far the commonest, and ten times as fast as trying all of them.
fn ours(text: &[u8]) -> Option<DateTime<Utc>> {
    let &[
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b' ',
        ref rest @ ..,
    ] = text
    else {
        return None;
    };
    let &[h0, h1, b':', n0, n1, b':', s0, s1, b'.', ref micros @ ..] = rest else {
        return None;
    };
    let micros: &[u8; 6] = micros.try_into().ok()?;
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(number(&[y0, y1, y2, y3])?).ok()?,
        number(&[m0, m1])?,
        number(&[d0, d1])?,
    )?;
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[n0, n1])?, number(&[s0, s1])?);
    let time = NaiveTime::from_hms_micro_opt(hour, minute, second, number(micros)?)?;
    Some(date.and_time(time).and_utc())
}

/// Digits as a number.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        let value = char::from(*digit).to_digit(10)?;
        Some(number * 10 + value)
    })
}

fn in_any_form(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let naive = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    for form in [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
    ] {
        if let Ok(found) = NaiveDateTime::parse_from_str(naive, form) {
            return Some(found.and_utc());
        }
    }
    if let Some(date) = parse_date(text) {
        return Some(date.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|found| found.to_utc())
}

/// A day as it stands in every column.
pub(super) fn date_text(date: NaiveDate) -> String {
    date.to_string()
}

/// Reads a day.
pub(super) fn parse_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// The range of texts (first included, second not) in which every time between `from` and `to` lies, in whatever form it
/// is written: whole days, which the caller narrows down after reading.
pub(super) fn day_range(from: DateTime<Utc>, to: DateTime<Utc>) -> (String, String) {
    let last = to.date_naive();
    let after = last.checked_add_signed(TimeDelta::days(1)).unwrap_or(last);
    (date_text(from.date_naive()), date_text(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn six_digits_always() {
        let at = DateTime::from_timestamp(1_757_240_254, 0).unwrap();
        assert_eq!(text(at), "2025-09-07 10:17:34.000000");
        assert_eq!(
            text(at + TimeDelta::milliseconds(5)),
            "2025-09-07 10:17:34.005000"
        );
    }

    #[test]
    fn a_leap_second_is_written_and_read_back() {
        let text_of_it = "2016-12-31 23:59:60.500000";
        assert_eq!(parse(text_of_it).map(text).as_deref(), Some(text_of_it));
    }

    #[test]
    fn other_forms_are_read() {
        let at = DateTime::from_timestamp(1_757_240_254, 0).unwrap();
        for form in [
            "2025-09-07 10:17:34",
            "2025-09-07T10:17:34",
            "2025-09-07T10:17:34Z",
            "2025-09-07 10:17:34.000",
            "2025-09-07T12:17:34+02:00",
            " 2025-09-07 10:17:34.000000 ",
        ] {
            assert_eq!(parse(form), Some(at), "{form}");
        }
        assert_eq!(
            parse("2025-09-07").map(text).unwrap(),
            "2025-09-07 00:00:00.000000"
        );
        assert_eq!(
            parse("2025-09-07 10:17").map(text).unwrap(),
            "2025-09-07 10:17:00.000000"
        );
        for odd in [
            "",
            "yesterday",
            "2025-13-01 00:00:00",
            "1757240254",
            "2025-09-07 25:00:00",
        ] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_and_sorts(a in 0i64..4_000_000_000_000_000, b in 0i64..4_000_000_000_000_000) {
            let (a, b) = (DateTime::from_timestamp_micros(a).unwrap(), DateTime::from_timestamp_micros(b).unwrap());
            prop_assert_eq!(parse(&text(a)), Some(a));
            prop_assert_eq!(a.cmp(&b), text(a).cmp(&text(b)));
            let (first, after) = day_range(a.min(b), a.max(b));
            prop_assert!(first.as_str() <= text(a.min(b)).as_str() && text(a.max(b)).as_str() < after.as_str());
        }

        #[test]
        fn the_short_way_finds_the_same(text in "(000|199|202)[0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{6}") {
            prop_assert_eq!(parse(&text), in_any_form(&text));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
