//! Cameras that lie: what their newest pictures are worth -> a reason. Must not look at pictures.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CameraFacts, Reason, Status};
use crate::verdict::Verdict;

/// So long is a slot, in seconds; two frames of one slot are no two slots of trouble.
const SLOT: i64 = 600;
/// So many slots of trouble one after the other count.
const SLOTS: usize = 2;
/// A night without light is shorter.
const LONGEST_NIGHT: TimeDelta = TimeDelta::hours(23);
/// It was dark as well about this long before, more or less so much.
const DAY: TimeDelta = TimeDelta::hours(24);
const ABOUT: TimeDelta = TimeDelta::minutes(30);

/// What pictures of a camera are worth; frames without a verdict are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sights {
    /// The newest ones, newest first: at least as far back as nothing good is among them, unless that is too far.
    pub newest: Vec<(DateTime<Utc>, Verdict)>,
    /// Those of about a day before the newest.
    pub day_before: Vec<(DateTime<Utc>, Verdict)>,
}

impl Sights {
    /// The newest ones up to the first good one.
    fn trouble(&self) -> &[(DateTime<Utc>, Verdict)] {
        let good = self
            .newest
            .iter()
            .position(|(_, verdict)| !verdict.is_trouble());
        &self.newest[..good.unwrap_or(self.newest.len())]
    }

    /// Whether the newest pictures are trouble that counts, by themselves.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        let mut slots: Vec<i64> = self
            .trouble()
            .iter()
            .map(|(at, _)| at.timestamp().div_euclid(SLOT))
            .collect();
        slots.dedup();
        slots.len() >= SLOTS
    }

    /// The stretch of time that has to be known of the day before the newest picture.
    #[must_use]
    pub fn day_before_newest(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let (newest, _) = self.newest.first()?;
        Some((*newest - DAY - ABOUT, *newest - DAY + ABOUT))
    }

    /// Whether it is only the night of a camera without light: dark since less than a day, and dark the day before at this time.
    fn is_night(&self) -> bool {
        let trouble = self.trouble();
        let is_dark = |(_, verdict): &(_, Verdict)| *verdict == Verdict::Dark;
        let (Some((last, _)), Some((first, _))) = (trouble.first(), trouble.last()) else {
            return false;
        };
        let has_begun = trouble.len() < self.newest.len();
        let was_dark = || {
            let (from, to) = (*last - DAY - ABOUT, *last - DAY + ABOUT);
            let mut then = self
                .day_before
                .iter()
                .filter(|(at, _)| (from..=to).contains(at));
            then.any(is_dark)
        };
        has_begun && trouble.iter().all(is_dark) && *last - *first < LONGEST_NIGHT && was_dark()
    }
}

/// A camera whose newest pictures do not show what it should see.
pub(super) fn lying(camera: &CameraFacts) -> Option<Reason> {
    let sights = &camera.sights;
    if !sights.is_trouble() || sights.is_night() {
        return None;
    }
    let trouble = sights.trouble();
    let ((_, verdict), (first, _)) = (trouble.first()?, trouble.last()?);
    let since = if trouble.len() < sights.newest.len() {
        "since"
    } else {
        "since before"
    };
    let message = format!(
        "{}: {}, {since} {}: {}",
        camera.camera,
        in_words(*verdict),
        first.format("%Y-%m-%d %H:%M:%S UTC"),
        "its frames are stored all the same; look at the camera"
    );
    let id = format!("picture:{}", camera.camera);
    Some(Reason::new(id, Status::Degraded, message))
}

/// What a verdict means, its name first.
fn in_words(verdict: Verdict) -> String {
    let words = match verdict {
        Verdict::Ok => "it shows what it sees",
        Verdict::Frozen => "it sends the same picture again and again",
        Verdict::Placeholder => "it sends a card instead of its picture",
        Verdict::Dark => "nothing is to be seen for want of light",
        Verdict::Blank => "nothing is to be seen, though there is light",
    };
    format!("{verdict} ({words})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CameraId;
    use Verdict::{Blank, Dark, Frozen, Ok as Good, Placeholder};

    /// A frame of so many minutes ago.
    fn seen(minutes: i64, verdict: Verdict) -> (DateTime<Utc>, Verdict) {
        let now = DateTime::from_timestamp(1_763_800_000, 0).unwrap();
        (now - TimeDelta::minutes(minutes), verdict)
    }

    fn camera(
        newest: &[(DateTime<Utc>, Verdict)],
        day_before: &[(DateTime<Utc>, Verdict)],
    ) -> CameraFacts {
        CameraFacts {
            camera: CameraId::new("in_gate").unwrap(),
            newest: None,
            trouble: None,
            sights: Sights {
                newest: newest.to_vec(),
                day_before: day_before.to_vec(),
            },
        }
    }

    #[test]
    fn two_slots_in_a_row_count_and_a_good_frame_ends_it() {
        let bad = [
            seen(3, Frozen),
            seen(13, Placeholder),
            seen(23, Good),
            seen(33, Blank),
        ];
        let reason = lying(&camera(&bad, &[])).unwrap();
        assert_eq!(
            (reason.id.as_str(), reason.status),
            ("picture:in_gate", Status::Degraded)
        );
        assert!(
            reason
                .message
                .starts_with("in_gate: frozen (it sends the same picture"),
            "{}",
            reason.message
        );
        let (since, _) = seen(13, Good);
        let since = since.format("since %Y-%m-%d %H:%M:%S UTC").to_string();
        assert!(reason.message.contains(&since), "{}", reason.message);
        assert_eq!(lying(&camera(&bad[1..], &[])), None, "once may be chance");
        assert_eq!(
            lying(&camera(&[&[seen(0, Good)], &bad[..]].concat(), &[])),
            None
        );
        assert_eq!(lying(&camera(&[], &[])), None);
    }

    #[test]
    fn two_frames_of_one_slot_are_one() {
        let newest = DateTime::from_timestamp(1_763_800_200, 0).unwrap();
        let at = |seconds| (newest + TimeDelta::seconds(seconds), Blank);
        assert_eq!(newest.timestamp() % SLOT, 0);
        assert_eq!(lying(&camera(&[at(10), at(1)], &[])), None);
        let reason = lying(&camera(&[at(1), at(-1)], &[])).unwrap();
        assert!(
            reason.message.contains("since before"),
            "{}",
            reason.message
        );
    }

    #[test]
    fn the_night_of_a_camera_without_light_is_no_trouble() {
        let night = [seen(0, Dark), seen(10, Dark), seen(20, Good)];
        let yesterday = |verdict| [seen(24 * 60 + 20, verdict), seen(24 * 60 + 40, verdict)];
        assert_eq!(lying(&camera(&night, &yesterday(Dark))), None);
        assert!(
            lying(&camera(&night, &yesterday(Good))).is_some(),
            "dark by day"
        );
        assert!(lying(&camera(&night, &yesterday(Placeholder))).is_some());
        assert!(
            lying(&camera(&night, &[seen(20 * 60, Dark)])).is_some(),
            "at another time"
        );
        assert!(lying(&camera(&night, &[])).is_some(), "its first night");
        let mixed = [seen(0, Dark), seen(10, Blank), seen(20, Good)];
        assert!(lying(&camera(&mixed, &yesterday(Dark))).is_some());
    }

    #[test]
    fn a_camera_that_stays_dark_is_trouble_at_every_moment() {
        // Good until it went dark; before that, a day and a night like others.
        let was = |minutes: i64| if minutes < 0 { Good } else { Dark };
        for dark_for in (20..4 * 24 * 60).step_by(10) {
            let at = |ago: i64| seen(ago, was(dark_for - ago));
            let newest: Vec<_> = (0..=dark_for / 10 + 1).map(|slot| at(slot * 10)).collect();
            let day_before: Vec<_> = (138..=150).map(|slot| at(slot * 10)).collect();
            assert!(lying(&camera(&newest, &day_before)).is_some(), "{dark_for}");
        }
    }
}
