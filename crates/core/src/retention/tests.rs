//! The rule, by examples and by properties.

use proptest::prelude::*;

use super::*;
use crate::frame::FrameId;

const DAY: i64 = 86_400;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_757_240_254 + seconds, 0).unwrap()
}

fn candidate(id: i64, seconds: i64, bytes: u64) -> Candidate {
    let camera = CameraId::new("in_gate").unwrap();
    Candidate {
        id,
        camera_id: "in_gate".into(),
        at: at(seconds),
        path: format!(
            "data/images/{}",
            FrameId::first(camera, at(seconds)).relative_path()
        ),
        bytes,
        origin: Origin::Collected,
        is_lost: false,
        is_referred_to: false,
    }
}

fn hold(from: i64, to: i64) -> HoldSpan {
    HoldSpan {
        camera: None,
        from: at(from),
        to: at(to),
    }
}

fn floor(floor: u64) -> Policy {
    Policy {
        floor,
        keeps_referred: true,
        ..Policy::default()
    }
}

fn verdicts(
    policy: Policy,
    holds: &[HoldSpan],
    free: u64,
    used: u64,
    frames: &[Candidate],
) -> Vec<Verdict> {
    let mut judge = Judge::new(policy, holds, free, used);
    frames.iter().map(|frame| judge.judge(frame)).collect()
}

#[test]
fn age_takes_what_is_older_and_nothing_at_the_limit() {
    let policy = Policy {
        taken_before: Some(at(0)),
        ..floor(0)
    };
    let adopted = Candidate {
        origin: Origin::Elsewhere,
        ..candidate(2, -1, 5)
    };
    let frames = [candidate(1, -2, 5), adopted, candidate(3, 0, 5)];
    let goes = Verdict::Goes(Reason::Age);
    assert_eq!(
        verdicts(policy, &[], 0, 0, &frames),
        [goes, goes, Verdict::NotDue]
    );
    assert_eq!(too_old(at(10 * DAY), 10), Some(at(0)));
    assert_eq!(too_old(DateTime::<Utc>::MIN_UTC, 1), None);
}

#[test]
fn lack_of_room_takes_the_oldest_until_there_is_enough() {
    let frames: Vec<_> = (0..4).map(|n| candidate(n, n, 10)).collect();
    let goes = Verdict::Goes(Reason::Disk);
    let want = [goes, goes, Verdict::NotDue, Verdict::NotDue];
    assert_eq!(verdicts(floor(100), &[], 81, 40, &frames), want);
    let budget = Policy {
        budget: Some(25),
        ..floor(0)
    };
    let goes = Verdict::Goes(Reason::Budget);
    let want = [goes, goes, Verdict::NotDue, Verdict::NotDue];
    assert_eq!(verdicts(budget, &[], 0, 40, &frames), want);
}

#[test]
fn what_stands_in_the_way_is_named() {
    let mut frames: Vec<_> = (0..5).map(|n| candidate(n, n, 10)).collect();
    frames[1].is_referred_to = true;
    frames[2].origin = Origin::Elsewhere;
    frames[3].path = "data/images/in_gate/1.jpg".into();
    let stays = Verdict::Stays;
    let want = [
        stays(Obstacle::Hold),
        stays(Obstacle::ReferredTo),
        stays(Obstacle::Elsewhere),
        stays(Obstacle::OtherName),
        Verdict::Goes(Reason::Disk),
    ];
    assert_eq!(verdicts(floor(100), &[hold(0, 1)], 0, 50, &frames), want);
    let removes = Policy {
        keeps_referred: false,
        ..floor(100)
    };
    let found = verdicts(removes, &[], 0, 50, &frames[1..2]);
    assert_eq!(found, [Verdict::Goes(Reason::Disk)]);
}

#[test]
fn a_file_that_is_gone_helps_nobody_but_goes_by_age() {
    let lost = Candidate {
        is_lost: true,
        ..candidate(1, 0, 10)
    };
    assert_eq!(
        verdicts(floor(9), &[], 0, 0, std::slice::from_ref(&lost)),
        [Verdict::NotDue]
    );
    let policy = Policy {
        taken_before: Some(at(1)),
        ..floor(9)
    };
    assert_eq!(
        verdicts(policy, &[], 0, 0, &[lost]),
        [Verdict::Goes(Reason::Age)]
    );
}

#[test]
fn a_hold_is_of_its_camera_and_its_time() {
    let camera = Some(CameraId::new("in_gate").unwrap());
    let hold = HoldSpan {
        camera,
        ..hold(0, 10)
    };
    assert!(hold.covers("in_gate", at(0)) && hold.covers("in_gate", at(9)));
    assert!(!hold.covers("in_gate", at(10)) && !hold.covers("in_gate", at(-1)));
    assert!(!hold.covers("out_gate", at(5)));
}

prop_compose! {
    fn any_candidate()(seconds in 0i64..1000, bytes in 0u64..50, elsewhere: bool, is_lost: bool, is_referred_to: bool) -> Candidate {
        let origin = if elsewhere { Origin::Elsewhere } else { Origin::Collected };
        Candidate { origin, is_lost, is_referred_to, ..candidate(0, seconds, bytes) }
    }
}

prop_compose! {
    fn any_policy()(age in proptest::option::of(0i64..1000), budget in proptest::option::of(0u64..800),
                    floor in 0u64..1500, keeps_referred: bool) -> Policy {
        Policy { taken_before: age.map(at), budget, floor, keeps_referred }
    }
}

proptest! {
    #[test]
    fn the_rule_holds(
        mut frames in proptest::collection::vec(any_candidate(), 0..40),
        policy in any_policy(),
        spans in proptest::collection::vec((0i64..1000, 1i64..200), 0..3),
        free in 0u64..1000,
    ) {
        frames.sort_by_key(|frame| frame.at);
        let holds: Vec<_> = spans.iter().map(|(from, length)| hold(*from, from + length)).collect();
        let used: u64 = frames.iter().map(Candidate::size).sum();
        let found = verdicts(policy, &holds, free, used, &frames);
        let (mut now_free, mut now_used) = (free, used);
        for (frame, verdict) in frames.iter().zip(&found) {
            let is_old = policy.taken_before.is_some_and(|limit| frame.at < limit);
            let is_short = now_free < policy.floor || policy.budget.is_some_and(|most| now_used > most);
            let is_held = holds.iter().any(|hold| hold.covers(&frame.camera_id, frame.at));
            match verdict {
                Verdict::Goes(reason) => {
                    prop_assert!(!is_held, "a held frame goes");
                    prop_assert!(!(policy.keeps_referred && frame.is_referred_to), "a frame goes that is referred to");
                    prop_assert!(is_old || frame.origin == Origin::Collected, "an adopted frame goes for lack of room");
                    prop_assert!(is_old || is_short, "a frame goes that nobody asked for");
                    prop_assert_eq!(*reason == Reason::Age, is_old);
                    now_free += frame.size();
                    now_used -= frame.size();
                }
                // Oldest first: nothing is passed over that may go and is asked for.
                Verdict::NotDue => prop_assert!(!is_old && (!is_short || frame.size() == 0)),
                Verdict::Stays(_) => prop_assert!(is_old || is_short),
            }
        }
        // A rehearsal and the removal say the same, and a second clean-up after it finds nothing to do.
        prop_assert_eq!(&found, &verdicts(policy, &holds, free, used, &frames));
        let left: Vec<Candidate> = frames.iter().zip(&found)
            .filter(|(_, verdict)| !matches!(verdict, Verdict::Goes(_))).map(|(frame, _)| frame.clone()).collect();
        let again = verdicts(policy, &holds, now_free, now_used, &left);
        prop_assert!(!again.iter().any(|verdict| matches!(verdict, Verdict::Goes(_))));
    }
}
