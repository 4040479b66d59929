//! Coverage: frames and observations -> slots, gaps and their reasons. Must not read a clock or a database.

mod frames;
mod listings;

pub use frames::{FILE_BAD, FILE_MISSING, FileFact, Frames, NEVER_TRIED};
pub use listings::{APPEARS_WITHIN, DayListings, Observed, TOO_SOON, observed};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::Serialize;

/// The length of a slot, and the interval at which cameras publish.
pub const SLOT: TimeDelta = TimeDelta::minutes(10);

/// A stretch without a frame that is longer than this is a gap: one and a half intervals.
pub const GAP: TimeDelta = TimeDelta::minutes(15);

/// What is known of a slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "answer", content = "reason")]
pub enum Answer {
    /// A frame is stored (or its neighbours are so near that none is missing).
    Stored,
    /// Only a thumbnail is stored.
    Thumbnail,
    /// A frame was listed but not downloaded; why.
    NotDownloaded(String),
    /// The portal answered, and offered none: the camera was offline.
    NotOffered,
    /// Nobody asked the portal, or it could not be read: still to be asked for.
    NotObserved,
    /// The portal was asked when the day was older than what it keeps: nobody can tell any more.
    TooOld,
    /// A frame was stored, and removed on purpose since.
    Removed,
}

impl Answer {
    /// A short word for tables.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Thumbnail => "thumbnail",
            Self::NotDownloaded(_) => "not_downloaded",
            Self::NotOffered => "not_offered",
            Self::NotObserved => "not_observed",
            Self::TooOld => "too_old",
            Self::Removed => "removed",
        }
    }
}

/// Slots in a row that have the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// Start of the first slot.
    pub from: DateTime<Utc>,
    /// End of the last slot.
    pub to: DateTime<Utc>,
    /// How many slots.
    pub slots: usize,
    /// What is known of them.
    #[serde(flatten)]
    pub answer: Answer,
}

/// The slot that `instant` lies in.
#[must_use]
pub fn slot_of(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.duration_trunc(SLOT).unwrap_or(instant)
}

/// One answer for every slot that begins in `from..to`. `frames` are (instant, what became of it), sorted by time; they may reach
/// beyond the range, which helps at its edges. Of `observed` the first stretch that holds the slot speaks for it.
#[must_use]
pub fn slots(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    frames: &[(DateTime<Utc>, Answer)],
    observed: &[Observed],
) -> Vec<(DateTime<Utc>, Answer)> {
    let mut answers = Vec::new();
    let mut slot = slot_of(from);
    if slot < from {
        slot += SLOT;
    }
    while slot < to {
        answers.push((slot, answer(slot, frames, observed)));
        slot += SLOT;
    }
    answers
}

/// The answer for one slot: its best frame; else near neighbours; else what was observed.
fn answer(
    slot: DateTime<Utc>,
    frames: &[(DateTime<Utc>, Answer)],
    observed: &[Observed],
) -> Answer {
    let begin = frames.partition_point(|(at, _)| *at < slot);
    let end = frames.partition_point(|(at, _)| *at < slot + SLOT);
    if let Some(best) = frames[begin..end].iter().map(|(_, answer)| answer).min() {
        return best.clone();
    }
    if let (Some(before), Some(after)) =
        (begin.checked_sub(1).map(|at| &frames[at]), frames.get(end))
        && after.0 - before.0 <= GAP
    {
        return (&before.1).max(&after.1).clone();
    }
    let seen = observed
        .iter()
        .find(|seen| seen.from <= slot && slot + SLOT <= seen.to);
    match seen {
        Some(seen) if seen.is_too_old => Answer::TooOld,
        Some(_) => Answer::NotOffered,
        None => Answer::NotObserved,
    }
}

/// The share of the slots that begin in `from <= start < to` and have a frame, be it a thumbnail; 0 where there is no slot.
pub fn share<'a>(
    slots: impl IntoIterator<Item = (DateTime<Utc>, &'a Answer)>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> f64 {
    let (mut all, mut have) = (0_u32, 0_u32);
    for (start, answer) in slots {
        if from <= start && start < to {
            all += 1;
            have += u32::from(matches!(answer, Answer::Stored | Answer::Thumbnail));
        }
    }
    f64::from(have) / f64::from(all.max(1))
}

/// The gaps among `slots`: neighbours with the same answer joined, stored ones left out.
#[must_use]
pub fn gaps(slots: &[(DateTime<Utc>, Answer)]) -> Vec<Stretch> {
    let mut gaps: Vec<Stretch> = Vec::new();
    for (slot, answer) in slots.iter().filter(|(_, answer)| *answer != Answer::Stored) {
        match gaps.last_mut() {
            Some(last) if last.to == *slot && last.answer == *answer => {
                last.to = *slot + SLOT;
                last.slots += 1;
            }
            _ => gaps.push(Stretch {
                from: *slot,
                to: *slot + SLOT,
                slots: 1,
                answer: answer.clone(),
            }),
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_757_203_200 + minutes * 60, 0).unwrap()
    }

    fn stored(minutes: i64) -> (DateTime<Utc>, Answer) {
        (at(minutes), Answer::Stored)
    }

    #[test]
    fn the_share_counts_slots_within_the_stretch() {
        let found = slots(at(0), at(40), &[stored(5), stored(15)], &[]);
        let told = || found.iter().map(|(slot, answer)| (*slot, answer));
        let of = |from, to| share(told(), at(from), at(to));
        let expected = [
            ((0, 40), 0.5),
            ((0, 20), 1.0),
            ((10, 40), 1.0 / 3.0),
            ((40, 80), 0.0),
        ];
        for ((from, to), expected) in expected {
            assert!(
                (of(from, to) - expected).abs() < 1e-9,
                "{from} to {to}: {}",
                of(from, to)
            );
        }
    }

    #[test]
    fn a_drifting_camera_leaves_no_gap() {
        // 9:59 -> 20:01 skips the slot at 10 without anything missing.
        let slots = slots(at(0), at(30), &[stored(9), stored(20)], &[]);
        assert!(gaps(&slots[..2]).is_empty(), "{slots:?}");
    }

    #[test]
    fn reasons_are_told_apart_and_joined() {
        let mut frames = vec![stored(5), stored(55)];
        frames.insert(1, (at(15), Answer::NotDownloaded("http_404".into())));
        let seen = [Observed {
            from: at(0),
            to: at(40),
            is_too_old: false,
        }];
        let gaps = gaps(&slots(at(0), at(60), &frames, &seen));
        let told: Vec<_> = gaps.iter().map(|g| (g.answer.as_str(), g.slots)).collect();
        assert_eq!(
            told,
            [
                ("not_downloaded", 1),
                ("not_offered", 2),
                ("not_observed", 1)
            ]
        );
    }

    #[test]
    fn the_better_frame_of_a_slot_counts() {
        let frames = [
            (at(2), Answer::Stored),
            (at(4), Answer::NotDownloaded("x".into())),
        ];
        assert_eq!(slots(at(0), at(10), &frames, &[])[0].1, Answer::Stored);
    }

    proptest! {
        #[test]
        fn every_slot_has_exactly_one_answer(
            mut minutes in proptest::collection::vec(-60i64..2000, 0..200),
            from in 0i64..500, length in 0i64..1500,
        ) {
            minutes.sort_unstable();
            let frames: Vec<_> = minutes.into_iter().map(stored).collect();
            let slots = slots(at(from), at(from + length), &frames, &[]);
            prop_assert!(slots.windows(2).all(|pair| pair[1].0 - pair[0].0 == SLOT));
            let joined: usize = gaps(&slots).iter().map(|gap| gap.slots).sum();
            prop_assert_eq!(joined, slots.iter().filter(|(_, a)| *a != Answer::Stored).count());
        }
    }
}
