//! Values and databases that the tests share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use draywatch_catalog::{
    Catalog, DatabaseUrl, NewImage, NewLedgerEntry, OpenOptions, PictureFacts,
};
use draywatch_core::{CameraId, Failure, FrameId, Kind};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

/// 2025-09-07 10:00:00 UTC and so many seconds.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_757_239_200 + seconds, 0).unwrap()
}

pub fn micros(micros: i64) -> DateTime<Utc> {
    at(0) + TimeDelta::microseconds(micros)
}

pub fn day() -> NaiveDate {
    at(0).date_naive()
}

pub fn camera(name: &str) -> CameraId {
    CameraId::new(name).unwrap()
}

pub fn frame(seconds: i64) -> FrameId {
    FrameId::first(camera("in_gate"), at(seconds))
}

pub fn path(frame: &FrameId) -> String {
    format!("data/images/{}", frame.relative_path())
}

pub fn entry(frame: FrameId) -> NewLedgerEntry {
    NewLedgerEntry {
        date: frame.instant.date_naive(),
        url: format!(
            "https://cdn.example/{}.jpg?a=b&c=%20",
            frame.instant.timestamp_micros()
        ),
        url_is_listed: true,
        thumbnail_url: Some("https://cdn.example/small.jpg".into()),
        path: path(&frame),
        frame,
    }
}

pub fn facts(bytes: u64) -> PictureFacts {
    PictureFacts {
        bytes,
        sha256: format!("{bytes:064x}"),
        media_type: "image/jpeg".into(),
        width: 1200,
        height: 675,
    }
}

pub fn image(frame: &FrameId) -> NewImage {
    let url = Some(entry(frame.clone()).url);
    NewImage {
        path: path(frame),
        facts: facts(200_000),
        is_thumbnail: false,
        url,
        look: None,
        frame: frame.clone(),
    }
}

pub fn thumbnail(frame: &FrameId) -> NewImage {
    NewImage {
        is_thumbnail: true,
        facts: facts(5_000),
        ..image(frame)
    }
}

pub fn failure(words: &str) -> Failure {
    Failure::new(Kind::Transient, words)
}

pub fn options() -> OpenOptions {
    OpenOptions {
        create: true,
        busy_timeout: Duration::from_secs(5),
        now: at(3600),
    }
}

pub async fn open(path: &Path) -> Arc<dyn Catalog> {
    draywatch_catalog::open(&DatabaseUrl::Sqlite(path.to_owned()), options())
        .await
        .unwrap()
}

/// A copy of a fixture in a folder of its own.
pub fn fixture(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("database.db");
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    std::fs::copy(source, &path).unwrap();
    (folder, path)
}

/// A connection as another program has it, with `SQLite`'s own settings.
pub async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(false)
        .create_if_missing(true);
    options
        .busy_timeout(Duration::from_secs(5))
        .connect()
        .await
        .unwrap()
}

/// Statements as another program sends them.
pub async fn execute(path: &Path, sql: &str) {
    try_execute(path, sql).await.unwrap();
}

pub async fn try_execute(path: &Path, sql: &str) -> sqlx::Result<()> {
    let mut conn = connect(path).await;
    let done = sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut conn)
        .await
        .map(|_| ());
    conn.close().await.unwrap();
    done
}

/// Everything that a query finds, as `SQLite`'s own literals, so that types and bytes count.
pub async fn rows(path: &Path, columns: &[&str], from: &str) -> Vec<String> {
    let columns: Vec<String> = columns
        .iter()
        .map(|name| format!("quote(\"{name}\")"))
        .collect();
    let sql = format!(
        "SELECT {} AS line FROM {from}",
        columns.join(" || ' | ' || ")
    );
    let mut conn = connect(path).await;
    let found = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut conn)
        .await
        .unwrap();
    conn.close().await.unwrap();
    found.iter().map(|row| row.get("line")).collect()
}

pub async fn number(path: &Path, sql: &str) -> i64 {
    let mut conn = connect(path).await;
    let row: SqliteRow = sqlx::query(AssertSqlSafe(sql))
        .fetch_one(&mut conn)
        .await
        .unwrap();
    conn.close().await.unwrap();
    row.get(0)
}

pub const V1: [&str; 7] = [
    "id",
    "timestamp",
    "filepath",
    "camera_id",
    "processed",
    "file_size",
    "created_at",
];
pub const V2: [&str; 9] = [
    "id",
    "timestamp",
    "image_path",
    "filepath",
    "camera_id",
    "processed",
    "file_size",
    "detection_count",
    "created_at",
];

/// The INSERT of an unmodified v1 program, word for word as `SQLAlchemy` sends it.
pub fn v1_insert(path: &str, camera: &str, timestamp: &str) -> String {
    format!(
        "INSERT INTO images (timestamp, filepath, camera_id, processed, file_size, created_at) \
         VALUES ('{timestamp}', '{path}', '{camera}', 0, 17, '2026-11-22 05:59:07.137185')"
    )
}

/// The INSERT of an unmodified v2 program.
pub fn v2_insert(path: &str, camera: &str, timestamp: &str) -> String {
    format!(
        "INSERT INTO images (timestamp, image_path, camera_id, processed, file_size, detection_count, created_at) \
         VALUES ('{timestamp}', '{path}', '{camera}', 0, 17, 0, '2026-11-22 05:59:07.137185')"
    )
}
