//! What is on the disk and in the database, read without the program's help. Must not judge it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Column, ConnectOptions, Connection, Row};

use crate::harness::Home;

/// A row of `images`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub id: i64,
    pub camera: String,
    pub instant: DateTime<Utc>,
    pub path: String,
    pub url: String,
    pub sha256: String,
    pub bytes: i64,
    pub size: (i64, i64),
    pub is_thumbnail: bool,
    pub processed: bool,
    pub detections: i64,
}

/// A row of `frame_ledger`.
#[derive(Debug, Clone)]
pub struct Owed {
    pub url: String,
    pub state: String,
    pub attempts: i64,
    pub kind: Option<String>,
    pub reason: Option<String>,
    pub not_before: Option<DateTime<Utc>>,
}

/// Opens the database as any program would.
pub async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false);
    options
        .connect()
        .await
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Executes statements in the home's database.
pub async fn execute(home: &Home, sql: &'static str) {
    let mut database = connect(&home.database()).await;
    sqlx::raw_sql(sql).execute(&mut database).await.expect(sql);
    database.close().await.expect("closed");
}

async fn rows(home: &Home, sql: &'static str) -> Vec<SqliteRow> {
    let mut database = connect(&home.database()).await;
    let rows = sqlx::query(sql).fetch_all(&mut database).await.expect(sql);
    database.close().await.expect("closed");
    rows
}

fn instant(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .expect("a time")
        .and_utc()
}

/// All rows of `images`, by path.
pub async fn images(home: &Home) -> Vec<Image> {
    let sql = "SELECT *, CAST(timestamp AS TEXT) AS t FROM images ORDER BY filepath";
    rows(home, sql).await.iter().map(image).collect()
}

fn image(row: &SqliteRow) -> Image {
    assert_eq!(
        row.get::<String, _>("filepath"),
        row.get::<String, _>("image_path")
    );
    Image {
        id: row.get("id"),
        camera: row.get("camera_id"),
        instant: instant(&row.get::<String, _>("t")),
        path: row.get("filepath"),
        url: row.get("url"),
        sha256: row.get("sha256"),
        bytes: row.get("file_size"),
        size: (row.get("width"), row.get("height")),
        is_thumbnail: row.get("is_thumbnail"),
        processed: row.get("processed"),
        detections: row.get("detection_count"),
    }
}

/// All rows of the ledger.
pub async fn ledger(home: &Home) -> Vec<Owed> {
    let sql = "SELECT *, CAST(not_before AS TEXT) AS n FROM frame_ledger ORDER BY instant, ordinal";
    let owed = |row: &SqliteRow| Owed {
        url: row.get("url"),
        state: row.get("state"),
        attempts: row.get("attempts"),
        kind: row.get("failure_kind"),
        reason: row.get("failure_reason"),
        not_before: row.get::<Option<String>, _>("n").map(|text| instant(&text)),
    };
    rows(home, sql).await.iter().map(owed).collect()
}

/// A fact that the program keeps.
pub async fn fact(home: &Home, name: &str) -> Option<String> {
    let all = rows(home, "SELECT name, value FROM draywatch_facts").await;
    all.iter()
        .find(|row| row.get::<String, _>("name") == name)
        .map(|row| row.get("value"))
}

/// Runs without an outcome, and the outcomes of the others in order.
pub async fn outcomes(home: &Home) -> (usize, Vec<String>) {
    let all = rows(home, "SELECT outcome FROM runs ORDER BY id").await;
    let outcomes: Vec<Option<String>> = all.iter().map(|row| row.get("outcome")).collect();
    (
        outcomes.iter().filter(|outcome| outcome.is_none()).count(),
        outcomes.into_iter().flatten().collect(),
    )
}

/// Whether the database is whole, by its own judgement.
pub async fn integrity(home: &Home) -> String {
    rows(home, "PRAGMA integrity_check").await[0].get(0)
}

/// What stands in the tables that hold frames, as text; the rest are accounts of runs.
pub async fn content(home: &Home) -> String {
    let mut text = String::new();
    for sql in [
        "SELECT * FROM images ORDER BY id",
        "SELECT * FROM tombstones ORDER BY id",
        "SELECT * FROM frame_ledger ORDER BY id",
    ] {
        for row in rows(home, sql).await {
            let cell = |at| {
                row.try_get_unchecked::<Option<String>, _>(at)
                    .expect("text")
            };
            let cells: Vec<String> = row
                .columns()
                .iter()
                .map(|column| format!("{:?}", cell(column.ordinal())))
                .collect();
            text.push_str(&cells.join("|"));
            text.push('\n');
        }
    }
    text
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Every file below a folder with its hash, the database's side files and the locks left out.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = entry.expect("an entry").path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            walk(root, &path, found);
        } else if !name.ends_with("-wal")
            && !name.ends_with("-shm")
            && !name.contains(".draywatch/locks/")
        {
            let relative = path.strip_prefix(root).expect("below").to_owned();
            found.insert(relative, sha256(&std::fs::read(&path).expect("its bytes")));
        }
    }
}

/// Pictures in the archive with their hashes, by path as in the database.
pub fn pictures(home: &Home) -> BTreeMap<String, String> {
    let all = files(&home.path().join("data"));
    let ours = ["images/.draywatch", "images/.health"];
    let is_picture =
        |path: &Path| path.starts_with("images") && !ours.iter().any(|ours| path.starts_with(ours));
    all.into_iter()
        .filter(|(path, _)| is_picture(path))
        .map(|(path, hash)| (format!("data/{}", path.display()), hash))
        .collect()
}

/// What lies in the folder of temporaries.
pub fn temporaries(home: &Home) -> Vec<PathBuf> {
    let tmp = home.images().join(".draywatch/tmp");
    std::fs::read_dir(tmp)
        .expect("the folder of temporaries")
        .map(|entry| entry.expect("an entry").path())
        .collect()
}
