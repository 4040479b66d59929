//! The part `Holds` of the `SQLite` backend, and the table of holds. Removals are in `removal`.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use draywatch_core::CameraId;
use draywatch_core::retention::{HoldSpan, Reason};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::{SqliteCatalog, references, removal, row, time};
use crate::{
    Buried, CandidatePage, Hold, Holds, LookedUpTo, PendingRemoval, RemovalFilter, Result, Usage,
};

#[async_trait]
impl Holds for SqliteCatalog {
    async fn add_hold(&self, span: &HoldSpan, reason: &str, now: DateTime<Utc>) -> Result<i64> {
        write_and_refresh!(self, "making a hold", |conn| add(conn, span, reason, now))
    }

    async fn holds(&self) -> Result<Vec<Hold>> {
        read_one!(self, "reading holds", |conn| all(conn))
    }

    async fn release_hold(&self, id: i64) -> Result<Option<Hold>> {
        write_and_refresh!(self, "releasing a hold", |conn| release(conn, id))
    }

    async fn candidates(
        &self,
        filter: RemovalFilter,
        after: Option<&LookedUpTo>,
        limit: u32,
    ) -> Result<CandidatePage> {
        read!(self, "reading what may be removed", |conn| {
            removal::candidates(conn, filter, after, limit)
        })
    }

    async fn referring_tables(&self) -> Result<Vec<String>> {
        let mut tables: Vec<String> = read!(self, "reading foreign keys", |conn| {
            references::find(conn)
        })?
        .into_iter()
        .map(|reference| reference.table)
        .collect();
        tables.dedup();
        Ok(tables)
    }

    async fn usage(&self) -> Result<Usage> {
        read_one!(self, "counting bytes", |conn| removal::usage(conn))
    }

    async fn bury(
        &self,
        image_ids: &[i64],
        reason: Reason,
        keeps_referred: bool,
        now: DateTime<Utc>,
    ) -> Result<Buried> {
        write_and_refresh!(self, "removing images", |conn| removal::bury(
            conn,
            image_ids,
            reason,
            keeps_referred,
            now
        ))
    }

    async fn pending_removals(&self, after_id: i64, limit: u32) -> Result<Vec<PendingRemoval>> {
        read!(self, "reading removals under way", |conn| {
            removal::pending(conn, after_id, limit)
        })
    }

    async fn removals_done(&self, tombstone_ids: &[i64]) -> Result<()> {
        write_and_refresh!(self, "completing removals", |conn| removal::done(
            conn,
            tombstone_ids
        ))
    }
}

async fn add(
    conn: &mut SqliteConnection,
    span: &HoldSpan,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    let sql = "INSERT INTO retention_holds (camera_id, held_from, held_to, reason, created_at) \
               VALUES ($1, $2, $3, $4, $5) RETURNING id";
    sqlx::query_scalar(sql)
        .bind(span.camera.as_ref().map(CameraId::as_str))
        .bind(time::text(span.from))
        .bind(time::text(span.to))
        .bind(reason)
        .bind(time::text(now))
        .fetch_one(conn)
        .await
}

pub(super) async fn all(conn: &mut SqliteConnection) -> sqlx::Result<Vec<Hold>> {
    let rows = sqlx::query("SELECT * FROM retention_holds ORDER BY id")
        .fetch_all(conn)
        .await?;
    rows.iter().map(hold).collect()
}

async fn release(conn: &mut SqliteConnection, id: i64) -> sqlx::Result<Option<Hold>> {
    let found = sqlx::query("DELETE FROM retention_holds WHERE id = $1 RETURNING *")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    found.as_ref().map(hold).transpose()
}

fn hold(found: &SqliteRow) -> sqlx::Result<Hold> {
    let camera = match row::text(found, "camera_id")? {
        Some(_) => Some(row::own_camera(found)?),
        None => None,
    };
    Ok(Hold {
        id: row::int(found, "id")?.unwrap_or(0),
        span: HoldSpan {
            camera,
            from: row::own_instant(found, "held_from")?,
            to: row::own_instant(found, "held_to")?,
        },
        reason: row::own_text(found, "reason")?,
        created_at: row::own_instant(found, "created_at")?,
    })
}
