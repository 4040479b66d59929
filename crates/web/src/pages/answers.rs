//! What is known of slots, as classes, words and strips: the same on every page. Must not judge.

use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use draywatch_catalog::DaySlots;
use draywatch_core::CameraId;
use draywatch_core::coverage::{Answer, SLOT, slot_of};
use draywatch_core::zone::day_bounds;

use super::times::{Clock, length, percent};
use crate::problem::Problem;
use crate::state::App;

/// What is known of a slot, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A frame is stored.
    Stored,
    /// Only a thumbnail.
    Thumbnail,
    /// A frame was listed, but not downloaded.
    Failed,
    /// The portal had none.
    Offline,
    /// Nobody asked.
    NotObserved,
    /// Asked too late.
    TooOld,
    /// Removed on purpose.
    Removed,
    /// Still to come.
    Upcoming,
}

impl Kind {
    /// All of them, in the order of a legend.
    pub const ALL: [Self; 8] = [
        Self::Stored,
        Self::Thumbnail,
        Self::Failed,
        Self::Offline,
        Self::NotObserved,
        Self::TooOld,
        Self::Removed,
        Self::Upcoming,
    ];

    /// The class of its colour and pattern.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Stored => "slot-stored",
            Self::Thumbnail => "slot-thumbnail",
            Self::Failed => "slot-failed",
            Self::Offline => "slot-offline",
            Self::NotObserved => "slot-not-observed",
            Self::TooOld => "slot-too-old",
            Self::Removed => "slot-removed",
            Self::Upcoming => "slot-upcoming",
        }
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Thumbnail => "thumbnail only",
            Self::Failed => "not downloaded",
            Self::Offline => "camera offline",
            Self::NotObserved => "not observed",
            Self::TooOld => "asked too late",
            Self::Removed => "removed",
            Self::Upcoming => "still to come",
        }
    }

    /// What it means, in a sentence.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Stored => "A frame is stored.",
            Self::Thumbnail => "Only the portal's thumbnail could be had so far.",
            Self::Failed => "A frame was listed, but could not be downloaded.",
            Self::Offline => "The portal answered, and offered no frame.",
            Self::NotObserved => "Nobody asked the portal, or it could not be read.",
            Self::TooOld => "The portal was asked when it did not keep that day any more.",
            Self::Removed => "A frame was stored, and removed on purpose since.",
            Self::Upcoming => "This time is still to come.",
        }
    }

    /// How high its bar is in a strip of height 20: the second cue besides colour.
    fn level(self) -> u32 {
        match self {
            Self::Stored => 20,
            Self::Thumbnail => 14,
            Self::Failed => 10,
            Self::Offline => 7,
            Self::Removed => 5,
            Self::NotObserved => 4,
            Self::TooOld => 3,
            Self::Upcoming => 2,
        }
    }

    /// Whether there is a frame, be it a thumbnail.
    #[must_use]
    pub fn has_frame(self) -> bool {
        matches!(self, Self::Stored | Self::Thumbnail)
    }
}

impl From<&Answer> for Kind {
    fn from(answer: &Answer) -> Self {
        match answer {
            Answer::Stored => Self::Stored,
            Answer::Thumbnail => Self::Thumbnail,
            Answer::NotDownloaded(_) => Self::Failed,
            Answer::NotOffered => Self::Offline,
            Answer::NotObserved => Self::NotObserved,
            Answer::TooOld => Self::TooOld,
            Answer::Removed => Self::Removed,
        }
    }
}

/// A slot of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// When it begins.
    pub start: DateTime<Utc>,
    /// What is known of it.
    pub kind: Kind,
    /// Why a frame was not downloaded.
    pub reason: Option<String>,
}

impl Slot {
    /// In words, with the reason.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{}: {}", self.kind.words(), reason.replace('_', " ")),
            None => self.kind.words().to_owned(),
        }
    }
}

/// Slots in a row of which the same is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The first of them.
    pub first: Slot,
    /// How many.
    pub slots: usize,
    /// Where it ends.
    pub end: DateTime<Utc>,
}

/// Neighbours of which the same is known, joined.
#[must_use]
pub fn stretches(slots: &[Slot]) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for slot in slots {
        match all.last_mut() {
            Some(last) if last.first.kind == slot.kind && last.first.reason == slot.reason => {
                last.slots += 1;
                last.end = slot.start + SLOT;
            }
            _ => all.push(Stretch {
                first: slot.clone(),
                slots: 1,
                end: slot.start + SLOT,
            }),
        }
    }
    all
}

/// A day of a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// In the terminal's zone.
    pub date: NaiveDate,
    /// All of its slots: 144 on most days, 138 or 150 when clocks change.
    pub slots: Vec<Slot>,
}

impl Day {
    /// Slots that have a frame, and slots that are over or have one.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let have = self.slots.iter().filter(|slot| slot.kind.has_frame());
        let over = self.slots.iter().filter(|slot| slot.kind != Kind::Upcoming);
        (have.count(), over.count())
    }

    /// What the quarters of its strip begin and end with, such as `06:00`; an hour off on days when clocks change.
    #[must_use]
    pub fn quarters(&self, clock: &Clock) -> Vec<String> {
        let starts = (0..4).filter_map(|nth| self.slots.get(self.slots.len() * nth / 4));
        let starts = starts.map(|slot| clock.text(slot.start));
        starts.chain(std::iter::once("24:00".to_owned())).collect()
    }

    /// The share of what could be there, such as `97 %`.
    #[must_use]
    pub fn share(&self) -> String {
        let (have, over) = self.counts();
        percent(have, over)
    }
}

/// The days of cameras, every slot of each, also what is still to come; in the order of `cameras`, the oldest day first.
///
/// # Errors
/// While the database does not answer.
pub async fn days(
    app: &App,
    cameras: Vec<CameraId>,
    (first, last): (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<Vec<Vec<Day>>, Problem> {
    let zone = app.settings().zone;
    let (from, to) = (day_bounds(first, zone).0, day_bounds(last, zone).1);
    let question = |catalog: std::sync::Arc<dyn draywatch_catalog::Catalog>| async move {
        catalog
            .slots(&cameras, from.date_naive(), to.date_naive())
            .await
    };
    let found = app.ask(question).await?;
    let of_camera = |found: Vec<DaySlots>| {
        let slots: Vec<Slot> = found
            .iter()
            .flat_map(DaySlots::slots)
            .map(|(start, answer)| slot(start, answer, now))
            .collect();
        let day = |date: NaiveDate| {
            let (from, to) = day_bounds(date, zone);
            let begin = slots.partition_point(|slot| slot.start < from);
            let end = slots.partition_point(|slot| slot.start < to);
            Day {
                date,
                slots: slots[begin..end.max(begin)].to_vec(),
            }
        };
        first
            .iter_days()
            .take_while(|date| *date <= last)
            .map(day)
            .collect()
    };
    Ok(found.into_iter().map(of_camera).collect())
}

/// A slot that is not over yet counts only if it has a frame already.
fn slot(start: DateTime<Utc>, answer: &Answer, now: DateTime<Utc>) -> Slot {
    let kind = Kind::from(answer);
    let is_open = start >= slot_of(now) && !kind.has_frame();
    let reason = match answer {
        Answer::NotDownloaded(reason) if !is_open => Some(reason.clone()),
        _ => None,
    };
    Slot {
        start,
        kind: if is_open { Kind::Upcoming } else { kind },
        reason,
    }
}

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

/// How long a gap is, such as `2 h 10 min`.
#[must_use]
pub fn how_long(one: &Stretch) -> String {
    length(one.end - one.first.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

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
