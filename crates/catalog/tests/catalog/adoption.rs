//! Databases that users' programs made: adopted with every row, index, trigger and view, after a copy was made.

use std::path::{Path, PathBuf};

use crate::support::*;

const CASES: [(&str, &[&str]); 2] = [("legacy-v1.db", &V1), ("legacy-v2.db", &V2)];

fn copies(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries
        .filter(|p| p.to_str().unwrap().contains(".before-draywatch-"))
        .collect();
    found.sort();
    found
}

async fn schema_of_others(path: &Path) -> Vec<String> {
    let others = "sqlite_master WHERE tbl_name NOT IN ('images', 'frame_ledger', 'tombstones', 'runs', 'observations', \
                  'browser_sessions', 'draywatch_facts', 'draywatch_schema', 'draywatch_placeholders', 'run_totals', 'refusal_totals', 'run_durations', 'jobs', 'ticks', 'health_changes', 'portal_days', 'camera_totals', 'day_totals', 'replaced_images', \
                  'day_slots', 'stale_days', 'portal_reach', 'retention_holds', 'image_leases') ORDER BY name";
    rows(path, &["type", "name", "sql"], others).await
}

#[tokio::test]
async fn every_value_stays_and_the_rows_count_as_unverified() {
    for (name, columns) in CASES {
        let (_folder, path) = fixture(name);
        let (before, others) = (
            rows(&path, columns, "images ORDER BY id").await,
            schema_of_others(&path).await,
        );
        let catalog = open(&path).await;
        assert_eq!(
            rows(&path, columns, "images ORDER BY id").await,
            before,
            "{name}"
        );
        assert_eq!(
            schema_of_others(&path).await,
            others,
            "{name}: tables of other programs"
        );
        let totals = catalog.totals().await.unwrap();
        let [mine, its] = &totals.cameras[..] else {
            panic!("{totals:?}")
        };
        assert_eq!(
            (mine.images, mine.unverified, mine.processed, its.images),
            (6, 6, 1, 6)
        );
        assert_eq!(catalog.check().await.unwrap(), Vec::<String>::new());
        let images = catalog.images_after(0, 100).await.unwrap();
        assert_eq!(
            (images.len(), images[0].ordinal, &images[0].sha256),
            (12, 1, &None)
        );
        assert_eq!(
            images[0].path,
            "data/images/2025-09-07/20250907T100734_in_gate.jpg"
        );
        let filled =
            "images WHERE filepath IS NULL OR image_path IS NULL OR filepath <> image_path";
        assert_eq!(rows(&path, &["id"], filled).await, Vec::<String>::new());
        let indexes =
            "sqlite_master WHERE type = 'index' AND name LIKE 'idx_image_%' ORDER BY name";
        let names = [
            "camera_id",
            "camera_timestamp",
            "path",
            "processed",
            "timestamp",
        ];
        assert_eq!(
            rows(&path, &["name"], indexes).await,
            names.map(|name| format!("'idx_image_{name}'"))
        );
    }
}

#[tokio::test]
async fn a_copy_is_made_that_opens_and_is_never_overwritten() {
    for (name, columns) in CASES {
        let (folder, path) = fixture(name);
        let before = rows(&path, columns, "images ORDER BY id").await;
        let taken = folder
            .path()
            .join("database.db.before-draywatch-20250907T110000.bak");
        std::fs::write(&taken, "mine").unwrap();
        open(&path).await.close().await;
        open(&path).await.close().await;
        let made = folder
            .path()
            .join("database.db.before-draywatch-20250907T110000-2.bak");
        assert_eq!(copies(folder.path()), [made.clone(), taken.clone()]);
        assert_eq!(std::fs::read(&taken).unwrap(), b"mine");
        assert_eq!(rows(&made, columns, "images ORDER BY id").await, before);
        assert_eq!(schema_of_others(&made).await, schema_of_others(&path).await);
        let sql = "SELECT COUNT(*) FROM pragma_table_info('images') WHERE name = 'sha256'";
        assert_eq!(number(&made, sql).await, 0, "the copy has the old shape");
        open(&made).await.close().await;
        assert_eq!(
            rows(&made, columns, "images ORDER BY id").await,
            before,
            "it is adopted like its original"
        );
    }
}

const ADDITIONS: &str = "
    ALTER TABLE images ADD COLUMN note TEXT DEFAULT 'it''s, (mine)';
    ALTER TABLE images ADD COLUMN weight REAL NOT NULL DEFAULT 1.5;
    ALTER TABLE images ADD COLUMN weekday TEXT AS (strftime('%w', timestamp));
    UPDATE images SET note = x'00ff' WHERE id = 3;
    UPDATE images SET file_size = 'large', created_at = NULL WHERE id = 4;
    UPDATE images SET id = 4711 WHERE id = 5;
    CREATE INDEX \"my index\" ON images (note) WHERE note IS NOT NULL;
    CREATE UNIQUE INDEX mine_too ON images (camera_id COLLATE NOCASE, timestamp DESC, id);
    CREATE TABLE log (what TEXT, image INTEGER REFERENCES images (id) ON DELETE CASCADE);
    CREATE TRIGGER watch_in AFTER INSERT ON images BEGIN INSERT INTO log VALUES ('in', NEW.id); END;
    CREATE TRIGGER watch_log AFTER DELETE ON log BEGIN UPDATE images SET processed = 1 WHERE id = OLD.image; END;
    CREATE VIEW newest AS SELECT * FROM images ORDER BY timestamp DESC LIMIT 3;
    CREATE VIEW counts AS SELECT camera_id, COUNT(*) AS n FROM images GROUP BY camera_id;
    CREATE TRIGGER through_view INSTEAD OF DELETE ON newest BEGIN DELETE FROM images WHERE id = OLD.id; END;
    INSERT INTO log VALUES ('by hand', 3);";

#[tokio::test]
async fn what_a_user_added_is_kept() {
    for (name, columns) in CASES {
        let (_folder, path) = fixture(name);
        execute(&path, ADDITIONS).await;
        let columns = [columns, &["note", "weight", "weekday"]].concat();
        let before = rows(&path, &columns, "images ORDER BY id").await;
        let made = "sqlite_master WHERE name IN ('my index', 'mine_too', 'log', 'watch_in', 'watch_log', 'newest', \
                    'counts', 'through_view') ORDER BY name";
        let objects = rows(&path, &["type", "name", "tbl_name", "sql"], made).await;
        let catalog = open(&path).await;
        assert_eq!(
            rows(&path, &columns, "images ORDER BY id").await,
            before,
            "{name}"
        );
        assert_eq!(
            rows(&path, &["type", "name", "tbl_name", "sql"], made).await,
            objects,
            "{name}"
        );
        execute(
            &path,
            &v1_insert("new.jpg", "in_gate", "2025-09-09 10:00:00.000000"),
        )
        .await;
        let id = number(&path, "SELECT id FROM images WHERE filepath = 'new.jpg'").await;
        let new = rows(
            &path,
            &["note", "weight", "weekday"],
            &format!("images WHERE id = {id}"),
        )
        .await;
        assert_eq!(new, ["'it''s, (mine)' | 1.5 | '2'"]);
        assert_eq!(
            rows(&path, &["what", "image"], "log ORDER BY 1").await[0],
            "'by hand' | 3"
        );
        assert_eq!(
            number(
                &path,
                &format!("SELECT COUNT(*) FROM log WHERE what = 'in' AND image = {id}")
            )
            .await,
            1
        );
        execute(&path, "DELETE FROM newest; DELETE FROM log WHERE image = 3").await;
        assert_eq!(number(&path, "SELECT SUM(n) FROM counts").await, 10);
        assert_eq!(number(&path, "SELECT COUNT(*) FROM tombstones").await, 3);
        let broken = "SELECT COUNT(*) FROM pragma_foreign_key_check WHERE parent <> 'images'";
        assert_eq!(number(&path, broken).await, 0);
        let parents =
            "SELECT COUNT(*) FROM pragma_foreign_key_list('detections') WHERE \"table\" = 'images'";
        assert_eq!(
            number(&path, parents).await,
            1,
            "detections still refer to images"
        );
        assert_eq!(catalog.check().await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_null_filepath_and_twins_of_v2_stay_as_they_are() {
    let (_folder, path) = fixture("legacy-v2.db");
    let twin = "(SELECT filepath FROM images WHERE id = 4)";
    execute(&path, &format!("UPDATE images SET filepath = NULL WHERE id = 3; UPDATE images SET filepath = {twin} WHERE id = 5;
        UPDATE images SET timestamp = (SELECT timestamp FROM images WHERE id = 7) WHERE id = 8;
        UPDATE images SET filepath = './' || filepath, image_path = '/srv/' || image_path WHERE id = 6")).await;
    let before = rows(&path, &V2, "images ORDER BY id").await;
    let catalog = open(&path).await;
    assert_eq!(rows(&path, &V2, "images ORDER BY id").await, before);
    let images = catalog.images_after(0, 100).await.unwrap();
    assert_eq!(
        images[2].path,
        "data/images/2025-09-07/20250907T102736_in_gate.jpg"
    );
    assert!(images[5].path.starts_with("./data/"), "{}", images[5].path);
    assert_eq!(catalog.totals().await.unwrap().duplicates, 2);
    let sql =
        "SELECT COUNT(*) FROM pragma_index_list('images') WHERE name = 'draywatch_image_filepath'";
    assert_eq!(
        number(&path, sql).await,
        1,
        "look-ups by a path that cannot be unique stay fast"
    );
    execute(
        &path,
        &v2_insert("new.jpg", "in_gate", "2025-09-09 10:00:00.000000"),
    )
    .await;
    assert_eq!(catalog.image_at("new.jpg").await.unwrap().unwrap().id, 13);
}

#[tokio::test]
async fn ids_are_not_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    execute(&path, "CREATE TABLE images (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp DATETIME NOT NULL, filepath TEXT \
        NOT NULL UNIQUE CHECK (filepath <> ''), camera_id TEXT COLLATE NOCASE NOT NULL, processed BOOLEAN NOT NULL)").await;
    let insert = |name: &str| {
        format!(
            "INSERT INTO images (timestamp, filepath, camera_id, processed) VALUES ('2025-09-07', '{name}', 'IN_gate', 0);"
        )
    };
    execute(
        &path,
        &format!(
            "{}{}{} DELETE FROM images WHERE id = 3",
            insert("a"),
            insert("b"),
            insert("c")
        ),
    )
    .await;
    let catalog = open(&path).await;
    execute(&path, &insert("d")).await;
    assert_eq!(
        number(&path, "SELECT id FROM images WHERE image_path = 'd'").await,
        4
    );
    assert_eq!(
        catalog
            .known(&camera("in_gate"), at(-86_400), at(86_400))
            .await
            .unwrap()
            .len(),
        1,
        "its collation"
    );
    assert!(try_execute(&path, &insert("")).await.is_err(), "its check");
    let empty = folder.path().join("empty.db");
    std::fs::copy(copies(folder.path()).remove(0), &empty).unwrap();
    execute(&empty, "DELETE FROM images").await;
    open(&empty).await.close().await;
    execute(&empty, &insert("e")).await;
    let id = number(&empty, "SELECT id FROM images").await;
    assert_eq!(id, 4, "even where no row is left");
}

#[tokio::test]
async fn a_table_that_a_program_makes_anew_is_adopted_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    open(&path).await.close().await;
    execute(&path, "DROP TABLE images; CREATE TABLE images (id INTEGER NOT NULL, timestamp DATETIME NOT NULL, \
        filepath VARCHAR(500) NOT NULL, camera_id VARCHAR(100) NOT NULL, processed BOOLEAN NOT NULL, file_size INTEGER, \
        created_at DATETIME, PRIMARY KEY (id), UNIQUE (filepath))").await;
    execute(
        &path,
        &v1_insert("one.jpg", "in_gate", "2025-09-07 10:00:10.000000"),
    )
    .await;
    let catalog = open(&path).await;
    execute(
        &path,
        &v2_insert("two.jpg", "in_gate", "2025-09-07 10:00:20.000000"),
    )
    .await;
    assert_eq!(catalog.images_after(0, 10).await.unwrap().len(), 2);
    execute(
        &path,
        "DROP TRIGGER draywatch_image_added; DROP TRIGGER draywatch_image_removed",
    )
    .await;
    let catalog = open(&path).await;
    execute(&path, "DELETE FROM images WHERE filepath = 'two.jpg'").await;
    assert!(catalog.is_tombstoned("two.jpg", &frame(0)).await.unwrap());
    assert_eq!(copies(folder.path()).len(), 2, "a copy each time");
}

#[tokio::test]
async fn columns_that_are_missing_later_are_added_without_a_new_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    catalog.adopt(&[image(&frame(10))], at(100)).await.unwrap();
    catalog.close().await;
    execute(&path, "ALTER TABLE images DROP COLUMN file_problem; ALTER TABLE images DROP COLUMN detection_count").await;
    let catalog = open(&path).await;
    assert_eq!(
        rows(&path, &["file_problem", "detection_count"], "images").await,
        ["NULL | 0"]
    );
    assert_eq!(catalog.images_after(0, 10).await.unwrap().len(), 1);
}

/// A table in the way makes the adoption fail, after the copy.
#[tokio::test]
async fn an_adoption_that_fails_changes_nothing() {
    let (folder, path) = fixture("legacy-v1.db");
    execute(&path, "CREATE TABLE draywatch_images_new (x)").await;
    let before = rows(&path, &V1, "images ORDER BY id").await;
    let url = draywatch_catalog::DatabaseUrl::Sqlite(path.clone());
    let Err(error) = draywatch_catalog::open(&url, options()).await else {
        panic!("it was opened")
    };
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    assert_eq!(rows(&path, &V1, "images ORDER BY id").await, before);
    assert_eq!(
        number(
            &path,
            "SELECT COUNT(*) FROM sqlite_master WHERE name = 'draywatch_schema'"
        )
        .await,
        0
    );
    execute(&path, "DROP TABLE draywatch_images_new").await;
    open(&path).await;
    assert_eq!(rows(&path, &V1, "images ORDER BY id").await, before);
    assert_eq!(copies(folder.path()).len(), 2);
}
