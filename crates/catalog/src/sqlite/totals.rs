//! Totals for the `status` command. They scan; counters come with a later issue.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::row;
use crate::{CameraTotals, Totals};

/// The key of ledger rows that were never tried.
const NEVER_TRIED: &str = "never_tried";

pub(super) async fn totals(conn: &mut SqliteConnection) -> sqlx::Result<Totals> {
    let mut cameras = images(conn).await?;
    ledger(conn, &mut cameras).await?;
    let sql = "SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM images \
               GROUP BY camera_id, timestamp, ordinal HAVING COUNT(*) > 1) AS twins";
    let duplicates: i64 = sqlx::query_scalar(sql).fetch_one(&mut *conn).await?;
    Ok(Totals {
        cameras: cameras.into_values().collect(),
        ledger: failures(conn).await?,
        duplicates: u64::try_from(duplicates).unwrap_or(0),
        schema: crate::SCHEMA,
    })
}

/// Image rows by camera. Times that are none (other programs may write them) are no oldest and no newest.
async fn images(conn: &mut SqliteConnection) -> sqlx::Result<BTreeMap<String, CameraTotals>> {
    let sql = "SELECT camera_id, COUNT(*) AS images, SUM(CASE WHEN is_thumbnail THEN 1 ELSE 0 END) AS thumbnails, \
               SUM(CASE WHEN verified_at IS NULL THEN 1 ELSE 0 END) AS unverified, \
               SUM(CASE WHEN processed THEN 1 ELSE 0 END) AS processed, SUM(file_size) AS bytes, \
               MIN(CASE WHEN timestamp >= '0' AND timestamp < ':' THEN timestamp END) AS oldest, \
               MAX(CASE WHEN timestamp >= '0' AND timestamp < ':' THEN timestamp END) AS newest \
               FROM images GROUP BY camera_id";
    let mut cameras = BTreeMap::new();
    for found in sqlx::query(sql).fetch_all(conn).await? {
        let totals = CameraTotals {
            images: row::count(&found, "images")?,
            thumbnails: row::count(&found, "thumbnails")?,
            unverified: row::count(&found, "unverified")?,
            processed: row::count(&found, "processed")?,
            bytes: row::count(&found, "bytes")?,
            oldest: row::instant(&found, "oldest")?,
            newest: row::instant(&found, "newest")?,
            ..none(row::text(&found, "camera_id")?.unwrap_or_default())
        };
        cameras.insert(totals.camera_id.clone(), totals);
    }
    Ok(cameras)
}

async fn ledger(
    conn: &mut SqliteConnection,
    cameras: &mut BTreeMap<String, CameraTotals>,
) -> sqlx::Result<()> {
    let sql = "SELECT camera_id, SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END) AS open, \
               SUM(CASE WHEN state = 'given_up' THEN 1 ELSE 0 END) AS given_up FROM frame_ledger GROUP BY camera_id";
    for found in sqlx::query(sql).fetch_all(conn).await? {
        let name = row::own_text(&found, "camera_id")?;
        let totals = cameras.entry(name.clone()).or_insert_with(|| none(name));
        totals.open = row::count(&found, "open")?;
        totals.given_up = row::count(&found, "given_up")?;
    }
    Ok(())
}

async fn failures(conn: &mut SqliteConnection) -> sqlx::Result<BTreeMap<String, u64>> {
    let sql = "SELECT failure_kind, COUNT(*) AS n FROM frame_ledger WHERE state = 'open' GROUP BY failure_kind";
    let rows = sqlx::query(sql).fetch_all(conn).await?;
    let pair = |found| {
        let kind = row::text(found, "failure_kind")?.unwrap_or_else(|| NEVER_TRIED.to_owned());
        Ok((kind, row::count(found, "n")?))
    };
    rows.iter().map(pair).collect()
}

fn none(camera_id: String) -> CameraTotals {
    CameraTotals {
        camera_id,
        images: 0,
        thumbnails: 0,
        unverified: 0,
        processed: 0,
        bytes: 0,
        oldest: None,
        newest: None,
        open: 0,
        given_up: 0,
    }
}
