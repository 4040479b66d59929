//! What random troubles brought to light, each as small as it came, so that it stays mended.

use crate::random::wrong;
use crate::script::{Kind, Trouble};

fn nothing_is_wrong(troubles: &[Trouble], at: usize, closes_days: bool) {
    let wrong = wrong(troubles, at, closes_days);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A clock that is two hours ahead around midnight: by it the day was over at ten in the evening, its frames until then were
/// beyond doubt, and those of the last two hours were never asked for.
#[test]
fn a_clock_that_is_ahead_over_midnight_does_not_lose_the_evening() {
    let ahead = Trouble::new(Kind::ClockOff, 190, 300, 7200);
    nothing_is_wrong(&[ahead], 0, false);
    nothing_is_wrong(&[ahead], 0, true);
}

/// A clock that is behind shows frames of the future, and no listing counts until it is right again.
#[test]
fn a_clock_that_is_behind_over_midnight_loses_nothing() {
    let behind = Trouble::new(Kind::ClockOff, 300, 300, -7200);
    nothing_is_wrong(&[behind], 0, false);
}

/// Days that the calendar closes, around the night in which clocks change.
#[test]
fn an_outage_over_the_change_of_clocks_is_made_up_for() {
    let down = Trouble::new(Kind::WeAreDown, 200, 1400, 0);
    for at in [1, 2] {
        nothing_is_wrong(&[down], at, true);
    }
}

/// A machine that starts with its clock four hours ahead, which is then set right: by the rows the service had not begun yet, and
/// each tick was its first, one after the other for four hours.
#[test]
fn a_start_by_a_clock_that_is_ahead_is_no_rush() {
    let ahead = Trouble::new(Kind::ClockOff, 600, 200, 14_400);
    let down = Trouble::new(Kind::WeAreDown, 610, 90, 0);
    nothing_is_wrong(&[ahead, down], 0, false);
}

/// A portal that is down while every listing meets its deadline: none of them tells that it is the portal, so that no breaker
/// opens, and the attempts of each camera are all that is asked.
#[test]
fn a_portal_that_is_down_and_slow_is_asked_by_attempts() {
    let down = Trouble::new(Kind::PortalDown, 957, 394, 0);
    let slow = Trouble::new(Kind::Slow, 650, 618, 10);
    nothing_is_wrong(&[down, slow], 0, false);
}

/// A second look that failed was followed by another after half a minute, for as long as the camera could not be read.
#[test]
fn second_looks_that_fail_are_no_rush() {
    let behind = Trouble::new(Kind::ClockOff, 1047, 78, -984);
    nothing_is_wrong(&[behind], 0, true);
}
