//! The `Retry-After` header (RFC 9110, 10.2.3): seconds or an HTTP date -> how long to wait. Must not wait.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Nobody is believed who asks for a longer pause than this.
const LONGEST_BELIEVED: Duration = Duration::from_hours(30 * 24);

/// The pause that a header's words ask for; `None` when they are not understood. A date in the past is no pause.
#[must_use]
pub fn parse(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_or(LONGEST_BELIEVED, Duration::from_secs)
    } else {
        let date = DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?);
        (date - now).to_std().unwrap_or_default()
    };
    Some(wait.min(LONGEST_BELIEVED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2025-09-07T10:17:34Z")
            .unwrap()
            .into()
    }

    #[test]
    fn both_forms_are_read() {
        assert_eq!(parse("7", now()), Some(Duration::from_secs(7)));
        assert_eq!(parse(" 0 ", now()), Some(Duration::ZERO));
        assert_eq!(
            parse("Sun, 07 Sep 2025 10:17:44 GMT", now()),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            parse("Sunday, 07-Sep-25 10:17:44 GMT", now()),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            parse("Sun, 07 Sep 2025 10:00:00 GMT", now()),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn nonsense_asks_for_nothing_and_greed_is_capped() {
        for text in ["", "soon", "-5", "1.5", "2025-09-07"] {
            assert_eq!(parse(text, now()), None, "{text:?}");
        }
        assert_eq!(
            parse("99999999999999999999999", now()),
            Some(LONGEST_BELIEVED)
        );
        assert_eq!(
            parse("Fri, 31 Dec 9999 23:59:59 GMT", now()),
            Some(LONGEST_BELIEVED)
        );
    }

    proptest! {
        #[test]
        fn a_date_asks_for_the_way_to_it(seconds in 0i64..2_000_000) {
            let date = now() + chrono::TimeDelta::seconds(seconds);
            let wait = parse(&httpdate::fmt_http_date(date.into()), now());
            prop_assert_eq!(wait, Some(Duration::from_secs(seconds.unsigned_abs())));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,40}") {
            let _ = parse(&text, now());
        }
    }
}
