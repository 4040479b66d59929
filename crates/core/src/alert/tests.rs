//! What is said and what is not, in single stories; `random` does the same for any sequence of evaluations.

mod random;

use super::*;

pub(super) const POLICY: Policy = Policy {
    raise_after: 2,
    recover_after: 2,
    from: Status::Warning,
    raises_per_day: 3,
    settle: TimeDelta::minutes(30),
};

pub(super) fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_757_203_200 + minutes * 60, 0).unwrap()
}

pub(super) fn reason(id: &str, status: Status) -> Reason {
    Reason {
        id: id.to_owned(),
        status,
        message: format!("{id} is {status}"),
    }
}

/// Evaluates every five minutes and gathers what is said, as `raise 1 portal`.
struct Story {
    state: State,
    minute: i64,
    said: Vec<String>,
    last: Option<Message>,
}

impl Story {
    fn new() -> Self {
        Self {
            state: State::default(),
            minute: 0,
            said: Vec::new(),
            last: None,
        }
    }

    /// So many evaluations with these things bad.
    fn see(&mut self, times: u32, bad: &[(&str, Status)]) -> &mut Self {
        let reasons: Vec<Reason> = bad.iter().map(|(id, status)| reason(id, *status)).collect();
        for _ in 0..times {
            let state = std::mem::take(&mut self.state);
            let (state, messages) = state.evaluated(at(self.minute), &reasons, &POLICY);
            self.state = state;
            self.minute += 5;
            for message in messages {
                let event = format!("{:?}", message.event).to_lowercase();
                self.said.push(format!(
                    "{event} {} {}",
                    message.alert,
                    message.about.join("+")
                ));
                self.last = Some(message);
            }
        }
        self
    }

    fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }
}

use Status::{Critical, Degraded, Warning};

const IN: (&str, Status) = ("camera:in_gate", Degraded);
const OUT: (&str, Status) = ("camera:out_gate", Degraded);
const PORTAL: (&str, Status) = ("portal", Degraded);
const NOTHING: &[(&str, Status)] = &[];

#[test]
fn a_camera_is_raised_once_reminded_daily_and_resolved_once() {
    let mut story = Story::new();
    assert!(story.see(1, &[IN]).said().is_empty(), "one failure is none");
    assert_eq!(story.see(1, &[IN]).said(), ["raise 1 camera:in_gate"]);
    let message = story.last.clone().unwrap();
    assert_eq!((message.since, message.status), (at(0), Degraded));
    assert_eq!(message.wrong[0].message, "camera:in_gate is degraded");
    assert!(
        story.see(287, &[IN]).said().is_empty(),
        "no reminder within a day"
    );
    assert_eq!(story.see(1, &[IN]).said(), ["remind 1 camera:in_gate"]);
    assert_eq!(story.see(288, &[IN]).said(), ["remind 1 camera:in_gate"]);
    assert!(story.see(1, NOTHING).said().is_empty());
    assert_eq!(story.see(1, NOTHING).said(), ["resolve 1 camera:in_gate"]);
    assert!(story.see(600, NOTHING).said().is_empty());
    assert_eq!(story.state.subjects.len() + story.state.alerts.len(), 0);
}

#[test]
fn what_recovers_before_the_set_number_is_never_spoken_of() {
    let mut story = Story::new();
    for _ in 0..500 {
        story.see(1, &[IN, PORTAL]).see(1, NOTHING);
    }
    assert!(story.said().is_empty());
    story.see(2, &[PORTAL]);
    for _ in 0..50 {
        story.see(1, NOTHING).see(1, &[PORTAL]);
    }
    assert_eq!(
        story.said(),
        ["raise 1 portal"],
        "one good evaluation ends nothing"
    );
}

#[test]
fn an_outage_of_the_portal_is_one_alert_with_all_cameras() {
    let mut story = Story::new();
    let names: Vec<String> = (0..60).map(|n| format!("camera:{n}")).collect();
    let mut bad = vec![PORTAL];
    story.see(3, &bad);
    for name in &names {
        bad.push((name, Degraded));
        story.see(1, &bad);
    }
    story.see(30, &bad);
    assert_eq!(story.said(), ["raise 1 portal"]);
    bad.remove(0);
    story
        .see(2, &bad)
        .see(1, &bad[10..])
        .see(1, &bad)
        .see(1, &bad[5..]);
    assert!(
        story.said().is_empty(),
        "cameras come back one by one in silence"
    );
    story.see(2, NOTHING);
    assert_eq!(story.said(), ["resolve 1 portal"]);
    assert_eq!(story.last.as_ref().unwrap().over.len(), 61);
}

#[test]
fn cameras_that_go_together_are_one_alert_and_one_that_goes_later_another() {
    let mut story = Story::new();
    story.see(2, &[IN, OUT]);
    assert_eq!(story.said(), ["raise 1 camera:in_gate+camera:out_gate"]);
    story.see(3, &[IN, OUT, ("camera:third", Degraded)]);
    assert!(story.said().is_empty(), "within half an hour");
    story.see(12, &[IN]).said();
    story.see(2, &[IN, OUT]);
    assert_eq!(story.said(), ["raise 2 camera:out_gate"]);
    story.see(2, NOTHING);
    assert_eq!(
        story.said(),
        ["resolve 1 camera:in_gate", "resolve 2 camera:out_gate"]
    );
}

/// A picture's id once counted as a cause that explains every camera.
#[test]
fn a_camera_that_lies_is_no_reason_why_another_is_silent() {
    let lies = ("picture:in_gate", Degraded);
    let mut story = Story::new();
    assert_eq!(story.see(2, &[lies]).said(), ["raise 1 picture:in_gate"]);
    story.see(20, &[lies]);
    assert_eq!(
        story.see(2, &[lies, OUT]).said(),
        ["raise 2 camera:out_gate"],
        "hours after"
    );
    story.see(2, &[lies]).see(2, NOTHING);
    let over = ["resolve 2 camera:out_gate", "resolve 1 picture:in_gate"];
    assert_eq!(story.said(), over);
}

/// It once joined the first one's alert in silence.
#[test]
fn a_second_camera_soon_after_the_first_is_told_as_more_of_the_same_alert() {
    let lies = |camera| (camera, Degraded);
    let pairs = [
        (lies("picture:in_gate"), lies("picture:out_gate")),
        (lies("picture:in_gate"), OUT),
        (IN, lies("picture:out_gate")),
        (("job:collect:in_gate", Degraded), OUT),
        (IN, OUT),
    ];
    for (first, second) in pairs {
        let mut story = Story::new();
        assert_eq!(
            story.see(3, &[first]).said(),
            [format!("raise 1 {}", first.0)]
        );
        let told = format!("update 1 {}", second.0);
        assert_eq!(story.see(2, &[first, second]).said(), [told]);
        assert!(story.see(100, &[first, second]).said().is_empty());
        assert_eq!(story.last.as_ref().unwrap().wrong.len(), 2);
        story.see(2, NOTHING);
        assert_eq!(story.said(), [format!("resolve 1 {}", second.0)]);
    }
}

#[test]
fn more_that_is_wrong_with_the_same_camera_is_one_outage() {
    let mut story = Story::new();
    let stuck = ("job:collect:in_gate", Degraded);
    assert_eq!(
        story.see(20, &[stuck]).said(),
        ["raise 1 job:collect:in_gate"]
    );
    let lies = ("picture:in_gate", Degraded);
    assert!(story.see(20, &[stuck, IN, lies]).said().is_empty());
}

#[test]
fn a_portal_that_is_down_explains_lying_cameras_too() {
    let mut story = Story::new();
    let lies = ("picture:in_gate", Degraded);
    story
        .see(20, &[PORTAL])
        .see(20, &[PORTAL, lies, IN, OUT])
        .see(2, NOTHING);
    assert_eq!(story.said(), ["raise 1 portal", "resolve 1 portal"]);
}

#[test]
fn cameras_wait_for_a_cause_that_is_about_to_show() {
    let mut story = Story::new();
    story.see(1, &[IN, OUT]).see(2, &[IN, OUT, PORTAL]);
    assert_eq!(story.said(), ["raise 1 portal"]);
}

#[test]
fn a_cause_that_shows_after_its_cameras_is_the_same_alert() {
    let mut story = Story::new();
    story
        .see(3, &[IN])
        .see(2, &[IN, PORTAL])
        .see(2, &[PORTAL])
        .see(2, NOTHING);
    assert_eq!(
        story.said(),
        [
            "raise 1 camera:in_gate",
            "update 1 portal",
            "resolve 1 portal"
        ]
    );
}

#[test]
fn what_is_left_of_an_outage_is_told_after_a_while() {
    let mut story = Story::new();
    story.see(3, &[PORTAL, IN]).see(3, &[IN]);
    assert_eq!(story.said(), ["raise 1 portal"]);
    story.see(8, &[IN]);
    assert_eq!(story.said(), ["update 1 camera:in_gate"]);
    assert_eq!(story.last.as_ref().unwrap().over[0].id, "portal");
    story.see(2, NOTHING);
    assert_eq!(story.said(), ["resolve 1 camera:in_gate"]);
}

#[test]
fn what_becomes_worse_is_told_and_what_is_worse_elsewhere_too() {
    let mut story = Story::new();
    let disk = |status| ("disk", status);
    story.see(20, &[disk(Warning)]).see(2, &[disk(Critical)]);
    assert_eq!(story.said(), ["raise 1 disk", "update 1 disk"]);
    story.see(10, &[disk(Warning)]);
    assert_eq!(story.said(), ["update 1 disk"], "better, but not over");
    story.see(2, &[disk(Warning), PORTAL]);
    assert_eq!(story.said(), ["raise 2 portal"], "hours after the warning");
    story.see(2, &[disk(Warning)]);
    assert_eq!(story.said(), ["resolve 2 portal"]);
}

#[test]
fn a_warning_is_not_the_reason_why_a_camera_is_silent() {
    let mut story = Story::new();
    story
        .see(20, &[("disk", Warning)])
        .see(2, &[("disk", Warning), IN]);
    assert_eq!(story.said(), ["raise 1 disk", "raise 2 camera:in_gate"]);
}

#[test]
fn a_warning_that_is_followed_by_a_late_camera_is_the_same_outage() {
    let (mut story, first) = (Story::new(), ("pictures", Warning));
    assert_eq!(story.see(2, &[first]).said(), ["raise 1 pictures"]);
    assert_eq!(
        story.see(2, &[first, IN]).said(),
        ["update 1 camera:in_gate"]
    );
    let both = [("pictures", Degraded), IN, OUT];
    assert_eq!(story.see(3, &both).said(), ["update 1 pictures"]);
    assert_eq!(story.see(2, NOTHING).said(), ["resolve 1 pictures"]);
}

#[test]
fn what_the_policy_leaves_out_is_not_spoken_of() {
    let policy = Policy {
        from: Degraded,
        ..POLICY
    };
    let mut state = State::default();
    for minute in 0..10 {
        let (next, said) = state.evaluated(at(minute), &[reason("disk", Warning)], &policy);
        assert!(said.is_empty());
        state = next;
    }
}

#[test]
fn a_flapping_camera_keeps_to_its_promise_and_says_so() {
    let mut story = Story::new();
    for _ in 0..60 {
        story.see(2, &[IN]).see(2, NOTHING);
    }
    assert_eq!(
        story.said().len(),
        6,
        "three raises and their ends in 20 hours"
    );
    assert!(story.last.as_ref().unwrap().is_last_for_now);
    // Bad for good now: told as soon as the first of the three is a day old.
    story.see(100, &[IN]);
    assert_eq!(story.said(), ["raise 4 camera:in_gate"]);
}

#[test]
fn sixty_cameras_that_fail_in_turn_are_no_storm() {
    let mut story = Story::new();
    for camera in 0..60 {
        let name = format!("camera:{camera}");
        story.see(2, &[(&name, Degraded)]).see(2, NOTHING);
    }
    let raised = story.said.iter().filter(|said| said.starts_with("raise"));
    assert_eq!(raised.count(), 12, "four times three in 20 hours");
    story.see(2, &[PORTAL]);
    assert!(story.said().contains(&"raise 13 portal".to_owned()));
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut story = Story::new();
    story.see(2, &[IN]);
    story.minute -= 60 * 24 * 365;
    assert!(
        story.see(288, &[IN]).said().len() == 1,
        "raised, and not yet reminded of"
    );
    assert_eq!(story.see(1, &[IN]).said(), ["remind 1 camera:in_gate"]);
}
