//! What is known of slots, as classes and words: the same on every page. Must not judge.

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
    #[must_use]
    pub fn level(self) -> u32 {
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
pub(super) fn slot(start: DateTime<Utc>, answer: &Answer, now: DateTime<Utc>) -> Slot {
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

/// How long a gap is, such as `2 h 10 min`.
#[must_use]
pub fn how_long(one: &Stretch) -> String {
    length(one.end - one.first.start)
}
