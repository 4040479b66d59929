//! Slots and counters: what is kept with the rows says the same as the rows.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use draywatch_catalog::{
    Catalog, DayTotals, FileState, FrameResult, NewObservation, NewRun, RunCounts, RunEnd,
};
use draywatch_core::coverage::Answer;
use draywatch_core::outcome::Outcome;
use draywatch_core::{Failure, FrameId, Kind};

use crate::support::*;

type Db = Arc<dyn Catalog>;

/// The answers that are not "not observed", with the number of the slot in the day.
async fn known(db: &Db, date: NaiveDate) -> Vec<(usize, Answer)> {
    let days = db.slots(&[camera("in_gate")], date, date).await.unwrap();
    assert_eq!((days.len(), days[0].len(), days[0][0].date), (1, 1, date));
    let answers = days[0][0].answers.iter().cloned().enumerate();
    answers
        .filter(|(_, answer)| *answer != Answer::NotObserved)
        .collect()
}

fn why(reason: &str) -> Answer {
    Answer::NotDownloaded(reason.to_owned())
}

/// A frame of 10:00 and so many slots.
fn nth(slots: i64) -> FrameId {
    frame(slots * 600)
}

async fn enlist(db: &Db, frame: &FrameId) -> i64 {
    let entries = [entry(frame.clone())];
    db.enlist(&entries, at(100)).await.unwrap()[0].id
}

pub async fn every_change_of_a_frame_changes_its_slot(db: Db) {
    let frame = nth(0);
    let slot = async || known(&db, day()).await;
    let first = async || db.first_known(&camera("in_gate")).await.unwrap();
    assert_eq!((slot().await, first().await), (vec![], None));
    let id = enlist(&db, &frame).await;
    assert_eq!(slot().await, [(60, why("never_tried"))]);
    assert_eq!(first().await, Some(day()));
    assert_eq!(db.first_known(&camera("out_gate")).await.unwrap(), None);
    let failed = FrameResult::Failed {
        ledger_id: id,
        failure: failure("reset"),
        reason: "reset".into(),
        not_before: None,
    };
    db.record(&[failed], at(200)).await.unwrap();
    assert_eq!(slot().await, [(60, why("reset"))]);
    let frames = [frame.clone()];
    db.give_up(&frames, "withdrawn", at(300)).await.unwrap();
    assert_eq!(slot().await, [(60, why("given_up:withdrawn"))]);
    let id = enlist(&db, &frame).await;
    assert_eq!(slot().await, [(60, why("reset"))], "it is wanted again");
    let stored = |image, failure| FrameResult::Stored {
        ledger_id: id,
        image,
        failure,
    };
    let small = stored(
        thumbnail(&frame),
        Some((failure("gone"), "http_404".into())),
    );
    db.record(&[small], at(400)).await.unwrap();
    assert_eq!(slot().await, [(60, Answer::Thumbnail)]);
    let full = stored(image(&frame), None);
    let image = db.record(&[full], at(500)).await.unwrap()[0].unwrap();
    assert_eq!(slot().await, [(60, Answer::Stored)]);
    for (state, answer) in [
        (FileState::Missing, why("file_missing")),
        (FileState::Bad("cut".into()), why("file_bad")),
        (FileState::Ok(facts(200_000)), Answer::Stored),
    ] {
        db.set_file_state(image, &state, at(600)).await.unwrap();
        assert_eq!(slot().await, [(60, answer)]);
    }
    assert_eq!(db.refresh_slots(0).await.unwrap(), 0, "nothing waits");
}

pub async fn neighbours_across_midnight_close_a_gap(db: Db) {
    // 23:58 and 00:11: the slot at midnight misses nothing.
    let midnight = DateTime::from_timestamp(1_757_289_600, 0).unwrap();
    let frame = |minutes| FrameId::first(camera("in_gate"), midnight + TimeDelta::minutes(minutes));
    db.adopt(&[image(&frame(11))], at(100)).await.unwrap();
    let next = day().succ_opt().unwrap();
    assert_eq!(known(&db, next).await, [(1, Answer::Stored)]);
    db.adopt(&[image(&frame(-2))], at(100)).await.unwrap();
    assert_eq!(known(&db, day()).await, [(143, Answer::Stored)]);
    let both = [(0, Answer::Stored), (1, Answer::Stored)];
    assert_eq!(known(&db, next).await, both);
}

pub async fn days_are_told_in_order_for_every_camera(db: Db) {
    let last = day().checked_add_days(chrono::Days::new(2)).unwrap();
    db.adopt(&[image(&nth(144))], at(100)).await.unwrap();
    let cameras = [camera("out_gate"), camera("in_gate"), camera("nowhere")];
    let all = db.slots(&cameras, day(), last).await.unwrap();
    let stored = |days: &[draywatch_catalog::DaySlots]| -> Vec<usize> {
        let stored = |day: &draywatch_catalog::DaySlots| {
            assert_eq!(day.answers.len(), 144);
            let answers = day.answers.iter();
            answers.filter(|answer| **answer == Answer::Stored).count()
        };
        days.iter().map(stored).collect()
    };
    let counts: Vec<_> = all.iter().map(|days| stored(days)).collect();
    assert_eq!(counts, [vec![0, 0, 0], vec![0, 1, 0], vec![0, 0, 0]]);
    assert_eq!(
        db.slots(&[], day(), last).await.unwrap(),
        Vec::<Vec<_>>::new()
    );
    let backwards = db.slots(&cameras[..1], last, day()).await.unwrap();
    assert_eq!(backwards, [vec![]]);
    let slots: Vec<_> = all[1][1].slots().collect();
    assert_eq!(slots[60].0, at(86_400));
}

async fn observe(db: &Db, date: NaiveDate, observed_at: DateTime<Utc>, listed: u64) {
    note(db, date, observed_at, Ok(listed)).await;
}

/// A listing of so many frames, or one that failed.
async fn note(db: &Db, date: NaiveDate, observed_at: DateTime<Utc>, seen: Result<u64, Kind>) {
    let started_at = observed_at;
    let run = NewRun {
        command: "fetch".into(),
        camera: camera("in_gate"),
        date: Some(date),
        started_at,
        pid: 7,
    };
    let id = db.start_run(&run).await.unwrap();
    let end = RunEnd {
        finished_at: observed_at,
        outcome: Outcome::Complete,
        counts: RunCounts::default(),
        errors: vec![],
        listing_took: Duration::ZERO,
        took: Duration::ZERO,
    };
    let day_start = date.and_hms_opt(7, 0, 0).unwrap().and_utc();
    let seen = NewObservation {
        camera: camera("in_gate"),
        date,
        day_start,
        day_end: day_start + TimeDelta::days(1),
        observed_at,
        confirmed: seen.is_ok(),
        listed: seen.ok(),
        newest: None,
        failure: seen.err().map(|kind| Failure::new(kind, "away")),
    };
    db.finish_run(id, &end, Some(&seen)).await.unwrap();
}

/// Days of the portal before 2025-09-07.
fn back(days: u64) -> NaiveDate {
    day().checked_sub_days(chrono::Days::new(days)).unwrap()
}

/// The answers of the slots of a portal's day at 12:00 and, the next UTC day, at 03:00.
async fn said(db: &Db, date: NaiveDate) -> [Answer; 2] {
    let cameras = [camera("in_gate")];
    let days = db.slots(&cameras, date, date.succ_opt().unwrap());
    let days = days.await.unwrap().remove(0);
    [days[0].answers[72].clone(), days[1].answers[18].clone()]
}

pub async fn an_empty_day_is_too_old_beyond_what_the_portal_was_seen_to_keep(db: Db) {
    let (offline, old) = (
        [Answer::NotOffered, Answer::NotOffered],
        [Answer::TooOld, Answer::TooOld],
    );
    assert_eq!(db.portal_reach(&camera("in_gate")).await.unwrap(), None);
    assert_eq!(db.longest_reach().await.unwrap(), None);
    for days in [3, 20, 30] {
        observe(&db, back(days), at(0), 0).await;
        assert_eq!(said(&db, back(days)).await, offline, "it never offered any");
    }
    observe(&db, day(), at(0), 5).await;
    assert_eq!(said(&db, back(3)).await, old, "only today was ever offered");
    observe(&db, back(10), at(1), 5).await;
    assert_eq!(said(&db, back(3)).await, offline, "ten days are kept");
    assert_eq!(said(&db, back(20)).await, old);
    observe(&db, back(25), at(2), 5).await;
    assert_eq!(said(&db, back(20)).await, offline, "25 days are kept");
    assert_eq!(said(&db, back(30)).await, old);
    let reach = db.portal_reach(&camera("in_gate")).await.unwrap().unwrap();
    assert_eq!(db.longest_reach().await.unwrap(), Some(reach));
    // The 13th ended on the 14th at 7:00; it was asked for on the 7th of the next month at 10:00.
    assert_eq!(
        reach,
        TimeDelta::days(24) + TimeDelta::seconds(3 * 3600 + 2)
    );
}

pub async fn a_withheld_day_is_judged_anew_when_the_reach_grows(db: Db) {
    let old = [Answer::TooOld, Answer::TooOld];
    let unknown = [Answer::NotObserved, Answer::NotObserved];
    note(&db, back(20), at(0), Err(Kind::NotFound)).await;
    assert_eq!(said(&db, back(20)).await, unknown, "it never offered any");
    observe(&db, back(10), at(1), 5).await;
    assert_eq!(said(&db, back(20)).await, old);
    db.recount().await.unwrap();
    assert_eq!(said(&db, back(20)).await, old, "counting anew keeps it");
    observe(&db, back(25), at(2), 5).await;
    assert_eq!(said(&db, back(20)).await, unknown, "25 days are kept");
}

pub async fn what_was_observed_stays_observed(db: Db) {
    observe(&db, day(), at(0), 5).await;
    let [noon, night] = said(&db, day()).await;
    assert_eq!((noon, night), (Answer::NotObserved, Answer::NotObserved));
    let seen = known(&db, day()).await;
    assert_eq!(seen.len(), 17, "from 7:00 to 9:50: later ones may appear");
    observe(&db, day(), at(40 * 86_400), 0).await;
    let [noon, night] = said(&db, day()).await;
    assert_eq!((noon, night), (Answer::TooOld, Answer::TooOld));
    assert_eq!(known(&db, day()).await[..17], seen[..]);
}

pub async fn days_are_counted(db: Db) {
    let count = async || {
        let last = day().succ_opt().unwrap();
        db.day_totals(&camera("in_gate"), back(1), last)
            .await
            .unwrap()
    };
    assert_eq!(count().await, []);
    db.adopt(
        &[image(&nth(0)), thumbnail(&nth(1)), image(&nth(144))],
        at(100),
    )
    .await
    .unwrap();
    let full = DayTotals {
        date: day(),
        images: 2,
        thumbnails: 1,
        unverified: 0,
        processed: 0,
        bytes: 205_000,
    };
    let next = DayTotals {
        date: day().succ_opt().unwrap(),
        images: 1,
        thumbnails: 0,
        bytes: 200_000,
        ..full.clone()
    };
    assert_eq!(count().await, [full, next]);
    assert_eq!(db.recount().await.unwrap(), Vec::<String>::new());
    assert_eq!(db.refresh_slots(10).await.unwrap(), 0);
}

pub async fn the_newest_runs_of_each_camera_are_found(db: Db) {
    for (name, started) in [
        ("in_gate", 1),
        ("out_gate", 2),
        ("in_gate", 3),
        ("in_gate", 0),
    ] {
        let run = NewRun {
            command: "fetch".into(),
            camera: camera(name),
            date: None,
            started_at: at(started),
            pid: 7,
        };
        db.start_run(&run).await.unwrap();
    }
    let cameras = [camera("out_gate"), camera("nowhere"), camera("in_gate")];
    let found = async |cameras: &[draywatch_core::CameraId], each| -> Vec<(String, i64)> {
        let runs = db.newest_runs(cameras, each).await.unwrap();
        let pair = |row: &draywatch_catalog::RunRow| {
            let started = (row.run.started_at - at(0)).num_seconds();
            (row.run.camera.to_string(), started)
        };
        runs.iter().map(pair).collect()
    };
    let two = [("in_gate", 3), ("in_gate", 1), ("out_gate", 2)];
    assert_eq!(
        found(&cameras, 2).await,
        two.map(|(name, at)| (name.to_owned(), at))
    );
    assert_eq!(found(&cameras[..1], 1).await, [("out_gate".to_owned(), 2)]);
    assert_eq!(found(&[], 2).await, []);
}
