//! A folder with a database and an archive as the tests want them, and the program run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use draywatch_catalog::{
    Catalog, DatabaseUrl, NewImage, NewLedgerEntry, OpenOptions, PictureFacts,
};
use draywatch_core::{CameraId, FrameId};
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

/// 2025-09-07 10:00:00 UTC (03:00 in Los Angeles) and so many seconds.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_757_239_200 + seconds, 0).unwrap()
}

pub fn camera() -> CameraId {
    CameraId::new("in_gate").unwrap()
}

pub fn frame(seconds: i64) -> FrameId {
    FrameId::first(camera(), at(seconds))
}

/// A small picture; each seed makes another one.
pub fn jpeg(width: usize, seed: u8) -> Vec<u8> {
    sized(width, 40, seed)
}

/// The same of any size.
pub fn sized(width: usize, height: usize, seed: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height)
        .map(|n| u8::try_from(n % 251).unwrap() ^ seed)
        .collect();
    let image = Image {
        pixels: &pixels[..],
        width,
        pitch: width,
        height,
        format: PixelFormat::GRAY,
    };
    let mut compressor = Compressor::new().unwrap();
    compressor.set_subsamp(Subsamp::Gray).unwrap();
    compressor.compress_to_vec(image).unwrap()
}

/// A picture that counts as full size.
pub fn full(seed: u8) -> Vec<u8> {
    jpeg(800, seed)
}

pub fn facts(bytes: &[u8]) -> PictureFacts {
    let verified = draywatch_picture::verify(bytes, None).unwrap();
    PictureFacts {
        bytes: verified.bytes,
        sha256: verified.sha256.to_string(),
        media_type: "image/jpeg".into(),
        width: verified.width,
        height: verified.height,
    }
}

pub fn path(frame: &FrameId) -> String {
    format!("data/images/{}", frame.relative_path())
}

pub fn image(frame: &FrameId, bytes: &[u8]) -> NewImage {
    let url = Some(format!(
        "https://cdn.example/{}.jpeg",
        frame.instant.timestamp()
    ));
    NewImage {
        frame: frame.clone(),
        path: path(frame),
        facts: facts(bytes),
        is_thumbnail: false,
        url,
        look: None,
    }
}

pub fn entry(frame: &FrameId) -> NewLedgerEntry {
    NewLedgerEntry {
        frame: frame.clone(),
        date: frame.instant.date_naive(),
        url: format!("https://cdn.example/{}.jpeg", frame.instant.timestamp()),
        url_is_listed: true,
        thumbnail_url: None,
        path: path(frame),
    }
}

/// A working directory.
pub struct Home(tempfile::TempDir);

/// How a command ended.
#[derive(Debug)]
pub struct Done {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            status: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a copy of a database that a user's program made.
    pub fn with_fixture(name: &str) -> Self {
        let home = Self::new();
        std::fs::create_dir(home.at("data")).unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalog/tests/fixtures");
        std::fs::copy(fixtures.join(name), home.at("data/database.db")).unwrap();
        home
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        std::fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        std::fs::write(self.at(path), bytes).unwrap();
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_draywatch"));
        command.args(words).current_dir(self.0.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DRAYWATCH_")) {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, words: &[&str]) -> Done {
        self.command(words).output().unwrap().into()
    }

    pub async fn catalog(&self) -> Arc<dyn Catalog> {
        let options = OpenOptions {
            create: true,
            busy_timeout: Duration::from_secs(5),
            now: at(0),
        };
        draywatch_catalog::open(&DatabaseUrl::Sqlite(self.at("data/database.db")), options)
            .await
            .unwrap()
    }

    /// A stored frame: its row, and its file.
    pub async fn store(&self, frame: &FrameId, bytes: &[u8]) {
        self.write(&path(frame), bytes);
        let catalog = self.catalog().await;
        assert_eq!(
            catalog.adopt(&[image(frame, bytes)], at(0)).await.unwrap(),
            1
        );
        catalog.close().await;
    }

    /// What another program does to the database.
    pub async fn sql(&self, sql: &str) {
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(self.at("data/database.db"));
        let mut conn = options.foreign_keys(false).connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut conn)
            .await
            .unwrap();
        conn.close().await.unwrap();
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(self.at("data/database.db"));
        let mut conn = options.connect().await.unwrap();
        let row = sqlx::query(AssertSqlSafe(sql.to_owned()))
            .fetch_one(&mut conn)
            .await
            .unwrap();
        conn.close().await.unwrap();
        row.get(0)
    }

    pub async fn rows(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM images").await
    }
}

/// Whether this test runs as root, and can become somebody else.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Every file below a folder with its contents.
pub fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(snapshot(&path));
        } else {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}
