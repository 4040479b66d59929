//! Coverage: frames and observations -> slots, gaps and their reasons. Must not read a clock or a database.

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
    /// The portal was asked only when it kept that day no longer.
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

/// A frame may appear so long after its instant: a listing says nothing of what is younger.
pub const APPEARS_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// Every portal keeps a day that ended no longer ago than this.
const KEPT_AT_LEAST: TimeDelta = TimeDelta::days(1);

/// A stretch of time that the portal was seen to answer for, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// Its start.
    pub from: DateTime<Utc>,
    /// Its end; for a day that was still going on, the last moment whose frame must have been in.
    pub to: DateTime<Utc>,
    /// Whether the portal still kept that day; if not, its answer says nothing of the camera.
    pub is_kept: bool,
}

impl Observed {
    /// What a listing of the day `from..to` answers for that was read at `at` and had so many frames. `keeps` is the age of the
    /// oldest day that the portal ever showed frames of.
    #[must_use]
    pub fn of(
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        at: DateTime<Utc>,
        listed: u64,
        keeps: TimeDelta,
    ) -> Self {
        Self {
            from,
            to: to.min(at - APPEARS_WITHIN),
            is_kept: listed > 0 || at - to <= keeps.max(KEPT_AT_LEAST),
        }
    }
}

/// Stretches of one camera, joined where they touch and say the same.
#[must_use]
pub fn join(mut observed: Vec<Observed>) -> Vec<Observed> {
    observed.sort_by_key(|seen| (!seen.is_kept, seen.from));
    let mut joined: Vec<Observed> = Vec::new();
    for next in observed {
        match joined.last_mut() {
            Some(last) if next.is_kept == last.is_kept && next.from <= last.to => {
                last.to = last.to.max(next.to);
            }
            _ => joined.push(next),
        }
    }
    joined
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
/// beyond the range, which helps at its edges.
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
    let of_slot = |seen: &&Observed| seen.from <= slot && slot + SLOT <= seen.to;
    match observed
        .iter()
        .filter(of_slot)
        .map(|seen| seen.is_kept)
        .max()
    {
        Some(true) => Answer::NotOffered,
        Some(false) => Answer::TooOld,
        None => Answer::NotObserved,
    }
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
            is_kept: true,
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
    fn a_listing_says_nothing_of_a_frame_that_may_still_appear() {
        let day = (at(0), at(1440));
        let seen = |minute, listed| Observed::of(day, at(minute), listed, TimeDelta::days(14));
        // Read eight seconds after the slot: its frame may have been taken in its last second.
        let now = slots(at(0), at(20), &[], &[seen(10, 1)]);
        assert_eq!(now[0].1, Answer::NotObserved);
        assert_eq!(
            slots(at(0), at(20), &[], &[seen(20, 1)])[0].1,
            Answer::NotOffered
        );
        assert_eq!(seen(1445, 144).to, at(1435));
    }

    #[test]
    fn a_day_that_the_portal_keeps_no_longer_says_nothing_of_the_camera() {
        let day = (at(0), at(1440));
        let answer = |observed: &[Observed]| slots(at(600), at(610), &[], observed)[0].1.clone();
        let seen = |days: i64, listed, keeps| {
            Observed::of(day, at(days * 1440), listed, TimeDelta::days(keeps))
        };
        assert_eq!(answer(&[seen(17, 0, 14)]), Answer::TooOld);
        assert_eq!(answer(&[seen(12, 0, 14)]), Answer::NotOffered);
        assert_eq!(answer(&[seen(17, 3, 14)]), Answer::NotOffered);
        assert_eq!(
            answer(&[seen(2, 0, 0)]),
            Answer::NotOffered,
            "it keeps yesterday at least"
        );
        assert_eq!(
            answer(&join(vec![seen(17, 0, 14), seen(2, 9, 14)])),
            Answer::NotOffered
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
