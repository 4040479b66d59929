//! Rhythms that are there and rhythms that are not, and a simulated camera of weeks.

use super::*;
use proptest::prelude::*;

const INTERVAL: TimeDelta = TimeDelta::minutes(10);

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_757_203_200_000 + milliseconds).unwrap()
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn upto(&mut self, below: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(below).unwrap()).unwrap()
    }

    fn around(&mut self, reach: i64) -> i64 {
        self.upto(2 * reach + 1) - reach
    }
}

#[test]
fn a_steady_camera_is_learned_through_jitter_and_gaps() {
    let mut dice = Dice(1);
    let frames: Vec<_> = (0..40)
        .filter(|n| n % 11 != 3)
        .map(|n| at(n * 601_000 + 137_000 + dice.around(20_000)))
        .collect();
    let rhythm = rhythm(&frames).unwrap();
    assert!((rhythm.period.num_milliseconds() - 601_000).abs() < 1500);
    let next = rhythm.next_frame(at(40 * 601_000));
    assert!((next - at(40 * 601_000 + 137_000)).num_seconds().abs() < 15);
}

#[test]
fn a_camera_that_counts_from_its_last_frame_is_followed_from_there() {
    let mut dice = Dice(2);
    let mut now = 0;
    let frames: Vec<_> = (0..36)
        .map(|_| {
            now += 600_000 + dice.around(25_000);
            at(now)
        })
        .collect();
    let rhythm = rhythm(&frames).unwrap();
    assert_eq!(rhythm.anchor, at(now));
}

#[test]
fn what_has_no_rhythm_is_told() {
    let mut dice = Dice(3);
    let wild: Vec<_> = (0..40).map(|_| at(dice.upto(24_000_000))).collect();
    assert_eq!(rhythm(&wild), None);
    assert_eq!(rhythm(&[]), None);
    assert_eq!(rhythm(&[at(0), at(600_000), at(1_200_000)]), None);
    assert_eq!(rhythm(&[at(0); 30]), None);
}

#[test]
fn the_offset_shrinks_slowly_and_grows_fast_within_bounds() {
    let first = Offset::first(INTERVAL);
    assert_eq!(first.milliseconds, 36_000);
    assert_eq!(first.learn(Found::AtOnce, INTERVAL).milliseconds, 34_500);
    assert_eq!(first.learn(Found::Late, INTERVAL).milliseconds, 51_000);
    assert_eq!(first.learn(Found::Nothing, INTERVAL), first);
    let mut offset = first;
    for _ in 0..100 {
        offset = offset.learn(Found::Late, INTERVAL);
    }
    assert_eq!(offset.milliseconds, 540_000);
}

/// A camera and its portal for `days` days: (median lag after appearance in ms, listings per interval, frames never seen in time).
fn simulate(seed: u64, days: i64, stepwise: bool, appears_after: (i64, i64)) -> (i64, f64) {
    let mut dice = Dice(seed);
    let (mut frames, mut grid, mut last) = (Vec::new(), 0, 0);
    while last < days * 86_400_000 {
        // A drift of up to half a percent, which changes over the day.
        let drift = (grid / 86_400_000 % 3 - 1) * 1500;
        grid += 600_000 + drift;
        last = if stepwise {
            last + 600_000 + drift + dice.around(20_000)
        } else {
            grid + dice.around(20_000)
        };
        if dice.upto(100) >= 3 {
            let appears = last + appears_after.0 + dice.upto(appears_after.1 + 1);
            frames.push((last, appears));
        }
    }
    let mut memory = Memory::default();
    let (mut now, mut listings, mut seen) = (0, 0u32, 0usize);
    let mut lags = Vec::new();
    while now < days * 86_400_000 {
        let newest = |seen: usize| -> Vec<_> {
            let newest = &frames[seen.saturating_sub(40)..seen];
            newest.iter().map(|frame| at(frame.0)).collect()
        };
        let next = memory.next(&newest(seen), at(now), INTERVAL);
        let (due, purpose) = next.unwrap_or((at(now + 600_000), Purpose::Period));
        now = (due - at(0)).num_milliseconds();
        listings += 1;
        while seen < frames.len() && frames[seen].1 <= now {
            // Two seconds for listing and storing.
            lags.push(now + 2000 - frames[seen].1);
            seen += 1;
        }
        let look = Look {
            due,
            at: due,
            purpose,
        };
        let spent = Spent {
            listings,
            since: at(0),
        };
        memory = memory.after(&look, &newest(seen), INTERVAL, &spent);
    }
    lags.sort_unstable();
    let per_interval = f64::from(listings) / (as_f64(days) * 144.0);
    (lags[lags.len() / 2], per_interval)
}

#[test]
fn the_median_lag_stays_under_45_seconds_at_1_2_listings_an_interval() {
    for seed in 0..3 {
        for stepwise in [false, true] {
            for appears_after in [(0, 0), (5_000, 10_000), (60_000, 30_000), (180_000, 20_000)] {
                let (median, listings) = simulate(seed, 14, stepwise, appears_after);
                let case = format!("seed {seed}, stepwise {stepwise}, appears {appears_after:?}");
                assert!(median < 45_000, "{case}: {median} ms");
                assert!(listings <= 1.2, "{case}: {listings} listings");
            }
        }
    }
}

#[test]
fn the_frame_after_a_start_is_not_skipped() {
    let minute = 60_000;
    let frames: Vec<_> = (-30..=0).map(|n| at(n * 10 * minute)).collect();
    let after = |purpose| {
        let look = Look {
            due: at(4 * minute),
            at: at(4 * minute),
            purpose,
        };
        let spent = Spent {
            listings: 1,
            since: at(0),
        };
        let memory = Memory::default().after(&look, &frames, INTERVAL, &spent);
        memory.next(&frames, look.at, INTERVAL).unwrap().0
    };
    assert_eq!(after(Purpose::Start), at(10 * minute + 36_000));
    assert_eq!(after(Purpose::Period), at(20 * minute + 36_000));
}

#[test]
fn a_second_look_that_failed_is_not_followed_by_a_third() {
    let frames: Vec<_> = (0..20).map(|n| at(n * 600_000)).collect();
    let due = at(20 * 600_000 + 36_000);
    let look = Look {
        due,
        at: due + TimeDelta::seconds(5),
        purpose: Purpose::Rhythm,
    };
    let spent = Spent {
        listings: 20,
        since: at(0),
    };
    let memory = Memory::default().after(&look, &frames, INTERVAL, &spent);
    let next = |last| memory.next(&frames, last, INTERVAL).unwrap();
    assert_eq!(
        next(due),
        (due + TimeDelta::seconds(36), Purpose::SecondLook)
    );
    // The second look began, and nothing could be read.
    let second = due + TimeDelta::seconds(36);
    let (then, purpose) = next(second);
    assert_eq!(purpose, Purpose::Rhythm);
    assert!(then - second >= INTERVAL / 2);
}

proptest! {
    #[test]
    fn any_instants_are_taken(frames in proptest::collection::vec(-1_000_000_000i64..1_000_000_000, 0..60), now in -1_000_000_000i64..1_000_000_000) {
        let frames: Vec<_> = frames.into_iter().map(at).collect();
        if let Some(rhythm) = rhythm(&frames) {
            let offset = Offset::first(INTERVAL);
            let next = rhythm.next_listing(at(now), offset, INTERVAL * 8 / 10);
            prop_assert!(next >= at(now) + INTERVAL / 2);
            prop_assert!(next - at(now) <= INTERVAL + rhythm.period + offset.delta());
        }
    }
}
