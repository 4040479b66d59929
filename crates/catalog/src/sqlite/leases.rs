//! The table of images on loan, and the one column of `images` that it leads to. Must not read a clock.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{SqliteCatalog, images, row, time};
use crate::{Acknowledged, ImageLeases, LeasedImage, NewImageLease, Result};

/// For so long a lease is remembered after its time.
const REMEMBERED: TimeDelta = TimeDelta::days(1);
/// The oldest unprocessed images of a camera that nobody has; the conditions are those of the index.
pub(super) const FREE: &str = "SELECT id, timestamp FROM images \
    WHERE processed = 0 AND (file_state IS NULL OR file_state = 'ok') AND camera_id = $1 \
    AND NOT EXISTS (SELECT 1 FROM image_leases AS taken WHERE taken.image = images.id \
    AND taken.expires_at > $2 AND taken.acknowledged_at IS NULL) ORDER BY timestamp, id LIMIT $3";
/// What is forgotten, a part at a time.
pub(super) const FORGET: &str = "DELETE FROM image_leases WHERE image IN \
    (SELECT image FROM image_leases WHERE expires_at < $1 ORDER BY expires_at LIMIT 1000)";

#[async_trait]
impl ImageLeases for SqliteCatalog {
    async fn lease_images(
        &self,
        new: &NewImageLease,
        now: DateTime<Utc>,
    ) -> Result<Vec<LeasedImage>> {
        write_only!(self, "lending images", |conn| lend(conn, new, now))
    }

    async fn acknowledge_images(
        &self,
        lease: &str,
        images: &[i64],
        now: DateTime<Utc>,
    ) -> Result<Vec<Acknowledged>> {
        write_only!(self, "acknowledging images", |conn| async {
            let mut all = Vec::with_capacity(images.len());
            for image in images {
                all.push(acknowledge(conn, lease, *image, now).await?);
            }
            Ok::<_, sqlx::Error>(all)
        })
    }

    async fn return_images(&self, lease: &str, now: DateTime<Utc>) -> Result<u64> {
        write_only!(self, "taking images back", |conn| give_back(
            conn, lease, now
        ))
    }
}

async fn lend(
    conn: &mut SqliteConnection,
    new: &NewImageLease,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<LeasedImage>> {
    sqlx::query(FORGET)
        .bind(time::text(now - REMEMBERED))
        .execute(&mut *conn)
        .await?;
    let mut lent = Vec::new();
    for id in oldest(conn, new, now).await? {
        let attempts = take(conn, new, id, now).await?;
        if let Some(image) = images::by_id(conn, id).await? {
            lent.push(LeasedImage { image, attempts });
        }
    }
    Ok(lent)
}

/// The ids of the oldest free images, of one camera or of all.
async fn oldest(
    conn: &mut SqliteConnection,
    new: &NewImageLease,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i64>> {
    let mut cameras = Vec::new();
    if let Some(camera) = &new.camera {
        cameras.push(camera.as_str().to_owned());
    } else {
        let sql = "SELECT camera_id FROM camera_totals";
        for found in sqlx::query(sql).fetch_all(&mut *conn).await? {
            cameras.extend(row::text(&found, "camera_id")?);
        }
    }
    let mut found: Vec<(String, i64)> = Vec::new();
    for camera in cameras {
        let rows = sqlx::query(FREE)
            .bind(camera)
            .bind(time::text(now))
            .bind(new.limit)
            .fetch_all(&mut *conn)
            .await?;
        for free in &rows {
            let at = row::text(free, "timestamp")?.unwrap_or_default();
            found.push((at, row::int(free, "id")?.unwrap_or(0)));
        }
    }
    found.sort_unstable();
    found.truncate(usize::try_from(new.limit).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// Writes one image down as lent; how often it was by now.
async fn take(
    conn: &mut SqliteConnection,
    new: &NewImageLease,
    id: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<u32> {
    let sql = "INSERT INTO image_leases (image, lease, holder, leased_at, expires_at, attempts) VALUES ($1, $2, $3, $4, $5, 1) \
               ON CONFLICT (image) DO UPDATE SET lease = excluded.lease, holder = excluded.holder, \
               leased_at = excluded.leased_at, expires_at = excluded.expires_at, attempts = attempts + 1, \
               acknowledged_at = NULL RETURNING attempts";
    let row = sqlx::query(sql)
        .bind(id)
        .bind(&new.lease)
        .bind(&new.holder)
        .bind(time::text(now))
        .bind(time::text(new.expires_at))
        .fetch_one(conn)
        .await?;
    row::small(&row, "attempts")
}

async fn acknowledge(
    conn: &mut SqliteConnection,
    lease: &str,
    id: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Acknowledged> {
    if images::by_id(conn, id).await?.is_none() {
        return Ok(Acknowledged::Gone);
    }
    let sql = "SELECT acknowledged_at FROM image_leases WHERE image = $1 AND lease = $2";
    let query = sqlx::query(sql).bind(id).bind(lease);
    let Some(found) = query.fetch_optional(&mut *conn).await? else {
        return Ok(Acknowledged::NotYours);
    };
    // What was said before is not said again: somebody may have set `processed` back since.
    if row::text(&found, "acknowledged_at")?.is_none() {
        let sql = "UPDATE image_leases SET acknowledged_at = $1 WHERE image = $2";
        let query = sqlx::query(sql).bind(time::text(now)).bind(id);
        query.execute(&mut *conn).await?;
        sqlx::query("UPDATE images SET processed = 1 WHERE id = $1")
            .bind(id)
            .execute(conn)
            .await?;
    }
    Ok(Acknowledged::Done)
}

async fn give_back(
    conn: &mut SqliteConnection,
    lease: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let mut query = QueryBuilder::<Sqlite>::new("UPDATE image_leases SET expires_at = ");
    query.push_bind(time::text(now)).push(" WHERE lease = ");
    query.push_bind(lease.to_owned());
    query.push(" AND acknowledged_at IS NULL AND expires_at > ");
    query.push_bind(time::text(now));
    Ok(query.build().execute(conn).await?.rows_affected())
}
