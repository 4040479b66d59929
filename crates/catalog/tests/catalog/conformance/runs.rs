//! Runs, observations, totals, facts and sessions.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use draywatch_catalog::{
    Catalog, CatalogError, Figures, FrameResult, HealthChange, NewObservation, NewRun, RunCounts,
    RunEnd, RunFilter,
};
use draywatch_core::health::{Health, Reason, Status};
use draywatch_core::outcome::Outcome;
use draywatch_core::{Failure, FrameId, Kind};

use crate::support::*;

type Db = Arc<dyn Catalog>;

fn run(name: &str, started: i64) -> NewRun {
    NewRun {
        command: "fetch".into(),
        camera: camera(name),
        date: Some(day()),
        started_at: at(started),
        pid: 4_294_967_295,
    }
}

fn end(outcome: Outcome) -> RunEnd {
    RunEnd {
        finished_at: at(60),
        outcome,
        counts: RunCounts {
            listed: 144,
            stored: 140,
            already: 1,
            thumbnails: 2,
            missing: 3,
            bytes: 29_000_000,
            refused: [("not_a_picture".to_owned(), 2), ("http_404".to_owned(), 1)].into(),
            requests: 150,
            retries: 7,
        },
        errors: vec![
            Failure::new(Kind::Corrupt, "cut \"short\""),
            Failure::new(Kind::Transient, "reset"),
        ],
        listing_took: Duration::from_micros(1_234_567),
        took: Duration::from_micros(59_999_999),
    }
}

fn observation(observed: i64) -> NewObservation {
    NewObservation {
        camera: camera("in_gate"),
        date: day(),
        day_start: at(-36_000),
        day_end: at(50_400),
        observed_at: at(observed),
        confirmed: true,
        listed: Some(144),
        newest: Some(micros(123_456)),
        failure: None,
    }
}

fn all() -> RunFilter {
    RunFilter {
        limit: 100,
        ..RunFilter::default()
    }
}

pub async fn a_run_is_closed_with_its_observation(db: Db) {
    let id = db.start_run(&run("in_gate", 0)).await.unwrap();
    let open = db.runs(&all()).await.unwrap();
    assert_eq!(
        (open.len(), open[0].id, &open[0].run, &open[0].end),
        (1, id, &run("in_gate", 0), &None)
    );
    db.finish_run(id, &end(Outcome::Incomplete), Some(&observation(50)))
        .await
        .unwrap();
    assert_eq!(
        db.runs(&all()).await.unwrap()[0].end,
        Some(end(Outcome::Incomplete))
    );
    let failed = NewObservation {
        confirmed: false,
        listed: None,
        newest: None,
        failure: Some(Failure::new(Kind::PortalChanged, "no list")),
        ..observation(10)
    };
    let second = db
        .start_run(&NewRun {
            date: None,
            ..run("in_gate", 5)
        })
        .await
        .unwrap();
    db.finish_run(second, &end(Outcome::Failed), Some(&failed))
        .await
        .unwrap();
    let seen = db
        .observations(&camera("in_gate"), day(), day())
        .await
        .unwrap();
    assert_eq!(
        seen.iter().map(|o| o.run_id).collect::<Vec<_>>(),
        [second, id],
        "oldest first"
    );
    assert_eq!(
        (&seen[0].observation, &seen[1].observation),
        (&failed, &observation(50))
    );
    assert_eq!(db.runs(&all()).await.unwrap()[0].run.date, None);
    let tomorrow = day() + TimeDelta::days(1);
    assert_eq!(
        db.observations(&camera("in_gate"), tomorrow, tomorrow)
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        db.observations(&camera("out_gate"), day(), day())
            .await
            .unwrap(),
        []
    );
}

pub async fn interrupted_runs_are_closed(db: Db) {
    let done = db.start_run(&run("in_gate", 0)).await.unwrap();
    db.finish_run(done, &end(Outcome::Complete), None)
        .await
        .unwrap();
    db.start_run(&run("in_gate", 1)).await.unwrap();
    db.start_run(&run("out_gate", 2)).await.unwrap();
    db.start_run(&run("out_gate", 3)).await.unwrap();
    assert_eq!(
        db.close_interrupted(Some(&camera("in_gate")), at(90))
            .await
            .unwrap(),
        1
    );
    assert_eq!(db.close_interrupted(None, at(91)).await.unwrap(), 2);
    assert_eq!(db.close_interrupted(None, at(92)).await.unwrap(), 0);
    let runs = db
        .runs(&RunFilter {
            outcome: Some(Outcome::Interrupted),
            ..all()
        })
        .await
        .unwrap();
    let ends: Vec<_> = runs.iter().map(|row| row.end.as_ref().unwrap()).collect();
    assert_eq!(
        ends.iter().map(|end| end.finished_at).collect::<Vec<_>>(),
        [at(91), at(91), at(90)]
    );
    assert!(
        ends.iter()
            .all(|end| end.errors[0].kind == Kind::Interrupted)
    );
}

pub async fn runs_are_filtered_newest_first(db: Db) {
    for (name, started) in [
        ("in_gate", 20),
        ("out_gate", 10),
        ("in_gate", 30),
        ("in_gate", 0),
    ] {
        let id = db.start_run(&run(name, started)).await.unwrap();
        let outcome = if started == 30 {
            Outcome::Failed
        } else {
            Outcome::Complete
        };
        db.finish_run(id, &end(outcome), None).await.unwrap();
    }
    let started = async |filter: RunFilter| -> Vec<i64> {
        let runs = db.runs(&filter).await.unwrap();
        runs.iter()
            .map(|row| (row.run.started_at - at(0)).num_seconds())
            .collect()
    };
    assert_eq!(started(all()).await, [30, 20, 10, 0]);
    assert_eq!(started(RunFilter { limit: 2, ..all() }).await, [30, 20]);
    assert_eq!(
        started(RunFilter {
            camera: Some(camera("in_gate")),
            ..all()
        })
        .await,
        [30, 20, 0]
    );
    assert_eq!(
        started(RunFilter {
            outcome: Some(Outcome::Failed),
            ..all()
        })
        .await,
        [30]
    );
    assert_eq!(
        started(RunFilter {
            since: Some(at(10)),
            ..all()
        })
        .await,
        [30, 20, 10]
    );
}

pub async fn a_run_that_is_not_there_is_an_error(db: Db) {
    let error = db
        .finish_run(77, &end(Outcome::Complete), Some(&observation(0)))
        .await
        .unwrap_err();
    assert!(
        matches!(error, CatalogError::NoSuchRun { run_id: 77, .. }),
        "{error}"
    );
    assert_eq!(
        db.observations(&camera("in_gate"), day(), day())
            .await
            .unwrap(),
        []
    );
}

pub async fn totals_are_counted(db: Db) {
    assert_eq!(db.totals().await.unwrap().cameras, []);
    let other = FrameId::first(camera("out_gate"), at(5));
    db.adopt(
        &[image(&frame(10)), image(&frame(30)), thumbnail(&frame(20))],
        at(100),
    )
    .await
    .unwrap();
    let rows = db
        .enlist(
            &[entry(frame(40)), entry(frame(50)), entry(other.clone())],
            at(100),
        )
        .await
        .unwrap();
    let failed = FrameResult::Failed {
        ledger_id: rows[0].id,
        failure: failure("reset"),
        reason: "reset".into(),
        not_before: None,
    };
    db.record(&[failed], at(200)).await.unwrap();
    db.give_up(&[other], "withdrawn", at(200)).await.unwrap();
    let totals = db.totals().await.unwrap();
    let [mine, its] = &totals.cameras[..] else {
        panic!("{totals:?}")
    };
    assert_eq!(
        (
            mine.camera_id.as_str(),
            mine.images,
            mine.thumbnails,
            mine.unverified
        ),
        ("in_gate", 3, 1, 0)
    );
    assert_eq!(
        (mine.processed, mine.bytes, mine.oldest, mine.newest),
        (0, 405_000, Some(at(10)), Some(at(30)))
    );
    assert_eq!((mine.open, mine.given_up), (2, 0));
    assert_eq!(
        (
            its.camera_id.as_str(),
            its.images,
            its.open,
            its.given_up,
            its.oldest
        ),
        ("out_gate", 0, 0, 1, None)
    );
    assert_eq!(
        totals.ledger,
        [("never_tried".to_owned(), 1), ("transient".to_owned(), 1)].into()
    );
    assert_eq!(
        (totals.duplicates, totals.schema),
        (0, draywatch_catalog::SCHEMA)
    );
}

pub async fn facts_are_kept(db: Db) {
    assert_eq!(db.fact("archive_id").await.unwrap(), None);
    db.set_fact("archive_id", Some("a")).await.unwrap();
    db.set_fact("archive_id", Some("b")).await.unwrap();
    db.set_fact("image_time", Some("utc")).await.unwrap();
    assert_eq!(db.fact("archive_id").await.unwrap().as_deref(), Some("b"));
    db.set_fact("archive_id", None).await.unwrap();
    assert_eq!(db.fact("archive_id").await.unwrap(), None);
    assert_eq!(db.fact("image_time").await.unwrap().as_deref(), Some("utc"));
}

pub async fn sessions_are_remembered(db: Db) {
    db.remember_session("http://grid:4444", "one", at(1))
        .await
        .unwrap();
    db.remember_session("http://grid:4444", "two", at(2))
        .await
        .unwrap();
    db.remember_session("http://grid:4444", "two", at(3))
        .await
        .unwrap();
    db.forget_session("http://grid:4444", "one").await.unwrap();
    db.forget_session("http://grid:4444", "unknown")
        .await
        .unwrap();
    assert_eq!(
        db.sessions().await.unwrap(),
        [("http://grid:4444".to_owned(), "two".to_owned())]
    );
}

pub async fn the_history_of_health_is_kept(db: Db) {
    let change = |seconds, status| HealthChange {
        at: at(seconds),
        health: Health {
            status,
            reasons: vec![Reason::new("disk", status, "it is \"full\"")],
        },
    };
    let all = [
        change(1, Status::Warning),
        change(2, Status::Critical),
        change(3, Status::Healthy),
        change(3, Status::Degraded),
    ];
    db.note_health(&all[..2]).await.unwrap();
    db.note_health(&all[2..]).await.unwrap();
    db.note_health(&[]).await.unwrap();
    let found = db.health_changes(at(2), 10).await.unwrap();
    let newest_first: Vec<_> = all[1..].iter().rev().cloned().collect();
    assert_eq!(found, newest_first);
    assert_eq!(db.health_changes(at(0), 1).await.unwrap(), all[3..]);
}

pub async fn the_database_is_whole(db: Db) {
    assert_eq!(db.check().await.unwrap(), Vec::<String>::new());
}

pub async fn runs_are_counted_once_as_they_end(db: Db) {
    assert_eq!(db.figures().await.unwrap(), Figures::default());
    let mut ids = Vec::new();
    for (name, started) in [("in_gate", 0), ("in_gate", 10), ("out_gate", 20)] {
        ids.push(db.start_run(&run(name, started)).await.unwrap());
    }
    db.finish_run(ids[0], &end(Outcome::Incomplete), None)
        .await
        .unwrap();
    // Closed again, and another one that was cut short.
    db.finish_run(ids[0], &end(Outcome::Complete), None)
        .await
        .unwrap();
    assert_eq!(db.close_interrupted(None, at(70)).await.unwrap(), 2);
    assert_eq!(db.close_interrupted(None, at(71)).await.unwrap(), 0);
    let long = RunEnd {
        took: Duration::from_secs(4000),
        ..end(Outcome::Incomplete)
    };
    let id = db.start_run(&run("in_gate", 80)).await.unwrap();
    db.finish_run(id, &long, None).await.unwrap();

    let found = db.figures().await.unwrap();
    let counted: Vec<_> = found
        .runs
        .iter()
        .map(|of| (of.camera.as_str(), of.outcome, of.runs, of.stored))
        .collect();
    assert_eq!(
        counted,
        [
            ("in_gate", Outcome::Incomplete, 2, 280),
            ("in_gate", Outcome::Interrupted, 1, 0),
            ("out_gate", Outcome::Interrupted, 1, 0),
        ]
    );
    let refused = [("http_404", 2), ("not_a_picture", 4)];
    let refused = refused.map(|(reason, count)| ("in_gate".to_owned(), reason.to_owned(), count));
    assert_eq!(found.refused, refused);
    assert_eq!(
        found.durations,
        [0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
        "59.999999 s and 4000 s"
    );
    assert!(
        (found.seconds - 4_059.999_999).abs() < 1e-6,
        "{}",
        found.seconds
    );
}
