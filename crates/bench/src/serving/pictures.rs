//! Real pictures for one day of one camera, so that there is something to be shown. Must not touch other rows.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use chrono::{Days, NaiveDate, NaiveTime};
use draywatch_picture::Sha256;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use crate::big;

/// The camera whose pictures are there.
const CAMERA: u64 = 7;
/// Columns and rows, as the portal's cameras have them.
const SIZE: (usize, usize) = (1200, 675);
/// Whose days the pages show.
const ZONE: chrono_tz::Tz = chrono_tz::America::Los_Angeles;
/// The database's name in the folder.
const DATABASE: &str = "database.db";

/// What can be shown.
pub struct Shown {
    /// The camera.
    pub camera: String,
    /// The day that has pictures, as the cameras' zone counts it.
    pub date: String,
    /// Its images: their ids and hashes, in time order.
    pub images: Vec<(i64, String)>,
    /// Its files, relative to the folder.
    pub files: Vec<String>,
    /// The id of a run.
    pub run: i64,
}

/// Writes the pictures of the day before the newest, unless they are there, and says so in their rows.
pub async fn make(folder: &Path) -> Result<Shown> {
    let options = SqliteConnectOptions::new().filename(folder.join(DATABASE));
    let mut conn = options.connect().await?;
    let camera = big::camera(CAMERA);
    let newest = "SELECT date(timestamp, '-2 days') FROM images WHERE camera_id = ? ORDER BY timestamp DESC LIMIT 1";
    let date: String = sqlx::query_scalar(newest)
        .bind(&camera)
        .fetch_one(&mut conn)
        .await
        .context("the database has too few images: give more --images")?;
    let day: NaiveDate = date.parse()?;
    let of_day = "SELECT id, filepath FROM images WHERE camera_id = ? AND timestamp >= ? AND timestamp < ? ORDER BY timestamp";
    let rows = sqlx::query(of_day)
        .bind(&camera)
        .bind(midnight(day)?)
        .bind(midnight(day + Days::new(1))?)
        .fetch_all(&mut conn)
        .await?;
    ensure!(rows.len() > 100, "{date} has only {} images", rows.len());
    let (mut images, mut files) = (Vec::new(), Vec::new());
    for (row, nth) in rows.iter().zip(0..) {
        let (id, path): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        let bytes = picture(nth)?;
        let sha256 = Sha256::of(&bytes).to_string();
        let file = folder.join(&path);
        std::fs::create_dir_all(file.parent().unwrap_or(folder))?;
        std::fs::write(&file, &bytes)?;
        let update =
            "UPDATE images SET sha256 = ?, file_size = ?, width = 1200, height = 675 WHERE id = ?";
        sqlx::query(update)
            .bind(&sha256)
            .bind(i64::try_from(bytes.len())?)
            .bind(id)
            .execute(&mut conn)
            .await?;
        images.push((id, sha256));
        files.push(path);
    }
    let run = sqlx::query_scalar("SELECT max(id) FROM runs")
        .fetch_one(&mut conn)
        .await?;
    conn.close().await?;
    Ok(Shown {
        camera,
        date,
        images,
        files,
        run,
    })
}

/// When the day begins where the cameras are, as the database has times.
fn midnight(day: NaiveDate) -> Result<String> {
    let begin = day.and_time(NaiveTime::MIN).and_local_timezone(ZONE);
    let begin = begin.earliest().context("the day has no midnight")?;
    Ok(begin.to_utc().format("%Y-%m-%d %H:%M:%S").to_string())
}

/// A slope with noise: of about the size of a camera's picture.
fn picture(nth: u32) -> Result<Vec<u8>> {
    let (width, height) = SIZE;
    let mut state = u64::from(nth) + 0x9E37_79B9_7F4A_7C15;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0] % 24
    };
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let grain = noise();
            let level = |along: usize, whole: usize| u8::try_from(along * 200 / whole).unwrap_or(0);
            let shift = u8::try_from(nth % 40).unwrap_or(0);
            pixels.extend([
                level(x, width) + grain,
                level(y, height) + grain,
                shift + grain,
            ]);
        }
    }
    let image = Image {
        pixels: &pixels[..],
        width,
        pitch: width * 3,
        height,
        format: PixelFormat::RGB,
    };
    let mut compressor = Compressor::new()?;
    compressor.set_quality(80)?;
    compressor.set_subsamp(Subsamp::Sub2x2)?;
    Ok(compressor.compress_to_vec(image)?)
}
