//! What users' programs do on a database, ours or adopted: both insert, delete and read, unmodified.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use draywatch_catalog::{Catalog, FrameResult, LedgerFilter};
use draywatch_core::plan::KnownState;

use crate::support::*;

const IN_GATE: &str = "in_gate";

/// A new database of ours and the two adopted ones, opened; each with the number of image rows in it.
async fn databases() -> Vec<(tempfile::TempDir, PathBuf, Arc<dyn Catalog>, i64)> {
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("data/database.db");
    let (folder_v1, v1) = fixture("legacy-v1.db");
    let (folder_v2, v2) = fixture("legacy-v2.db");
    let mut all = Vec::new();
    for (folder, path, rows) in [(folder, ours, 0), (folder_v1, v1, 12), (folder_v2, v2, 12)] {
        let catalog = open(&path).await;
        all.push((folder, path, catalog, rows));
    }
    all
}

async fn paths(path: &Path, of: &str) -> Vec<String> {
    rows(
        path,
        &["filepath", "image_path"],
        &format!("images WHERE '{of}' IN (filepath, image_path)"),
    )
    .await
}

#[tokio::test]
async fn rows_of_the_future_and_of_no_time_are_not_the_newest_frames() {
    let (_folder, path) = fixture("legacy-v1.db");
    let catalog = open(&path).await;
    catalog.adopt(&[image(&frame(0))], at(100)).await.unwrap();
    for (nth, time) in ["2099-01-01 00:00:00.000000", "yesterday", "x", "", "-"]
        .iter()
        .enumerate()
    {
        execute(&path, &v1_insert(&format!("{nth}.jpg"), "in_gate", time)).await;
    }
    let newest = catalog.newest_frames(&camera("in_gate"), at(300), 1).await;
    assert_eq!(newest.unwrap()[0].instant, at(0));
    catalog.close().await;
}

#[tokio::test]
async fn both_programs_insert_and_the_other_path_is_filled() {
    for (_folder, path, catalog, there) in databases().await {
        execute(
            &path,
            &v1_insert("one.jpg", IN_GATE, "2025-09-08 10:00:00.000000"),
        )
        .await;
        execute(
            &path,
            &v2_insert("two.jpg", IN_GATE, "2025-09-08 10:10:00.000000"),
        )
        .await;
        assert_eq!(paths(&path, "one.jpg").await, ["'one.jpg' | 'one.jpg'"]);
        assert_eq!(paths(&path, "two.jpg").await, ["'two.jpg' | 'two.jpg'"]);
        let new = catalog.images_after(there, 10).await.unwrap();
        assert_eq!(
            new.iter().map(|i| i.path.as_str()).collect::<Vec<_>>(),
            ["one.jpg", "two.jpg"]
        );
        assert!(
            new.iter()
                .all(|i| i.verified_at.is_none() && i.sha256.is_none() && i.ordinal == 1)
        );
        let id = number(&path, "SELECT MAX(id) FROM images").await;
        assert_eq!(id, there + 2, "ids go on");
        let twice = try_execute(
            &path,
            &v1_insert("two.jpg", IN_GATE, "2025-09-08 10:10:00.000000"),
        )
        .await;
        assert!(
            twice.unwrap_err().to_string().contains("UNIQUE"),
            "as it was before"
        );
    }
}

#[tokio::test]
async fn our_rows_have_every_column_of_both_shapes() {
    for (_folder, path, catalog, there) in databases().await {
        let id = catalog
            .enlist(&[entry(frame(86_400))], at(100))
            .await
            .unwrap()[0]
            .id;
        let stored = FrameResult::Stored {
            ledger_id: id,
            image: image(&frame(86_400)),
            failure: None,
        };
        catalog.record(&[stored], at(200)).await.unwrap();
        let name = "data/images/2025-09-08/20250908T100000_in_gate.jpg";
        let line = format!(
            "{} | '2025-09-08 10:00:00.000000' | '{name}' | '{name}' | 'in_gate' | 0 | 200000 | 0 | '2025-09-07 10:03:20.000000'",
            there + 1
        );
        assert_eq!(
            rows(&path, &V2, &format!("images WHERE id > {there}")).await,
            [line]
        );
    }
}

#[tokio::test]
async fn a_deleted_row_is_not_brought_back() {
    for (_folder, path, catalog, there) in databases().await {
        execute(
            &path,
            &v1_insert(&self::path(10), IN_GATE, "2025-09-07 10:00:10.000000"),
        )
        .await;
        let known = || async {
            catalog
                .known(&camera(IN_GATE), at(10), at(11))
                .await
                .unwrap()
        };
        assert_eq!(known().await[0].state, KnownState::Stored);
        execute(&path, &format!("DELETE FROM images WHERE id > {there}")).await;
        let gone = known().await;
        assert_eq!(
            (gone.len(), gone[0].state, &gone[0].id),
            (1, KnownState::Removed, &frame(10))
        );
        assert!(
            catalog
                .is_tombstoned(&self::path(10), &frame(99))
                .await
                .unwrap(),
            "by its path"
        );
        assert!(
            catalog
                .is_tombstoned("./elsewhere.jpg", &frame(10))
                .await
                .unwrap(),
            "by its frame"
        );
        assert!(
            !catalog
                .is_tombstoned("./elsewhere.jpg", &frame(11))
                .await
                .unwrap()
        );
        assert_eq!(
            catalog.adopt(&[image(&frame(10))], at(100)).await.unwrap(),
            0
        );
        let stone = rows(&path, &["path", "reason", "ordinal"], "tombstones").await;
        assert_eq!(
            stone,
            [format!(
                "'{}' | 'deleted by another program' | 1",
                self::path(10)
            )]
        );
        let form = "____-__-__ __:__:__.___000";
        assert_eq!(
            number(
                &path,
                &format!("SELECT deleted_at LIKE '{form}' FROM tombstones")
            )
            .await,
            1
        );
        // Inserted again, by whomever: the tombstone goes.
        execute(
            &path,
            &v2_insert(&self::path(10), IN_GATE, "2025-09-07 10:00:10.000000"),
        )
        .await;
        assert_eq!(known().await[0].state, KnownState::Stored);
        assert_eq!(number(&path, "SELECT COUNT(*) FROM tombstones").await, 0);
    }
}

fn path(seconds: i64) -> String {
    crate::support::path(&frame(seconds))
}

#[tokio::test]
async fn rows_of_any_age_are_deleted_at_once() {
    let (_folder, path) = fixture("legacy-v1.db");
    let catalog = open(&path).await;
    execute(
        &path,
        "DELETE FROM images WHERE timestamp < '2025-09-07 10:30:00'",
    )
    .await;
    assert_eq!(number(&path, "SELECT COUNT(*) FROM tombstones").await, 6);
    assert_eq!(
        catalog
            .known(&camera(IN_GATE), at(0), at(86_400))
            .await
            .unwrap()
            .len(),
        6
    );
    execute(&path, "DELETE FROM images").await;
    execute(&path, "DELETE FROM images").await;
    assert_eq!(number(&path, "SELECT COUNT(*) FROM tombstones").await, 12);
}

#[tokio::test]
async fn what_the_ledger_wanted_of_a_deleted_row_is_wanted_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let rows = catalog
        .enlist(&[entry(frame(10)), entry(frame(20))], at(100))
        .await
        .unwrap();
    let small = FrameResult::Stored {
        ledger_id: rows[0].id,
        image: thumbnail(&frame(10)),
        failure: None,
    };
    catalog.record(&[small], at(200)).await.unwrap();
    execute(&path, "DELETE FROM images").await;
    let left = catalog.ledger(&LedgerFilter::default()).await.unwrap();
    assert_eq!(
        left.iter().map(|row| row.id).collect::<Vec<_>>(),
        [rows[1].id]
    );
}

#[tokio::test]
async fn a_row_that_is_there_keeps_what_is_not_ours() {
    for (_folder, path, catalog, there) in databases().await {
        execute(
            &path,
            &v2_insert(&self::path(10), IN_GATE, "2025-09-07 10:00:10.000000"),
        )
        .await;
        execute(
            &path,
            &format!("UPDATE images SET processed = 1, detection_count = 4 WHERE id > {there}"),
        )
        .await;
        let id = catalog.enlist(&[entry(frame(10))], at(100)).await.unwrap()[0].id;
        let stored = FrameResult::Stored {
            ledger_id: id,
            image: image(&frame(10)),
            failure: None,
        };
        assert_eq!(
            catalog.record(&[stored], at(200)).await.unwrap(),
            [Some(there + 1)]
        );
        let kept = [
            "processed",
            "detection_count",
            "created_at",
            "file_size",
            "file_state",
        ];
        let found = rows(&path, &kept, &format!("images WHERE id > {there}")).await;
        assert_eq!(
            found,
            ["1 | 4 | '2026-11-22 05:59:07.137185' | 200000 | 'ok'"]
        );
    }
}

#[tokio::test]
async fn a_path_that_is_spelled_differently_is_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let time = "2025-09-07 10:00:10.250000";
    execute(
        &path,
        &v1_insert(&format!("./{}", self::path(10)), IN_GATE, time),
    )
    .await;
    execute(
        &path,
        &v2_insert(
            &format!("/srv/{}", self::path(20)),
            IN_GATE,
            "2025-09-07T10:00:20",
        ),
    )
    .await;
    let files = [image(&frame(10)), image(&frame(20)), image(&frame(30))];
    assert_eq!(catalog.adopt(&files, at(100)).await.unwrap(), 1);
    execute(&path, "DELETE FROM images WHERE id < 3").await;
    assert!(
        catalog
            .is_tombstoned(&self::path(10), &frame(10))
            .await
            .unwrap()
    );
    assert_eq!(catalog.adopt(&files[..1], at(100)).await.unwrap(), 0);
}

#[tokio::test]
async fn odd_values_break_no_query() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    let times = [
        "'2025-09-07T10:00:10'",
        "'2025-09-07 10:00:20'",
        "'2025-09-07 10:00:30.5'",
        "'2025-09-07T10:00:40Z'",
        "'yesterday'",
        "''",
        "1757239200",
        "1.5",
        "x'80ff'",
        "'2025-09-07 99:00:00'",
    ];
    for (number, time) in times.iter().enumerate() {
        let sql = format!(
            "INSERT INTO images (timestamp, filepath, camera_id, processed, file_size, ordinal) \
                           VALUES ({time}, '{number}', 'in_gate', 'yes', 'many', 'first')"
        );
        execute(&path, &sql).await;
    }
    execute(&path, "INSERT INTO images (timestamp, filepath, camera_id) VALUES (1, x'80ff', x'80ff'), (2, NULL, 'ö ./')").await;
    let known = catalog
        .known(&camera(IN_GATE), at(0), at(86_400))
        .await
        .unwrap();
    let seconds: Vec<i64> = known
        .iter()
        .map(|k| (k.id.instant - at(0)).num_seconds())
        .collect();
    assert_eq!(seconds, [10, 20, 30, 40]);
    assert_eq!(
        catalog
            .known(&camera(IN_GATE), at(10), at(21))
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(catalog.images_after(0, 100).await.unwrap().len(), 12);
    let totals = catalog.totals().await.unwrap();
    assert_eq!(
        (
            totals.cameras.len(),
            totals.cameras.iter().map(|c| c.images).sum::<u64>()
        ),
        (3, 12)
    );
    execute(&path, "DELETE FROM images").await;
    assert_eq!(
        catalog
            .known(&camera(IN_GATE), at(0), at(86_400))
            .await
            .unwrap()
            .len(),
        4
    );
}

/// Pages tell times in whatever form a program wrote them, once each and in order.
#[tokio::test]
async fn times_in_any_form_are_on_pages_in_order() {
    let (_folder, path) = fixture("legacy-v1.db");
    open(&path).await.close().await;
    let times = [
        "2031-05-02 08:00:00.000000",
        "2031-05-02T10:30:00+02:00",
        "2031-05-02T09:00:00Z",
        "2031-05-03T01:00:00+02:00",
        "2031-05-02 22:30:00-02:00",
        "2031-05-03",
    ];
    for (nth, time) in times.iter().enumerate().rev() {
        execute(
            &path,
            &v1_insert(&format!("/srv/{nth}.jpg"), "in_gate", time),
        )
        .await;
    }
    execute(
        &path,
        &v1_insert("/srv/odd.jpg", "in_gate", "2031-05-02 soon"),
    )
    .await;
    let catalog = open(&path).await;
    let filter = draywatch_catalog::ImageFilter {
        cameras: vec![camera("in_gate")],
        from: "2031-01-01T00:00:00Z".parse().unwrap(),
        to: "2032-01-01T00:00:00Z".parse().unwrap(),
        processed: None,
        verdicts: Vec::new(),
        thumbnails: true,
    };
    for limit in [1, 2, 100] {
        let (mut paths, mut after) = (Vec::new(), None);
        loop {
            let page = catalog
                .images_page(&filter, after.as_ref(), limit)
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            after = draywatch_catalog::ImageKey::of(last);
            paths.extend(page.into_iter().map(|image| image.path));
        }
        let wanted = [0, 1, 2, 3, 5, 4].map(|nth| format!("/srv/{nth}.jpg"));
        assert_eq!(paths, wanted, "pages of {limit}");
    }
    catalog.close().await;
}
