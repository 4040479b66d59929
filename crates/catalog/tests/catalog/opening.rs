//! Opening: new databases, and everything that must not be opened, with words that help.

use std::path::Path;
use std::time::Duration;

use draywatch_catalog::{CatalogError, DatabaseUrl, OpenOptions};
use draywatch_core::Kind;

use crate::support::*;

async fn refused(path: &Path, options: OpenOptions) -> CatalogError {
    match draywatch_catalog::open(&DatabaseUrl::Sqlite(path.to_owned()), options).await {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

fn copies(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| name.contains("before-draywatch"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_new_database_gets_its_folder_and_wal_and_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/data/database.db");
    open(&path).await.close().await;
    let mut conn = connect(&path).await;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
    assert_eq!(copies(path.parent().unwrap()), Vec::<String>::new());
    let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert!(left.len() <= 3, "{left:?}");
}

#[tokio::test]
async fn opening_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    open(&path).await.close().await;
    let before = std::fs::read(&path).unwrap();
    for create in [true, false] {
        let url = DatabaseUrl::parse(&format!("sqlite:///{}", path.display())).unwrap();
        draywatch_catalog::open(
            &url,
            OpenOptions {
                create,
                ..options()
            },
        )
        .await
        .unwrap()
        .close()
        .await;
    }
    assert!(before == std::fs::read(&path).unwrap(), "the file changed");
    assert_eq!(copies(folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn two_processes_may_open_a_new_database_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let path = path.clone();
            tokio::spawn(async move { open(&path).await })
        })
        .collect();
    for task in tasks {
        let catalog = task.await.unwrap();
        assert_eq!(
            catalog.totals().await.unwrap().schema,
            draywatch_catalog::SCHEMA
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_made_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/database.db");
    let error = refused(
        &path,
        OpenOptions {
            create: false,
            ..options()
        },
    )
    .await;
    assert!(matches!(error, CatalogError::NotThere { .. }), "{error}");
    assert!(
        error.to_string().contains(path.to_str().unwrap()) && error.kind() == Kind::Configuration,
        "{error}"
    );
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test]
async fn folders_and_impossible_places_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(folder.path(), options()).await;
    assert!(matches!(error, CatalogError::IsDirectory { .. }), "{error}");
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let error = refused(&folder.path().join("file/database.db"), options()).await;
    assert!(matches!(error, CatalogError::Folder { .. }), "{error}");
    let error = refused(Path::new("/proc/self/database.db"), options()).await;
    assert!(
        matches!(error, CatalogError::CannotOpen { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("/proc/self/database.db"),
        "{error}"
    );
}

/// A table that reaches into the last page of its file, whose end is missing.
async fn cut_in_a_page() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let table = "CREATE TABLE images (id INTEGER PRIMARY KEY, timestamp, filepath NOT NULL, camera_id, processed)";
    let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) \
                  INSERT INTO images SELECT i, '2025-09-07 10:00:00.000000', 'data/' || i || '.jpg', 'in_gate', 0 FROM n";
    execute(&path, &format!("{table}; {insert}")).await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 1000);
    bytes
}

#[tokio::test]
async fn damaged_files_are_told_and_left_alone() {
    let random: Vec<u8> = (0..20_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect();
    let (folder, whole) = fixture("legacy-v2.db");
    let whole = std::fs::read(whole).unwrap();
    let mut scrambled = whole.clone();
    scrambled[4096..40_000].fill(0xA5);
    let damaged = [
        ("random", random),
        ("short", b"SQLite format 3\0".to_vec()),
        ("text", b"not a database at all\n".repeat(50)),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("cut_in_a_page", cut_in_a_page().await),
        ("scrambled", scrambled),
    ];
    for (name, bytes) in damaged {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let error = refused(&path, options()).await;
        let told = error.to_string();
        assert!(
            matches!(
                error,
                CatalogError::Corrupt { .. } | CatalogError::Copy { .. }
            ),
            "{name}: {error:?}"
        );
        assert!(told.contains(path.to_str().unwrap()), "{told}");
        assert_eq!(error.kind(), Kind::Database);
        assert!(std::fs::read(&path).unwrap() == bytes, "{name} was changed");
    }
}

#[tokio::test]
async fn an_empty_file_is_an_empty_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    std::fs::write(&path, "").unwrap();
    assert_eq!(
        open(&path).await.totals().await.unwrap().schema,
        draywatch_catalog::SCHEMA
    );
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    open(&path).await.close().await;
    execute(
        &path,
        "INSERT INTO draywatch_schema VALUES (7777, '2030-01-01 00:00:00.000000')",
    )
    .await;
    let before = std::fs::read(&path).unwrap();
    let error = refused(&path, options()).await;
    assert!(
        matches!(
            error,
            CatalogError::NewerSchema {
                found: 7777,
                known: draywatch_catalog::SCHEMA,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("update draywatch"), "{error}");
    assert!(before == std::fs::read(&path).unwrap());
}

#[tokio::test]
async fn other_programs_databases_are_not_taken_over() {
    let cases = [
        ("CREATE TABLE runs (x)", "runs"),
        ("CREATE VIEW tombstones AS SELECT 1", "tombstones"),
        (
            "CREATE TABLE images (id INTEGER PRIMARY KEY, picture BLOB)",
            "timestamp",
        ),
        (
            "CREATE TABLE images (id INTEGER PRIMARY KEY, timestamp, camera_id)",
            "neither filepath nor image_path",
        ),
        ("CREATE VIEW images AS SELECT 1", "not a table"),
    ];
    for (sql, word) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("database.db");
        execute(&path, sql).await;
        let error = refused(&path, options()).await;
        assert!(
            matches!(error, CatalogError::NotOurs { .. }) && error.to_string().contains(word),
            "{error:?}"
        );
        assert_eq!(
            number(
                &path,
                "SELECT COUNT(*) FROM sqlite_master WHERE name LIKE '%draywatch%'"
            )
            .await,
            0
        );
    }
}

#[tokio::test]
async fn a_database_that_is_locked_for_good_is_told() {
    let (_folder, path) = fixture("legacy-v1.db");
    let mut holder = connect(&path).await;
    sqlx::raw_sql("BEGIN EXCLUSIVE")
        .execute(&mut holder)
        .await
        .unwrap();
    let impatient = OpenOptions {
        busy_timeout: Duration::from_millis(20),
        ..options()
    };
    let error = refused(&path, impatient).await;
    assert!(matches!(error, CatalogError::Locked { .. }), "{error:?}");
    assert!(
        error.to_string().contains("locked by another program"),
        "{error}"
    );
    sqlx::raw_sql("ROLLBACK")
        .execute(&mut holder)
        .await
        .unwrap();
    open(&path).await;
}

#[tokio::test]
async fn a_statement_that_fails_says_what_it_was_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let catalog = open(&path).await;
    execute(
        &path,
        "CREATE TRIGGER no BEFORE INSERT ON draywatch_facts BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .await;
    let error = catalog.set_fact("archive_id", Some("x")).await.unwrap_err();
    assert!(
        matches!(
            error,
            CatalogError::Failed {
                doing: "writing a fact",
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.kind(), Kind::Database);
}
