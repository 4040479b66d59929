//! What became of frames on the ledger: stored, stored as thumbnail, failed, adopted.

use chrono::{DateTime, Utc};
use draywatch_core::Failure;
use sqlx::SqliteConnection;

use super::{bulk, images, ledger, removal, time, tombstones};
use crate::{FrameResult, NewImage};

/// Records what became of ledger rows; the ids of the image rows.
pub(super) async fn record(
    conn: &mut SqliteConnection,
    results: &[FrameResult],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Option<i64>>> {
    let plain = bulk::record(conn, results, now).await?;
    let mut ids = Vec::with_capacity(results.len());
    for (nth, result) in results.iter().enumerate() {
        match plain.get(&nth) {
            Some(id) => ids.push(Some(*id)),
            None => ids.push(one(conn, result, now).await?),
        }
    }
    Ok(ids)
}

async fn one(
    conn: &mut SqliteConnection,
    result: &FrameResult,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<i64>> {
    match result {
        FrameResult::Stored {
            ledger_id,
            image,
            failure,
        } => {
            // Deleted while its picture was on its way: the file does not bring the row back.
            if images::of_file(conn, &image.path, &image.frame)
                .await?
                .is_none()
                && tombstones::holds(conn, &image.path, &image.frame).await?
            {
                removal::file_came_again(conn, &image.path).await?;
                return remove(conn, *ledger_id).await.map(|()| None);
            }
            let id = images::store(conn, image, now).await?;
            if image.is_thumbnail {
                let (failure, reason) = failure
                    .as_ref()
                    .map(|(failure, reason)| (failure, reason.as_str()))
                    .unzip();
                let failed = Tried {
                    state: "thumbnail",
                    failure,
                    reason,
                    not_before: None,
                };
                tried(conn, *ledger_id, failed, now).await?;
            } else {
                remove(conn, *ledger_id).await?;
            }
            Ok(Some(id))
        }
        FrameResult::Failed {
            ledger_id,
            failure,
            reason,
            not_before,
        } => {
            let (failure, reason) = (Some(failure), Some(reason.as_str()));
            let failed = Tried {
                state: "",
                failure,
                reason,
                not_before: *not_before,
            };
            tried(conn, *ledger_id, failed, now).await?;
            Ok(None)
        }
    }
}

/// A try that did not bring the full picture. An empty state leaves the row's own.
struct Tried<'a> {
    state: &'static str,
    failure: Option<&'a Failure>,
    reason: Option<&'a str>,
    not_before: Option<DateTime<Utc>>,
}

async fn tried(
    conn: &mut SqliteConnection,
    id: i64,
    tried: Tried<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let sql = "UPDATE frame_ledger SET attempts = attempts + 1, state = COALESCE(NULLIF($1, ''), state), \
               failure_kind = $2, failure_message = $3, failure_reason = $4, last_tried = $5, not_before = $6, \
               replacement_bytes = NULL, replacement_sha256 = NULL, replacement_media_type = NULL, \
               replacement_width = NULL, replacement_height = NULL WHERE id = $7";
    sqlx::query(sql)
        .bind(tried.state)
        .bind(tried.failure.map(|failure| failure.kind.as_str()))
        .bind(tried.failure.map(|failure| failure.message.as_str()))
        .bind(tried.reason)
        .bind(time::text(now))
        .bind(tried.not_before.map(time::text))
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ())
}

async fn remove(conn: &mut SqliteConnection, id: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM frame_ledger WHERE id = $1")
        .bind(id)
        .execute(conn)
        .await
        .map(|_| ())
}

/// Takes an adopted file off the ledger, or notes that its thumbnail is there.
pub(super) async fn settle_adopted(
    conn: &mut SqliteConnection,
    image: &NewImage,
) -> sqlx::Result<()> {
    let Some(wanted) = ledger::at(conn, &image.path).await? else {
        return Ok(());
    };
    if !image.is_thumbnail {
        return remove(conn, wanted.id).await;
    }
    let sql = "UPDATE frame_ledger SET state = 'thumbnail' WHERE id = $1 AND state = 'open'";
    sqlx::query(sql)
        .bind(wanted.id)
        .execute(conn)
        .await
        .map(|_| ())
}
