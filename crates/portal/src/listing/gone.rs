//! Another day is picked before the wanted one: when the page has turned to it. Must not pick, nor judge a list.

use std::time::Duration;

use chrono::NaiveDate;
use tokio::time::Instant;

use crate::Browser;
use crate::browser::BrowserError;
use crate::page::Page;
use crate::raw::RawReading;
use crate::reading::{Wanted, sightings};

/// How long the wanted day may stay on the page after another was picked, in a first pass and in one that is to confirm it. It may
/// stay for ever: on a page that does not follow the pick, or has no more to show.
pub(super) const GONE: Duration = Duration::from_secs(10);
pub(super) const GONE_TO_CONFIRM: Duration = Duration::from_secs(30);

/// The page turning from the wanted day to another.
pub(super) struct Turn {
    wanted: Wanted,
    other: Wanted,
}

impl Turn {
    /// From the wanted day to `other`.
    pub(super) fn new(wanted: &Wanted, other: NaiveDate) -> Self {
        Self {
            wanted: wanted.clone(),
            other: Wanted {
                date: other,
                ..wanted.clone()
            },
        }
    }

    /// Whether what was shown of the wanted day has gone, or pictures of the other day have come.
    fn is_done(&self, page: &Page, read: &RawReading) -> bool {
        let count = |day: &Wanted, shown: &[String]| {
            let seen = sightings(&day.camera, shown, page.base.as_ref());
            day.only(&seen).len()
        };
        let (now, before) = (&read.pictures, &read.shown_before);
        // A few may be live pictures, or at the edge of the other day. Early in a day they may be most of it.
        let has_gone = count(&self.wanted, now) * 2 <= count(&self.wanted, before);
        has_gone || count(&self.other, now) > count(&self.other, before)
    }
}

/// Waits until the other day, which was picked, is answered and the page has turned to it; at most `longest`. A page that goes on
/// showing the wanted day for a while would show it after the next pick too, and only what it knew before.
pub(super) async fn until_gone(
    browser: &Browser,
    page: &mut Page,
    turn: &Turn,
    limit: Duration,
    longest: Duration,
) -> Result<RawReading, BrowserError> {
    let begun = Instant::now();
    let mut is_confirmed = false;
    loop {
        let settled = page.settle(browser, limit).await?;
        if turn.is_done(page, &settled) || begun.elapsed() >= longest {
            return Ok(settled);
        }
        if !is_confirmed && !page.has_asked(&settled) {
            // Perhaps the pick has to be confirmed.
            page.confirm(browser).await?;
            is_confirmed = true;
            continue;
        }
        let change = Duration::from_millis(400);
        page.wait_for_change(browser, change).await?;
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::UTC;
    use draywatch_core::CameraId;
    use draywatch_core::zone::ImageTime;
    use serde_json::json;

    use super::*;
    use crate::reading::Picks;

    fn turn() -> Turn {
        let wanted = Wanted {
            camera: CameraId::new("in_gate").unwrap(),
            date: "2025-09-08".parse().unwrap(),
            zone: UTC,
            reading: ImageTime::Utc,
        };
        Turn::new(&wanted, "2025-09-07".parse().unwrap())
    }

    fn pictures(day: &str, minutes: std::ops::Range<u32>) -> Vec<String> {
        minutes
            .map(|minute| format!("http://c/apm/{day}/1/{day}T01:{minute:02}:00-in_gate.jpeg"))
            .collect()
    }

    fn is_done(before: &[String], now: &[String]) -> bool {
        let page = Page {
            camera: CameraId::new("in_gate").unwrap(),
            answers: Vec::new(),
            picks: Picks::new(),
            phase: 1,
            base: None,
        };
        let signs = json!({ "empty": "", "trouble": "", "busy": false, "content": true });
        let read = json!({ "pictures": now, "shownBefore": before, "base": "http://c/", "told": [], "open": [], "signs": signs });
        turn().is_done(&page, &serde_json::from_value(read).unwrap())
    }

    #[test]
    fn what_stays_is_waited_for() {
        let shown = pictures("2025-09-08", 0..20);
        assert!(!is_done(&shown, &shown));
        // A live picture is taken meanwhile.
        assert!(!is_done(&shown, &pictures("2025-09-08", 0..21)));
        // The other day was at the edge already.
        let edges = [pictures("2025-09-07", 50..53), shown].concat();
        assert!(!is_done(&edges, &edges));
    }

    #[test]
    fn what_has_gone_is_not() {
        let shown = pictures("2025-09-08", 0..20);
        let live = pictures("2025-09-08", 18..20);
        assert!(is_done(&shown, &[]));
        assert!(is_done(&shown, &live));
        assert!(is_done(&[], &[]));
    }

    /// A day of three pictures, two of them live ones, was waited for ten seconds at each collection.
    #[test]
    fn early_in_a_day_live_pictures_are_all_there_is_of_it() {
        let live = pictures("2025-09-08", 1..3);
        let before = pictures("2025-09-08", 0..3);
        let now = [pictures("2025-09-07", 0..20), live].concat();
        assert!(is_done(&before, &now));
    }
}
