use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_800_000 + seconds, 0).unwrap()
}

fn camera(name: &str, age_minutes: i64) -> CameraFacts {
    CameraFacts {
        camera: CameraId::new(name).unwrap(),
        newest: Some(at(-60 * age_minutes)),
        trouble: None,
        sights: Sights::default(),
    }
}

fn limits() -> Limits {
    Limits {
        interval: TimeDelta::minutes(10),
        disk_warning: 80.0,
        disk_critical: 90.0,
    }
}

fn well() -> Facts {
    Facts {
        now: at(0),
        started: at(-86_400),
        database: Ok(Duration::from_millis(1)),
        archive: None,
        disk: Some((50, 100)),
        cameras: vec![camera("in_gate", 3), camera("out_gate", 8)],
        jobs: Vec::new(),
        owed: Some((0, Some(0))),
        clock_step: TimeDelta::zero(),
        told: Vec::new(),
    }
}

fn trouble(kind: Kind, times: u32, was_listed: bool) -> Option<Trouble> {
    (times > 0).then(|| Trouble {
        failure: Failure::new(kind, "why"),
        times,
        was_listed,
    })
}

/// Status and ids of what changes make of facts that are well.
fn after(change: impl FnOnce(&mut Facts)) -> (Status, Vec<String>) {
    let mut facts = well();
    change(&mut facts);
    let health = assess(&facts, &limits());
    (
        health.status,
        health.reasons.into_iter().map(|reason| reason.id).collect(),
    )
}

fn is(status: Status, ids: &[&str]) -> (Status, Vec<String>) {
    (status, ids.iter().map(|&id| id.to_owned()).collect())
}

#[test]
fn nothing_wrong_is_healthy() {
    assert_eq!(after(|_| {}), is(Status::Healthy, &[]));
}

#[test]
fn the_disk_warns_above_one_limit_and_is_critical_above_the_other() {
    let with = |free| after(move |facts: &mut Facts| facts.disk = Some((free, 100)));
    assert_eq!(with(20), is(Status::Healthy, &[]));
    assert_eq!(with(19), is(Status::Warning, &["disk"]));
    assert_eq!(with(10), is(Status::Warning, &["disk"]));
    assert_eq!(with(9), is(Status::Critical, &["disk"]));
    assert_eq!(used_percent((0, 0)), None);
}

#[test]
fn a_camera_without_a_frame_for_two_intervals_is_named() {
    let late = |age| after(move |facts: &mut Facts| facts.cameras[1] = camera("out_gate", age));
    assert_eq!(late(20), is(Status::Healthy, &[]));
    assert_eq!(late(21), is(Status::Degraded, &["camera:out_gate"]));
    let never = |since: i64| {
        after(move |facts: &mut Facts| {
            facts.cameras[0].newest = None;
            facts.started = at(-60 * since);
        })
    };
    assert_eq!(never(19), is(Status::Healthy, &[]));
    assert_eq!(never(25), is(Status::Degraded, &["camera:in_gate"]));
}

#[test]
fn a_portal_that_is_down_is_one_reason_for_all_cameras() {
    let down = |times| {
        after(move |facts: &mut Facts| {
            for camera in &mut facts.cameras {
                camera.trouble = trouble(Kind::Transient, times, false);
            }
        })
    };
    assert_eq!(down(1), is(Status::Warning, &["portal"]));
    assert_eq!(down(2), is(Status::Degraded, &["portal"]));
}

#[test]
fn every_kind_of_failure_has_a_cause_and_makes_itself_known() {
    for kind in Kind::ALL {
        for was_listed in [false, true] {
            let (status, ids) =
                after(|facts| facts.cameras[0].trouble = trouble(kind, 1, was_listed));
            assert!(status > Status::Healthy, "{kind}");
            assert_eq!(ids.len(), 1, "{kind}: {ids:?}");
        }
    }
    let full = after(|facts| facts.cameras[0].trouble = trouble(Kind::DiskFull, 1, true));
    assert_eq!(full, is(Status::Critical, &["disk"]));
    let gone = after(|facts| facts.cameras[0].trouble = trouble(Kind::NotFound, 9, true));
    assert_eq!(gone, is(Status::Warning, &["pictures"]));
}

#[test]
fn a_database_that_does_not_answer_is_critical_and_no_camera_is_blamed() {
    let silent = after(|facts| {
        facts.database = Err("locked".to_owned());
        facts.cameras[0].newest = None;
        facts.cameras[1] = camera("out_gate", 999);
    });
    assert_eq!(silent, is(Status::Critical, &["database"]));
    let slow = after(|facts| facts.database = Ok(Duration::from_secs(3)));
    assert_eq!(slow, is(Status::Warning, &["database"]));
}

#[test]
fn jobs_that_do_not_begin_or_do_not_end_are_named() {
    let job = |open, last_started| JobFacts {
        name: "cleanup".to_owned(),
        open,
        last_started,
        deadline: TimeDelta::minutes(5),
    };
    let with = |found: JobFacts| after(move |facts: &mut Facts| facts.jobs = vec![found]);
    assert_eq!(
        with(job(Some((at(-599), false)), None)),
        is(Status::Healthy, &[])
    );
    assert_eq!(
        with(job(Some((at(-601), false)), None)),
        is(Status::Degraded, &["job:cleanup"])
    );
    let running = Some((at(-900), true));
    assert_eq!(with(job(running, Some(at(-899)))), is(Status::Healthy, &[]));
    assert_eq!(
        with(job(running, Some(at(-901)))),
        is(Status::Degraded, &["job:cleanup"])
    );
    assert_eq!(with(job(None, Some(at(-9999)))), is(Status::Healthy, &[]));
}

#[test]
fn a_ledger_that_grows_is_told_and_one_that_is_long_is_not() {
    let owed = |now, before| after(move |facts: &mut Facts| facts.owed = Some((now, before)));
    assert_eq!(owed(500, Some(500)), is(Status::Healthy, &[]));
    assert_eq!(owed(506, Some(500)), is(Status::Healthy, &[]));
    assert_eq!(owed(507, Some(500)), is(Status::Warning, &["ledger"]));
    assert_eq!(owed(500, None), is(Status::Healthy, &[]));
}

#[test]
fn a_clock_that_is_wrong_is_told() {
    let future = after(|facts| facts.cameras[0].newest = Some(at(3600)));
    assert_eq!(future, is(Status::Degraded, &["clock"]));
    let set = after(|facts| facts.clock_step = TimeDelta::seconds(-61));
    assert_eq!(set, is(Status::Warning, &["clock"]));
}

#[test]
fn several_words_about_the_same_are_one_reason() {
    let both = after(|facts| {
        facts.disk = Some((5, 100));
        facts.cameras[0].trouble = trouble(Kind::DiskFull, 1, true);
    });
    assert_eq!(both, is(Status::Critical, &["disk"]));
}

proptest! {
    /// The whole is as bad as the worst reason, and healthy only without any.
    #[test]
    fn the_status_is_the_worst_reason(free in 0_u64..=100, age in 0_i64..60, times in 0_u32..4, kind in 0_usize..15, owed in 0_u64..20) {
        let mut facts = well();
        facts.disk = Some((free, 100));
        facts.cameras[0] = camera("in_gate", age);
        facts.cameras[1].trouble = trouble(Kind::ALL[kind], times, age % 2 == 0);
        facts.owed = Some((owed, Some(2)));
        let health = assess(&facts, &limits());
        prop_assert_eq!(health.status, health.reasons.iter().map(|reason| reason.status).max().unwrap_or_default());
        prop_assert!(health.reasons.iter().all(|reason| reason.status > Status::Healthy && !reason.message.is_empty()));
        prop_assert!(health.reasons.is_sorted_by(|a, b| a.status >= b.status));
        let mut ids: Vec<_> = health.reasons.iter().map(|reason| &reason.id).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), health.reasons.len());
    }
}
