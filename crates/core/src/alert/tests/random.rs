//! The promises, over any sequence of evaluations.

use proptest::prelude::*;

use super::*;

const IDS: [&str; 7] = [
    "portal",
    "disk",
    "database",
    "camera:a",
    "camera:b",
    "camera:c",
    "picture:b",
];

/// One evaluation: minutes since the one before, and how each thing is.
type Look = (i64, [u8; 7]);

fn status(number: u8) -> Status {
    [
        Status::Healthy,
        Status::Warning,
        Status::Degraded,
        Status::Critical,
    ][usize::from(number.min(3))]
}

/// Evaluations that flap, last and lie quiet: stretches of the same, of one to forty looks.
fn looks() -> impl Strategy<Value = Vec<Look>> {
    let thing = prop_oneof![3 => Just(0u8), 1 => 1u8..4];
    let things = prop::array::uniform7(thing);
    let gap = prop_oneof![4 => Just(5i64), 1 => 1i64..600];
    let stretch = (gap, things, prop_oneof![3 => 1usize..5, 1 => 1usize..40]);
    prop::collection::vec(stretch, 1..60).prop_map(|stretches| {
        let stretches = stretches.into_iter();
        stretches
            .flat_map(|(gap, things, times)| std::iter::repeat_n((gap, things), times))
            .collect()
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    (1u32..5, 1u32..5, 1u32..4, 0i64..120).prop_map(|(rise, fall, raises, settle)| Policy {
        raise_after: rise,
        recover_after: fall,
        from: Status::Warning,
        raises_per_day: raises,
        settle: TimeDelta::minutes(settle),
    })
}

/// What is wrong in a look.
fn reasons(look: &Look) -> Vec<Reason> {
    let things = IDS.iter().zip(look.1).filter(|(_, number)| *number > 0);
    things
        .map(|(id, number)| reason(id, status(number)))
        .collect()
}

/// Everything that is said; between two looks the state goes through JSON if asked to.
fn play(looks: &[Look], policy: &Policy, through_json: bool) -> Vec<Message> {
    let (mut state, mut minute, mut said) = (State::default(), 0, Vec::new());
    for look in looks {
        minute += look.0;
        let (next, messages) = state.evaluated(at(minute), &reasons(look), policy);
        said.extend(messages);
        state = if through_json {
            serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap()
        } else {
            next
        };
    }
    said
}

/// The most messages of some kind within any 24 hours.
fn most_in_a_day(said: &[&Message]) -> usize {
    let within = |from: &&Message| {
        let day = said
            .iter()
            .filter(|one| one.at >= from.at && one.at - from.at < DAY);
        day.count()
    };
    said.iter().map(within).max().unwrap_or(0)
}

fn is(event: Event) -> impl Fn(&&Message) -> bool {
    move |message| message.event == event
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn alerts_are_told_in_order(looks in looks(), policy in policies()) {
        let said = play(&looks, &policy, false);
        let numbers: BTreeSet<u64> = said.iter().map(|message| message.alert).collect();
        for number in numbers {
            let of: Vec<&Message> = said.iter().filter(|message| message.alert == number).collect();
            prop_assert_eq!(of[0].event, Event::Raise);
            prop_assert_eq!(of.iter().filter(|message| message.event == Event::Raise).count(), 1);
            let ends = of.iter().position(|message| message.event == Event::Resolve);
            prop_assert!(ends.is_none_or(|at| at == of.len() - 1), "said after the end");
            for pair in of.windows(2).filter(|pair| pair[1].event == Event::Remind) {
                prop_assert!(pair[1].at - pair[0].at >= DAY, "a reminder too soon");
            }
        }
    }

    #[test]
    fn nothing_causes_more_than_was_promised(looks in looks(), policy in policies()) {
        let said = play(&looks, &policy, false);
        let promised = usize::try_from(policy.raises_per_day).unwrap();
        for id in IDS {
            let news = said.iter().filter(|message| {
                matches!(message.event, Event::Raise | Event::Update) && message.about.iter().any(|one| one == id)
            });
            prop_assert!(most_in_a_day(&news.collect::<Vec<_>>()) <= promised, "{id}");
        }
        let cameras = said.iter().filter(is(Event::Raise)).filter(|message| message.about.iter().all(|id| id.starts_with(CAMERA) || id.starts_with(PICTURE)));
        let together = promised * usize::try_from(CAMERAS_TOGETHER).unwrap();
        prop_assert!(most_in_a_day(&cameras.collect::<Vec<_>>()) <= together);
    }

    #[test]
    fn one_flapping_camera_gives_at_most_the_promised_messages(looks in looks(), policy in policies()) {
        let alone: Vec<Look> = looks.iter().map(|(gap, things)| (*gap, [0, 0, 0, things[3], 0, 0, 0])).collect();
        let said = play(&alone, &policy, false);
        let promised = usize::try_from(policy.most_messages_per_day()).unwrap();
        prop_assert!(most_in_a_day(&said.iter().collect::<Vec<_>>()) <= promised);
    }

    #[test]
    fn only_what_was_bad_for_long_enough_is_told(looks in looks(), policy in policies()) {
        let said = play(&looks, &policy, false);
        let (rise, fall) = (policy.raise_after, policy.recover_after);
        let mut minute = 0;
        // For each thing: bad and good looks in a row, and whether it counts as bad, by a counter that knows no rules.
        let mut things = [(0u32, 0u32, false); 7];
        for look in &looks {
            minute += look.0;
            for (thing, number) in things.iter_mut().zip(look.1) {
                *thing = if number > 0 { (thing.0 + 1, 0, thing.2) } else { (0, thing.1 + 1, thing.2) };
                thing.2 = thing.0 >= rise || (thing.2 && thing.1 < fall);
            }
            for message in said.iter().filter(|message| message.at == at(minute)) {
                let counts = |id: &str| things[IDS.iter().position(|one| *one == id).unwrap()].2;
                prop_assert!(message.wrong.iter().all(|line| counts(&line.id)), "{message:?}");
                prop_assert!(!message.over.iter().any(|line| counts(&line.id)), "{message:?}");
                prop_assert_eq!(message.wrong.is_empty(), message.event == Event::Resolve);
            }
        }
    }

    #[test]
    fn the_state_may_be_written_and_read_at_any_point(looks in looks(), policy in policies()) {
        prop_assert_eq!(play(&looks, &policy, false), play(&looks, &policy, true));
    }

    #[test]
    fn what_lasts_is_told_and_what_is_over_is_over(looks in looks(), policy in policies()) {
        // In the end all is well for long enough: nothing stays open.
        let mut looks = looks;
        looks.extend(std::iter::repeat_n((5, [0; 7]), 10));
        let said = play(&looks, &policy, false);
        let count = |event| said.iter().filter(is(event)).count();
        prop_assert_eq!(count(Event::Raise), count(Event::Resolve));
        // And what is bad from then on is told within a day, however often it was told before.
        looks.extend(std::iter::repeat_n((5, [0, 0, 0, 2, 0, 0, 0]), 300));
        let more = play(&looks, &policy, false);
        let told = more[said.len()..].iter().filter(|message| message.event == Event::Raise);
        prop_assert!(told.count() == 1);
    }
}
