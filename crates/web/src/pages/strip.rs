//! A day as a strip: a bar for each stretch of which the same is known, and the same in words. Must not ask for anything.

use askama::Template;

use super::answers::{Day, Kind, Stretch, stretches};
use super::times::Clock;

/// A day as a strip, with the same in words; in a template: `{{ strip|safe }}`.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/strip.html")]
pub struct Strip {
    slots: usize,
    words: String,
    bars: Vec<Bar>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bar {
    at: usize,
    slots: usize,
    class: &'static str,
    top: u32,
    height: u32,
    title: String,
}

impl Strip {
    /// The strip of a day.
    #[must_use]
    pub fn new(day: &Day, clock: &Clock) -> Self {
        let mut at = 0;
        let all = stretches(&day.slots);
        let bars = all.iter().map(|one| {
            let height = one.first.kind.level();
            let bar = Bar {
                at,
                slots: one.slots,
                class: one.first.kind.class(),
                top: 20 - height,
                height,
                title: told(one, clock),
            };
            at += one.slots;
            bar
        });
        let bars = bars.collect();
        Self {
            slots: day.slots.len(),
            words: words(day, &all, clock),
            bars,
        }
    }
}

fn told(one: &Stretch, clock: &Clock) -> String {
    let (from, to) = (clock.text(one.first.start), clock.end(one.end).text);
    format!("{from} to {to}: {}", one.first.words())
}

/// A strip for who does not see it: the share, and the longest gaps.
fn words(day: &Day, all: &[Stretch], clock: &Clock) -> String {
    let (have, over) = day.counts();
    let mut gaps: Vec<&Stretch> = all
        .iter()
        .filter(|one| !one.first.kind.has_frame() && one.first.kind != Kind::Upcoming)
        .collect();
    let number = gaps.len();
    gaps.sort_by_key(|gap| std::cmp::Reverse(gap.slots));
    let longest: Vec<String> = gaps.iter().take(3).map(|gap| told(gap, clock)).collect();
    let have = format!("{have} of {over} slots have a frame");
    match number {
        0 => format!("{have}; nothing is missing."),
        1 => format!("{have}; one gap: {}.", longest.join("; ")),
        _ => format!(
            "{have}; {number} gaps, the longest: {}.",
            longest.join("; ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::answers::slot;
    use chrono::{DateTime, TimeDelta, Utc};
    use draywatch_core::coverage::{Answer, SLOT};

    fn at(slot: i32) -> DateTime<Utc> {
        DateTime::from_timestamp(1_757_203_200, 0).unwrap() + SLOT * slot
    }

    #[test]
    fn a_strip_joins_what_is_alike_and_says_it_in_words() {
        let now = at(5) + TimeDelta::minutes(3);
        let bad = Answer::NotDownloaded("<b>http_404".into());
        let answers = [
            Answer::Stored,
            bad.clone(),
            bad,
            Answer::Thumbnail,
            Answer::NotObserved,
            Answer::NotObserved,
            Answer::NotObserved,
        ];
        let slots = (0..)
            .zip(&answers)
            .map(|(nth, answer)| slot(at(nth), answer, now))
            .collect();
        let day = Day {
            date: at(0).date_naive(),
            slots,
        };
        assert_eq!(day.counts(), (2, 5));
        assert_eq!(day.share(), "40 %");
        let strip = Strip::new(&day, &Clock::new(chrono_tz::UTC, now));
        assert_eq!(
            strip.words,
            "2 of 5 slots have a frame; 2 gaps, the longest: 00:10 to 00:30: not downloaded: <b>http 404; 00:40 to 00:50: not observed."
        );
        let classes: Vec<_> = strip
            .bars
            .iter()
            .map(|bar| (bar.class, bar.slots))
            .collect();
        assert_eq!(
            classes,
            [
                ("slot-stored", 1),
                ("slot-failed", 2),
                ("slot-thumbnail", 1),
                ("slot-not-observed", 1),
                ("slot-upcoming", 2)
            ]
        );
        let text = strip.render().unwrap();
        assert!(!text.contains("<b>") && !text.contains("style"), "{text}");
    }
}
