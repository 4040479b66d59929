//! The rules of ticks, one by one, and under random histories.

use super::*;
use proptest::prelude::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_757_203_200 + seconds, 0).unwrap()
}

fn spec() -> JobSpec {
    JobSpec {
        name: "collect:in_gate".into(),
        period: TimeDelta::minutes(10),
        grace: TimeDelta::minutes(5),
        at_start: true,
        delays: Delays {
            first: TimeDelta::seconds(60),
            multiplier: 2.0,
            most: TimeDelta::seconds(600),
            attempts: 3,
        },
    }
}

fn pending(due: i64, attempts: u32, not_before: i64) -> Standing {
    Standing {
        open: Some(OpenTick {
            due: at(due),
            is_running: false,
            attempts,
            not_before: at(not_before),
        }),
        ..Standing::default()
    }
}

fn last(started: i64, due: i64) -> Standing {
    Standing {
        open: None,
        last_started: Some(at(started)),
        last_due: Some(at(due)),
        was_interrupted: false,
    }
}

fn step(now: i64, standing: &Standing) -> Step {
    next_step(at(now), &spec(), standing, &Around::default())
}

#[test]
fn a_service_that_starts_begins_at_once_but_not_twice() {
    let around = Around {
        service_started: Some(at(0)),
        ..Around::default()
    };
    let next = |standing: &Standing| next_step(at(1), &spec(), standing, &around);
    assert_eq!(next(&Standing::default()), Step::Plan(at(1)));
    assert_eq!(next(&last(-300, -300)), Step::Plan(at(1)));
    assert_eq!(next(&last(-30, -30)), Step::Plan(at(600)));
    assert_eq!(next(&last(0, 0)), Step::Plan(at(600)));
}

/// What is due at once since its moment passed is not out of turn.
#[test]
fn a_moment_of_the_rhythm_that_passed_is_in_turn() {
    let around = Around {
        service_started: Some(at(0)),
        next_by_rhythm: Some(at(36)),
        ..Around::default()
    };
    let out_of_turn = |standing: &Standing| is_out_of_turn(at(90), &spec(), standing, &around);
    let step = next_step(at(90), &spec(), &last(0, 0), &around);
    assert_eq!(step, Step::Plan(at(90)));
    assert!(!out_of_turn(&last(0, 0)));
    let interrupted = Standing {
        was_interrupted: true,
        ..last(0, 0)
    };
    for standing in [Standing::default(), last(-300, -300), interrupted] {
        assert!(out_of_turn(&standing), "{standing:?}");
    }
}

#[test]
fn a_tick_waits_for_its_time_and_then_starts() {
    assert_eq!(step(599, &pending(600, 0, 600)), Step::Wait(Some(at(600))));
    assert_eq!(step(600, &pending(600, 0, 600)), Step::Start);
    assert_eq!(step(900, &pending(600, 0, 600)), Step::Start);
}

#[test]
fn what_is_too_late_is_missed_and_stands_for_all_that_went_by() {
    assert_eq!(step(901, &pending(600, 0, 600)), Step::Miss(Why::Late, 1));
    assert_eq!(step(4201, &pending(600, 0, 600)), Step::Miss(Why::Late, 7));
    // ... and what is owed is done at once, not at the next round time.
    assert_eq!(step(4201, &last(0, 600)), Step::Plan(at(4201)));
}

#[test]
fn a_repeated_try_is_never_late() {
    assert_eq!(step(5000, &pending(600, 1, 700)), Step::Start);
}

#[test]
fn a_slow_run_is_followed_by_the_tick_that_came_due_meanwhile() {
    assert_eq!(step(780, &last(0, 0)), Step::Plan(at(600)));
    assert_eq!(step(901, &last(600, 600)), Step::Plan(at(1200)));
    // Within its period but past its grace: the next one.
    assert_eq!(step(1799, &last(899, 600)), Step::Plan(at(1799)));
}

#[test]
fn a_running_tick_is_left_alone_until_its_holder_is_gone() {
    let mut standing = pending(600, 0, 600);
    standing.open.as_mut().unwrap().is_running = true;
    assert_eq!(step(10_000, &standing), Step::Wait(None));
    let gone = Around {
        is_holder_gone: true,
        ..Around::default()
    };
    assert_eq!(
        next_step(at(700), &spec(), &standing, &gone),
        Step::Interrupt
    );
}

#[test]
fn what_was_cut_short_is_done_again_at_once() {
    let standing = Standing {
        was_interrupted: true,
        ..last(600, 600)
    };
    assert_eq!(step(605, &standing), Step::Plan(at(605)));
}

#[test]
fn a_clock_that_is_set_back_does_not_put_a_job_to_sleep() {
    assert_eq!(
        step(-7200, &pending(600, 0, 600)),
        Step::Miss(Why::ClockSetBack, 1)
    );
    // Its last tick lies in the future now: the next round time counts.
    assert_eq!(step(-7199, &last(600, 600)), Step::Plan(at(-7199)));
}

#[test]
fn a_service_that_started_by_a_clock_of_the_future_does_not_begin_again_and_again() {
    let around = Around {
        service_started: Some(at(14_400)),
        ..Around::default()
    };
    let next = |now| next_step(at(now), &spec(), &last(0, 0), &around);
    assert_eq!(next(10), Step::Plan(at(600)));
}

#[test]
fn a_breaker_holds_ticks_without_missing_them() {
    let around = Around {
        held_until: Some(at(9000)),
        ..Around::default()
    };
    let next = |now| next_step(at(now), &spec(), &pending(600, 0, 600), &around);
    assert_eq!(next(5000), Step::Wait(Some(at(9000))));
    assert_eq!(next(9000), Step::Miss(Why::Late, 14));
}

#[test]
fn a_rhythm_is_followed_within_reason() {
    let by = |next| Around {
        next_by_rhythm: Some(at(next)),
        ..Around::default()
    };
    let next = |next| next_step(at(100), &spec(), &last(0, 0), &by(next));
    assert_eq!(next(437), Step::Plan(at(437)));
    assert_eq!(next(50), Step::Plan(at(100)));
    assert_eq!(next(1_000_000), Step::Plan(at(100 + 1200 + 600)));
}

#[test]
fn delays_grow_up_to_their_bound() {
    let delays = spec().delays;
    let waits: Vec<_> = (1..=6).map(|n| delays.after(n).num_seconds()).collect();
    assert_eq!(waits, [60, 120, 240, 480, 600, 600]);
    assert_eq!(delays.after(u32::MAX).num_seconds(), 600);
}

/// Events of a job's life: time goes on, the clock steps, the service restarts, a run ends.
#[derive(Debug, Clone)]
enum Event {
    Pass(i64),
    StepClock(i64),
    Restart,
    Finish { is_ok: bool },
    Crash,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1i64..1500).prop_map(Event::Pass),
        1 => (-9000i64..9000).prop_map(Event::StepClock),
        1 => Just(Event::Restart),
        4 => any::<bool>().prop_map(|is_ok| Event::Finish { is_ok }),
        1 => Just(Event::Crash),
    ]
}

proptest! {
    /// Whatever happens, steps settle, and a job is never without a tick that is under way or due within the farthest time.
    #[test]
    fn a_job_never_falls_asleep(events in proptest::collection::vec(event(), 1..80)) {
        let spec = spec();
        let (mut now, mut standing) = (0i64, Standing::default());
        let mut around = Around { service_started: Some(at(0)), ..Around::default() };
        for event in events {
            match event {
                Event::Pass(seconds) | Event::StepClock(seconds) => now += seconds,
                Event::Restart => around.service_started = Some(at(now)),
                Event::Crash => around.is_holder_gone = true,
                Event::Finish { is_ok } => {
                    if let Some(open) = standing.open.as_mut().filter(|open| open.is_running) {
                        if is_ok || open.attempts + 1 >= spec.delays.attempts {
                            standing.last_due = Some(open.due);
                            standing.open = None;
                        } else {
                            open.attempts += 1;
                            open.is_running = false;
                            open.not_before = at(now) + spec.delays.after(open.attempts);
                        }
                    }
                }
            }
            let mut steps = 0;
            loop {
                steps += 1;
                prop_assert!(steps < 8, "no end of steps at {now}: {standing:?}");
                match next_step(at(now), &spec, &standing, &around) {
                    Step::Plan(due) => {
                        prop_assert!(standing.open.is_none());
                        standing.open = Some(OpenTick { due, is_running: false, attempts: 0, not_before: due });
                    }
                    Step::Start => {
                        let open = standing.open.as_mut().unwrap();
                        open.is_running = true;
                        standing.last_started = Some(at(now));
                        standing.was_interrupted = false;
                        around.is_holder_gone = false;
                    }
                    Step::Miss(..) | Step::Interrupt => {
                        standing.was_interrupted = around.is_holder_gone;
                        standing.last_due = standing.open.map(|open| open.due);
                        standing.open = None;
                        around.is_holder_gone = false;
                    }
                    Step::Wait(None) => {
                        prop_assert!(standing.open.unwrap().is_running);
                        break;
                    }
                    Step::Wait(Some(until)) => {
                        prop_assert!(until > at(now) && until - at(now) <= farthest(&spec));
                        break;
                    }
                }
            }
        }
    }
}
