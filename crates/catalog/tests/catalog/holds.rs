//! Holds, removal and rolling checks on databases of users' programs: whose rows are whose, and what refers to them.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{Catalog, CheckedFile, FileState, FrameResult, RemovalFilter};
use draywatch_core::retention::{HoldSpan, Obstacle, Origin, Reason};

use crate::support::*;

/// Collects a frame: listed, fetched, stored.
async fn collect(catalog: &dyn Catalog, seconds: i64) -> i64 {
    let ledger = catalog
        .enlist(&[entry(frame(seconds))], at(0))
        .await
        .unwrap();
    let stored = FrameResult::Stored {
        ledger_id: ledger[0].id,
        image: image(&frame(seconds)),
        failure: None,
    };
    catalog.record(&[stored], at(0)).await.unwrap()[0].unwrap()
}

/// Everything that may be removed, by pages of two.
async fn all(catalog: &dyn Catalog, filter: RemovalFilter) -> Vec<(i64, Origin, bool)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.candidates(filter, after.as_ref(), 2).await.unwrap();
        found.extend(
            page.frames
                .iter()
                .map(|f| (f.id, f.origin, f.is_referred_to)),
        );
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

fn collected() -> RemovalFilter {
    RemovalFilter {
        only_collected: true,
        ..RemovalFilter::default()
    }
}

#[tokio::test]
async fn rows_of_both_shapes_are_from_elsewhere_and_what_refers_to_them_is_found() {
    for name in ["legacy-v1.db", "legacy-v2.db"] {
        let (_folder, path) = fixture(name);
        let sql = if name == "legacy-v1.db" {
            "INSERT INTO detections (image_id, object_type, confidence, bbox_x, bbox_y, bbox_width, bbox_height) \
             VALUES (3, 'container', 0.9, 0, 0, 1, 1)"
        } else {
            "INSERT INTO detections (image_id, class_id, confidence, x1, y1, x2, y2) VALUES (3, 7, 0.9, 0, 0, 1, 1)"
        };
        execute(&path, sql).await;
        execute(
            &path,
            "CREATE TABLE notes (image_id INTEGER, words TEXT); INSERT INTO notes VALUES (5, 'x')",
        )
        .await;
        let catalog = open(&path).await;
        let ours = collect(&*catalog, 86_400).await;
        assert_eq!(
            catalog
                .adopt(&[image(&frame(90_000))], at(0))
                .await
                .unwrap(),
            1
        );
        let found = all(&*catalog, RemovalFilter::default()).await;
        assert_eq!(found.len(), 14, "{name}");
        let times: Vec<_> = found.iter().map(|(id, ..)| *id).collect();
        assert_eq!(
            times.iter().collect::<BTreeSet<_>>().len(),
            14,
            "no row twice"
        );
        let referred: Vec<i64> = found.iter().filter(|f| f.2).map(|f| f.0).collect();
        assert_eq!(
            BTreeSet::from_iter(referred),
            BTreeSet::from([3, 5]),
            "{name}"
        );
        assert_eq!(
            all(&*catalog, collected()).await,
            [(ours, Origin::Collected, false)],
            "{name}"
        );
        assert_eq!(
            catalog.referring_tables().await.unwrap(),
            ["detections", "notes"]
        );
        let usage = catalog.usage().await.unwrap();
        assert_eq!((usage.images, usage.elsewhere_images), (14, 13), "{name}");
        assert_eq!(usage.bytes - usage.elsewhere_bytes, 200_000);
        catalog.close().await;
    }
}

#[tokio::test]
async fn rows_that_an_earlier_draywatch_made_count_as_collected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let ours = collect(&*catalog, 0).await;
    catalog
        .adopt(
            &[draywatch_catalog::NewImage {
                url: None,
                ..image(&frame(60))
            }],
            at(0),
        )
        .await
        .unwrap();
    catalog.close().await;
    let sql = "UPDATE images SET origin = NULL; DROP TABLE retention_holds; DROP INDEX idx_tombstone_pending; \
               DELETE FROM draywatch_schema WHERE version >= 3; ALTER TABLE tombstones DROP COLUMN file_pending; \
               DROP INDEX draywatch_image_collected; ALTER TABLE images DROP COLUMN origin; \
               DROP TABLE jobs; DROP TABLE health_changes; DROP TABLE draywatch_placeholders; DROP TABLE image_leases; DROP TABLE run_totals; DROP TABLE refusal_totals; DROP TABLE run_durations; DROP TABLE ticks; DROP TABLE portal_days; DROP TRIGGER draywatch_image_replacing; \
               DROP TRIGGER draywatch_image_replaced; ALTER TABLE replaced_images DROP COLUMN file_state";
    execute(&path, sql).await;
    let catalog = open(&path).await;
    assert_eq!(
        all(&*catalog, collected()).await,
        [(ours, Origin::Collected, false)]
    );
    catalog.close().await;
}

#[tokio::test]
async fn a_row_goes_to_one_tombstone_whose_file_is_still_to_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let (a, b) = (collect(&*catalog, 0).await, collect(&*catalog, 600).await);
    let gone = catalog
        .bury(&[a, 999], Reason::Age, true, at(9))
        .await
        .unwrap();
    assert_eq!((gone.gone, gone.kept), (vec![a], vec![]));
    let found = rows(
        &path,
        &["path", "reason", "file_pending", "url"],
        "tombstones",
    )
    .await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("'removed by retention: age' | 1"),
        "{found:?}"
    );
    let pending = catalog.pending_removals(0, 10).await.unwrap();
    assert_eq!(pending.len(), 1);
    assert!(!pending[0].is_named_by_another && pending[0].path == super::support::path(&frame(0)));
    catalog.removals_done(&[pending[0].id]).await.unwrap();
    assert!(catalog.pending_removals(0, 10).await.unwrap().is_empty());
    // The tombstone stays: the frame is not fetched again and its file not taken over.
    assert!(
        catalog
            .is_tombstoned(&super::support::path(&frame(0)), &frame(0))
            .await
            .unwrap()
    );
    let known = catalog
        .known(&camera("in_gate"), at(0), at(1000))
        .await
        .unwrap();
    assert_eq!(known.len(), 2);
    assert_eq!(known[0].state, draywatch_core::plan::KnownState::Removed);
    // Inserted again by somebody, it is a row as any other.
    execute(
        &path,
        &v1_insert(
            &super::support::path(&frame(0)),
            "in_gate",
            "2025-09-07 10:00:00.000000",
        ),
    )
    .await;
    assert_eq!(number(&path, "SELECT COUNT(*) FROM tombstones").await, 0);
    assert_eq!(
        catalog
            .bury(&[b], Reason::Disk, true, at(9))
            .await
            .unwrap()
            .gone,
        [b]
    );
    catalog.close().await;
}

#[tokio::test]
async fn holds_and_references_count_at_the_moment_of_the_removal() {
    let (_folder, path) = fixture("legacy-v2.db");
    let catalog = open(&path).await;
    let (held, referred) = (collect(&*catalog, 0).await, collect(&*catalog, 600).await);
    let sql = format!(
        "INSERT INTO detections (image_id, class_id, confidence, x1, y1, x2, y2) VALUES ({referred}, 7, 0.9, 0, 0, 1, 1)"
    );
    execute(&path, &sql).await;
    let span = HoldSpan {
        camera: Some(camera("in_gate")),
        from: at(0),
        to: at(1),
    };
    let id = catalog.add_hold(&span, "claim", at(5)).await.unwrap();
    let holds = catalog.holds().await.unwrap();
    assert_eq!(
        (holds.len(), &holds[0].span, holds[0].created_at),
        (1, &span, at(5))
    );
    let buried = catalog
        .bury(&[held, referred], Reason::Age, true, at(9))
        .await
        .unwrap();
    assert_eq!(
        buried.kept,
        [(held, Obstacle::Hold), (referred, Obstacle::ReferredTo)]
    );
    assert!(buried.gone.is_empty() && catalog.pending_removals(0, 9).await.unwrap().is_empty());
    assert_eq!(
        catalog.release_hold(id).await.unwrap().unwrap().reason,
        "claim"
    );
    assert_eq!(catalog.release_hold(id).await.unwrap(), None);
    let buried = catalog
        .bury(&[held, referred], Reason::Age, false, at(9))
        .await
        .unwrap();
    assert_eq!(buried.gone, [held, referred]);
    assert_eq!(
        number(&path, "SELECT COUNT(*) FROM detections").await,
        1,
        "users' rows are never touched"
    );
    catalog.close().await;
}

#[tokio::test]
async fn what_is_no_size_of_a_picture_takes_no_room() {
    let (_folder, path) = fixture("legacy-v1.db");
    let catalog = open(&path).await;
    let before = catalog.usage().await.unwrap();
    let ours = collect(&*catalog, 0).await;
    let odd = ["1000000000000000", "9223372036854775807", "-5", "'many'"];
    for (nth, size) in odd.iter().chain(&odd).enumerate() {
        let insert = v1_insert(&format!("{nth}.jpg"), "in_gate", "2025-09-07 09:00:00");
        execute(&path, &insert.replace(", 17, ", &format!(", {size}, "))).await;
    }
    let usage = catalog.usage().await.unwrap();
    assert_eq!(usage.images - before.images, 9);
    assert_eq!(usage.bytes - before.bytes, 200_000, "ours alone");
    assert_eq!(usage.elsewhere_bytes, before.elsewhere_bytes);
    let page = catalog.candidates(RemovalFilter::default(), None, 99).await;
    let frames = page.unwrap().frames;
    let odd = frames.iter().filter(|frame| frame.id > ours);
    let sizes: Vec<u64> = odd.map(|frame| frame.bytes).collect();
    assert_eq!(sizes, [0; 8]);
    catalog.close().await;
}

#[tokio::test]
async fn a_file_that_another_row_means_is_told() {
    let (_folder, path) = fixture("legacy-v1.db");
    let catalog = open(&path).await;
    let ours = collect(&*catalog, 0).await;
    let other = format!("/srv/{}", super::support::path(&frame(0)));
    execute(&path, &v1_insert(&other, "in_gate", "2025-09-07T10:00:00")).await;
    catalog
        .bury(&[ours], Reason::Budget, true, at(9))
        .await
        .unwrap();
    assert!(catalog.pending_removals(0, 9).await.unwrap()[0].is_named_by_another);
    catalog.close().await;
}

#[tokio::test]
async fn the_longest_unseen_comes_first_and_moves_to_the_end() {
    let (_folder, path) = fixture("legacy-v1.db");
    let catalog = open(&path).await;
    let ours = collect(&*catalog, 0).await;
    let mut order = Vec::new();
    let mut after = None;
    loop {
        let page = catalog.stale(at(50), after.as_ref(), 5).await.unwrap();
        order.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(order, (1..=12).chain([ours]).collect::<Vec<_>>());
    assert_eq!(catalog.image_count().await.unwrap(), 13);
    let states = [
        Some(FileState::Ok(facts(180_000))),
        Some(FileState::Missing),
        None,
    ];
    let checked: Vec<CheckedFile> = (1..)
        .zip(states)
        .map(|(image_id, state)| CheckedFile { image_id, state })
        .collect();
    let later: DateTime<Utc> = at(60) + TimeDelta::days(1);
    catalog.record_checks(&checked, later).await.unwrap();
    let first = catalog.stale(later, None, 20).await.unwrap();
    assert_eq!(
        first.rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        (4..=12).collect::<Vec<_>>()
    );
    let then = catalog.stale(later, first.next.as_ref(), 20).await.unwrap();
    assert_eq!(
        then.rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        [ours],
        "those just seen are not due"
    );
    let found = rows(&path, &["file_state"], "images WHERE id <= 3 ORDER BY id").await;
    assert_eq!(found, ["'ok'", "'missing'", "NULL"]);
    catalog.close().await;
}
