//! Removal: what may go, how a row becomes a tombstone, and which files are still to go. Must not decide what goes, but for
//! holds and references as of the moment of the removal.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use draywatch_core::frame::place_of;
use draywatch_core::retention::{Candidate, HoldSpan, Obstacle, Origin, Reason};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::triggers::words;
use super::{holds, references, row, time};
use crate::{Buried, CandidatePage, LookedUpTo, PendingRemoval, RemovalFilter, Usage};

/// All times are before this text; what another program may have written as bytes is not.
const AFTER_ALL_TIMES: &str = ":";

/// A page of all of them; by the index of times.
const ALL: &str =
    "WHERE timestamp < $1 AND (timestamp, id) > ($2, $3) ORDER BY timestamp, id LIMIT $4";
/// The same by the partial index.
const COLLECTED: &str = "WHERE origin = 'collected' AND timestamp < $1 AND (timestamp, id) > ($2, $3) \
                         ORDER BY timestamp, id LIMIT $4";

/// The query for rows that make a [`Candidate`].
fn select(rest: &str) -> AssertSqlSafe<String> {
    let bytes = words::bytes("images");
    AssertSqlSafe(format!(
        "SELECT id, camera_id, timestamp, COALESCE(filepath, image_path) AS path, {bytes} AS bytes, origin, file_state \
         FROM images {rest}"
    ))
}

/// A page of frames that may be removed.
pub(super) async fn candidates(
    conn: &mut SqliteConnection,
    filter: RemovalFilter,
    after: Option<&LookedUpTo>,
    limit: u32,
) -> sqlx::Result<CandidatePage> {
    let end = filter
        .before
        .map(|before| time::day_range(before, before).1);
    let start = filter.from.map(|from| time::date_text(from.date_naive()));
    let start = start.as_deref().unwrap_or("");
    let rest = if filter.only_collected {
        COLLECTED
    } else {
        ALL
    };
    let rows = sqlx::query(select(rest))
        .bind(end.as_deref().unwrap_or(AFTER_ALL_TIMES))
        .bind(after.map_or(start, |after| after.timestamp.as_str()))
        .bind(after.map_or(i64::MIN, |after| after.id))
        .bind(limit)
        .fetch_all(&mut *conn)
        .await?;
    let next = match rows.last().filter(|_| rows.len() == limit as usize) {
        Some(last) => Some(LookedUpTo {
            timestamp: row::text(last, "timestamp")?.unwrap_or_default(),
            id: row::int(last, "id")?.unwrap_or(0),
        }),
        None => None,
    };
    let mut frames = Vec::with_capacity(rows.len());
    for found in &rows {
        frames.extend(candidate(found)?);
    }
    let ids: Vec<i64> = frames.iter().map(|frame| frame.id).collect();
    let references = references::find(conn).await?;
    let referred = references::referred_to(conn, &references, &ids).await?;
    for frame in &mut frames {
        frame.is_referred_to = referred.contains(&frame.id);
    }
    Ok(CandidatePage { frames, next })
}

/// `None` where the time is none.
fn candidate(found: &SqliteRow) -> sqlx::Result<Option<Candidate>> {
    let Some(at) = row::instant(found, "timestamp")? else {
        return Ok(None);
    };
    let is_ours = row::text(found, "origin")?.as_deref() == Some("collected");
    Ok(Some(Candidate {
        id: row::int(found, "id")?.unwrap_or(0),
        camera_id: row::text(found, "camera_id")?.unwrap_or_default(),
        at,
        path: row::text(found, "path")?.unwrap_or_default(),
        bytes: row::count(found, "bytes")?,
        origin: if is_ours {
            Origin::Collected
        } else {
            Origin::Elsewhere
        },
        is_lost: row::text(found, "file_state")?.as_deref() == Some("missing"),
        is_referred_to: false,
    }))
}

/// What all pictures take; files that are known to be gone take nothing.
pub(super) async fn usage(conn: &mut SqliteConnection) -> sqlx::Result<Usage> {
    let bytes = words::bytes("images");
    let sql = format!(
        "SELECT origin IS 'collected' AS ours, COUNT(*) AS images, \
         SUM(CASE WHEN file_state IS NOT 'missing' THEN {bytes} END) AS bytes FROM images GROUP BY ours"
    );
    let mut usage = Usage::default();
    for found in sqlx::query(AssertSqlSafe(sql)).fetch_all(conn).await? {
        let (images, bytes) = (row::count(&found, "images")?, row::count(&found, "bytes")?);
        usage.images += images;
        usage.bytes += bytes;
        if !row::flag(&found, "ours")? {
            usage.elsewhere_images = images;
            usage.elsewhere_bytes = bytes;
        }
    }
    Ok(usage)
}

/// Turns rows into tombstones whose files are still to go. Ours stands before the trigger's, which finds it there.
pub(super) async fn bury(
    conn: &mut SqliteConnection,
    image_ids: &[i64],
    reason: Reason,
    keeps_referred: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<Buried> {
    let buried = sort(conn, image_ids, keeps_referred).await?;
    let list = references::list(&buried.gone);
    let sql = "INSERT INTO tombstones (camera_id, timestamp, ordinal, path, url, sha256, reason, deleted_at, file_pending) \
               SELECT camera_id, timestamp, ordinal, COALESCE(filepath, image_path), url, sha256, $1, $2, 1 FROM images \
               WHERE id IN (SELECT value FROM json_each($3)) AND COALESCE(filepath, image_path) IS NOT NULL \
               ON CONFLICT (path) DO UPDATE SET reason = excluded.reason, deleted_at = excluded.deleted_at, file_pending = 1";
    sqlx::query(sql)
        .bind(format!("removed by retention: {}", reason.as_str()))
        .bind(time::text(now))
        .bind(&list)
        .execute(&mut *conn)
        .await?;
    sqlx::query("DELETE FROM images WHERE id IN (SELECT value FROM json_each($1))")
        .bind(&list)
        .execute(conn)
        .await?;
    Ok(buried)
}

/// Which of the rows may go at this moment. One that is gone already is neither gone nor kept.
async fn sort(
    conn: &mut SqliteConnection,
    image_ids: &[i64],
    keeps_referred: bool,
) -> sqlx::Result<Buried> {
    let held: Vec<HoldSpan> = holds::all(conn)
        .await?
        .into_iter()
        .map(|hold| hold.span)
        .collect();
    let mut referred = BTreeSet::new();
    if keeps_referred {
        let references = references::find(conn).await?;
        referred = references::referred_to(conn, &references, image_ids).await?;
    }
    let rest = "WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id";
    let rows = sqlx::query(select(rest))
        .bind(references::list(image_ids))
        .fetch_all(conn)
        .await?;
    let mut buried = Buried::default();
    for found in &rows {
        let Some(frame) = candidate(found)? else {
            continue;
        };
        if held
            .iter()
            .any(|hold| hold.covers(&frame.camera_id, frame.at))
        {
            buried.kept.push((frame.id, Obstacle::Hold));
        } else if referred.contains(&frame.id) {
            buried.kept.push((frame.id, Obstacle::ReferredTo));
        } else {
            buried.gone.push(frame.id);
        }
    }
    Ok(buried)
}

/// Removals whose files are still to go.
pub(super) async fn pending(
    conn: &mut SqliteConnection,
    after_id: i64,
    limit: u32,
) -> sqlx::Result<Vec<PendingRemoval>> {
    let sql =
        "SELECT id, path FROM tombstones WHERE file_pending = 1 AND id > $1 ORDER BY id LIMIT $2";
    let rows = sqlx::query(sql)
        .bind(after_id)
        .bind(limit)
        .fetch_all(&mut *conn)
        .await?;
    let mut pending = Vec::with_capacity(rows.len());
    for found in &rows {
        pending.push(PendingRemoval {
            id: row::int(found, "id")?.unwrap_or(0),
            path: row::own_text(found, "path")?,
            is_named_by_another: false,
        });
    }
    let twins = twins(conn, &pending).await?;
    for removal in &mut pending {
        let place = place_of(&removal.path);
        let named = twins.get(&removal.id).into_iter().flatten();
        removal.is_named_by_another =
            place.is_some() && named.into_iter().any(|path| place_of(path) == place);
    }
    Ok(pending)
}

/// Paths of rows of the same camera and second, by the tombstone: old databases may mean one file by two rows.
async fn twins(
    conn: &mut SqliteConnection,
    pending: &[PendingRemoval],
) -> sqlx::Result<BTreeMap<i64, Vec<String>>> {
    let ids: Vec<i64> = pending.iter().map(|removal| removal.id).collect();
    // Times are written with a space or a T.
    let sql = "WITH gone (id, camera_id, day, time) AS \
               (SELECT id, camera_id, substr(timestamp, 1, 10), substr(timestamp, 12, 8) FROM tombstones \
               WHERE id IN (SELECT value FROM json_each($1))), \
               seconds (id, camera_id, second) AS (SELECT id, camera_id, day || ' ' || time FROM gone \
               UNION ALL SELECT id, camera_id, day || 'T' || time FROM gone) \
               SELECT s.id AS id, COALESCE(i.filepath, i.image_path) AS path FROM seconds AS s CROSS JOIN images AS i \
               ON i.camera_id = s.camera_id AND i.timestamp >= s.second AND i.timestamp < s.second || '~'";
    let rows = sqlx::query(sql)
        .bind(references::list(&ids))
        .fetch_all(conn)
        .await?;
    let mut twins = BTreeMap::<i64, Vec<String>>::new();
    for found in &rows {
        let id = row::int(found, "id")?.unwrap_or(0);
        twins
            .entry(id)
            .or_default()
            .extend(row::text(found, "path")?);
    }
    Ok(twins)
}

pub(super) async fn done(conn: &mut SqliteConnection, tombstone_ids: &[i64]) -> sqlx::Result<()> {
    let sql =
        "UPDATE tombstones SET file_pending = 0 WHERE id IN (SELECT value FROM json_each($1))";
    sqlx::query(sql)
        .bind(references::list(tombstone_ids))
        .execute(conn)
        .await
        .map(|_| ())
}

/// A picture was on its way while its frame was removed: its file is to go once more.
pub(super) async fn file_came_again(conn: &mut SqliteConnection, path: &str) -> sqlx::Result<()> {
    let sql = "UPDATE tombstones SET file_pending = 1 WHERE path = $1 AND reason LIKE 'removed by retention:%'";
    sqlx::query(sql).bind(path).execute(conn).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions, Row};

    use super::*;

    /// The plan of a statement on a new database.
    async fn plan(sql: &str) -> String {
        let mut conn = "sqlite::memory:"
            .parse::<sqlx::sqlite::SqliteConnectOptions>()
            .unwrap()
            .connect()
            .await
            .unwrap();
        for made in [
            include_str!("../../migrations/sqlite/images.sql"),
            include_str!("../../migrations/sqlite/image_indexes.sql"),
        ] {
            sqlx::raw_sql(made).execute(&mut conn).await.unwrap();
        }
        let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .bind(":")
            .bind("")
            .bind(0)
            .bind(1)
            .fetch_all(&mut conn)
            .await
            .unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        lines.join("; ")
    }

    #[tokio::test]
    async fn pages_come_from_an_index_in_its_order() {
        for (sql, index) in [
            (ALL, "idx_image_timestamp"),
            (COLLECTED, "draywatch_image_collected"),
        ] {
            let plan = plan(&select(sql).0).await;
            assert!(plan.contains(index) && !plan.contains("B-TREE"), "{plan}");
        }
    }
}
