//! Counters and slots under everything that users' programs do to `images`: at any moment they say what the rows say.

use std::path::Path;
use std::sync::Arc;

use draywatch_catalog::{Catalog, DaySlots, FrameResult};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

/// Counted by a statement that shares nothing with the triggers.
const CAMERAS: &str = "SELECT camera_id, COUNT(*) AS images, TOTAL(is_thumbnail + 0 <> 0) AS thumbnails, \
    TOTAL(verified_at IS NULL OR file_state IS NULL) AS unverified, TOTAL(processed + 0 <> 0) AS processed, \
    TOTAL(CASE WHEN typeof(file_size) = 'integer' AND file_size > 0 THEN file_size END) AS bytes, \
    MIN(CASE WHEN timestamp LIKE '____-__-__ %' THEN timestamp END) AS oldest, \
    MAX(CASE WHEN timestamp LIKE '____-__-__ %' THEN timestamp END) AS newest, \
    (SELECT TOTAL(n) FROM (SELECT COUNT(*) AS n FROM images AS i WHERE i.camera_id = images.camera_id \
     GROUP BY timestamp, ordinal) WHERE n > 1) AS duplicates FROM images GROUP BY camera_id";
const DAYS: &str = "SELECT camera_id, CASE WHEN timestamp LIKE '____-__-__ %' THEN substr(timestamp, 1, 10) ELSE '' END AS day, \
    COUNT(*) AS images, TOTAL(is_thumbnail + 0 <> 0) AS thumbnails, TOTAL(verified_at IS NULL OR file_state IS NULL) AS unverified, \
    TOTAL(processed + 0 <> 0) AS processed, \
    TOTAL(CASE WHEN typeof(file_size) = 'integer' AND file_size > 0 THEN file_size END) AS bytes \
    FROM images GROUP BY 1, 2";

/// What another program, or ours, does.
#[derive(Debug, Clone)]
enum Act {
    /// A statement; the placeholders are numbers of a row, of a time, of a path, of a camera.
    Sql(&'static str, [u8; 4]),
    /// We list a frame, and store it if so told: in full, or its thumbnail.
    Ours(u8, Option<bool>),
}

/// What is sent by programs that know nothing of draywatch. `$ROW` is an id that may be there.
const STATEMENTS: [&str; 18] = [
    "INSERT INTO images (timestamp, filepath, camera_id, processed, file_size) VALUES ($TIME, $PATH, $CAMERA, 0, 17)",
    "INSERT INTO images (timestamp, image_path, camera_id, processed, file_size, detection_count) VALUES ($TIME, $PATH, $CAMERA, 1, 18, 0)",
    "INSERT INTO images (timestamp, filepath, camera_id, file_size) VALUES ($TIME, 'a' || $PATH, $CAMERA, 1), ($TIME, 'b' || $PATH, $CAMERA, 2)",
    "INSERT OR REPLACE INTO images (timestamp, filepath, image_path, camera_id, file_size) VALUES ($TIME, $PATH, $PATH, $CAMERA, 19)",
    "INSERT OR REPLACE INTO images (id, timestamp, filepath, camera_id) VALUES ($ROW, $TIME, $PATH, $CAMERA)",
    "REPLACE INTO images (id, timestamp, image_path, camera_id, is_thumbnail) SELECT id, $TIME, image_path, $CAMERA, 1 FROM images WHERE id >= $ROW",
    "INSERT OR IGNORE INTO images (id, timestamp, filepath, camera_id) VALUES ($ROW, $TIME, $PATH, $CAMERA), ($ROW + 1, $TIME, 'x' || $PATH, $CAMERA)",
    "DELETE FROM images WHERE id = $ROW",
    "DELETE FROM images WHERE camera_id = $CAMERA AND id > $ROW",
    "UPDATE images SET processed = NOT processed WHERE id >= $ROW",
    "UPDATE images SET camera_id = $CAMERA WHERE id = $ROW",
    "UPDATE images SET timestamp = $TIME WHERE id BETWEEN $ROW AND $ROW + 3",
    "UPDATE images SET timestamp = $TIME, processed = 1, is_thumbnail = 1, ordinal = 2 WHERE id = $ROW",
    "UPDATE images SET is_thumbnail = NOT is_thumbnail, file_size = id WHERE id = $ROW",
    "UPDATE images SET file_state = 'missing', verified_at = timestamp WHERE id = $ROW",
    "UPDATE images SET file_size = 'many', verified_at = NULL WHERE id = $ROW",
    "UPDATE images SET file_state = NULL, verified_at = timestamp WHERE id >= $ROW",
    "DELETE FROM tombstones",
];
const TIMES: [&str; 9] = [
    "'2025-09-07 10:00:10.000000'",
    "'2025-09-07 10:00:10.000000'",
    "'2025-09-07 10:11:00'",
    "'2025-09-07 23:57:00.000000'",
    "'2025-09-08 00:08:00.000000'",
    "'2025-09-09 12:00:00.500000'",
    "'yesterday'",
    "1757239200",
    "''",
];
const CAMERAS_NAMED: [&str; 3] = ["'in_gate'", "'out_gate'", "'ö ./'"];

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let sql =
        (0..STATEMENTS.len(), any::<[u8; 4]>()).prop_map(|(nth, of)| Act::Sql(STATEMENTS[nth], of));
    let ours = (0u8..4, any::<Option<bool>>()).prop_map(|(frame, stored)| Act::Ours(frame, stored));
    proptest::collection::vec(prop_oneof![6 => sql, 1 => ours], 1..40)
}

fn filled(sql: &str, [row, time, path, camera]: [u8; 4]) -> String {
    let pick = |list: &'static [&str], nth: u8| list[usize::from(nth) % list.len()];
    sql.replace("$ROW", &(row % 12 + 1).to_string())
        .replace("$TIME", pick(&TIMES, time))
        .replace("$PATH", &format!("'{}.jpg'", path % 8))
        .replace("$CAMERA", pick(&CAMERAS_NAMED, camera))
}

async fn ours(catalog: &dyn Catalog, nth: u8, stored: Option<bool>) {
    let frame = frame(i64::from(nth) * 600);
    let id = catalog
        .enlist(&[entry(frame.clone())], at(0))
        .await
        .unwrap()[0]
        .id;
    if let Some(is_full) = stored {
        let image = if is_full {
            image(&frame)
        } else {
            thumbnail(&frame)
        };
        let stored = FrameResult::Stored {
            ledger_id: id,
            image,
            failure: None,
        };
        catalog.record(&[stored], at(1)).await.unwrap();
    }
}

/// The counters, and what they should be.
async fn counters(path: &Path) -> [Vec<String>; 4] {
    let counts = "images, thumbnails, unverified, processed, bytes";
    let cameras = |from: &str| {
        format!(
            "(SELECT camera_id || ' ' || quote(oldest) || quote(newest) AS line, duplicates, {counts} FROM {from} ORDER BY 1)"
        )
    };
    let days = |from: &str| {
        format!(
            "(SELECT camera_id || ' ' || day AS line, 0 AS duplicates, {counts} FROM {from} ORDER BY 1)"
        )
    };
    let read = async |from: String| {
        let columns = [
            "line",
            "duplicates",
            "images",
            "thumbnails",
            "unverified",
            "processed",
            "bytes",
        ];
        let text = format!(
            "(SELECT line, {} FROM {from})",
            columns[1..]
                .iter()
                .map(|c| format!("CAST({c} AS INTEGER) AS {c}"))
                .collect::<Vec<_>>()
                .join(", ")
        );
        rows(path, &columns, &text).await
    };
    [
        read(cameras("camera_totals")).await,
        read(cameras(&format!("({CAMERAS})"))).await,
        read(days("day_totals")).await,
        read(days(&format!("({DAYS})"))).await,
    ]
}

async fn slots(catalog: &dyn Catalog) -> Vec<Vec<DaySlots>> {
    let cameras = [camera("in_gate"), camera("out_gate")];
    let (first, last) = (at(-86_400).date_naive(), at(3 * 86_400).date_naive());
    catalog.slots(&cameras, first, last).await.unwrap()
}

async fn played(acts: Vec<Act>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog: Arc<dyn Catalog> = open(&path).await;
    for act in acts {
        match &act {
            // Some statements fail (a path twice): then nothing may have happened.
            Act::Sql(sql, of) => drop(try_execute(&path, &filled(sql, *of)).await),
            Act::Ours(nth, stored) => ours(&*catalog, *nth, *stored).await,
        }
        let [cameras, counted, days, counted_days] = counters(&path).await;
        assert_eq!(cameras, counted, "after {act:?}");
        assert_eq!(days, counted_days, "after {act:?}");
    }
    let kept = slots(&*catalog).await;
    assert_eq!(catalog.recount().await.unwrap(), Vec::<String>::new());
    assert_eq!(slots(&*catalog).await, kept, "slots that are computed anew");
    catalog.close().await;
}

#[test]
fn whatever_is_done_the_counters_say_what_the_rows_say() {
    let cases = if std::env::var_os("DRAYWATCH_TEST_FULL").is_some() {
        200
    } else {
        12
    };
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let played = runner.run(&acts(), |acts| {
        runtime.block_on(played(acts));
        Ok(())
    });
    played.unwrap_or_else(|failed| panic!("{failed}"));
}

#[tokio::test]
async fn an_adopted_database_is_counted() {
    for name in ["legacy-v1.db", "legacy-v2.db"] {
        let (_folder, path) = fixture(name);
        let path_column = if name == "legacy-v1.db" {
            "filepath"
        } else {
            "image_path"
        };
        let twin = format!(
            "INSERT INTO images (timestamp, {path_column}, camera_id, processed, file_size, created_at) \
             SELECT timestamp, 'twin.jpg', camera_id, processed, file_size, created_at FROM images WHERE id = 1"
        );
        execute(&path, &twin).await;
        let catalog = open(&path).await;
        let [cameras, counted, days, counted_days] = counters(&path).await;
        assert_eq!((cameras, days), (counted, counted_days));
        assert_eq!(catalog.totals().await.unwrap().duplicates, 2, "{name}");
        assert_eq!(catalog.recount().await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn triggers_that_were_away_are_made_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    catalog.adopt(&[image(&frame(10))], at(100)).await.unwrap();
    catalog.close().await;
    let away = "DROP TRIGGER draywatch_image_added; DROP TRIGGER draywatch_image_removed; DELETE FROM images;";
    execute(&path, away).await;
    execute(
        &path,
        &v1_insert("a.jpg", "out_gate", "2025-09-07 12:00:00.000000"),
    )
    .await;
    let catalog = open(&path).await;
    let [cameras, counted, ..] = counters(&path).await;
    assert_eq!((cameras.len(), cameras), (1, counted));
    let slots = slots(&*catalog).await;
    let stored = |days: &[DaySlots]| {
        let answers = days.iter().flat_map(|day| &day.answers);
        answers.filter(|answer| answer.as_str() == "stored").count()
    };
    assert_eq!((stored(&slots[0]), stored(&slots[1])), (0, 1));
}

#[tokio::test]
async fn a_wrong_counter_is_found_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    catalog.adopt(&[image(&frame(10))], at(100)).await.unwrap();
    execute(&path, "UPDATE day_totals SET images = 5; UPDATE day_slots SET answers = replace(answers, 'S', 'O')").await;
    assert_eq!(catalog.recount().await.unwrap(), ["in_gate"]);
    assert_eq!(catalog.recount().await.unwrap(), Vec::<String>::new());
    let slots = slots(&*catalog).await;
    assert_eq!(slots[0][1].answers[60].as_str(), "stored");
}
