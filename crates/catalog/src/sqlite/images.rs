//! The table `images`, which users' programs read and write too. Never touched here: `processed`, `detection_count`,
//! `created_at` of rows that are there, and every row that nobody asked about.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::frame::place_of;
use draywatch_core::verdict::Verdict;
use draywatch_core::{CameraId, FrameId};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{ledger, record, row, time, tombstones};
use crate::{ImageRow, NewImage};

/// The columns that make an [`ImageRow`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, camera_id, timestamp, ordinal, COALESCE(filepath, image_path) AS path, file_size, sha256, width, \
             height, is_thumbnail, processed, url, file_state, verified_at, verdict FROM images ",
            $rest
        )
    };
}

/// Such a query, to be ended by a condition.
pub(super) const SELECT: &str = select!("");

pub(super) async fn after(
    conn: &mut SqliteConnection,
    after_id: i64,
    limit: u32,
) -> sqlx::Result<Vec<ImageRow>> {
    let query = sqlx::query(select!("WHERE id > $1 ORDER BY id LIMIT $2"))
        .bind(after_id)
        .bind(limit);
    query.fetch_all(conn).await?.iter().map(image).collect()
}

/// Rows whose files nobody ever looked at, by their ids.
pub(super) async fn never_checked(
    conn: &mut SqliteConnection,
    after_id: i64,
    limit: u32,
) -> sqlx::Result<Vec<ImageRow>> {
    let sql = select!("WHERE verified_at IS NULL AND id > $1 ORDER BY id LIMIT $2");
    let query = sqlx::query(sql).bind(after_id).bind(limit);
    query.fetch_all(conn).await?.iter().map(image).collect()
}

/// Rows whose files were last looked at before that time, the longest ago first, after that time and id.
pub(super) async fn checked_before(
    conn: &mut SqliteConnection,
    before: &str,
    (time, id): (&str, i64),
    limit: u32,
) -> sqlx::Result<Vec<ImageRow>> {
    let sql = select!(
        "WHERE verified_at < $1 AND (verified_at, id) > ($2, $3) ORDER BY verified_at, id LIMIT $4"
    );
    let query = sqlx::query(sql)
        .bind(before)
        .bind(time)
        .bind(id)
        .bind(limit);
    query.fetch_all(conn).await?.iter().map(image).collect()
}

/// Rows of a camera between two instants, in time order, however their times are written.
pub(super) async fn between(
    conn: &mut SqliteConnection,
    camera: &CameraId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> sqlx::Result<Vec<ImageRow>> {
    let (first, after) = time::day_range(from, to);
    let sql = select!(
        "WHERE camera_id = $1 AND timestamp >= $2 AND timestamp < $3 ORDER BY timestamp, id"
    );
    let rows = sqlx::query(sql)
        .bind(camera.as_str())
        .bind(first)
        .bind(after)
        .fetch_all(conn)
        .await?;
    let mut images: Vec<ImageRow> = rows.iter().map(image).collect::<sqlx::Result<_>>()?;
    images.retain(|image| image.timestamp.is_some_and(|at| (from..to).contains(&at)));
    images.sort_by_key(|image| (image.timestamp, image.ordinal, image.id));
    Ok(images)
}

/// The row of that id.
pub(super) async fn by_id(conn: &mut SqliteConnection, id: i64) -> sqlx::Result<Option<ImageRow>> {
    let query = sqlx::query(select!("WHERE id = $1")).bind(id);
    let found = query.fetch_optional(conn).await?;
    found.as_ref().map(image).transpose()
}

pub(super) async fn at(conn: &mut SqliteConnection, path: &str) -> sqlx::Result<Option<ImageRow>> {
    let sql = select!("WHERE filepath = $1 OR image_path = $1 ORDER BY id LIMIT 1");
    sqlx::query(sql)
        .bind(path)
        .fetch_optional(conn)
        .await?
        .as_ref()
        .map(image)
        .transpose()
}

/// Reads a row.
pub(super) fn image(found: &SqliteRow) -> sqlx::Result<ImageRow> {
    let pixels =
        |column| Ok::<_, sqlx::Error>(row::int(found, column)?.and_then(|n| u32::try_from(n).ok()));
    Ok(ImageRow {
        id: row::int(found, "id")?.unwrap_or(0),
        camera_id: row::text(found, "camera_id")?.unwrap_or_default(),
        timestamp: row::instant(found, "timestamp")?,
        ordinal: row::ordinal(found)?,
        path: row::text(found, "path")?.unwrap_or_default(),
        file_size: row::int(found, "file_size")?,
        sha256: row::text(found, "sha256")?,
        width: pixels("width")?,
        height: pixels("height")?,
        is_thumbnail: row::flag(found, "is_thumbnail")?,
        processed: row::flag(found, "processed")?,
        url: row::text(found, "url")?,
        file_state: row::text(found, "file_state")?,
        verified_at: row::instant(found, "verified_at")?,
        verdict: row::verdict(found)?,
    })
}

/// Who brings a picture; a row of another program says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// We collected it.
    Us,
    /// It was there, or in another folder, before.
    Adoption,
}

impl By {
    /// As it stands in the column `origin`.
    fn origin(self) -> &'static str {
        match self {
            Self::Us => "collected",
            Self::Adoption => "adopted",
        }
    }
}

/// The row of a picture's file: of its path, or of that very file where another program spelled its path differently
/// (`./data/...`, an absolute path).
pub(super) async fn of_file(
    conn: &mut SqliteConnection,
    path: &str,
    frame: &FrameId,
) -> sqlx::Result<Option<ImageRow>> {
    if let Some(row) = at(conn, path).await? {
        return Ok(Some(row));
    }
    let Some(place) = place_of(path) else {
        return Ok(None);
    };
    let second = frame.second();
    let next = second + TimeDelta::seconds(1);
    let twins = between(conn, &frame.camera, second, next).await?;
    let is_it = |twin: &ImageRow| place_of(&twin.path).is_some_and(|found| found == place);
    Ok(twins.into_iter().find(is_it))
}

/// Makes the row of a picture that is durable, or completes the row that its file has by now. The row's id.
pub(super) async fn store(
    conn: &mut SqliteConnection,
    image: &NewImage,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    match of_file(conn, &image.path, &image.frame).await? {
        Some(there) => update(conn, there.id, image, now).await.map(|()| there.id),
        None => insert(conn, image, By::Us, now).await,
    }
}

async fn insert(
    conn: &mut SqliteConnection,
    image: &NewImage,
    by: By,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    let ids = insert_all(conn, &[image], by, now).await?;
    ids.into_values().next().ok_or(sqlx::Error::RowNotFound)
}

/// Makes the rows of pictures whose paths differ and have none; their ids by path.
pub(super) async fn insert_all(
    conn: &mut SqliteConnection,
    images: &[&NewImage],
    by: By,
    now: DateTime<Utc>,
) -> sqlx::Result<BTreeMap<String, i64>> {
    let now = time::text(now);
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO images (timestamp, filepath, image_path, camera_id, processed, file_size, detection_count, created_at, \
         ordinal, url, sha256, media_type, width, height, is_thumbnail, file_state, verified_at, origin, \
         verdict, fingerprint) ",
    );
    query.push_values(images, |mut row, image| {
        let facts = &image.facts;
        row.push_bind(time::text(image.frame.instant));
        row.push_bind(image.path.clone())
            .push_bind(image.path.clone());
        row.push_bind(image.frame.camera.as_str().to_owned());
        row.push("FALSE").push_bind(row::signed(facts.bytes));
        row.push("0").push_bind(now.clone());
        row.push_bind(i64::from(image.frame.ordinal))
            .push_bind(image.url.clone());
        row.push_bind(facts.sha256.clone())
            .push_bind(facts.media_type.clone());
        row.push_bind(facts.width).push_bind(facts.height);
        row.push_bind(image.is_thumbnail)
            .push("'ok'")
            .push_bind(now.clone())
            .push_bind(by.origin());
        let (verdict, fingerprint) = looked(image);
        row.push_bind(verdict).push_bind(fingerprint);
    });
    query.push(" RETURNING id, filepath");
    let is_kept = super::bulk::is_kept(images.len());
    let rows = query.build().persistent(is_kept).fetch_all(conn).await?;
    let pair = |found| {
        let id = row::int(found, "id")?.unwrap_or(0);
        Ok((row::own_text(found, "filepath")?, id))
    };
    rows.iter().map(pair).collect()
}

/// What the columns `verdict` and `fingerprint` say of a picture.
fn looked(image: &NewImage) -> (Option<&'static str>, Option<String>) {
    let Some(look) = &image.look else {
        return (None, None);
    };
    let verdict = look.verdict.map(Verdict::as_str);
    (verdict, Some(look.fingerprint.clone()))
}

/// What was found of the same bytes before still holds where nobody looked at them now.
async fn update(
    conn: &mut SqliteConnection,
    id: i64,
    image: &NewImage,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let sql = "UPDATE images SET file_size = $1, ordinal = $2, url = COALESCE($3, url), sha256 = $4, media_type = $5, \
               width = $6, height = $7, is_thumbnail = $8, file_state = 'ok', file_problem = NULL, verified_at = $9, \
               verdict = CASE WHEN $11 IS NOT NULL THEN $10 WHEN sha256 IS $4 THEN verdict END, \
               fingerprint = CASE WHEN $11 IS NOT NULL THEN $11 WHEN sha256 IS $4 THEN fingerprint END, \
               verdict_problem = NULL WHERE id = $12";
    let (verdict, fingerprint) = looked(image);
    let facts = &image.facts;
    sqlx::query(sql)
        .bind(row::signed(facts.bytes))
        .bind(i64::from(image.frame.ordinal))
        .bind(&image.url)
        .bind(&facts.sha256)
        .bind(&facts.media_type)
        .bind(facts.width)
        .bind(facts.height)
        .bind(image.is_thumbnail)
        .bind(time::text(now))
        .bind(verdict)
        .bind(fingerprint)
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ())
}

/// Makes rows for files that have none; how many. Where the ledger still wants such a file, it says its exact instant
/// and address, and wants it no more.
pub(super) async fn adopt(
    conn: &mut SqliteConnection,
    images: &[NewImage],
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let mut adopted = 0;
    for image in images {
        if has_row(conn, image).await? || tombstones::holds(conn, &image.path, &image.frame).await?
        {
            continue;
        }
        let image = ledger::complete(conn, image).await?;
        insert(conn, &image, By::Adoption, now).await?;
        record::settle_adopted(conn, &image).await?;
        adopted += 1;
    }
    Ok(adopted)
}

/// Whether the file has a row: of its path, or of its frame and name where another program spelled the path differently
/// (`./data/...`, an absolute path).
async fn has_row(conn: &mut SqliteConnection, image: &NewImage) -> sqlx::Result<bool> {
    if at(conn, &image.path).await?.is_some() {
        return Ok(true);
    }
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let second = image.frame.second();
    let twins = between(
        conn,
        &image.frame.camera,
        second,
        second + TimeDelta::seconds(1),
    )
    .await?;
    Ok(twins
        .iter()
        .any(|twin| name(&twin.path) == name(&image.path)))
}
