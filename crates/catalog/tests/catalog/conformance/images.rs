//! Image rows.

use std::sync::Arc;

use draywatch_catalog::{
    Catalog, FileState, FrameResult, LedgerEntry, LedgerFilter, LedgerState, NewImage,
};
use draywatch_core::FrameId;
use draywatch_core::plan::KnownState;

use crate::support::*;

type Db = Arc<dyn Catalog>;

pub async fn pages_follow_the_ids(db: Db) {
    let images: Vec<NewImage> = [30, 10, 20].map(|s| image(&frame(s))).into();
    assert_eq!(db.adopt(&images, at(100)).await.unwrap(), 3);
    let first = db.images_after(0, 2).await.unwrap();
    assert_eq!(
        first
            .iter()
            .map(|i| i.timestamp.unwrap())
            .collect::<Vec<_>>(),
        [at(30), at(10)]
    );
    let rest = db.images_after(first[1].id, 2).await.unwrap();
    assert_eq!(
        rest.iter()
            .map(|i| i.timestamp.unwrap())
            .collect::<Vec<_>>(),
        [at(20)]
    );
    assert_eq!(db.images_after(rest[0].id, 2).await.unwrap(), []);
}

pub async fn rows_are_found_by_time_and_path(db: Db) {
    let other = FrameId::first(camera("out_gate"), at(15));
    let images: Vec<NewImage> = [frame(30), frame(10), frame(20), other]
        .iter()
        .map(image)
        .collect();
    db.adopt(&images, at(100)).await.unwrap();
    let found = db
        .images_between(&camera("in_gate"), at(10), at(30))
        .await
        .unwrap();
    assert_eq!(
        found
            .iter()
            .map(|i| i.timestamp.unwrap())
            .collect::<Vec<_>>(),
        [at(10), at(20)]
    );
    assert_eq!(
        db.image_at(&path(&frame(20))).await.unwrap().as_ref(),
        Some(&found[1])
    );
    assert_eq!(db.image_at("nowhere.jpg").await.unwrap(), None);
    assert!(
        !db.is_tombstoned(&path(&frame(20)), &frame(20))
            .await
            .unwrap()
    );
}

pub async fn files_are_adopted_once(db: Db) {
    let images = [image(&frame(10)), image(&frame(20))];
    assert_eq!(db.adopt(&images[..1], at(100)).await.unwrap(), 1);
    assert_eq!(db.adopt(&images, at(200)).await.unwrap(), 1);
    assert_eq!(
        db.adopt(&[images[1].clone(), images[1].clone()], at(300))
            .await
            .unwrap(),
        0
    );
    let rows = db.images_after(0, 10).await.unwrap();
    assert_eq!(
        rows.iter()
            .map(|i| i.verified_at.unwrap())
            .collect::<Vec<_>>(),
        [at(100), at(200)]
    );
}

/// A crash between the file and its row: the file's name knows seconds only, the ledger knows more.
pub async fn an_adopted_file_settles_the_ledger(db: Db) {
    let exact = FrameId::first(camera("in_gate"), micros(10_500_000));
    let small = frame(20);
    db.enlist(
        &[entry(exact.clone()), entry(small.clone()), entry(frame(30))],
        at(100),
    )
    .await
    .unwrap();
    let named = NewImage {
        url: None,
        ..image(&frame(10))
    };
    assert_eq!(named.path, path(&exact));
    assert_eq!(
        db.adopt(&[named, thumbnail(&small)], at(200))
            .await
            .unwrap(),
        2
    );
    let row = db.image_at(&path(&exact)).await.unwrap().unwrap();
    assert_eq!(
        (row.timestamp, row.url),
        (Some(exact.instant), Some(entry(exact).url))
    );
    let left = db.ledger(&LedgerFilter::default()).await.unwrap();
    let left: Vec<_> = left
        .into_iter()
        .map(|row| (row.entry.frame, row.state))
        .collect();
    assert_eq!(
        left,
        [
            (small, LedgerState::Thumbnail),
            (frame(30), LedgerState::Open)
        ]
    );
}

pub async fn a_file_state_is_written(db: Db) {
    db.adopt(&[image(&frame(10))], at(100)).await.unwrap();
    let before = db.images_after(0, 1).await.unwrap().remove(0);
    let states = [
        (FileState::Missing, "missing"),
        (FileState::Bad("cut short".into()), "bad"),
        (FileState::Ok(facts(1)), "ok"),
    ];
    for (state, name) in states {
        db.set_file_state(before.id, &state, at(200)).await.unwrap();
        let row = db.images_after(0, 1).await.unwrap().remove(0);
        assert_eq!(
            (row.file_state.as_deref(), row.verified_at),
            (Some(name), Some(at(200)))
        );
        assert_eq!(
            (&row.sha256, row.file_size),
            (&before.sha256, before.file_size),
            "what was recorded stays"
        );
    }
}

/// Without the mend, a damaged file's frame counted as stored, and a picture fetched for a row with a path of another spelling made
/// a second row.
pub async fn what_was_found_lost_is_owed_and_keeps_its_row(db: Db) {
    let spelled = |frame: &FrameId| NewImage {
        path: format!("/mnt/old/{}", path(frame)),
        ..image(frame)
    };
    let images = [image(&frame(10)), spelled(&frame(20)), spelled(&frame(30))];
    db.adopt(&images, at(100)).await.unwrap();
    let states = [FileState::Bad("<html>".into()), FileState::Missing];
    let ids: Vec<i64> = db
        .images_after(0, 3)
        .await
        .unwrap()
        .iter()
        .map(|i| i.id)
        .collect();
    for (id, state) in ids.iter().zip([&states[0], &states[0], &states[1]]) {
        db.set_file_state(*id, state, at(200)).await.unwrap();
    }
    let known = db.known(&camera("in_gate"), at(0), at(60)).await.unwrap();
    assert!(
        known.iter().all(|known| known.state == KnownState::Open),
        "{known:?}"
    );
    let frames = [frame(10), frame(20), frame(30)];
    let entries: Vec<_> = frames.iter().cloned().map(entry).collect();
    let owed = db.enlist(&entries, at(300)).await.unwrap();
    let stored = |row: &LedgerEntry| FrameResult::Stored {
        ledger_id: row.id,
        image: image(&row.entry.frame),
        failure: None,
    };
    let results: Vec<FrameResult> = owed.iter().map(stored).collect();
    let recorded = db.record(&results, at(400)).await.unwrap();
    assert_eq!(recorded, ids.iter().copied().map(Some).collect::<Vec<_>>());
    let rows = db.images_after(0, 10).await.unwrap();
    assert!(rows.iter().all(|row| !row.is_lost()), "{rows:?}");
    assert_eq!(rows[1].path, images[1].path, "the path is its writer's");
}

/// Old databases hold frames twice: one good file is enough, whichever row comes first.
pub async fn a_good_row_speaks_for_a_frame_that_is_there_twice(db: Db) {
    let twin = NewImage {
        path: format!("twins/{}.jpg", 10),
        ..image(&frame(10))
    };
    db.adopt(&[image(&frame(10)), twin], at(100)).await.unwrap();
    let first = db.images_after(0, 1).await.unwrap().remove(0);
    db.set_file_state(first.id, &FileState::Missing, at(200))
        .await
        .unwrap();
    let known = db.known(&camera("in_gate"), at(0), at(60)).await.unwrap();
    let states: Vec<_> = known.iter().map(|known| known.state).collect();
    assert_eq!(states, [KnownState::Stored]);
}

pub async fn recording_twice_changes_one_row(db: Db) {
    let id = db.enlist(&[entry(frame(10))], at(100)).await.unwrap()[0].id;
    let result = FrameResult::Stored {
        ledger_id: id,
        image: image(&frame(10)),
        failure: None,
    };
    let first = db
        .record(std::slice::from_ref(&result), at(200))
        .await
        .unwrap();
    let again = db.record(&[result.clone(), result], at(300)).await.unwrap();
    assert_eq!(again, [first[0], first[0]]);
    assert_eq!(db.images_after(0, 10).await.unwrap().len(), 1);
}

pub async fn concurrent_batches_are_all_kept(db: Db) {
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                for batch in 0..5 {
                    let frames: Vec<FrameId> = (0..10)
                        .map(|n| frame(task * 1000 + batch * 10 + n))
                        .collect();
                    let entries: Vec<_> = frames.iter().cloned().map(entry).collect();
                    let rows = db.enlist(&entries, at(100)).await.unwrap();
                    let results: Vec<_> = rows
                        .iter()
                        .map(|row| FrameResult::Stored {
                            ledger_id: row.id,
                            image: image(&row.entry.frame),
                            failure: None,
                        })
                        .collect();
                    assert_eq!(db.record(&results, at(200)).await.unwrap().len(), 10);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(db.images_after(0, 1000).await.unwrap().len(), 400);
    assert_eq!(db.ledger(&LedgerFilter::default()).await.unwrap(), []);
}
